"""The documents of one term in the order of their numbers: what is written in postings, then what is new."""

from bisect import bisect_left

from leither_edge.mimei.search import rows
from leither_edge.mimei.search.rows import TERMS


class Postings:
    """Stands at one document of a term.

    Args: term (bytes, None: only what is new), new ([(number, count)], above all in postings). number: of the document, None behind
    the last; times: how often it has the term; count: of documents with the term, about.
    """

    __slots__ = ("_tx", "_prefix", "_numbers", "_times", "_at", "_new", "count", "number", "times")

    def __init__(self, tx, term, new):
        self._tx = tx
        self._prefix = None if term is None else term + b"\0"
        self._new = new
        self._numbers = self._times = ()
        self._at = 0
        self.count = len(new) + self._count()
        self.number = self.times = None
        self.seek(0)

    def seek(self, number):
        """Go on to the first document from ``number`` on; return its number, None if there is none."""
        if self.number is not None and self.number >= number:
            return self.number
        if self._prefix is not None:
            numbers = self._numbers
            if not numbers or numbers[-1] < number:
                self._load(number)
                numbers = self._numbers
            if self._prefix is not None:
                self._at = at = bisect_left(numbers, number, self._at)
                self.number, self.times = numbers[at], self._times[at]
                return self.number
        while self._at < len(self._new):
            self.number, self.times = self._new[self._at]
            if self.number >= number:
                return self.number
            self._at += 1
        self.number = None
        return None

    def _load(self, number):
        """Read the row that has the first document from ``number`` on; without one only what is new is left."""
        found = self._tx.floor(TERMS, self._key(number))
        if found is None or not found[0].startswith(self._prefix):
            found = self._next(self._key(number))
        while found is not None:
            self._numbers, self._times = rows.unpack_postings(rows.split_postings_key(found[0])[1], found[1])
            self._at = 0
            if self._numbers[-1] >= number:
                return
            found = self._next(found[0] + b"\0")
        self._prefix = None
        self._at = 0

    def _next(self, key):
        for found in self._tx.scan(TERMS, start=key, limit=1):
            return found if found[0].startswith(self._prefix) else None
        return None

    def _count(self):
        if self._prefix is None:
            return 0
        whole = 0
        last = None
        for key in self._tx.keys(TERMS, start=self._key(0)):
            if not key.startswith(self._prefix):
                break
            whole += 1
            last = key
        if last is None:
            return 0
        return (whole - 1) * rows.POSTINGS_MAX + len(rows.unpack_postings(0, self._tx.get(TERMS, last))[0])

    def _key(self, number):
        return self._prefix + number.to_bytes(4, "big")
