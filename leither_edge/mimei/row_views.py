"""Databases and streams as those who opened them use them."""

from .info import DATABASE, STREAM


class _View:
    def __init__(self, opened):
        self._opened = opened

    def close(self):
        """Lets go of a version's rows."""


class DatabaseView(_View):
    """A MiMei that is a database.

    Attributes: number (of its rows; changes when cur is restored), writable.
    """

    def check(self, writes):
        """Refuses who may not read, or with `writes` may not change it. Cheap: for every command. Raises Forbidden, ReadOnlyVersion."""

    def execute(self, words):
        """Runs one command from a worker thread; returns the core's reply, durable if it changed anything. Args: words ([bytes])."""

    def run(self, tx, words):
        """Runs one command inside held.quick() on the trio thread: durable within a second, or after held.flush(). Args: as execute."""

    def begin(self, timeout_s):
        """Begins a transaction; rolled back by itself after that time (profile: transaction_max_s at most). Raises Busy."""

    def commit(self):
        """Makes what was changed since begin() stay. Raises Conflict (none, or its time is over)."""

    def rollback(self):
        """Takes back what was changed since begin(). Raises Conflict (none)."""


class StreamView(_View):
    """A MiMei that is a stream: records at offsets 0, 1, ..."""

    def append(self, records):
        """Appends records (iterable of bytes); returns the offset of the first. Durable on return."""

    def read(self, offset=0, limit=None):
        """Iterator of (offset, record)."""

    def length(self):
        """How many records there are."""


VIEWS = {DATABASE: DatabaseView, STREAM: StreamView}
