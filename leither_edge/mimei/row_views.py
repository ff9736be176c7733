"""Databases and streams as those who opened them use them."""

from . import history, rights
from .access import DOING, reading
from .database import state as states
from .database.commands import COMMANDS
from .errors import BadInput
from .info import DATABASE, STREAM
from .stream import Stream

OWNER_BYTES = 16
PART_MAX, PART_MAX_BYTES = 1000, 1 << 20


class DatabaseView:
    """A MiMei that is a database: cur, or a numbered version, which is only read.

    Attributes: core (database.Database with limits, watch_version and scans; another one once cur was restored).
    """

    def __init__(self, opened):
        self._library, self._opened = opened.library, opened
        self._shared = self._library.rows.lend(opened)
        self._owner = self._library.random_bytes(OWNER_BYTES)
        self._epoch = self._mask = None

    @property
    def core(self):
        return self._shared.core

    def close(self):
        """Lets go of a version's rows. A transaction that is open ends by its time."""
        self._library.rows.give_back(self._shared)

    def check(self, tx, writes):
        """Refuses who may not read, or with `writes` may not change it. Cheap: for every command. Raises Forbidden, NotFound."""
        library, opened = self._library, self._opened
        if self._epoch != library.epoch:
            identity = library.identity(tx, opened.mid)
            self._mask = library.mask(tx, opened.session, opened.mid, identity)
            self._needed = reading(history.read_head(tx, opened.mid), opened.number)
            self._epoch = library.epoch
        rights.require(self._mask, rights.RIGHT_OF[self._needed], opened.session, DOING[self._needed])
        if writes and opened.number is None:
            rights.require(self._mask, rights.WRITE, opened.session, DOING["write"])

    def run(self, tx, words):
        """Runs one command inside held.quick() on the trio thread: durable within a second, or after held.flush().

        Args: words ([bytes]). Returns the core's reply; Redis's own refusals are replies too. Raises BadInput (no word), Forbidden, Busy,
        QuotaReached.
        """
        command = _command(words)
        self.check(tx, command is not None and command.writes)
        core = self._shared.core
        core.use(tx, int(self._library.clock() * 1000))
        return core.execute(words, self._owner)

    def execute(self, words):
        """The same from a worker thread; durable on return where library.always_flush is set."""
        command = _command(words)
        durable = self._library.always_flush and command is not None and command.writes
        return self._library.held.call(lambda tx: self.run(tx, words), durable=durable)

    def begin(self, timeout_s):
        """Begins a transaction; rolled back by itself after that time (transaction_max_s at most). Raises Conflict (one is open), Busy."""
        most = self._library.limits.mimei.transaction_max_s
        if not isinstance(timeout_s, int) or not 0 < timeout_s <= most:
            raise BadInput(f"The time-out of a transaction is 1 to {most} s.")
        self._opened.must_be_cur()
        self._in_core(lambda core: states.begin(core, self._owner, timeout_s * 1000))

    def commit(self):
        """Makes what was changed since begin() stay, durably. Raises Conflict (none is open, or its time is over)."""
        self._in_core(lambda core: states.commit(core, self._owner))

    def rollback(self):
        """Takes back what was changed since begin(). Raises Conflict (none is open)."""
        self._in_core(lambda core: states.abandon(core, self._owner))

    def _in_core(self, step):
        def run(tx):
            self.check(tx, True)
            core = self._shared.core
            core.use(tx, int(self._library.clock() * 1000))
            return step(core)

        return self._library.held.call(run)


def _command(words):
    if not words:
        raise BadInput("A command has at least one word.")
    return COMMANDS.get(words[0].lower())


class StreamView:
    """A MiMei that is a stream: records at offsets 0, 1, ..."""

    def __init__(self, opened):
        self._library, self._opened = opened.library, opened

    def close(self):
        """Nothing is held."""

    def append(self, records):
        """Appends records (iterable of bytes); returns the offset of the first. Durable on return. Raises TooLarge, QuotaReached."""
        library, opened = self._library, self._opened
        opened.must_be_cur()
        records = list(records)
        size = sum(map(len, records))
        if size > library.limits.mimei.uncommitted_max_kib << 10:
            raise BadInput("So many records do not fit into one append; append them in parts.")

        def append(tx):
            library.permitted(tx, opened.session, opened.mid, "write")
            head = history.read_head(tx, opened.mid)
            return self._stream(tx, head).append(records)

        return library.held.call(append)

    def read(self, offset=0, limit=None, reverse=False):
        """[(offset, record)] from an offset on, reverse: down to 0; as many as fit into a mebibyte, one at least. Go on behind the last."""
        if not isinstance(offset, int) or offset < 0:
            raise BadInput("An offset is a whole number from 0.")
        found, size = [], 0
        with self._library.store.read() as tx:
            for entry in self._stream(tx, self._head(tx)).read(offset, min(limit or PART_MAX, PART_MAX), reverse):
                found.append(entry)
                size += len(entry[1])
                if size > PART_MAX_BYTES:
                    break
        return found

    def length(self):
        """How many records there are."""
        with self._library.store.read() as tx:
            return self._stream(tx, self._head(tx)).length()

    def _head(self, tx):
        opened = self._opened
        head = history.read_head(tx, opened.mid)
        self._library.permitted(tx, opened.session, opened.mid, reading(head, opened.number))
        return head

    def _stream(self, tx, head):
        library, number = self._library, self._opened.number
        if number is not None:
            # A number that no rows have: what the version holds is its base.
            return Stream(library.blocks, tx, 0, self._opened.root, library.value_max_bytes)
        return library.rows.stream(tx, library.blocks, head)


VIEWS = {DATABASE: DatabaseView, STREAM: StreamView}
