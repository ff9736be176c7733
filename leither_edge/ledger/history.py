"""The past of a tree, from its log: what an account held after a pulse, and the proof of it.

An account's past is followed from its record back, each change naming the one before. The upper levels after a pulse are put together
from the values of pages that stand in the log at that pulse and shortly before.
"""

from leither_edge.ledger import log, run_path
from leither_edge.ledger.base import Reader
from leither_edge.ledger.errors import BookError
from leither_edge.ledger.heap import Heap
from leither_edge.ledger.levels import page_bits
from leither_edge.ledger.tree_hash import LEAF_BYTES
from leither_edge.storage import Damaged


class HistoryError(BookError):
    """A pulse cannot be asked for. Its code is "pulse"."""

    def __init__(self, sentence):
        super().__init__("pulse", sentence, "pulse")


class History:
    """Questions about the past of an AccountTree as it is now."""

    __slots__ = ("_tree",)

    def __init__(self, tree):
        self._tree = tree

    def at(self, pulse):
        """The Past after a pulse. Raises HistoryError, Damaged."""
        tree = self._tree
        if not tree.kept_from() <= pulse <= tree.pulse:
            raise HistoryError(f"The book can be asked about the pulses {tree.kept_from()} to {tree.pulse}, and not about pulse {pulse}.")
        with tree.store.read() as tx:
            entry = log.read(tx, pulse, sides=False)
        if entry is None or (entry.before is None and pulse != tree.pulse):
            raise HistoryError(f"The state after pulse {pulse} is not kept.")
        return Past(tree, entry)

    def changes(self, account):
        """Yields (pulse, amount) of the changes of an account, newest first, within the window. Raises Damaged."""
        tree = self._tree
        found = tree.record(account)
        with tree.store.read() as tx:
            while found is not None and found[0] > max(tree.kept_from(), 0):
                yield found
                found = _before(log.Past(tx), account, found[0])
        if found is not None and found[0]:
            yield found

    def needed_from(self, tx, pulse):
        """The oldest pulse whose entry is needed so that ``pulse`` and what follows can be asked for. Raises Damaged."""
        first = log.first(tx)
        if first is None or pulse <= first:
            return pulse
        past = log.Past(tx)
        return pulse if past.add_sides(pulse, {}) is None else _sides_at(past, pulse)[1]


class Past:
    """The tree after a pulse. pulse, root (20 bytes), total, accounts."""

    __slots__ = ("pulse", "root", "total", "accounts", "_tree", "_entry", "_heap")

    def __init__(self, tree, entry):
        self.pulse, self.root, self.total, self.accounts = entry.pulse, entry.root, entry.total, entry.count
        self._tree = tree
        self._entry = entry
        self._heap = None

    def get(self, account):
        """(pulse of the last change, amount) of an account (20 bytes), (None, 0) where it held nothing. Raises Damaged."""
        found = self._tree.record(account)
        if found is not None and found[0] > self.pulse:
            with self._tree.store.read() as tx:
                found = self._then(log.Past(tx), account, found)
        return found if found is not None and found[1] else (None, 0)

    def proof(self, account):
        """Bytes of the proof of what an account held, or that it held nothing. Raises Damaged."""
        if self.pulse == self._tree.pulse:
            return self._tree.proof(account)
        if not self.total:
            return b""
        with self._tree.store.read() as tx:
            past = log.Past(tx)
            if self._heap is None:
                self._heap = self._upper(past)
            page, steps = self._heap.path(account)
            leaf, below = run_path.path(self._page_leaves(tx, past, page), account)
        return leaf + below + steps

    def _upper(self, past):
        heap = Heap(page_bits(self._entry.levels))
        sides, _ = _sides_at(past, self.pulse)
        heap.fill([sides[number] for number in range(1 << heap.levels)])
        if heap.root() != (self.root, self.total):
            raise Damaged(f"The pages of pulse {self.pulse} do not add up to its root. Check the book: leither ledger fsck")
        return heap

    def _page_leaves(self, tx, past, page):
        tree = self._tree
        bits, levels = page_bits(self._entry.levels), tree.heap.levels
        over = levels - bits
        buckets = range(page << over, (page + 1) << over) if over >= 0 else (page >> -over,)
        reader = Reader(tx, levels)
        number, shift = int.from_bytes, 32 - bits
        found = []
        head = self.pulse.to_bytes(8, "big")
        for bucket in buckets:
            run = tree.run(reader, bucket, graves=True)
            for at in range(0, len(run), LEAF_BYTES):
                leaf = run[at : at + LEAF_BYTES]
                account = leaf[16:]
                if leaf[:8] > head:
                    then = self._then(past, account, (number(leaf[:8], "big"), 0))
                    if then is None or not then[1]:
                        continue
                    leaf = then[0].to_bytes(8, "big") + then[1].to_bytes(8, "big") + account
                elif leaf[9:16] == b"\0\0\0\0\0\0\0":
                    continue
                if over >= 0 or number(account[:4], "big") >> shift == page:
                    found.append(leaf)
        return found

    def _then(self, past, account, found):
        while found is not None and found[0] > self.pulse:
            found = _before(past, account, found[0])
        return found


def _before(past, account, pulse):
    """(pulse, amount) of an account before its change in a pulse, None where it had none. Raises Damaged."""
    found = past.change(pulse, account)
    if found is None:
        raise Damaged(f"Pulse {pulse} of the log lacks a change of an account. Check the book: leither ledger fsck")
    return found if found[0] else None


def _sides_at(past, pulse):
    """({page: its sum and hash after a pulse}, oldest pulse that was read). Raises Damaged."""
    sides = {}
    bits = first = past.add_sides(pulse, sides)
    while bits is not None and bits == first:
        if len(sides) == 1 << bits:
            return sides, pulse
        pulse -= 1
        # What is newer stands.
        bits = past.add_sides(pulse, sides)
    raise Damaged(f"The log before pulse {pulse + 1} lacks pages that a past proof needs. Check the book: leither ledger fsck")
