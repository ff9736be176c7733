"""Calls of the library on what is kept beyond versions, and on finding things."""

from contextlib import contextmanager

from . import history, rights
from .access import Access
from .blocks.digest_set import DigestSet
from .errors import BadInput, QuotaReached
from .ipld import cid as cids
from .ipld.walk import must_be_whole
from .references import read_counts, read_list, read_pins
from .tables import PINS, REFERENCES

REFERENCES_MAX = 1_000_000
PINS_MAX = 10_000
NAME_MAX_CHARS = 256


class ReferenceCalls(Access):
    """References and pins."""

    def add_references(self, session, mid, labels):
        """Counts labels (binary) up; returns how many. Raises BlockMissing, QuotaReached."""
        labels = [_check(label) for label in labels]
        self.may_use_labels(session)
        with self.store.read() as tx:
            # Before anything is looked at: what is here is not everybody's to learn.
            self.permitted(tx, session, mid, "add-references")

        def add(tx):
            found, _ = self.permitted(tx, session, mid, "add-references")
            if tx.count(REFERENCES) + len(labels) > REFERENCES_MAX:
                raise QuotaReached("This node keeps as many references as it takes.")
            for label in labels:
                tx.put(REFERENCES, found + label, tx.get(REFERENCES, found + label, 0) + 1)
            return len(labels)

        with self._kept(labels):
            return self.held.call(add)

    def remove_references(self, session, mid, labels):
        """Counts labels down; returns how many were there."""
        labels = [_check(label) for label in labels]

        def remove(tx):
            found, _ = self.permitted(tx, session, mid, "add-references")
            removed = 0
            for label in labels:
                count = tx.get(REFERENCES, found + label, 0)
                removed += bool(count)
                if count > 1:
                    tx.put(REFERENCES, found + label, count - 1)
                elif count:
                    tx.delete(REFERENCES, found + label)
            return removed

        return self.held.call(remove)

    def references(self, session, mid, version="cur"):
        """{label: count}. Raises BlockMissing."""
        with self.store.read() as tx:
            mid, _ = self.permitted(tx, session, mid, "references")
            number = history.number_of(history.read_head(tx, mid), version)
            if number is None:
                return read_counts(tx, mid)
            return read_list(self.blocks, history.read_version(tx, mid, number).references)

    def pin(self, session, cid, name=""):
        """Keeps what a label reaches, for the caller. Raises BlockMissing, QuotaReached."""
        self.must_keep(session)
        cid, user = _check(cid), self.user_of(session)
        if not isinstance(name, str) or len(name) > NAME_MAX_CHARS:
            raise BadInput(f"The name of a pin is a text of at most {NAME_MAX_CHARS} characters.")

        def put(tx):
            if tx.count(PINS) >= PINS_MAX:
                raise QuotaReached("This node keeps as many pins as it takes.")
            tx.put(PINS, user + cid, [name, self.now()])

        with self._kept([cid]):
            self.held.call(put)

    def unpin(self, session, cid):
        """Returns whether the caller had pinned it."""
        key = self.user_of(session) + _check(cid)
        # Of one's own, but not by a pass that is for reading.
        rights.require(session.ceiling, rights.REFERENCE, session, "change these pins")
        return self.held.call(lambda tx: tx.delete(PINS, key), reserve=True)

    def pins(self, session):
        """[(label, name, time)] of the caller."""
        with self.store.read() as tx:
            return read_pins(tx, self.user_of(session))

    @contextmanager
    def _kept(self, labels):
        # All of it is asked for as a writer does: what a collection has begun to delete is not there, and the rest stays meanwhile.
        with self.blocks.hold(labels), self.blocks.writer() as writer:
            seen = DigestSet(self.blocks.leases.key)
            for label in labels:
                must_be_whole(writer, label, seen)
            yield


def _check(label):
    if not isinstance(label, bytes) or len(label) > 200:
        raise BadInput("A label is given in its binary form.")
    if cids.parse(label)[1] != len(label):
        raise BadInput("The label is longer than a label is.")
    return label
