"""fsck of the past: the newest state is taken back pulse by pulse, and each root, total and page on the way has to be the log's."""

from functools import lru_cache, partial

from leither_edge.ledger import log
from leither_edge.ledger.chunk import bucket_of
from leither_edge.ledger.fsck_base import LEAF, base_run
from leither_edge.ledger.fsck_headers import header_of
from leither_edge.ledger.fsck_log import BadPulse, read_entry
from leither_edge.ledger.fsck_report import PULSE, Progress
from leither_edge.ledger.levels import page_bits
from leither_edge.ledger.tree_hash import merged, run_root

# Buckets that are held in memory, of some 20 records each.
_RUNS_MAX = 1 << 15
_STAGE = "past"


class Walk:
    """A state on its way through the past. heap, count: of the state now; changes: what differs from the base."""

    def __init__(self, view, state):
        self.heap, self.changes, self.count = state
        # What does not change is kept, as far as there is room.
        self._base = lru_cache(_RUNS_MAX)(partial(base_run, view, levels=self.heap.levels))

    def record(self, account):
        """(pulse, amount) of an account's record, graves too, None where it has none."""
        found = self.changes.get(account)
        if found is None:
            run = self._base(bucket_of(account, self.heap.levels))
            found = next(((pulse, amount) for pulse, amount, there in LEAF.iter_unpack(run) if there == account), None)
        return found

    def put(self, records):
        """Put records: {account: (pulse, amount)}."""
        buckets = {}
        for account, (pulse, amount) in records.items():
            held = self.record(account)
            self.count += (amount > 0) - (held is not None and held[1] > 0)
            self.changes.put(account, pulse, amount)
            buckets[bucket_of(account, self.heap.levels)] = None
        for bucket in buckets:
            self.heap.set_bucket(bucket, run_root(merged(self._base(bucket), self.changes.run(bucket), False)))
        self.heap.climb(sorted(buckets))

    def undo(self, entry):
        """Take an Entry's changes back."""
        self.put({account: (before, old) for account, before, old in zip(entry.accounts, entry.before, entry.old, strict=True)})

    def sides(self, numbers, bits):
        """Sum and hash of pages, 27 bytes each."""
        return b"".join([self.heap.side(number + (1 << bits)) for number in numbers])

    def agrees(self, stated):
        """Whether it is the state of an Entry or a Header."""
        count = stated.count if isinstance(stated, log.Entry) else stated.accounts
        return (*self.heap.root(), self.count) == (stated.root, stated.total, count)


def walk_back(view, report, state, end):
    """Yields (Entry, Walk) of each pulse with history from the newest down to ``end``, checked so far: the state is that after the pulse.

    What is wrong is noted in the report, and ends it.
    """
    walk = Walk(view, state)
    graves = {}
    for pulse in range(report.newest, max(report.first, end) - 1, -1):
        if pulse in report.bad_pulses:
            return
        try:
            entry = read_entry(view, pulse)
            if entry.before is None:
                return
            _check_now(walk, entry, graves.pop(pulse, ()))
            yield entry, walk
            for account, before, old in zip(entry.accounts, entry.before, entry.old, strict=True):
                if before > report.first and not old:
                    graves.setdefault(before, set()).add(account)
            walk.undo(entry)
            stated = _stated(view, report, pulse - 1)
            if stated is not None and not walk.agrees(stated):
                raise BadPulse(f"what it says was before does not lead to the root of pulse {pulse - 1}")
        except (BadPulse, ValueError) as error:
            report.add(PULSE, pulse, f"Pulse {pulse} of the log is damaged: {error}.")
            return


def check_past(view, report, state):
    """Checks all of the log that has history; yields Progress."""
    total = report.newest - report.first + 1
    for entry, _ in walk_back(view, report, state, 0):
        report.reached = entry.pulse
        yield Progress(report.newest - entry.pulse + 1, total, _STAGE)


def all_sides(walk, entry):
    """An Entry that has the value of every page."""
    bits = page_bits(entry.levels)
    entry = entry._replace(turn=0, turns=1 << bits)
    return entry._replace(sides=walk.sides(_numbers(entry), bits))


def _numbers(entry):
    """Numbers of the pages whose values stand in an Entry."""
    bits = page_bits(entry.levels)
    turn = [step % (1 << bits) for step in range(entry.turn, entry.turn + entry.turns)]
    return log.changed_pages(entry.accounts, bits) + turn


def _check_now(walk, entry, graves):
    if walk.sides(_numbers(entry), page_bits(entry.levels)) != entry.sides:
        raise BadPulse("a page that stands in it is not that of the accounts then")
    for account, amount in zip(entry.accounts, entry.new, strict=True):
        pulse, held = walk.record(account) or (0, 0)
        # The grave of an account may have been dropped meanwhile.
        if (pulse, held) != (entry.pulse, amount) and (amount or pulse):
            raise BadPulse("a change in it is not that from which the next ones start")
    if not set(graves) <= set(entry.accounts):
        raise BadPulse("it lacks the end of an account, which later pulses name")


def _stated(view, report, pulse):
    if pulse >= report.first and pulse not in report.bad_pulses:
        return read_entry(view, pulse)
    return header_of(view, report, pulse)
