"""Rows of databases and streams: shared between those who have one open, frozen into versions, and loaded from them."""

from threading import Lock
from weakref import WeakValueDictionary

from . import history, info
from .database import state as states
from .database import versions as row_versions
from .database.database import Database, Limits
from .database.ending import expire_some
from .database.layout import CHANGED
from .errors import Busy
from .numbers import new_number, retire, retire_if_lent, retire_lent
from .stream import Stream, forget
from .tables import HEADS
from .tree import change, diff

ROWS_A_STEP, EXPIRED_A_STEP = 2000, 100
# Rows that a restore puts back in place; where more differ all rows are loaded anew, beside those of before.
PUT_BACK_MAX = 5000


class _Shared:
    """The rows of one cur, or of one version, that somebody has open. core: Database; number: of its rows; key: (mid, version)."""

    __slots__ = ("core", "key", "users", "__weakref__")

    def __init__(self, core, key):
        self.core, self.key, self.users = core, key, 0


class CurRows:
    """All rows of databases and streams of one library (held as library.rows). Thread-safe."""

    def __init__(self, library):
        self._library = library
        self._limits = Limits(library.value_max_bytes)
        self._shared = WeakValueDictionary()
        self._idle = []
        self._lock = Lock()

    def lend(self, opened):
        """The _Shared of an Opened database; of a numbered version once its rows are loaded. Give it back."""
        key = (opened.mid, opened.number)
        shared = self._found(key)
        if shared is None and opened.number is None:
            # In the writer's thread, so that no restore comes between the number that is read and its being found here.
            shared = self._library.held.call(lambda tx: self._found(key, _Shared(self._cur(tx, opened.mid), key)), durable=False)
        elif shared is None:
            shared = self._found(key, _Shared(self._version(opened.root), key))
        return shared

    def give_back(self, shared):
        """One user less; rows of a version that nobody has open go, with the next `retire_some`."""
        with self._lock:
            shared.users -= 1
            if not shared.users and shared.key[1] is not None:
                self._shared.pop(shared.key, None)
                self._idle.append(shared.core.number)
        self._library.wake()

    def retire_some(self):
        """Gives up rows of versions that nobody has open any more."""
        with self._lock:
            idle, self._idle = self._idle, []
        if idle:
            self._library.held.call(lambda tx: [retire(tx, number) for number in idle], durable=False)

    def replaced(self, mid, number):
        """Cur has other rows, inside the transaction that says so; those who watch keys learn that all have changed."""
        shared = self._shared.get((mid, None))
        if shared is not None and number is not None:
            shared.core.move(number)

    def frozen(self, blocks, mid, data_type, marking=False, progress=None):
        """(Head, root, change number) of cur as it is now; blocks of the root are put.

        Args: marking (what changes from now on counts for the next version; the number says so, and is None otherwise). Raises Busy.
        """
        library = self._library
        if data_type in (info.FILE, info.FILES):
            with library.store.read() as tx:
                head = history.read_head(tx, mid)
            return head, head.root, None
        until = None
        if data_type == info.DATABASE and marking:
            until = library.held.call(lambda tx: states.mark(self.at(tx, history.read_head(tx, mid).database)))
        else:
            library.held.flush_now()
        with library.store.read() as tx:
            head = history.read_head(tx, mid)
            if data_type == info.STREAM:
                stream = self.stream(tx, blocks, head)
                return head, stream.root(), stream.length()
            core = self.at(tx, head.database)
            # One that began behind the mark: half of it would be in the version.
            if states.read_state(core.get(core.state_row)).deadline:
                raise Busy("A transaction is open in this database. Commit it or roll it back first.")
            changes = row_versions.changes(core, blocks)
            base = None if states.all_changed(core) else head.base
            return head, change.apply(blocks, base, counted(changes, progress)), until

    def settled(self, data_type, number, until):
        """A version holds what changed up to a number: its marks, or a stream's rows, go."""
        held = self._library.held
        if data_type == info.STREAM:
            while held.call(lambda tx: forget(tx, number, until, ROWS_A_STEP), durable=False):
                pass
            return
        while not held.call(lambda tx: states.settled(self.at(tx, number), until), durable=False):
            pass

    def loaded(self, data_type, root, progress=None):
        """The number (lent) of rows loaded from a version's root; None for files, which have no rows."""
        if data_type in (info.FILE, info.FILES):
            return None
        library = self._library
        number = library.held.call(lambda tx: new_number(tx, lent=True))
        if data_type == info.STREAM:
            return number
        try:
            parts = row_versions.load(library.blocks, root, number, ROWS_A_STEP)
            for part in parts:
                library.held.call(lambda tx, part=part: part(self.at(tx, number)), durable=False)
        except BaseException:
            self.give_up(number)
            raise
        return number

    def give_up(self, number):
        """Rows that were loaded for a change that failed go. Args: number (None: there are none)."""
        if number is not None:
            self._library.held.call(lambda tx: retire_if_lent(tx, number), durable=False, reserve=True)
            self._library.wake()

    def put_back(self, tx, mid, head, root):
        """Makes a database's cur what a version holds, where few keys differ, inside the transaction of the restore; whether it did."""
        core = self.at(tx, head.database)
        if head.base is None or states.all_changed(core) or states.read_state(core.get(core.state_row)).deadline:
            return False
        heads, blocks = set(), self._library.blocks
        for rest, _, _ in diff.diff(blocks, head.base, root):
            heads.add(row_versions.head_of(rest))
            if len(heads) > PUT_BACK_MAX:
                return False
        prefix = core.heads[:4]
        for row in tx.keys(CHANGED, start=prefix):
            if row[:4] != prefix:
                break
            heads.add(row_versions.head_of(row[4:]))
            if len(heads) > PUT_BACK_MAX:
                return False
        if not row_versions.replace(core, blocks, root, heads, PUT_BACK_MAX):
            return False
        self.replaced(mid, head.database)
        return True

    def is_as_base(self, tx, data_type, head):
        """Whether a database's or stream's cur holds what its base does, and nothing is under way."""
        if data_type == info.STREAM:
            stream = self.stream(tx, self._library.blocks, head)
            return head.base is not None and stream.length() == stream.base_length
        return head.base is not None and states.is_unchanged(self.at(tx, head.database))

    def set_as_base(self, tx, head):
        """A database's cur holds what its base does: no mark says otherwise any more, but for some beyond a bound."""
        core = self.at(tx, head.database)
        states.settled(core, states.read_state(core.get(core.state_row)).change, PUT_BACK_MAX)

    def stream(self, tx, blocks, head):
        """The Stream that is cur. Args: tx, blocks (of which its base is read), head (Head)."""
        return Stream(blocks, tx, head.database, head.base, self._library.value_max_bytes)

    def recover(self, tx):
        """After the start: transactions that were open are taken back, rows that were lent are given up."""
        for number in list(states.unfinished(tx)):
            states.roll_back(self.at(tx, number))
        retire_lent(tx)

    def expire_some(self, tx):
        """Clears away keys that have ended and transactions over their time; returns whether there may be more."""
        more = False
        for mid, row in list(tx.scan(HEADS)):
            number = history.Head(*row).database
            if number is not None:
                shared = self._shared.get((mid, None))
                core = self.at(tx, number) if shared is None else shared.core
                core.use(tx, int(self._library.clock() * 1000))
                more = expire_some(core, EXPIRED_A_STEP) or more
        return more

    def differences(self, blocks, data_type, old, new):
        """Yields (what, old, new) of two roots; see version_calls.Change."""
        for key, before, after in diff.diff(blocks, old, new):
            if data_type == info.STREAM:
                yield key, before, after
            else:
                yield row_versions.told(blocks, key, before, after, old if after is None else new)

    def _found(self, key, new=None):
        with self._lock:
            shared = self._shared.get(key)
            if shared is None:
                if new is None:
                    return None
                self._shared[key] = shared = new
            elif new is not None and key[1] is not None:
                # Another was quicker to load the same version.
                self._idle.append(new.core.number)
            shared.users += 1
            return shared

    def _cur(self, tx, mid):
        return Database(tx, history.read_head(tx, mid).database, 0, self._library.random_bytes, self._limits)

    def _version(self, root):
        number = self.loaded(info.DATABASE, root)
        with self._library.store.read() as tx:
            return Database(tx, number, 0, self._library.random_bytes, self._limits, True)

    def at(self, tx, number):
        """A Database for one step of ours, apart from those that are shared."""
        return Database(tx, number, int(self._library.clock() * 1000), self._library.random_bytes, self._limits)


def counted(rows, progress):
    """The rows as they come; progress is told how many came, every thousand."""
    if progress is None:
        return rows
    return _counted(rows, progress)


def _counted(rows, progress):
    for count, row in enumerate(rows):
        if count % 1000 == 0:
            progress(count)
        yield row
