"""What is missing below some labels, found on the way down as blocks come. Without I/O but that of the store given; for one thread.

Depth first, in the order in which a reader meets the content, so that what waits is a few nodes' links and not a whole level, and so
that each block is kept after the one that links to it: then a root that is named keeps what came until a cut.
"""

from leither_edge.mimei.blocks.digest_set import DigestSet
from leither_edge.mimei.errors import MimeiError, TooLarge
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb
from leither_edge.mimei.ipld.links import links

from .known_whole import KnownWhole

# Labels that wait. A reader's way down holds some thousand; only made-up content comes near.
WAITING_MAX_BYTES = 8 << 20
# Labels looked at in one turn: some ten milliseconds of a slow board.
TURN = 256
# What a sum of stated sizes is cut to: a display, not a promise.
_TOTAL_MAX = 1 << 53


class Missing:
    """The labels still to be fetched.

    Args: blocks (has, get and size by label; has() keeps what is there from the collection), roots ([label]), set_key (of
    digest_set.new_key), whole (labels of which all is known to be here, such as the last version's root: what they share is not walked).

    here_bytes: of blocks met that were there. total_bytes: of all, as the roots state it; None where they do not say.
    """

    def __init__(self, blocks, roots, set_key, whole=()):
        self._blocks = blocks
        self._seen = DigestSet(set_key)
        self._whole = KnownWhole(blocks, whole, set_key)
        # Runs of labels of one length and one depth, the next label last: [length, depth, joined bytes].
        self._runs, self._waiting_bytes = [], 0
        self._asked = {}
        self._roots = set(roots)
        self.here_bytes, self.total_bytes = 0, 0
        self._push([root for root in roots if root not in self._whole], 0)

    @property
    def is_done(self):
        """Whether nothing is missing any more."""
        return not self._runs and not self._asked

    @property
    def has_more(self):
        """Whether `some` may find more at once."""
        return bool(self._runs)

    def some(self, count):
        """Up to `count` labels that are missing, each told once; fewer after TURN labels looked at. Raises BadBlock, TooLarge, Damaged."""
        found = []
        for _ in range(TURN):
            if not self._runs or len(found) >= count:
                break
            label, depth = self._pop()
            if label in self._asked:
                continue
            is_raw = cids.codec(label) == cids.RAW
            if not is_raw and (cids.digest(label) is not None) and not self._seen.add(label):
                continue
            if not self._blocks.has(label):
                self._asked[label] = depth
                found.append(label)
            elif is_raw:
                self.here_bytes += self._size(label)
                self._count_root(label, None)
            else:
                data = self._blocks.get(label)
                self.here_bytes += len(data)
                self._go_below(label, data, depth)
        return found

    def arrived(self, label, data):
        """A block that was missing is kept now. Args: data (its bytes, found to be those of the label). Raises BadBlock, TooLarge."""
        depth = self._asked.pop(label)
        if cids.codec(label) == cids.RAW:
            self._count_root(label, data)
        else:
            self._go_below(label, bytes(data), depth)

    def _go_below(self, label, data, depth):
        self._count_root(label, data)
        below = links(label, data)
        if below:
            self._whole.look_below(depth)
            # All at once: what earlier versions have of this level is known before one deeper is looked at.
            self._push([label for label in below if label not in self._whole], depth + 1)

    def _push(self, labels, depth):
        runs = self._runs
        for label in reversed(labels):
            if not runs or runs[-1][0] != len(label) or runs[-1][1] != depth:
                runs.append([len(label), depth, bytearray()])
            runs[-1][2].extend(label)
            self._waiting_bytes += len(label)
        if self._waiting_bytes > WAITING_MAX_BYTES:
            raise TooLarge("The content has more links side by side than any content that is taken.")

    def _pop(self):
        length, depth, labels = self._runs[-1]
        label = bytes(labels[-length:])
        del labels[-length:]
        if not labels:
            self._runs.pop()
        self._waiting_bytes -= length
        return label, depth

    def _size(self, label):
        try:
            return self._blocks.size(label)
        except MimeiError:
            # Put a moment ago, and not in a row yet.
            return 0

    def _count_root(self, label, data):
        if label not in self._roots:
            return
        self._roots.discard(label)
        kind = cids.codec(label)
        if kind == cids.RAW:
            self._add_total(self._size(label) if data is None else len(data))
        elif kind == cids.DAG_PB:
            sizes = [link.size for link in dag_pb.decode(data)[1]]
            self._add_total(None if None in sizes else len(data) + sum(sizes))
        else:
            self._add_total(None)

    def _add_total(self, size):
        if self.total_bytes is not None:
            self.total_bytes = None if size is None else min(_TOTAL_MAX, self.total_bytes + size)
