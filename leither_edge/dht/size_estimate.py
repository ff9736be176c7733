"""How many nodes the network has, told by many places of the id space, so that a crowd at one of them does not tell it."""

_SPACE = 1 << 160
# Places by the first bits of the target; a later search there replaces an earlier one.
_PLACE_BITS = 4
_PLACES_MIN = 3


class SizeEstimate:
    """The median of what searches saw, each at its own place of the id space, and of what the own neighbourhood looks like.

    Who wants a search to believe the network large, so that his crowd around a target looks like chance, would have to crowd half of it.
    """

    __slots__ = ("_seen",)

    def __init__(self):
        self._seen = {}

    def noted(self, target, nearest):
        """A search ended. nearest: the ids (20 bytes) of the nearest that answered, nearest first; too few tell nothing."""
        if len(nearest) < 2:
            return
        farthest = int.from_bytes(nearest[-1], "big") ^ int.from_bytes(target, "big")
        if farthest:
            self._seen[target[0] >> 8 - _PLACE_BITS] = (len(nearest) - 1) * _SPACE // farthest

    def size(self, table):
        """About how many nodes there are, None without a clue. table: RoutingTable; one that has room for all knows them all."""
        own = table.network_size()
        # A node that has just joined has searched for itself alone, while the network was perhaps smaller.
        if own == len(table) + 1 or len(self._seen) < _PLACES_MIN:
            return own
        values = sorted([*self._seen.values(), own])
        return max(values[(len(values) - 1) // 2], len(table) + 1)
