"""Blocks that have begun to come: what there is of each, from whom, and whose part was wrong where the whole is.

A block that is cut goes on at its offset elsewhere. If what was put together is then not what its label says, nobody can be blamed
yet: it is fetched again, whole, from one provider, and the wrong bytes lie where the two differ. Without I/O.
"""

# Cut blocks that wait to go on; each has at most 2 MiB. More are begun anew.
CUT_MAX = 4
# Blocks put together wrongly, until they have come whole.
SUSPECT_MAX = 2


class Block:
    """One block on its way. data: a buffer of its size; filled: bytes there; parts: [[provider's key, offset of its end]] in order."""

    __slots__ = ("data", "filled", "label", "parts")

    def __init__(self, label, size):
        self.label, self.data, self.filled, self.parts = label, bytearray(size), 0, []

    def room(self):
        """A view of where the next bytes belong."""
        return memoryview(self.data)[self.filled :]

    def add(self, key, count):
        """So many bytes came into `room` from a provider; none says who begins."""
        self.filled += count
        if self.parts and self.parts[-1][0] == key:
            self.parts[-1][1] = self.filled
        else:
            self.parts.append([key, self.filled])

    @property
    def is_whole(self):
        return self.filled == len(self.data)


class Arriving:
    """All blocks that have begun. dropped_bytes: came and were of no use."""

    def __init__(self):
        self._cut = {}
        self._suspects = {}
        self.dropped_bytes = 0

    def offset(self, label):
        """Where to go on with a block."""
        found = self._cut.get(label)
        return 0 if found is None else found.filled

    def begin(self, label, size, offset):
        """The Block that the bytes from an offset on go into; None where they fit nothing that is here: begin it anew.

        Args: size (bytes of the whole block, as its giver says).
        """
        found = self._cut.pop(label, None)
        if found is not None and len(found.data) == size and found.filled == offset:
            return found
        if found is not None:
            self.drop(found)
        return Block(label, size) if offset == 0 else None

    def cut(self, block):
        """No more of it comes from where it came."""
        # One that is suspected must come whole from one.
        if not block.filled or block.label in self._suspects or len(self._cut) >= CUT_MAX:
            self.drop(block)
        else:
            self._cut[block.label] = block

    def distrust(self, key):
        """Drops what one who sends wrong bytes has sent of blocks that are not whole."""
        for label in [label for label, block in self._cut.items() if any(part[0] == key for part in block.parts)]:
            self.drop(self._cut.pop(label))

    def drop(self, block):
        """What came of a block is of no use."""
        self.dropped_bytes += block.filled

    def wrong(self, block):
        """A whole block is not what its label says: the key of who sent it, None where that is not known yet. It is to be fetched again."""
        self.dropped_bytes += len(block.data)
        if len(block.parts) == 1:
            return block.parts[0][0]
        if len(self._suspects) >= SUSPECT_MAX:
            self._suspects.pop(next(iter(self._suspects)))
        self._suspects[block.label] = block
        return None

    def right(self, block):
        """A whole block is right: the keys of those who sent wrong parts of it before."""
        suspect = self._suspects.pop(block.label, None)
        if suspect is None:
            return []
        if len(suspect.data) != len(block.data):
            # Every part was of a block of another size.
            return list(dict.fromkeys(key for key, _ in suspect.parts))
        found, start = [], 0
        for key, end in suspect.parts:
            if suspect.data[start:end] != block.data[start:end] and key not in found:
                found.append(key)
            start = end
        return found
