"""One database: commands in, replies out, rows below.

Every command function takes (database, words) and checks all before its first change: one that fails changes nothing.
"""

from collections import namedtuple

from ..errors import Busy
from . import leftover, ranks
from . import state as states
from .commands import COMMANDS
from .layout import (
    DATA,
    DUE,
    ELEMENT,
    HEADER,
    INDEX,
    LEFT,
    LIST,
    MEMBER,
    OTHER_HALF,
    PREFIX_BYTES,
    RANKS,
    SORTED_SET,
    STATE,
    STRING,
    TAIL_BYTES,
    UNDO,
    Header,
    key_rest,
    pack_u64,
    read_header,
)
from .members import Members
from .replies import TOO_LONG, WRONG_TYPE, ErrorReply, Refusal, unknown_command, wrong_arity
from .watched import Watched

# value_max_bytes: the longest string. watched_max: keys whose changes are counted at a time; scans_max: scans whose place is known.
# walk_max: keys and members that one command looks at, as others wait meanwhile.
Limits = namedtuple("Limits", "value_max_bytes watched_max scans_max walk_max", defaults=(1024, 256, 250_000))

# What a row costs beside key and value, with its change mark; for the check of room before a command.
_ROW_BYTES = 96
# What an item of an answer costs in memory beside its bytes.
_ITEM_BYTES = 64
_TOO_LONG_A_WALK = b"ERR more keys or members than one command may look at, as others wait meanwhile; ask for parts, or use SCAN"
# A command may hold so many of the longest values.
_ANSWER_VALUES = 16


class Database(Members, Watched):
    """Commands on one database of a transaction.

    Args: tx (a WriteTransaction of storage, or a ReadTransaction for a database that is only read), number (0 to 2**31 - 1), now_ms
    (Unix time in ms), random_bytes (count -> bytes), limits (Limits), read_only.
    One object serves a database as long as it is open: it counts changes of watched keys and knows where scans stand.
    """

    __slots__ = (
        "tx", "get", "number", "now_ms", "random_bytes", "limits", "read_only", "state", "state_row", "heads", "members", "elements",
        "in_other", "index", "dues", "ranks", "left", "scans", "last_scan", "told", "_left", "_walk",
        "_writing", "_tracking", "_undoing", "watched", "_watch_floor",
    )  # fmt: skip

    def __init__(self, tx, number, now_ms, random_bytes, limits, read_only=False):
        self.random_bytes = random_bytes
        self.limits = limits
        self.read_only = read_only
        self.last_scan = self._watch_floor = 0
        self.state = None
        self._writing = self._tracking = self._undoing = False
        self.watched = {}
        self._renew_bounds()
        # Who was told that a transaction is gone.
        self.told = b""
        self.move(number)
        self.use(tx, now_ms)

    def move(self, number):
        """Work on the rows of this number from now on, as after a restore: every watched key has changed."""
        self.number = number
        self.state_row = number.to_bytes(4, "big") + STATE
        self._place(False)

    def _place(self, in_other):
        self.in_other = in_other
        prefix = (self.number | OTHER_HALF if in_other else self.number).to_bytes(4, "big")
        self.heads, self.members, self.elements = prefix + HEADER, prefix + MEMBER, prefix + ELEMENT
        self.index, self.dues, self.ranks, self.left = prefix + INDEX, prefix + DUE, prefix + RANKS, prefix + LEFT
        self.scans = {}
        self.touch_all()

    def use(self, tx, now_ms):
        """Work in this transaction, at this time, from now on."""
        self.tx = tx
        self.get = tx.rows(DATA)
        self.now_ms = now_ms
        self.find_half()

    def _renew_bounds(self):
        limits = self.limits
        self._left = limits.value_max_bytes * _ANSWER_VALUES
        self._walk = limits.walk_max

    def find_half(self):
        """Work in that half which the state row names."""
        in_other = states.is_in_other(self.get(self.state_row))
        if in_other != self.in_other:
            self._place(in_other)
            self.touch_all()

    def other_half(self):
        """Return the first four bytes of the row keys of the half that is not in use."""
        return (self.number if self.in_other else self.number | OTHER_HALF).to_bytes(4, "big")

    def change_half(self):
        """Leave all rows to be cleared away, and go on without any. False when the other half is not cleared away yet."""
        state = self.state
        if state.other_is_used:
            return False
        state.in_other, state.other_is_used = not state.in_other, True
        self._place(state.in_other)
        return True

    def execute(self, words, owner=b""):
        """Run one command and return its reply. words: list of bytes, the name first. owner: who asks, as given to begin().

        Raises Busy while another's transaction is open; QuotaReached and StorageError when there is no room; all else is an ErrorReply.
        """
        name = words[0]
        command = COMMANDS.get(name) or COMMANDS.get(name.lower())
        if command is None:
            return unknown_command(words)
        arity = command.arity
        if len(words) != arity if arity > 0 else len(words) < -arity:
            return wrong_arity(command.name)
        self._renew_bounds()
        try:
            if not command.writes:
                return command.function(self, words)
            if self.read_only:
                return ErrorReply(b"READONLY You can't write against a read only replica.")
            if command.takes_room:
                self.require(sum(map(len, words)), len(words))
            self.enter(owner)
            try:
                return command.function(self, words)
            finally:
                self.leave()
        except Refusal as refusal:
            return ErrorReply(refusal.args[0])

    def require(self, count, rows):
        """Check that there is room for so many bytes in so many rows. Raises QuotaReached or MapFull."""
        require = getattr(self.tx, "require", None)
        if require is not None:
            require(2 * count + rows * _ROW_BYTES, rows * 2)

    def enter(self, owner=b""):
        """Begin changes. Raises Busy while the transaction of another is open."""
        state = states.read_state(self.get(self.state_row))
        if state.owner:
            state = self._beside(state, owner)
        self.state = state
        self._writing = True
        self._tracking = state.change > state.all_until
        self._undoing = bool(state.deadline)

    def _beside(self, state, owner):
        # What may be done while a transaction is open, or after one was rolled back because its time was over.
        if state.deadline:
            if self.now_ms < state.deadline:
                if state.owner != owner:
                    raise Busy("Another transaction is open in this database; try again when it has ended.")
                return state
            states.time_out(self)
            state = states.read_state(self.get(self.state_row))
        if state.owner == owner:
            # What follows a part that is gone must not stand alone: its owner is told once.
            state.owner = b""
            if self.told != owner:
                self.tx.put(DATA, self.state_row, state.pack())
                raise Refusal(b"ERR the transaction's time is over, so it was rolled back; nothing was changed")
        return state

    def leave(self):
        """End changes: what is counted is written."""
        packed = self.state.pack()
        self._writing = self._tracking = self._undoing = False
        if packed != self.state.packed:
            self.tx.put(DATA, self.state_row, packed)

    # Rows

    def store(self, row, value):
        """Put a canonical row."""
        if self._undoing:
            self._remember(row)
        if self._tracking:
            states.track(self, row)
        self.tx.put(DATA, row, value)

    def erase(self, row):
        """Delete a canonical row; return whether it was there."""
        if self._undoing:
            self._remember(row)
        if self._tracking:
            states.track(self, row)
        return self.tx.delete(DATA, row)

    def derive(self, row, value):
        """Put a row that follows from others."""
        if self._undoing:
            self._remember(row)
        self.tx.put(DATA, row, value)

    def underive(self, row):
        """Delete such a row."""
        if self._undoing:
            self._remember(row)
        self.tx.delete(DATA, row)

    def _remember(self, row):
        if self.tx.get(UNDO, row) is None:
            old = self.get(row)
            self.tx.put(UNDO, row, b"\0" if old is None else b"\x01" + old)

    # Keys

    def peek(self, key):
        """Return the Header of a key, or None; what has ended is not there."""
        rest, _ = key_rest(key)
        row = self.heads + rest
        packed = self.get(row)
        if packed is None:
            return None
        header = read_header(row, packed, key)
        if header.due and header.due <= self.now_ms:
            if self._writing:
                self.remove(header)
            return None
        return header

    def find(self, key, kind):
        """Return the Header of a key of this kind, or None. Raises Refusal when it is of another."""
        header = self.peek(key)
        if header is not None and header.kind != kind:
            raise Refusal(WRONG_TYPE)
        return header

    def make(self, key, kind):
        """Return a new Header, not stored yet."""
        rest, is_cut = key_rest(key)
        header = Header(key, self.heads + rest, kind, is_cut)
        if kind != STRING:
            leftover.finish(self, header.part)
        return header

    def need(self, key, kind):
        """Return the Header of this kind that is there, or a new one. Raises Refusal."""
        return self.find(key, kind) or self.make(key, kind)

    def save(self, header):
        """Store what was changed in a key: header, when it ends, count of keys, watch. A collection without members goes."""
        if header.kind != STRING and not header.count:
            if header.packed:
                self.remove(header)
            return
        if header.count > ranks.PART_MAX and header.kind == SORTED_SET and not header.has_parts:
            ranks.build(self, header)
        packed = header.pack()
        old = header.packed
        if packed != old:
            tail = TAIL_BYTES[header.kind]
            if tail and old and packed[:-tail] == old[:-tail] and header.kind != LIST:
                self.derive(header.row, packed)
            else:
                self.store(header.row, packed)
                if not old:
                    self.state.keys += 1
            header.packed = packed
        elif header.kind == LIST and self._tracking:
            states.track(self, header.row)
        if header.due != header.was_due:
            self.set_due(header)
        if self.watched:
            self.touch(header.row)

    def set_due(self, header):
        """Put the row that says when a key ends, and delete the one of before."""
        rest = header.row[PREFIX_BYTES:]
        if header.was_due:
            self.underive(self.dues + pack_u64(header.was_due) + rest)
        if header.due:
            self.derive(self.dues + pack_u64(header.due) + rest, header.key if header.cut else b"")
        header.was_due = header.due

    def remove(self, header):
        """Delete a key with all it holds."""
        kind = header.kind
        if kind != STRING and leftover.leave(self, header):
            header.has_parts = False
        elif kind == LIST:
            self._clear(self.elements + header.part, self.underive)
        elif kind != STRING:
            self._clear(self.members + header.part, self.erase)
            if kind == SORTED_SET:
                self._clear(self.index + header.part, self.underive)
                if header.has_parts:
                    self._clear(self.ranks + header.part, self.underive)
                    header.has_parts = False
        self.erase(header.row)
        header.due = header.count = 0
        if header.was_due:
            self.set_due(header)
        header.packed = header.value = b""
        self.state.keys -= 1
        if self.watched:
            self.touch(header.row)

    def _clear(self, prefix, erase):
        for row, _ in self.tx.scan(DATA, prefix):
            if not row.startswith(prefix):
                break
            erase(row)

    def headers(self, start=b"", reverse=False):
        """Yield the Headers of all keys in order, from the rest of a row key `start` on; what has ended is left out."""
        heads = self.heads
        position = heads + start
        if reverse and not start:
            position = heads[:-1] + b"\x02"
        for row, packed in self.tx.scan(DATA, position, reverse):
            if not row.startswith(heads):
                if reverse and row > heads:
                    continue
                break
            header = read_header(row, packed)
            if not header.due or header.due > self.now_ms:
                yield header
            self.step()

    def step(self, count=1):
        """Count keys or members that were looked at, or could have been. Raises Refusal above the bound."""
        self._walk -= count
        if self._walk < 0:
            raise Refusal(_TOO_LONG_A_WALK)

    def count_all_as_changed(self):
        """From now on, until the next version is settled, no single changes are noted."""
        self.state.all_until = self.state.change
        self._tracking = False

    def kept(self, items):
        """Yield what an answer is made of, bytes or tuples of them; raises Refusal once it is more than a command may hold in memory."""
        for item in items:
            size = _ITEM_BYTES
            for part in item if item.__class__ is tuple else (item,):
                if part.__class__ is bytes:
                    size += len(part)
            self._left -= size
            if self._left < 0:
                raise Refusal(b"ERR the answer is larger than this node holds in memory; ask for parts of it, as by the SCAN commands")
            yield item

    def random_below(self, count):
        """Return a random number from 0 to count - 1."""
        return int.from_bytes(self.random_bytes(8), "big") % count

    def string_fits(self, length):
        """Raises Refusal for a string over the limit."""
        if length > self.limits.value_max_bytes:
            raise Refusal(TOO_LONG)
