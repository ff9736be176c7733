"""What each verb does: the signed commands it takes and the answer it gives. ``show`` modules print it."""

import json
import time

from leither_edge.cli.book import Book
from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.prompt import ask_secret, confirm, interactive, read_limited

WIFI_PASSPHRASE_MAX = 64
CONFIG_TRUE, CONFIG_FALSE = ("true", "yes", "on"), ("false", "no", "off")
# Settings that are text even when they look like a number or a truth value.
CONFIG_TEXT = ("name", "language", "reach", "timezone")
AUDIT_PAGES_MAX = 10_000
LOG_FOLLOW_AT_ONCE = 200


def status(target, args):
    """The device's state."""
    return target.call("status", {})


def logs(target, args):
    """The newest lines."""
    return target.call("logs", {"limit": args.lines})


def follow(target, args, emit):
    """Call ``emit(line)`` for every new line of the log until the user stops."""
    newest = 0
    batch = logs(target, args)["lines"]
    while True:
        for line in batch:
            number = line.get("n")
            if isinstance(number, int):
                # After a restart of the supervisor the numbers begin again.
                newest = number if number > newest or number == 1 else newest
            emit(line)
        time.sleep(args.every)
        batch = target.call("logs", {"after": max(newest, 1), "limit": LOG_FOLLOW_AT_ONCE})["lines"]


def config_get(target, args):
    """The settings."""
    result = target.call("config-get", {})
    config = result.get("config")
    if not isinstance(config, dict):
        raise Failure(f"{target.name} sent no settings.", "Its answer is signed, but empty.", "It may need an update.")
    if args.name is not None:
        if args.name not in config:
            raise UsageError(f"There is no setting “{args.name}”.", fix=f"There are: {', '.join(sorted(map(str, config)))}")
        return {"name": args.name, "value": config[args.name]}
    return result


def config_set(target, args):
    """Change settings."""
    return target.call("config-set", args.change)


def prepare_config_set(args, out, target):
    """Read KEY=VALUE words."""
    args.change = {}
    for word in args.settings:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise UsageError(f"“{word}” is not a setting.", fix="Write it as KEY=VALUE, for example language=en.")
        if name in args.change:
            raise UsageError(f"“{name}” is given twice.", fix="Give each setting once.")
        args.change[name] = text if name in CONFIG_TEXT else scalar(text)


def scalar(text):
    """A number, a truth value, or the text itself."""
    if text.lower() in CONFIG_TRUE:
        return True
    if text.lower() in CONFIG_FALSE:
        return False
    digits = text[1:] if text.startswith("-") else text
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 17 else text


def reboot(target, args):
    """Restart."""
    return target.call("reboot", {})


def prepare_reboot(args, out, target):
    """A group is restarted only after a question."""
    if target.startswith("@") and not args.yes:
        confirm(f"Every device of {target} will start again.", target[1:], out)


def identify(target, args):
    """Blink."""
    return target.call("identify", {"seconds": args.seconds})


def wifi_scan(target, args):
    """Networks in reach."""
    return target.call("wifi-scan", {})


def wifi_join(target, args):
    """Join a network."""
    return target.call("wifi-set", {"ssid": args.ssid, "passphrase": args.wifi_passphrase, "hidden": args.hidden})


def prepare_wifi_join(args, out, target):
    """Get the network's passphrase before anything is sent."""
    if args.open:
        args.wifi_passphrase = ""
    elif args.wifi_passphrase_file:
        data = read_limited(args.wifi_passphrase_file, 4 * WIFI_PASSPHRASE_MAX, "Passphrase file")
        args.wifi_passphrase = (data.decode("utf-8", "replace").splitlines() or [""])[0]
    elif interactive() and not out.as_json:
        args.wifi_passphrase = ask_secret(f"Passphrase of the network “{args.ssid}”: ")
    else:
        raise UsageError(
            "The network's passphrase is needed, and nobody is here to type it.",
            fix="Give it with --wifi-passphrase-file FILE, or say --open.",
        )
    size = len(args.wifi_passphrase)
    if not args.open and not 8 <= size <= WIFI_PASSPHRASE_MAX:
        raise UsageError("A Wi-Fi passphrase has 8 to 63 characters.", fix="Check it; for a network without one say --open.")


def wifi_forget(target, args):
    """Forget the network."""
    return target.call("wifi-forget", {})


def prepare_wifi_forget(args, out, target):
    """Ask first: the device may be out of reach afterwards."""
    if not args.yes:
        confirm(
            "The device leaves its network. If it has no cable it will only be reachable at its own access point.", target.lstrip("@"), out
        )


def audit(target, args):
    """The newest entries of the audit log; with --verify the whole chain is fetched and checked."""
    from leither_edge.core.audit import AuditError, parse_entry

    head = target.controller.audit_head
    try:
        if args.verify:
            entries, checked = verified_log(target, head)
        else:
            after = max(0, (head[0] if head else 0) - args.lines)
            entries, checked = audit_page(target, after)["entries"], None
        rows = [parse_entry(data) for data in entries[-args.lines :]]
    except AuditError as error:
        raise Failure(
            f"The audit log of {target.name} has been altered.",
            f"{error}.",
            "Do not trust what it says. If you did not reset it, take it off the network.",
            code="audit-broken",
        ) from None
    return {"entries": [entry_facts(entry) for entry in rows], "verified": checked}


def verified_log(target, known):
    """Fetch and check the whole chain.

    Args:
        target: the Target.
        known: (index, hash) this computer has seen signed before, or None.

    Returns:
        (encoded entries, facts of the check).
    """
    from leither_edge.core.audit import AuditError, entry_hash, verify_chain

    page = audit_page(target, 0)
    index, previous = start = checked_head(page["start"])
    first, entries, met = start, [], known is None or known == start
    for _ in range(AUDIT_PAGES_MAX):
        for data in page["entries"]:
            index, previous = verify_chain([data], previous, index)
            entries.append(data)
            if known is not None and known[0] == index:
                met = entry_hash(data) == known[1]
                if not met:
                    raise AuditError("rewritten", f"entry {index} is not the one this computer saw before")
        # What this very fetching adds to the log comes after the head of the first page.
        if not page["entries"] or index >= target.controller.audit_head[0]:
            break
        page = audit_page(target, index)
        if checked_head(page["start"]) != (index, previous):
            raise AuditError("gap", f"entries after {index} were taken out")
    if known is not None and not met and known[0] > first[0]:
        raise AuditError("cut", f"entry {known[0]}, which this computer saw before, is missing")
    facts = {"first": first[0] + 1, "last": index, "entries": len(entries), "known_head": known[0] if known and met else None}
    return entries, facts


def audit_page(target, after):
    """One page of the log, its shape checked."""
    page = target.call("audit", {"after": after})
    entries = page.get("entries")
    if not isinstance(entries, list) or not all(isinstance(data, bytes) for data in entries):
        raise Failure(f"{target.name} sent no audit log.", "Its answer is signed, but not a page of the log.", "It may need an update.")
    return page


def checked_head(value):
    """Read [index, hash]."""
    from leither_edge.core.audit import AuditError

    if not (isinstance(value, list) and len(value) == 2 and type(value[0]) is int and isinstance(value[1], bytes)):
        raise AuditError("malformed", "a page does not say where it starts")
    return value[0], value[1]


def entry_facts(entry):
    """An audit entry for JSON."""
    from leither_edge.core.ids import id_to_text

    facts = entry._asdict()
    facts["issuer"] = id_to_text(entry.issuer) if entry.issuer else None
    return facts


def keyset_show(target, args):
    """The keys that may command the device."""
    from leither_edge.core.ids import id_to_text, key_id, public_key_to_text

    keyset = current_keyset(target)
    names = {entry["public_key"]: name for name, entry in target.book.keys.items()}
    keys = []
    for role, public_key in keyset.keys:
        text = public_key_to_text(public_key)
        key_text = id_to_text(key_id(public_key))
        keys.append(
            {"role": role, "id": key_text, "public_key": text, "yours": names.get(text), "revoked": key_id(public_key) in keyset.revoked}
        )
    return {
        "version": keyset.version,
        "keys": keys,
        "revoked": [id_to_text(i) for i in keyset.revoked],
        "roots": [public_key_to_text(k) for k in keyset.roots],
    }


def current_keyset(target):
    """Fetch the keyset in force."""
    from leither_edge.core.keyset import KeysetError, parse_keyset

    data = target.call("keyset-get", {}).get("keyset")
    try:
        keyset = parse_keyset(data if isinstance(data, bytes) else b"")
    except KeysetError as error:
        raise Failure(f"The keyset of {target.name} makes no sense.", f"{error}.", "It may need an update.") from None
    if keyset.device_id != target.controller.peer.device_id:
        raise Failure(f"{target.name} sent the keyset of another device.", fix="Check the address.")
    return keyset


def keyset_revoke(target, args):
    """Shut out a key."""
    keyset = current_keyset(target)
    if args.key_id in keyset.revoked:
        return {"version": keyset.version, "revoked": args.id, "changed": False}
    keys = tuple(entry for entry in keyset.keys if id_of(entry[1]) != args.key_id)
    if not any(role == "owner" for role, _ in keys):
        raise UsageError(
            "That is the only owner's key: without it nobody could command the device.",
            fix=f"Hand it over first: leither remote {target.name} keyset rotate --new-owner KEY",
        )
    result = put_keyset(
        target, keyset._replace(version=keyset.version + 1, keys=keys, revoked=(*keyset.revoked, args.key_id)), [target.owner_signer()]
    )
    return {**result, "revoked": args.id, "changed": True}


def prepare_keyset_revoke(args, out, target):
    """Read the id and ask."""
    from leither_edge.core.ids import IdError, id_from_text, public_key_from_text

    book = Book(args.home_object)
    try:
        args.key_id = id_of(public_key_from_text(book.keys[args.id]["public_key"])) if args.id in book.keys else id_from_text(args.id)
    except IdError as error:
        raise UsageError(
            f"“{args.id}” is not the id of a key.",
            f"{error}.",
            "See the ids: leither remote NAME keyset show, or leither remote NAME audit",
        ) from None
    if not args.yes:
        confirm(f"The key {args.id} will never command {target.lstrip('@')} again.", "revoke", out)


def keyset_rotate(target, args):
    """Add and remove keys, or hand over."""
    keyset = current_keyset(target)
    keys = [entry for entry in keyset.keys if id_of(entry[1]) not in args.removed]
    signers = [target.owner_signer()]
    if args.successor:
        keys = [entry for entry in keys if entry[1] != signers[0].public_key and entry[1] != args.successor.public_key]
        keys.insert(0, ("owner", args.successor.public_key))
        signers.append(args.successor)
    for role, public_key in args.added:
        keys = [entry for entry in keys if entry[1] != public_key] + [(role, public_key)]
    new = keyset._replace(version=keyset.version + 1, keys=tuple(keys))
    if new.keys == keyset.keys:
        return {"version": keyset.version, "changed": False}
    return {**put_keyset(target, new, signers), "changed": True}


def prepare_keyset_rotate(args, out, target):
    """Read keys and ask."""
    from leither_edge.cli import keyring
    from leither_edge.core.ids import IdError, id_from_text, public_key_from_text
    from leither_edge.core.roles import ROLES

    book = Book(args.home_object)
    args.added, args.removed, args.successor = [], [], None
    try:
        for role, text in args.add:
            if role not in ROLES:
                raise UsageError(f"“{role}” is not a role.", fix=f"Roles are: {', '.join(ROLES)}")
            if role == "owner":
                raise UsageError("A new owner must sign too.", fix="If its key is on this computer: --new-owner KEY")
            args.added.append((role, public_key_from_text(text)))
        args.removed = [id_from_text(text) for text in args.remove]
    except IdError as error:
        raise UsageError("That key cannot be read.", f"{error}.", "Public keys have 48 characters, key ids 27.") from None
    if args.new_owner:
        key = keyring.find_key(book, args.new_owner, "owner")
        args.successor = keyring.unlock(key, out, None)
    if not (args.added or args.removed or args.successor):
        raise UsageError("Say what to change.", fix="With --add ROLE PUBLICKEY, --remove ID or --new-owner KEY.")
    if args.successor and not args.yes:
        confirm(
            f"{target.lstrip('@')} will belong to the key “{args.new_owner}” and no longer obey the present owner's key or its passes.",
            "hand over",
            out,
        )


def put_keyset(target, keyset, signers):
    """Sign a keyset and send it."""
    from leither_edge.core.keyset import KeysetError, sign_keyset

    try:
        data = sign_keyset(keyset, [(signer.key_id, signer.sign) for signer in signers])
    except KeysetError as error:
        raise Failure("That keyset is not possible.", f"{error}.") from None
    result = target.call("keyset-set", {"keyset": data}, keep=True)
    target.controller.refresh()
    return result


def id_of(public_key):
    """The id of a public key."""
    from leither_edge.core.ids import key_id

    return key_id(public_key)


def sign_in(target, args):
    """Let a browser in."""
    return target.call("sign-in", {"code": args.code.strip()})


def factory_reset(target, args):
    """Wipe the device."""
    return target.call("factory-reset", {})


def prepare_factory_reset(args, out, target):
    """The device's name must be typed."""
    if not args.yes:
        confirm(f"Everything on {target} will be wiped: data, settings, owner, identity. This cannot be undone.", target, out)


def call(target, args):
    """Any verb."""
    return target.call(args.verb, args.values)


def prepare_call(args, out, target):
    """Read KEY=VALUE and KEY:=JSON words."""
    args.values = {}
    for word in args.arguments:
        name, equals, text = word.partition("=")
        if not equals or not name.rstrip(":"):
            raise UsageError(f"“{word}” is not an argument.", fix="Write KEY=TEXT, or KEY:=JSON for numbers, true, false and lists.")
        if name.endswith(":"):
            try:
                args.values[name[:-1]] = json.loads(text)
            except (ValueError, RecursionError):
                raise UsageError(f"“{text}” is not JSON.", fix='Examples: seconds:=5  hidden:=true  verbs:=["status"]') from None
        else:
            args.values[name] = text
