"""A whole book as one file that proves itself: the signed header, the certificate of who may sign it, and every account.

    file     15 bytes "leither book 1\\n"; header's message, certificate's message, each after its length u32; the records
    record   31 bytes: account 20, pulse of its last change u32, amount u56; in rising order, as many as the header states

Nothing else is needed against damage or forgery: the records lead to the root that the committee signed, or they are not the book's.
The file shows balances, which are not public, so it is its owner's alone (mode 0600).
"""

import os
import shutil
import struct

from leither_edge.core.signed_header import read_certificate, read_signed_header
from leither_edge.core.sum_tree import TreeError
from leither_edge.crypto import sodium
from leither_edge.ledger.book import HISTORY_PULSES, TABLES, open_book, write_start
from leither_edge.ledger.bulk_load import load
from leither_edge.ledger.errors import BookError
from leither_edge.ledger.rising_root import RisingRoot
from leither_edge.storage import open_store
from leither_edge.storage.environment import DATA_NAME, sync_folder

MAGIC = b"leither book 1\n"
RECORD = struct.Struct(">20sIQ")
RECORD_BYTES = 31
MESSAGE_MAX_BYTES = 4096
_RECORDS_AT_ONCE = 2048
_UNFINISHED = ".unfinished"


def export_book(book, path):
    """Writes a book to a file, which is whole or not there; returns its Header. Run no pulse meanwhile. Raises BookError, OSError."""
    unfinished = os.fspath(path) + _UNFINISHED
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
            header = _write(book, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(unfinished, path)
    except BaseException:
        _remove(unfinished)
        raise
    sync_folder(os.path.dirname(os.path.abspath(path)))
    return header


def _write(book, file):
    header, message = book.head()
    accounts = total = 0
    file.write(MAGIC)
    for part in (message, book.certificate_message):
        file.write(struct.pack(">I", len(part)) + part)
    for account, pulse, amount in book.records():
        record = RECORD.pack(account, pulse, amount)
        # The first byte of an amount of eight is zero.
        file.write(record[:24] + record[25:])
        accounts += 1
        total += amount
    if book.pulse != header.pulse or accounts != header.accounts or total != header.total:
        raise BookError("changed", "The book changed while it was exported. Export it again while no pulse is made.", "pulse")
    return header


def _remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


class BookFile:
    """An exported book, read from a binary file; header and certificate are verified, the records come from records().

    Args: file (opened for reading), organization (its id). Raises BookError with the field that is wrong.
    Attributes: header (Header), payload and message (of it), certificate (message).
    """

    def __init__(self, file, organization):
        self._file = file
        if file.read(len(MAGIC)) != MAGIC:
            raise _bad("file", "it is not an exported book, or of a newer form")
        self.message, self.certificate = self._read_message("header"), self._read_message("certificate")
        try:
            record = read_certificate(self.certificate, organization, sodium.verify)
            self.header, self.payload = read_signed_header(self.message, record, sodium.verify)
        except TreeError as error:
            raise _bad(error.field, str(error)) from None

    def records(self):
        """Yields (account, pulse, amount) in rising order, as many as the header states. Raises BookError."""
        left, last, total = self.header.accounts, b"", 0
        while left:
            block = self._file.read(min(left, _RECORDS_AT_ONCE) * RECORD_BYTES)
            if not block or len(block) % RECORD_BYTES:
                raise _bad("accounts", f"it ends {left} accounts too early")
            for at in range(0, len(block), RECORD_BYTES):
                account, pulse, amount = RECORD.unpack(block[at : at + 24] + b"\0" + block[at + 24 : at + RECORD_BYTES])
                if account <= last:
                    raise _bad("account", "its accounts are not in rising order")
                if pulse > self.header.pulse:
                    raise _bad("pulse", "an account changed after the header's pulse")
                total += amount
                if not amount or total > self.header.total:
                    raise _bad("amount", "an account holds nothing, or all of them more than the header states")
                last = account
                yield account, pulse, amount
            left -= len(block) // RECORD_BYTES
        if total != self.header.total:
            raise _bad("total", "its accounts hold less than the header states")
        if self._file.read(1):
            raise _bad("file", "something follows its last account")

    def _read_message(self, field):
        start = self._file.read(4)
        size = int.from_bytes(start, "big")
        if len(start) < 4 or size > MESSAGE_MAX_BYTES:
            raise _bad(field, f"its {field} is cut short or too long")
        return self._file.read(size)


def check_file(path, organization):
    """The Header of an exported book, once every record in it leads to the header's root. Raises BookError, OSError."""
    with open(path, "rb") as file:
        book_file = BookFile(file, organization)
        tree = RisingRoot()
        for record in book_file.records():
            tree.add(*record)
        if tree.finish() != (book_file.header.root, book_file.header.total):
            raise _not_the_root()
        return book_file.header


def import_book(path, folder, organization, map_bytes, history=HISTORY_PULSES):
    """Makes a book of an exported one in a new folder, whole or not at all; returns its Header.

    Args: organization (id; another's book is refused), map_bytes and history as for create_book. What came before the header's pulse
    is not in it, so transfers that name an older header are refused. Raises BookError, StorageError, OSError.
    """
    folder = os.path.abspath(folder)
    if os.path.lexists(os.path.join(folder, DATA_NAME)):
        raise BookError("exists", f"There is a book in {folder} already. Choose another folder.", "folder")
    unfinished = folder + _UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        with open(path, "rb") as file:
            book_file = BookFile(file, organization)
            with open_store(unfinished, map_bytes, TABLES) as store:
                _load(store, book_file, history)
        open_book(unfinished, organization, None, map_bytes, history).close()
        os.rename(unfinished, folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    sync_folder(os.path.dirname(folder))
    return book_file.header


def _load(store, book_file, history):
    """Fills an empty store from a BookFile; the last transaction is made only if the accounts lead to what the committee signed."""
    header = book_file.header

    def finish(tx, root, total):
        if (root, total) != (header.root, header.total):
            raise _not_the_root()
        write_start(tx, header.pulse, book_file.payload, book_file.message, book_file.certificate)

    for _ in load(store, book_file.records(), header.pulse, header.accounts, history, finish):
        pass


def _not_the_root():
    return _bad("root", "its accounts do not lead to the root that the committee signed")


def _bad(field, why):
    return BookError("bad-file", f"The file cannot be taken as a book: {why}. Export it again from a good book.", field)
