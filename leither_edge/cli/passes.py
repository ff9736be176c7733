"""``leither remote pass``: signed permissions for other keys, and this computer's own controller key."""

import base64
import json
import os
import time

from leither_edge.cli import keyring
from leither_edge.cli.book import Book
from leither_edge.cli.controller import day
from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.home import replace_file
from leither_edge.cli.output import clean
from leither_edge.cli.parser import nearest
from leither_edge.cli.prompt import read_limited
from leither_edge.cli.signers import Signers, kept_passes
from leither_edge.cli.verbs import VERBS

CONTROLLER = "this-computer"
FILE_TYPE = "leither pass"
FILE_MAX_BYTES = 8192
# Clocks differ; a pass that is good from now on must be good at a device whose clock is a little behind.
BACKDATED_S = 86400
DAYS_MAX = 3660


def make_pass(signer, subject, device_id, role, verbs, days, label):
    """Sign a pass.

    Args:
        signer: the owner's Signer.
        subject: public key of who shall hold it, 32 bytes.
        device_id: 20 bytes, or None for every device of the owner.
        role: viewer, operator or owner.
        verbs: list of verbs or None for all of the role.
        days: how long it is good.
        label: whose it is.

    Returns:
        its bytes.
    """
    from leither_edge.core.delegation import Pass, PassError, sign_pass

    check_days(days)
    now = int(time.time())
    content = Pass(signer.key_id, subject, device_id, role, tuple(verbs) if verbs else None, now - BACKDATED_S, now + days * 86400, label)
    try:
        return sign_pass(content, signer.sign)
    except PassError as error:
        raise Failure("The pass could not be made.", f"{error}.") from None


def check_days(days):
    """Refuse a pass that would be good for no time, or for ever."""
    if not 1 <= days <= DAYS_MAX:
        raise UsageError(f"A pass is good for 1 to {DAYS_MAX} days.", fix="Choose another number: --days 365")


def controller_key(home, book, out):
    """Return the Key of this computer's controller, made if there is none.

    Its file is private but not encrypted, like an SSH host key: it may do daily things only, its pass ends, and it is
    revoked alone. A passphrase at every command would only teach people to put the owner's key in its place.
    """
    from leither_edge.crypto.sodium import random_bytes

    if CONTROLLER not in book.keys:
        seed = random_bytes(keyring.SEED_BYTES)
        path = keyring.key_path(home, CONTROLLER)
        keyring.write_open_file(path, seed)
        keyring.remember_key(home, book, CONTROLLER, "controller", keyring.signer_from_seed(seed, CONTROLLER).public_key, path, False)
    return keyring.find_key(book, CONTROLLER)


def keep(book, key_name, data, only):
    """Put a pass into the book; an older one of the same issuer, key and scope gives way."""
    from leither_edge.core.delegation import parse_signed_pass

    new, _ = parse_signed_pass(data)
    with book.changing():
        scope = (new.issuer, new.device_id, key_name, only)
        replaced = [kept.data for kept in kept_passes(book) if (kept.content.issuer, kept.content.device_id, kept.key, kept.only) == scope]
        entries = [entry for entry in book.passes if base64.urlsafe_b64decode(entry.get("pass", "")) not in replaced]
        book.content["passes"] = [*entries, {"key": key_name, "pass": base64.urlsafe_b64encode(data).decode(), "only": only}]


def read_verbs(text):
    """The protocol's verbs in a list with commas; the words of the command line are understood too."""
    known = {verb.verb: verb.verb for verb in VERBS if verb.verb} | {" ".join(verb.words): verb.verb for verb in VERBS if verb.verb}
    verbs = []
    for word in filter(None, map(str.strip, text.split(","))):
        if word not in known:
            there_are = ", ".join(sorted(set(known.values())))
            raise UsageError(f"There is no verb “{word}”.", fix=f"{nearest(word, known)}There are: {there_are}")
        if known[word] not in verbs:
            verbs.append(known[word])
    if not verbs:
        raise UsageError("No verb is named.", fix="Name some, like --verbs status,logs, or leave --verbs out for all of the role.")
    return verbs


def create(home, out, args):
    """Make a pass for another key, for a fresh key, or for this computer."""
    from leither_edge.core.ids import IdError, id_from_text, public_key_from_text
    from leither_edge.crypto.sodium import random_bytes

    check_days(args.days)
    book = Book(home)
    device_id = id_from_text(book.remote(args.only)["device_id"]) if args.only else None
    verbs = read_verbs(args.verbs) if args.verbs is not None else None
    seed = None
    if args.subject is not None:
        try:
            subject = public_key_from_text(args.subject)
        except IdError as error:
            raise UsageError(
                "That is not a public key.", f"{error}.", "Ask for the text that “leither key show” prints: 48 characters."
            ) from None
    elif args.new_controller:
        if os.path.lexists(args.new_controller):
            raise Failure(f"{args.new_controller} is there already.", fix="Choose another file.")
        seed = random_bytes(keyring.SEED_BYTES)
        subject = keyring.signer_from_seed(seed, "").public_key
    else:
        subject = controller_key(home, book, out).public_key
    signers = Signers(book, out, args.key or (book.remote(args.only).get("owner") if args.only else None), args.passphrase_file)
    owner = signers.unlock(keyring.find_key(book, signers.key, "owner"))
    data = make_pass(owner, subject, device_id, args.role, verbs, args.days, args.label)
    if args.this_computer:
        keep(book, CONTROLLER, data, args.only)
    file = args.new_controller or args.out
    content = {"type": FILE_TYPE, "pass": base64.urlsafe_b64encode(data).decode()}
    if seed is not None:
        content["seed"] = base64.urlsafe_b64encode(seed).decode()
    if file:
        replace_file(file, json.dumps(content).encode() + b"\n", exclusive=True)
    facts = {**describe(data, book), "file": file}
    if not file and not args.this_computer:
        facts["pass"] = content["pass"]
    out.result(facts, lambda: tell(out, facts, secret=seed is not None))


def tell(out, facts, secret):
    """Show a pass that was just made."""
    if "pass" in facts:
        # Only the pass itself on standard output, so that it can be piped.
        out.line(json.dumps({"type": FILE_TYPE, "pass": facts["pass"]}))
        out.note(
            f"A pass as {facts['role']} until {day(facts['not_after'])}. Give it to the holder of that key: leither remote pass use FILE"
        )
        return
    out.done(f"A pass as {out.styled(facts['role'], 'bold')} was made, good until {day(facts['not_after'])}.")
    show_facts(out, facts)
    if secret:
        out.warn(f"{facts['file']} holds a secret key. Move it to the other computer, use it there, and delete it here.")
    if facts["file"]:
        out.next_step("On the other computer:", f"leither remote pass use {facts['file']}")


def show_facts(out, facts):
    """What a pass allows."""
    out.facts(
        [
            ("For key", facts["subject_id"] + (f" ({facts['label']})" if facts["label"] else "")),
            ("Devices", facts["device"] or "all of this owner"),
            ("Verbs", ", ".join(facts["verbs"]) if facts["verbs"] else "all of the role"),
        ],
        indent=2,
    )


def describe(data, book):
    """A pass for JSON."""
    from leither_edge.core.delegation import parse_signed_pass
    from leither_edge.core.ids import id_to_text, key_id

    content, _ = parse_signed_pass(data)
    device_id = id_to_text(content.device_id) if content.device_id else None
    return {
        "issuer_id": id_to_text(content.issuer),
        "subject_id": id_to_text(key_id(content.subject)),
        "device": (book.by_device(device_id) or device_id) if device_id else None,
        "role": content.role,
        "verbs": list(content.verbs) if content.verbs is not None else None,
        "not_before": content.not_before,
        "not_after": content.not_after,
        "label": clean(content.name, 64),
    }


def use(home, out, args):
    """Take a pass from a file: keep it, and the key in it if there is one."""
    from leither_edge.core.delegation import PassError, parse_signed_pass
    from leither_edge.core.ids import key_id

    book = Book(home)
    data, seed = read_pass_file(args.file)
    try:
        content, _ = parse_signed_pass(data)
    except PassError as error:
        raise Failure(f"{args.file} holds no pass that can be used.", f"{error}.") from None
    if content.not_after <= time.time():
        raise Failure(
            "This pass has ended.", f"It was good until {day(content.not_after)}.", "Ask the owner for a new one.", code="pass-expired"
        )
    if args.only:
        book.remote(args.only)
    name = next((known for known, entry in book.keys.items() if keyring.entry_to_key(known, entry).public_key == content.subject), None)
    if name is None:
        if seed is None or keyring.signer_from_seed(seed, "").public_key != content.subject:
            raise Failure(
                "This pass was given to a key that is not on this computer.",
                fix="Send the owner your own public key (leither key show), or ask for a pass made with --new-controller.",
                code="no-key",
            )
        name = CONTROLLER if CONTROLLER not in book.keys else f"controller-{key_id(content.subject).hex()[:6]}"
        path = keyring.key_path(home, name)
        keyring.write_open_file(path, seed)
        keyring.remember_key(home, book, name, "controller", content.subject, path, False)
    keep(book, name, data, args.only)
    facts = {**describe(data, book), "key": name}

    def show():
        out.done(f"You may act as {out.styled(facts['role'], 'bold')} until {day(facts['not_after'])}, with the key “{name}”.")
        show_facts(out, facts)
        if seed is not None:
            out.note(f"{args.file} holds a secret key and is not needed any more: delete it.")

    out.result(facts, show)


def read_pass_file(path):
    """Return (pass bytes, seed or None) of a pass file."""
    try:
        content = json.loads(read_limited(path, FILE_MAX_BYTES, "Pass file"))
        if content["type"] != FILE_TYPE:
            raise ValueError
        data = base64.urlsafe_b64decode(content["pass"])
        seed = base64.urlsafe_b64decode(content["seed"]) if content.get("seed") else None
        if seed is not None and len(seed) != keyring.SEED_BYTES:
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Failure(f"{path} is not a pass file.", fix="It is made by: leither remote pass create") from None
    return data, seed


def list_passes(home, out, args):
    """List the passes of this computer."""
    book = Book(home)
    now = time.time()
    passes = [
        {**describe(kept.data, book), "key": kept.key, "only": kept.only, "valid": kept.content.not_after > now}
        for kept in kept_passes(book)
    ]

    def show():
        if not passes:
            out.line("There are no passes on this computer.")
            return
        rows = [
            [
                p["device"] or p["only"] or "all of the owner",
                p["role"],
                ", ".join(p["verbs"]) if p["verbs"] else "all",
                p["key"],
                day(p["not_after"]) if p["valid"] else "ended",
            ]
            for p in passes
        ]
        out.table(["DEVICE", "ROLE", "VERBS", "KEY", "UNTIL"], rows, {(n, 4): "red" for n, p in enumerate(passes) if not p["valid"]})

    out.result({"passes": passes}, show)
