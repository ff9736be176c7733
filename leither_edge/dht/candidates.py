"""The nodes that a search has heard of: who they are, who named them, how far they are; bounded and sorted by distance."""

from bisect import bisect_left

from leither_edge.dht import compact, neighbourhood

CANDIDATES_MAX = 200
# Farther than any node: the distance of an address whose node id is not known.
FARTHEST = 1 << 160
# A node that named so many silent ones more than three for each that answered is believed no more.
_LIES_MAX = 4

HEARD, ASKED, SLOW, ANSWERED, FAILED = range(5)
WORDS = ("heard", "asked", "slow", "answered", "failed")


class Candidate:
    """A node that somebody named.

    contact: as it was named; distance: from the target; network: see neighbourhood.network_of; by: the Candidate that named it, None
    for a seed; hop: length of the chain of hearsay; reach: distance of the farthest that it named, once it answered;
    truths, lies: of those it named, how many answered and how many kept silent; since: when it was asked, seconds.
    """

    __slots__ = (
        "address", "by", "contact", "distance", "hop", "lies", "ms", "network", "path", "reach", "reason", "since", "state", "truths",
    )  # fmt: skip

    def __init__(self, contact, address, distance, network, path, by):
        self.contact = contact
        self.address = address
        self.distance = distance
        self.network = network
        self.path = path
        self.by = by
        self.hop = by.hop + 1 if by is not None else 1
        self.state = HEARD
        self.reach = 0
        self.reason = ""
        self.since = 0.0
        self.ms = None
        self.lies = 0
        self.truths = 0

    def is_doubtful(self):
        """Named by somebody who named too many that keep silent."""
        return self.by is not None and self.by.lies >= _LIES_MAX + 3 * self.by.truths


class Candidates:
    """All candidates of one search, nearest first.

    Args: target (20 bytes), family (4 or 6), paths (how many share the room), one_per_prefix (see neighbourhood.network_of).
    """

    __slots__ = ("_by_address", "_kept", "_one_per_prefix", "_room", "_size", "_target", "nearest")

    def __init__(self, target, family, paths, one_per_prefix):
        self.nearest = []
        self._target = int.from_bytes(target, "big")
        self._size = compact.ADDRESS_BYTES[family]
        self._by_address = {}
        self._kept = [0] * paths
        self._room = CANDIDATES_MAX // paths
        self._one_per_prefix = one_per_prefix

    def address_of(self, contact):
        """The address of a contact or of a bare address."""
        return contact[-self._size :]

    def find(self, contact):
        """The candidate at the address of ``contact``, or None."""
        return self._by_address.get(contact[-self._size :])

    def fits(self, contact):
        """True for a contact or a bare address of this family that a datagram can be sent to."""
        return len(contact) - self._size in (0, compact.NODE_ID_BYTES) and compact.is_usable(contact[-self._size :])

    def distance(self, contact):
        """How far a contact is from the target; a bare address is farther than any."""
        if len(contact) == self._size:
            return FARTHEST
        return int.from_bytes(contact[: compact.NODE_ID_BYTES], "big") ^ self._target

    def add(self, contact, path, by):
        """Take in a contact that fits and is not known; where the path's room is used up, in place of a farther one."""
        distance = self.distance(contact)
        if self._kept[path] < self._room or self._make_room(path, distance):
            address = contact[-self._size :]
            self._insert(Candidate(contact, address, distance, neighbourhood.network_of(address, self._one_per_prefix), path, by))

    def rename(self, candidate, contact):
        """Move a candidate to where another node id puts it."""
        self._remove(candidate)
        candidate.contact = contact
        candidate.distance = self.distance(contact)
        self._insert(candidate)

    def _insert(self, candidate):
        self._by_address[candidate.address] = candidate
        self._kept[candidate.path] += 1
        self.nearest.insert(bisect_left(self.nearest, candidate.distance, key=_distance_of), candidate)

    def _remove(self, candidate):
        del self._by_address[candidate.address]
        self._kept[candidate.path] -= 1
        self.nearest.remove(candidate)

    def _make_room(self, path, distance):
        for each in reversed(self.nearest):
            if each.distance <= distance:
                return False
            if each.path == path and each.state == HEARD:
                self._remove(each)
                return True
        return False


def _distance_of(candidate):
    return candidate.distance
