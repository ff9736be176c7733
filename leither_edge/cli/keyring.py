"""The user's keys: where their files are, how they are unlocked."""

import base64
import json
import os
import stat
from collections import namedtuple

from leither_edge.cli.failure import CancelledError, Failure, UsageError
from leither_edge.cli.home import replace_file
from leither_edge.cli.parser import nearest
from leither_edge.cli.progress import waiting
from leither_edge.cli.prompt import TRIES, ask_secret, given_passphrase, interactive

SEED_BYTES = 32
OPEN_FILE_MAX_BYTES = 4096
OPEN_FILE_MARK = "leither unencrypted key"

# public_key: 32 bytes; kind: "owner" or "controller"; protected: whether a passphrase is wanted.
Key = namedtuple("Key", "name kind public_key file protected")
# sign(message) -> 64 bytes; delegation: an encoded pass or None; unseal(what was sealed to this key) -> bytes or None.
Signer = namedtuple("Signer", "name key_id public_key sign delegation unseal")


def entry_to_key(name, entry):
    """Read one key of the book."""
    from leither_edge.core.ids import IdError, public_key_from_text

    try:
        return Key(name, entry["kind"], public_key_from_text(entry["public_key"]), entry["file"], bool(entry["protected"]))
    except (KeyError, TypeError, IdError) as error:
        raise Failure(f"The key “{name}” in your book is damaged.", str(error), "Delete it and restore it from its words.") from None


def find_key(book, name, kind="owner"):
    """Return a key by name or file; without a name the only one of its kind.

    Args:
        book: the Book.
        name: name, path of a key file, or None.
        kind: which kind is wanted when no name is given.
    """
    if name is None:
        names = [known for known, entry in sorted(book.keys.items()) if entry.get("kind") == kind]
        if len(names) == 1:
            return entry_to_key(names[0], book.keys[names[0]])
        if not names:
            raise UsageError(
                f"You have no {kind} key yet.", fix="Make one: leither key new\nOr bring one back: leither key restore", code="no-key"
            )
        raise UsageError(f"You have {len(names)} {kind} keys.", fix=f"Say which one with --key: {', '.join(names)}", code="which-key")
    if name in book.keys:
        return entry_to_key(name, book.keys[name])
    if os.path.exists(name):
        return Key(name, "owner", None, os.path.abspath(name), not is_open_file(name))
    fix = nearest(name, book.keys) + "See your keys: leither key list"
    raise UsageError(f"There is no key “{name}”, and no key file of that name.", fix=fix, code="no-key")


def read_open_file(path):
    """Return the seed of an unencrypted key file.

    Raises:
        Failure: damaged, or readable for other users.
    """
    try:
        with open(path, "rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise Failure(
                    f"Other users of this computer may read the key file {path}.",
                    "An unencrypted key must be private.",
                    f"Make it so: chmod 600 {path}",
                )
            content = json.loads(file.read(OPEN_FILE_MAX_BYTES))
        seed = base64.urlsafe_b64decode(content["seed"])
        if content.get("type") != OPEN_FILE_MARK or len(seed) != SEED_BYTES:
            raise ValueError
        return seed
    except OSError as error:
        raise Failure(f"The key file {path} could not be read.", error.strerror) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Failure(f"{path} is not a key file, or it is damaged.", fix="Restore the key from its words: leither key restore") from None


def is_open_file(path):
    """Whether a key file is an unencrypted one."""
    try:
        with open(path, "rb") as file:
            return file.read(OPEN_FILE_MAX_BYTES).lstrip().startswith(b"{") and os.path.isfile(path)
    except OSError:
        return False


def write_open_file(path, seed, exclusive=True):
    """Write an unencrypted key file, mode 0600."""
    content = {"type": OPEN_FILE_MARK, "seed": base64.urlsafe_b64encode(seed).decode()}
    replace_file(path, json.dumps(content).encode() + b"\n", exclusive=exclusive)


def write_protected_file(path, seed, passphrase, name, out):
    """Write an encrypted key file."""
    from leither_edge.crypto.key_file import KeyFileError, write_key_file

    if os.path.lexists(path):
        raise Failure(f"{path} is there already.", "A key file is never overwritten.", "Choose another --name or --out.")
    try:
        with waiting(out, "Encrypting the key file"):
            write_key_file(path, seed, passphrase, name)
    except KeyFileError as error:
        raise Failure(f"The key file {path} could not be written.", str(error)) from None
    except OSError as error:
        raise Failure(f"The key file {path} could not be written.", error.strerror) from None


def read_seed(key, out, passphrase_file=None):
    """Return a key's seed, asking for the passphrase where one is needed."""
    if not key.protected:
        return read_open_file(key.file)
    given = given_passphrase(passphrase_file)
    if given is not None:
        return open_protected(key, given, out)
    if out.as_json or not interactive():
        raise UsageError(
            f"The key “{key.name}” needs its passphrase, and nobody is here to type it.",
            fix="Give it with --passphrase-file FILE or LEITHER_PASSPHRASE.",
            code="needs-passphrase",
        )
    for left in range(TRIES - 1, -1, -1):
        try:
            return open_protected(key, ask_secret(f"Passphrase of the key “{key.name}”: "), out)
        except Failure as error:
            if error.code != "wrong-passphrase" or not left:
                raise
            out.note("  That was not it. Once more.")
    raise CancelledError("No passphrase was given.")


def open_protected(key, passphrase, out):
    """Decrypt a key file."""
    from leither_edge.crypto.key_file import KeyFileError, read_key_file

    try:
        with waiting(out, "Opening the key file"):
            seed = read_key_file(key.file, passphrase)
    except KeyFileError as error:
        wrong = "passphrase" in str(error)
        raise Failure(
            f"The key “{key.name}” could not be opened.",
            str(error),
            "Without the passphrase, only the 24 recovery words help: leither key restore" if wrong else "",
            code="wrong-passphrase" if wrong else "bad-key-file",
        ) from None
    except OSError as error:
        raise Failure(f"The key file {key.file} could not be read.", error.strerror) from None
    return getattr(seed, "seed", seed)


def unlock(key, out, passphrase_file=None, delegation=None):
    """Return a Signer for a key.

    Args:
        key: a Key.
        out: Output.
        passphrase_file: from the command line.
        delegation: the encoded pass to send along, or None.
    """
    seed = read_seed(key, out, passphrase_file)
    signer = signer_from_seed(seed, key.name, delegation)
    if key.public_key is not None and signer.public_key != key.public_key:
        raise Failure(
            f"The file {key.file} holds another key than “{key.name}”.",
            "Its public key is not the one in your book.",
            "Use the right file, or delete the key and restore it.",
        )
    return signer


def signer_from_seed(seed, name, delegation=None):
    """Return a Signer for a 32-byte Ed25519 seed."""
    from leither_edge.core.ids import key_id
    from leither_edge.crypto import sodium

    public_key, secret = sodium.keypair_from_seed(seed)
    return Signer(
        name, key_id(public_key), public_key, lambda message: sodium.sign(message, secret), delegation,
        lambda sealed: sodium.open_sealed(sealed, public_key, secret),
    )  # fmt: skip


def remember_key(home, book, name, kind, public_key, path, protected):
    """Put a key into the book."""
    from leither_edge.core.ids import public_key_to_text

    with book.changing():
        if name in book.keys:
            raise Failure(f"There is a key “{name}” already.", fix="Choose another --name.")
        book.keys[name] = {"kind": kind, "public_key": public_key_to_text(public_key), "file": path, "protected": protected}


def key_path(home, name):
    """Where a key file of this tool's own folder lies."""
    home.make("keys")
    return home.path("keys", f"{name}.key")
