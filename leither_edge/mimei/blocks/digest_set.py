"""A set of names of blocks in 16 bytes each, however long the names are."""

from array import array

_NAME_BITS = 384
_SLOT_BITS = 64
_MASK = (1 << _SLOT_BITS) - 1


class DigestSet:
    """Names by 64 bits of a keyed hash: one name may be taken for another once in 2**63 pairs, whoever chose the names.

    (name * key mod 2**384) / 2**320 with a secret odd key, which is universal (Dietzfelbinger 1997), so nobody can make
    two names that meet. Args: key (of new_key), expected (how many names will come; it grows if need be).
    """

    __slots__ = ("_key", "_slots", "_mask", "_count", "_room")

    def __init__(self, key, expected=0):
        self._key = key
        self._allocate(max(64, expected * 3 // 2))
        self._count = 0

    def add(self, name):
        """Put a name (bytes, at most 48) in; return whether it is new."""
        return self._add((int.from_bytes(name, "big") * self._key >> _NAME_BITS - _SLOT_BITS) & _MASK or 1)

    def __contains__(self, name):
        value = (int.from_bytes(name, "big") * self._key >> _NAME_BITS - _SLOT_BITS) & _MASK or 1
        slots, mask = self._slots, self._mask
        at = value & mask
        while slots[at]:
            if slots[at] == value:
                return True
            at = at + 1 & mask
        return False

    def __len__(self):
        return self._count

    def update(self, other):
        """Take in all of another set with the same key."""
        for value in other._slots:
            if value:
                self._add(value)

    def _add(self, value):
        slots, mask = self._slots, self._mask
        at = value & mask
        while slots[at]:
            if slots[at] == value:
                return False
            at = at + 1 & mask
        slots[at] = value
        self._count += 1
        if self._count > self._room:
            self._allocate(self._count * 2)
            for old in slots:
                if old:
                    at = old & self._mask
                    while self._slots[at]:
                        at = at + 1 & self._mask
                    self._slots[at] = old
        return True

    def _allocate(self, least):
        size = 1 << (least - 1).bit_length()
        self._slots = array("Q", bytes(8 * size))
        self._mask = size - 1
        self._room = size * 3 // 4


def new_key(random_bytes):
    """A secret key for sets that are to be merged. Args: random_bytes (count -> bytes)."""
    return int.from_bytes(random_bytes(_NAME_BITS // 8), "big") | 1
