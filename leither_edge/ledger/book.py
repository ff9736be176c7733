"""One bookkeeper's book: accounts, signed headers and transactions, which become durable together, pulse by pulse.

One thread at a time; `bookkeeper` puts it under trio.
"""

from collections import namedtuple

from leither_edge.core.committee import read_certificate, read_signed_header, sign_header
from leither_edge.core.header import Header, header_hash
from leither_edge.core.ids import key_id
from leither_edge.core.receipt import Receipt, encode_receipt
from leither_edge.core.signed_header import CommitteeError
from leither_edge.core.sum_tree import EMPTY_HASH
from leither_edge.core.transaction_set import EMPTY_SET, inclusion, set_root
from leither_edge.core.transfer import EXPIRY_MAX_PULSES
from leither_edge.crypto import sodium
from leither_edge.ledger import account_tree, pulse_rows
from leither_edge.ledger.account_tree import AccountTree
from leither_edge.ledger.empty_state import EmptyState
from leither_edge.ledger.errors import BookDamaged, BookError
from leither_edge.ledger.packing import pack, unpack
from leither_edge.ledger.replay import Window
from leither_edge.ledger.validation import Situation, nothing_frozen, validate
from leither_edge.storage import open_store

TABLES = (pulse_rows.PULSES, *account_tree.TABLES)
NO_HEADER = bytes(32)
DAY_PULSES = 86_400
HISTORY_PULSES = 604_800
# Old rows go in lots: each lot touches the pages at both ends of the table, not each pulse.
PURGE_EVERY, PURGE_ROWS, ROOM_ROWS = 16, 2048, 16
_ANCHORS_MAX = 256

# pulse: the new one, or None if no transfer was good. taken: [Signed, ...]. refused: [(Signed, Refused), ...].
Closed = namedtuple("Closed", ("pulse", "taken", "refused"))


def create_book(folder, organization, certificate, key, map_bytes, now, history=HISTORY_PULSES, period=DAY_PULSES):
    """Makes a book with its first header, of pulse 0, and opens it; what a crash left unfinished is finished.

    Args: folder (path), organization (its id), certificate (message that its key signed), key (KeyPair of the bookkeeper, a committee
    of one), map_bytes (most that it may take on disk), now (s), history (pulses whose balances and proofs are kept), period (pulses for
    which transactions are kept, more than an hour). Raises BookError, StorageError.
    """
    try:
        record = read_certificate(certificate, organization, sodium.verify)
        header = Header(organization, b"", 0, NO_HEADER, EMPTY_HASH, 0, 0, 0, 0, EMPTY_SET, 0, int(now))
        message = _signer(key)(header)
        _, payload = read_signed_header(message, record, sodium.verify)
    except CommitteeError as error:
        why = f"The certificate is not for this book: {error}. Have the organization sign one."
        raise BookError("certificate", why, error.field) from None
    store = open_store(folder, map_bytes, TABLES)
    try:
        with store.read() as tx:
            if pulse_rows.newest(tx) is not None:
                raise BookError("exists", f"There is a book in {folder} already. Open that one, or choose another folder.", "folder")
        with store.write() as tx:
            write_start(tx, header.pulse, payload, message, certificate)
    finally:
        store.close()
    return open_book(folder, organization, key, map_bytes, history, period)


def write_start(tx, pulse, payload, message, certificate):
    """Puts the first header of a book (its payload and message) and the certificate (its message) into a transaction."""
    pulse_rows.write_certificate(tx, certificate)
    pulse_rows.write_pulse(tx, pulse, pulse, message, header_hash(payload), [], b"")


def open_book(
    folder, organization, key, map_bytes, history=HISTORY_PULSES, period=DAY_PULSES, gather=None, frozen=nothing_frozen
):
    """The Book in a folder.

    Args: organization (its id), key (KeyPair of the bookkeeper; None: for reading alone), gather (Header -> its message with enough
    signatures; None: the key's alone), frozen (account -> amount that must stay); others as for create_book.
    Raises BookError, BookDamaged, StorageError.
    """
    _check_period(period)
    store = open_store(folder, map_bytes, TABLES)
    try:
        return Book(store, organization, gather or _signer(key), history, period, frozen)
    except BaseException:
        store.close()
        raise


class Book:
    """An open book; made by open_book, closed by close. organization: its id."""

    def __init__(self, store, organization, gather, history, period, frozen):
        self.organization = organization
        self._store = store
        self._gather = gather
        self._history = history
        self._period = period
        self._frozen = frozen
        with store.read() as tx:
            pulse = pulse_rows.newest(tx)
            self._certificate_data = pulse_rows.read_certificate(tx)
            if pulse is None or not self._certificate_data:
                raise BookError("no-book", f"There is no whole book in {store.folder}. Create it again, or import it again.", "folder")
            self.certificate = self._checked_certificate()
            self._purged, message = self._read_row(tx, pulse)
            self._take_head(message)
            self._tree = AccountTree(store, history=history)
            self._check_head(pulse)
            self._read_window(tx, pulse)
        self._anchors = {}

    def close(self):
        """Lets the folder go."""
        self._store.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    @property
    def pulse(self):
        """The newest pulse."""
        return self._head.pulse

    @property
    def treasurer(self):
        """Key id of who signs for the treasury."""
        return key_id(self.certificate.treasurer)

    def situation(self):
        """The Situation of a transfer that would come into the next pulse."""
        head = self._head
        return Situation(
            self.organization, self.treasurer, head.pulse + 1, head.total, self._balance, self._anchor_pulse, self._replayed, self._frozen
        )

    def close_pulse(self, transfers, now, checked=False):
        """Validates transfers ([Signed, ...]), applies the good ones, signs and stores: a Closed, durable when returned.

        Args: now (s; the header's time never goes back), checked (their signatures were checked before).
        With no good transfer nothing is written. Raises BookError, StorageError, what ``gather`` raises: then nothing has changed.
        """
        outcome = validate(transfers, self.situation(), None if checked else sodium.verify)
        if not outcome.taken:
            return Closed(None, [], outcome.refused)
        pulse = self._head.pulse + 1
        if pulse > pulse_rows.PULSE_MAX:
            raise BookError("last-pulse", "This book has reached its last pulse. Export it and start another one.", "pulse")
        ids = [signed.id for signed in outcome.taken]
        bodies = pack([signed.data for signed in outcome.taken], self.organization)
        batch = self._tree.prepare(pulse, outcome.changes)
        try:
            header = self._next_header(pulse, ids, outcome.issued, now)
            message = self._gather(header)
            signed_header, payload = read_signed_header(message, self.certificate, sodium.verify)
            if signed_header != header:
                raise CommitteeError("header", "the committee signed another header")
            digest = header_hash(payload)
            with self._store.write() as tx:
                purged = self._purge(tx, pulse)
                self._tree.write(tx, batch)
                pulse_rows.write_pulse(tx, pulse, purged, message, digest, ids, bodies)
        except BaseException as error:
            self._tree.undo(batch)
            if isinstance(error, CommitteeError):
                raise _not_signed(error) from None
            raise
        self._tree.done(batch)
        self._head, self._message, self._digest, self._purged = header, message, digest, purged
        self._transactions.add(pulse, ids)
        self._headers.add(pulse, [digest])
        return Closed(pulse, outcome.taken, outcome.refused)

    def head(self):
        """(Header, its message) of the newest pulse."""
        return self._head, self._message

    @property
    def anchor(self):
        """SHA-256 of the newest header, which a new transfer names."""
        return self._digest

    def header(self, pulse):
        """(Header, its message) of a pulse. Raises BookError, BookDamaged."""
        if pulse == self._head.pulse:
            return self.head()
        with self._store.read() as tx:
            _, message = self._read_row(tx, pulse)
        return self._checked_header(message)[0], message

    def receipt(self, account, transaction=None, pulse=None):
        """Bytes that show anyone what an account holds in a pulse and, if asked, that a transaction is in it.

        Args: account (id), transaction (id, or None), pulse (None: that of the transaction, else the newest).
        Raises BookError, HistoryError.
        """
        path = b""
        if transaction is not None:
            pulse = self._pulse_of(transaction, pulse)
            with self._store.read() as tx:
                ids = pulse_rows.read_ids(tx, pulse)[1]
            path = inclusion(ids, ids.index(transaction))
        _, message = self.header(self._head.pulse if pulse is None else pulse)
        proof = self._view(pulse).proof(account)
        return encode_receipt(Receipt(account, proof, message, self._certificate_data, transaction or b"", path))

    def transaction(self, transaction, pulse=None):
        """(pulse, bytes) of a transaction; without its pulse it is looked for in the last hour. Raises BookError: not there, or purged."""
        pulse = self._pulse_of(transaction, pulse)
        return pulse, dict(self.transactions(pulse))[transaction]

    def transactions(self, pulse):
        """[(id, bytes), ...] of a pulse. Raises BookError: purged, or no such pulse."""
        with self._store.read() as tx:
            found = pulse_rows.read_ids(tx, pulse)
            if found is None:
                raise BookError("purged", f"The transactions of pulse {pulse} are not in this book, or not any more.", "pulse")
            bodies = pulse_rows.read_bodies(tx, pulse)
        try:
            return list(zip(found[1], unpack(bodies, self.organization), strict=True))
        except ValueError as error:
            raise _disagree("transactions", f"the transactions of pulse {pulse} cannot be read: {error}") from None

    def balance(self, account, pulse=None):
        """(pulse of the last change or None, amount) of an account, now or at a past pulse. Raises BookError, HistoryError."""
        return self._view(pulse).get(account)

    def history(self, account):
        """Yields (pulse, amount) of an account's changes, newest first, as far back as the book keeps them."""
        return self._tree.history(account)

    def records(self, start=bytes(20)):
        """Yields (account, pulse, amount) in rising order, from an account on."""
        return self._tree.records(start)

    def make_room(self, period):
        """Drops transactions older than so many pulses, and the past that is out of the window, at once: for a full store, too.

        Returns the pulse before which transactions are gone. Raises StorageError.
        """
        _check_period(period)
        more = True
        while more:
            # Small steps: deleting copies pages, and what one step frees is there for the next but one.
            with self._store.write(reserve=True) as tx:
                rows = self._tree.prune(tx, max(0, self.pulse - self._history), ROOM_ROWS)
                purged = pulse_rows.purge(tx, self._purged, self.pulse - period, ROOM_ROWS)
                pulse_rows.write_header(tx, self.pulse, purged, self._message)
            more = rows or purged > self._purged
            self._purged = purged
        return self._purged

    def stat(self):
        """Sizes: of the store, and pulse, accounts, total, issued, purged (pulse), window ids and bytes in memory."""
        ids, window_bytes = self._transactions.stat()
        head = self._head
        return {
            **self._store.stat(), "pulse": head.pulse, "accounts": head.accounts, "total": head.total, "issued": head.issued,
            "purged": self._purged, "window_ids": ids, "window_bytes": window_bytes + self._headers.stat()[1],
        }  # fmt: skip

    @property
    def certificate_message(self):
        """The certificate as the organization signed it."""
        return self._certificate_data

    def _next_header(self, pulse, ids, issued, now):
        tree, head = self._tree, self._head
        return head._replace(
            pulse=pulse, previous=self._digest, root=tree.root, total=tree.total, accounts=tree.accounts,
            transactions=set_root(ids), issued=head.issued + issued, time=max(head.time, int(now)),
        )  # fmt: skip

    def _purge(self, tx, pulse):
        if pulse % PURGE_EVERY:
            return self._purged
        self._tree.prune(tx, max(0, pulse - self._history))
        return pulse_rows.purge(tx, self._purged, pulse - self._period, PURGE_ROWS)

    def _view(self, pulse):
        if pulse is None or pulse == self._head.pulse:
            return self._tree
        if pulse == 0:
            first, _ = self.header(0)
            # The log begins with the first change, and the header says all that there was before.
            if not first.accounts:
                return EmptyState(0, first.root, first.total, 0)
        return self._tree.at(pulse)

    def _balance(self, account):
        return self._tree.get(account)[1]

    def _replayed(self, transaction):
        for pulse in self._transactions.pulses(transaction, self._head.pulse + 1):
            with self._store.read() as tx:
                found = pulse_rows.read_ids(tx, pulse)
            if found is None or transaction in found[1]:
                return True
        return False

    def _anchor_pulse(self, digest):
        pulse = self._anchors.get(digest)
        if pulse is not None:
            return pulse
        for pulse in self._headers.pulses(digest, self._head.pulse + 1):
            with self._store.read() as tx:
                found = pulse_rows.read_ids(tx, pulse)
            if found is not None and found[0] == digest:
                # Many transfers name the same header; what is kept of them is bounded.
                if len(self._anchors) >= _ANCHORS_MAX:
                    self._anchors.clear()
                self._anchors[digest] = pulse
                return pulse
        return None

    def _pulse_of(self, transaction, pulse):
        pulses = self._transactions.pulses(transaction, self._head.pulse) if pulse is None else [pulse]
        with self._store.read() as tx:
            for pulse in pulses:
                found = pulse_rows.read_ids(tx, pulse)
                if found is not None and transaction in found[1]:
                    return pulse
        why = "The transaction is not in this book, or not any more. If it is older than an hour, name its pulse."
        raise BookError("no-transaction", why, "id")

    def _read_row(self, tx, pulse):
        found = pulse_rows.read_header(tx, pulse) if 0 <= pulse <= pulse_rows.PULSE_MAX else None
        if found is None:
            raise BookError("no-pulse", f"This book has no pulse {pulse}.", "pulse")
        return found

    def _checked_certificate(self):
        try:
            return read_certificate(self._certificate_data, self.organization, sodium.verify)
        except CommitteeError as error:
            if error.field == "organization":
                raise BookError("organization", f"The book in {self._store.folder} is another organization's.", "organization") from None
            raise _disagree(error.field, str(error)) from None

    def _checked_header(self, message):
        try:
            return read_signed_header(message, self.certificate, sodium.verify)
        except ValueError as error:
            raise _disagree(error.field, str(error)) from None

    def _take_head(self, message):
        self._head, payload = self._checked_header(message)
        self._message = message
        self._digest = header_hash(payload)

    def _check_head(self, pulse):
        tree, head = self._tree, self._head
        if (head.previous == NO_HEADER) != (pulse == 0):
            raise _disagree("previous", f"the header of pulse {pulse} names no header before it, or the first one does")
        for field, stated, found in (
            ("pulse", head.pulse, pulse), ("pulse", head.pulse, tree.pulse), ("root", head.root.hex(), tree.root.hex()),
            ("total", head.total, tree.total), ("accounts", head.accounts, tree.accounts),
        ):  # fmt: skip
            if stated != found:
                raise _disagree(field, f"the newest header states the {field} {stated}, and the accounts have {found}")

    def _read_window(self, tx, newest):
        self._transactions, self._headers = Window(EXPIRY_MAX_PULSES), Window(EXPIRY_MAX_PULSES)
        for pulse in range(max(0, newest - EXPIRY_MAX_PULSES), newest + 1):
            found = pulse_rows.read_ids(tx, pulse)
            # An imported book begins at a later pulse; transfers that name an older header are refused anyway.
            if found is not None:
                self._headers.add(pulse, [found[0]])
                self._transactions.add(pulse, found[1])


def _check_period(period):
    if period <= EXPIRY_MAX_PULSES:
        raise ValueError("transactions are kept as long as they could be sent again")


def _signer(key):
    if key is None:
        return _nobody

    def gather(header):
        return sign_header(header, [(key.public_key, key.sign)])

    return gather


def _nobody(header):
    raise BookError("no-key", "This book was opened for reading alone. Open it with the bookkeeper's key.", "key")


def _not_signed(error):
    return BookError("not-signed", f"The header is not signed as the certificate wants: {error}. Use the committee's key.", error.field)


def _disagree(field, why):
    return BookDamaged(f"The book is damaged: {why}. Check it with fsck, or restore it from an export.", field)
