"""``leither key``: make, list, show, restore, delete."""

import contextlib
import os
import sys

from leither_edge.cli import keyring
from leither_edge.cli.book import Book, check_name
from leither_edge.cli.extras import qr_lines, recovery_words
from leither_edge.cli.failure import CancelledError, Failure, UsageError
from leither_edge.cli.prompt import TRIES, ask, confirm, given_new_passphrase, interactive, read_limited, typed_new_passphrase

WORDS_MAX_BYTES = 4096
WORDS_ASKED = 2
WORD_COLUMNS = 4
UNPROTECTED = "This key file is not encrypted. Whoever reads it, or a backup of it, owns your devices."


def new(home, out, args):
    """Make an owner key: words first, then the passphrase, then the file."""
    book, path = where(home, args)
    # Words written down for a key that then cannot be kept are words for nothing.
    passphrase = None if args.no_passphrase else given_new_passphrase(args.passphrase_file)
    module = recovery_words()
    from leither_edge.crypto import sodium

    seed = sodium.random_bytes(keyring.SEED_BYTES)
    words = module.words_from_seed(seed)
    words = words.split() if isinstance(words, str) else list(words)
    if not out.as_json:
        show_words(out, words)
    entry = save(home, out, args, book, path, seed, passphrase)
    entry["recovery_words"] = " ".join(words)
    out.result(entry, lambda: tell(out, entry, "made"))


def restore(home, out, args):
    """Bring an owner key back from its words."""
    book, path = where(home, args)
    passphrase = None if args.no_passphrase else given_new_passphrase(args.passphrase_file)
    module = recovery_words()
    if args.words_file:
        data = read_limited(args.words_file, WORDS_MAX_BYTES, "Words file")
        try:
            seed = seed_from(module, data.decode())
        except UnicodeDecodeError:
            raise Failure(f"{args.words_file} is not text (UTF-8).") from None
    elif not interactive():
        raise UsageError(
            "The 24 words are needed, and nobody is here to type them.", fix="Give them with --words-file FILE, or - for standard input."
        )
    else:
        seed = ask_words(out, module)
    entry = save(home, out, args, book, path, seed, passphrase)
    out.result(entry, lambda: tell(out, entry, "restored"))


def where(home, args):
    """Check the name and the place before the user is asked anything."""
    book, name = Book(home), check_name(args.name, "key")
    if name in book.keys:
        raise Failure(
            f"There is a key “{name}” already.", fix="Choose another --name, or see it: leither key show " + name, code="key-exists"
        )
    path = os.path.abspath(args.out) if args.out else keyring.key_path(home, name)
    if os.path.lexists(path):
        raise Failure(f"{path} is there already.", "A key file is never overwritten.", "Choose another --name or --out.", code="key-exists")
    if not os.path.isdir(os.path.dirname(path)):
        raise Failure(f"There is no folder {os.path.dirname(path)}.", fix="Make it first, or choose another --out.")
    return book, path


def save(home, out, args, book, path, seed, passphrase):
    """Write the key file and remember the key; returns its public description. ``passphrase`` None is asked for where one is wanted."""
    name = check_name(args.name, "key")
    signer = keyring.signer_from_seed(seed, name)
    twin = next((known for known in book.keys if keyring.entry_to_key(known, book.keys[known]).public_key == signer.public_key), None)
    if twin:
        raise Failure(f"That is the key you have as “{twin}”.", fix="Nothing to do.", code="key-exists")
    if args.no_passphrase:
        out.warn(UNPROTECTED)
        if not out.as_json and interactive():
            confirm("The key will rest unencrypted on this disk.", "unencrypted", out)
        keyring.write_open_file(path, seed)
    else:
        keyring.write_protected_file(path, seed, passphrase or typed_new_passphrase(), name, out)
    keyring.remember_key(home, book, name, "owner", signer.public_key, path, not args.no_passphrase)
    return describe(keyring.find_key(book, name))


def seed_from(module, text):
    """Turn words into a seed, or say what is wrong with them."""
    try:
        return module.seed_from_words(text)
    except ValueError as error:
        raise Failure(
            "These words do not make a key.", str(error), "Compare them with your paper, word by word.", code="bad-words"
        ) from None


def ask_words(out, module):
    """Let the user type the words, on one line or several."""
    print("Type the 24 words, with spaces between them; on several lines if you like.", file=sys.stderr)
    for left in range(TRIES - 1, -1, -1):
        words = []
        while len(words) < 24:
            words += ask(f"{out.styled(f'{len(words):2}/24', 'dim', stream=out.err)}  ").split()
        try:
            return seed_from(module, " ".join(words))
        except Failure as error:
            if not left:
                raise
            out.failure(error)
    raise CancelledError("No words were given.")


def show_words(out, words):
    """Show the words; on a terminal the user proves from a wiped screen that they are on paper."""
    print_words(out, words)
    if not (interactive() and out.out.isatty()):
        return
    try:
        for left in range(TRIES - 1, -1, -1):
            ask("When they are on paper, press Enter; the screen will be wiped: ")
            wipe(out)
            if prove_written(words):
                return
            if left:
                print("That is not it. Here they are again.", file=sys.stderr)
                print_words(out, words)
    finally:
        wipe(out)
    raise CancelledError("The words were not confirmed, so no key was made.", fix="Start again: leither key new")


def print_words(out, words):
    """Print the words in columns, numbered downwards."""
    rows = -(-len(words) // WORD_COLUMNS)
    out.line()
    out.line(out.styled("Your 24 recovery words", "bold"))
    out.line(out.styled("Write them on paper, in this order. They are shown only now, and nobody else has them.", "dim"))
    out.line()
    for row in range(rows):
        numbers = range(row, len(words), rows)
        out.line("  " + "".join(f"{out.styled(f'{number + 1:2}', 'dim')} {words[number]:<12}" for number in numbers).rstrip())
    out.line()


def wipe(out):
    """Clear the screen and what was scrolled back: screens are looked at by others, and shared."""
    out.out.write("\x1b[H\x1b[2J\x1b[3J")
    out.out.flush()


def prove_written(words):
    """Ask for two of the words; returns whether both were right."""
    from leither_edge.crypto import sodium

    numbers = set()
    while len(numbers) < WORDS_ASKED:
        numbers.add(sodium.random_bytes(1)[0] % len(words))
    print("To be sure, two of them from your paper:", file=sys.stderr)
    return all(ask(f"  Word {number + 1}: ").lower() == words[number] for number in sorted(numbers))


def describe(key):
    """The public facts of a key, for JSON."""
    from leither_edge.core.ids import id_to_text, key_id, public_key_to_text

    return {
        "name": key.name,
        "kind": key.kind,
        "public_key": public_key_to_text(key.public_key),
        "key_id": id_to_text(key_id(key.public_key)),
        "file": key.file,
        "encrypted": key.protected,
    }


def tell(out, entry, verb):
    """Show a key that was just made."""
    out.done(f"The owner key “{entry['name']}” was {verb}.")
    out.line()
    picture(out, entry)
    out.next_step("Next, meet a device and make it yours:", "leither remote add NAME ADDRESS", "leither remote claim NAME --token TOKEN")


def picture(out, entry):
    """The public part of a key: facts and a QR code."""
    protection = "encrypted with your passphrase" if entry["encrypted"] else "not encrypted"
    out.facts(
        [("Public key", out.styled(entry["public_key"], "bold")), ("Key id", entry["key_id"]), ("File", f"{entry['file']} ({protection})")]
    )
    lines = qr_lines(entry["public_key"])
    if lines is None:
        out.note("For a QR code install the extra: pip install 'leither-edge[cli]'")
    elif out.out.isatty():
        out.line()
        for line in lines:
            # Explicit white on black, so that the picture is right on light terminals too.
            out.line(f"  \x1b[97;40m{line}\x1b[0m")
        out.line(out.styled("  Safe to show: a device's setup page takes this to make you its owner.", "dim"))


def list_keys(home, out, args):
    """List all keys."""
    book = Book(home)
    entries = [describe(keyring.entry_to_key(name, book.keys[name])) for name in sorted(book.keys)]

    def show_table():
        if not entries:
            out.line("You have no keys yet.")
            out.next_step("Make one:", "leither key new")
            return
        rows = [[e["name"], e["kind"], e["public_key"], "passphrase" if e["encrypted"] else "none"] for e in entries]
        styles = {(n, 3): "yellow" for n, e in enumerate(entries) if e["kind"] == "owner" and not e["encrypted"]}
        out.table(["NAME", "KIND", "PUBLIC KEY", "PROTECTION"], rows, styles)

    out.result({"keys": entries}, show_table)


def show(home, out, args):
    """Show one key's public part."""
    key = keyring.find_key(Book(home), args.name)
    if key.public_key is None:
        raise UsageError(f"“{args.name}” is a file, not a key of your book.", fix="See your keys: leither key list")
    entry = describe(key)

    def page():
        out.line(f"{out.styled(entry['name'], 'bold')}  {out.styled(entry['kind'] + ' key', 'dim')}")
        picture(out, entry)

    out.result(entry, page)


def delete(home, out, args):
    """Delete a key and its file."""
    book = Book(home)
    if args.name not in book.keys:
        raise UsageError(f"There is no key “{args.name}”.", fix="See your keys: leither key list", code="no-key")
    key = keyring.entry_to_key(args.name, book.keys[args.name])
    owned = sorted(name for name, entry in book.remotes.items() if entry.get("owner") == args.name)
    if not args.yes:
        text = f"The key “{key.name}” and its file {key.file} will be deleted."
        if key.kind == "owner":
            text += " Only its 24 recovery words bring it back."
        if owned:
            text += f" It owns: {', '.join(owned)}."
        confirm(text, key.name, out)
    with book.changing():
        book.keys.pop(args.name, None)
        book.content["passes"] = [p for p in book.passes if p.get("key") != args.name]
        for entry in book.remotes.values():
            if entry.get("owner") == args.name:
                entry["owner"] = None
    with contextlib.suppress(FileNotFoundError):
        try:
            os.unlink(key.file)
        except PermissionError as error:
            raise Failure(
                f"The key left your book, but its file {key.file} could not be deleted.", error.strerror, "Delete it yourself."
            ) from None
    out.result({"deleted": key.name, "was_owner_of": owned}, lambda: out.done(f"The key “{key.name}” is gone from this computer."))
