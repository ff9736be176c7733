"""Who one is on a running node: a key that signs the node's challenge, a pass, or a name with a password."""

import os

from leither_edge.cli.failure import Failure, UntrustedError
from leither_edge.cli.output import clean


def address_of(home, node):
    """(Address, entry of the book or None) of an address, or of the name of a device."""
    from leither_edge.cli.address import parse_address
    from leither_edge.cli.book import Book

    book = Book(home)
    if node in book.remotes:
        return parse_address(book.remotes[node]["address"]), book.remotes[node]
    return parse_address(node), None


def sign_in(home, out, args, connection, entry):
    """Sign in as the command line says; returns (user id, public key, sign or None). Raises MimeiError, Failure."""
    from leither_edge.core.ids import id_from_text, key_id

    told = connection.call("GetVar", "", "session")
    node_id = id_from_text(told["node"])
    if entry is not None and entry["device_id"] != told["node"]:
        raise UntrustedError(
            "Another node answers there than the device in your book.", f"It says that it is {clean(told['node'], 40)}.",
            "If the device has moved: leither remote move NAME ADDRESS",
        )  # fmt: skip
    if getattr(args, "user", None):
        answer = connection.call("Login", args.user, password(args))
        connection.sid = answer["sid"]
        return id_from_text(answer["uid"]), None, None
    signer = signer_for(home, out, args, node_id)
    from leither_edge.mimei.sessions import sign_in_message

    challenge = bytes(connection.call("Challenge")["challenge"])
    # Made here and not taken from the node: a key signs only what is known.
    signature = signer.sign(sign_in_message(node_id, challenge))
    answer = connection.call("LoginWithKey", signer.public_key, challenge, signature, *([signer.delegation] if signer.delegation else []))
    connection.sid = answer["sid"]
    user = id_from_text(answer["uid"])
    return user, signer.public_key, signer.sign if user == key_id(signer.public_key) else None


def signer_for(home, out, args, node_id):
    """The Signer: that of ``--key``, the one that commands this device, or the key of the store on this computer."""
    from leither_edge.cli import keyring
    from leither_edge.cli.book import Book
    from leither_edge.cli.mimei_store import author_key, store_folder
    from leither_edge.cli.signers import Signers
    from leither_edge.core.ids import id_to_text
    from leither_edge.mimei.sessions import PASS_VERB

    book, key = Book(home), getattr(args, "key", None)
    passphrase = getattr(args, "passphrase_file", None)
    name = book.by_device(id_to_text(node_id))
    if name is not None:
        return Signers(book, out, key, passphrase).choose(name, PASS_VERB)
    if key is not None:
        return keyring.unlock(keyring.find_key(book, key), out, passphrase)
    own = author_key(store_folder(home, args))
    return keyring.Signer("mimei", own.id, own.public_key, own.sign, None, None)


def password(args):
    """The password of ``--user``."""
    from leither_edge.cli.prompt import ask_secret, given_passphrase, interactive

    given = given_passphrase(args.passphrase_file) if args.passphrase_file else os.environ.get("LEITHER_PASSWORD")
    if given:
        return given
    if not interactive():
        raise Failure(
            "The password is needed, and nobody is here to type it.", fix="Give it with --passphrase-file FILE or LEITHER_PASSWORD.",
            exit_code=2, code="needs-password",
        )  # fmt: skip
    return ask_secret(f"Password of {clean(args.user, 60)}: ")


def checked_manifest(message, mid, public_key):
    """The Manifest in what a node wants signed. A key must not sign another thing that a node calls a version.

    Raises:
        UntrustedError: it is no manifest of this MiMei by this key.
    """
    from leither_edge.core import cbor, cose
    from leither_edge.mimei import manifest

    try:
        word, protected, external, payload = cbor.decode(message)
        # A signature of zeros, which any check but that of the signature takes.
        data = cbor.encode(cbor.Tagged(cose.TAG_SIGN1, [protected, {}, payload, bytes(cose.SIGNATURE_BYTES)]))
        found = manifest.open_manifest(data, lambda signature, signed, key: signed == message)
    except (ValueError, TypeError, manifest.BadManifest):
        found = None
    if found is None or found.mid != mid or found.public_key != public_key:
        raise UntrustedError("The node wanted another thing signed than a version of this MiMei.", "Nothing was signed.")
    return found
