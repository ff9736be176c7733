"""``keyset``: shows and changes the keys that may command a device."""

from leither_edge.cli.book import Book
from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.prompt import confirm
from leither_edge.cli.signers import kept_passes, pass_bytes


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
    from leither_edge.core.ids import id_to_text

    keyset = current_keyset(target)
    keys = [entry for entry in keyset.keys if id_of(entry[1]) not in args.removed]
    roots = target.root_signers()
    signers = roots or [target.owner_signer()]
    check_roots(target, keyset, roots, args.root_keys)
    if args.successor:
        # Two roots speak for an owner who is gone, whichever key that was.
        gone = {public_key for role, public_key in keys if roots and role == "owner"} | {signers[0].public_key, args.successor.public_key}
        keys = [entry for entry in keys if entry[1] not in gone]
        keys.insert(0, ("owner", args.successor.public_key))
        signers.append(args.successor)
    for role, public_key in args.added:
        keys = [entry for entry in keys if entry[1] != public_key] + [(role, public_key)]
    for entry in keys:
        if entry not in keyset.keys and id_of(entry[1]) in keyset.revoked:
            raise UsageError(
                f"The key {id_to_text(id_of(entry[1]))} was revoked at {target.name}.",
                "A revoked key does not come back: whoever found it would come back with it.",
                "Make a new one: leither key new --name NAME",
                code="revoked-key",
            )
    new = keyset._replace(version=keyset.version + 1, keys=tuple(keys), roots=args.root_keys or keyset.roots)
    if (new.keys, set(new.roots)) == (keyset.keys, set(keyset.roots)):
        return {"version": keyset.version, "changed": False}
    return {**put_keyset(target, new, signers), "changed": True}


def check_roots(target, keyset, signers, wanted):
    """Refuse what the device would: keys that are no root keys of it, or a change of root keys by the owner alone."""
    for signer in signers:
        if signer.public_key not in keyset.roots:
            raise UsageError(
                f"The key “{signer.name}” is no root key of {target.name}.", fix=f"See them: leither remote {target.name} keyset show"
            )
    if wanted and keyset.roots and set(wanted) != set(keyset.roots) and not signers:
        raise UsageError(f"{target.name} has root keys, and only two of them can change them.", fix="Sign with them: --with-roots KEY KEY")


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
        args.root_keys = tuple(public_key_from_text(text) for text in args.roots or ())
    except IdError as error:
        raise UsageError("That key cannot be read.", f"{error}.", "Public keys have 48 characters, key ids 27.") from None
    if len(set(args.root_keys)) != len(args.root_keys):
        raise UsageError("A root key is named twice.", fix="Name three different ones.")
    if args.new_owner:
        key = keyring.find_key(book, args.new_owner, "owner")
        args.successor = keyring.unlock(key, out, args.new_owner_passphrase_file or args.passphrase_file)
    if not (args.added or args.removed or args.successor or args.root_keys):
        raise UsageError("Say what to change.", fix="With --add ROLE PUBLICKEY, --remove ID, --new-owner KEY or --roots.")
    if args.successor and not args.yes:
        confirm(
            f"{target.lstrip('@')} will belong to the key “{args.new_owner}” and no longer obey the present owner's key or its passes.",
            "hand over",
            out,
        )


def finish_keyset_rotate(home, args, name):
    """Note the new owner in the book, and drop the passes that only the old one's word made good there."""
    if not args.new_owner:
        return
    from leither_edge.cli import keyring
    from leither_edge.core.ids import id_from_text

    book = Book(home)
    device_id = id_from_text(book.remote(name)["device_id"])
    with book.changing():
        # A key file outside the book has no name there.
        known = args.new_owner in book.keys
        book.remote(name)["owner"] = args.new_owner if known else None
        issuer = id_of(keyring.entry_to_key(args.new_owner, book.keys[args.new_owner]).public_key) if known else None
        here = [kept for kept in kept_passes(book) if kept.only == name or kept.content.device_id == device_id]
        void = [kept.data for kept in here if kept.content.issuer != issuer]
        book.content["passes"] = [entry for entry in book.passes if pass_bytes(entry) not in void]


def put_keyset(target, keyset, signers):
    """Sign a keyset and send it."""
    from leither_edge.core.keyset import KeysetError, sign_keyset

    try:
        data = sign_keyset(keyset, [(signer.key_id, signer.sign) for signer in signers])
    except KeysetError as error:
        raise Failure("That keyset is not possible.", f"{error}.") from None
    return target.call("keyset-set", {"keyset": data}, keep=True)


def id_of(public_key):
    """The id of a public key."""
    from leither_edge.core.ids import key_id

    return key_id(public_key)
