"""The folder of a book: the book itself, whose it is, its bookkeeper's key, and where a running bookkeeper answers.

    data.mdb, lock      the book (storage)
    organization        the organization's id as text
    bookkeeper.key      the key that signs headers, mode 0600; missing where the book is for reading alone
    address             while a bookkeeper runs: its URL, the word that opens what is the keeper's alone, its process id; mode 0600
"""

import os

from leither_edge.core.committee import Certificate, sign_certificate
from leither_edge.core.ids import IdError, id_from_text, id_to_text, key_id
from leither_edge.crypto.node_key import load_or_create
from leither_edge.crypto.private_file import create_private, read_private
from leither_edge.ledger.book import HISTORY_PULSES, create_book, open_book
from leither_edge.ledger.errors import BookError

DATA_NAME, ORGANIZATION_NAME, KEY_NAME, ADDRESS_NAME = "data.mdb", "organization", "bookkeeper.key", "address"
_ORGANIZATION_BYTES_MAX = 64
_ADDRESS_BYTES_MAX = 512


def found_book(folder, organization_key, sign, treasurer, map_bytes, now):
    """Makes a folder, the bookkeeper's key, the certificate that names it, and an empty book; returns the Book.

    Args: folder (path), organization_key (public key), sign (message -> 64 bytes, of it), treasurer (public key of who signs for the
    treasury), map_bytes (most on disk), now (s). Raises BookError, StorageError, KeyFileError.
    """
    organization = key_id(organization_key)
    os.makedirs(folder, 0o700, exist_ok=True)
    bookkeeper = load_or_create(os.path.join(folder, KEY_NAME))
    certificate = Certificate(organization_key, 0, 1, (bookkeeper.public_key,), treasurer)
    name_organization(folder, organization)
    return create_book(folder, organization, sign_certificate(certificate, sign), bookkeeper, map_bytes, now)


def open_in(folder, map_bytes, history=HISTORY_PULSES):
    """The Book in a folder; for reading alone where the bookkeeper's key is not there. Raises BookError, StorageError, KeyFileError."""
    organization = organization_of(folder)
    path = os.path.join(folder, KEY_NAME)
    key = load_or_create(path) if os.path.lexists(path) else None
    return open_book(folder, organization, key, map_bytes, history)


def organization_of(folder):
    """The id of the organization whose book lies in a folder. Raises BookError, KeyFileError."""
    data = read_private(os.path.join(folder, ORGANIZATION_NAME), "the organization's id", _ORGANIZATION_BYTES_MAX)
    if data is None:
        raise BookError("no-book", f"There is no whole book in {folder}: it does not say whose it is.", "organization")
    try:
        return id_from_text(data.decode("ascii", "replace").strip())
    except IdError as error:
        raise BookError("organization", f"The file {ORGANIZATION_NAME} in {folder} is damaged: {error}.", "organization") from None


def name_organization(folder, organization):
    """Writes whose book lies in a folder. Raises BookError: another's; KeyFileError."""
    path = os.path.join(folder, ORGANIZATION_NAME)
    if os.path.lexists(path):
        if organization_of(folder) != organization:
            raise BookError("exists", f"The folder {folder} is another organization's. Choose another folder.", "folder")
        return
    create_private(path, id_to_text(organization).encode() + b"\n", "the organization's id")


def say_address(folder, url, word):
    """Writes where the bookkeeper of a folder answers. Raises KeyFileError."""
    unsay_address(folder)
    create_private(os.path.join(folder, ADDRESS_NAME), f"{url}\n{word}\n{os.getpid()}\n".encode(), "the address")


def unsay_address(folder):
    """Takes the address away."""
    try:
        os.unlink(os.path.join(folder, ADDRESS_NAME))
    except FileNotFoundError:
        pass


def address_in(folder):
    """(URL, word, process id) of the bookkeeper that runs, or last ran, on a folder; None where there is none. Raises KeyFileError."""
    data = read_private(os.path.join(folder, ADDRESS_NAME), "the address", _ADDRESS_BYTES_MAX)
    lines = [] if data is None else data.decode("ascii", "replace").split()
    return (lines[0], lines[1], int(lines[2])) if len(lines) == 3 and lines[2].isdigit() else None
