"""The search for the nodes nearest to a target: whom to ask next, when it is over, who is nearest (BEP 5). No sockets, no clock.

It ends when the nearest that are known have answered: the nearest k, everybody within the radius where k are expected, and on each
path the nearest few. Hearsay is trusted little: a node counts when it answered, one per network counts, and whoever names only
silent nodes is believed no more.
"""

from bisect import bisect_left

from leither_edge.dht import compact, neighbourhood

# Bounds on what hearsay can make us keep and send.
CANDIDATES_MAX = 200
ASKED_MAX = 100
# After so many silent ones, and no other, of those that a node named, the rest it named is left out.
_LIES_MAX = 4
# A path of its own ends with this many at least.
_PATH_MIN = 3
_FARTHEST = 1 << 160

_HEARD, _ASKED, _SLOW, _ANSWERED, _FAILED = range(5)
_OUTCOMES = ("heard", "asked", "slow", "answered", "failed")


class _Candidate:
    """A node that somebody named: how far from the target, where, and what came of asking it."""

    __slots__ = ("address", "by", "contact", "distance", "hop", "lies", "ms", "network", "path", "reason", "since", "state", "truths")

    def __init__(self, contact, address, distance, network, path, by):
        self.contact = contact
        self.address = address
        self.distance = distance
        self.network = network
        self.path = path
        self.by = by
        self.hop = by.hop + 1 if by is not None else 1
        self.state = _HEARD
        self.reason = ""
        self.since = 0.0
        self.ms = None
        self.lies = 0
        self.truths = 0

    def is_doubtful(self):
        """Named by somebody whose others all kept silent."""
        return self.by is not None and not self.by.truths and self.by.lies >= _LIES_MAX


class Lookup:
    """One search in one address family.

    Args: target, own_id (20 bytes); seeds (contacts, or bare addresses of nodes whose id is not known); family (4 or 6); k (how many
    are looked for); alpha (requests at once on a path); paths (disjoint ones: a node belongs to the path that named it first);
    expected_radius (distance within which k nodes are expected, or None).
    """

    __slots__ = (
        "_alpha", "_by_address", "_done", "_held", "_is_open", "_k", "_kept", "_own_id", "_path_want", "_paths", "_radius",
        "_size", "_sorted", "_stale", "_target", "answered_count", "asked_count", "target",
    )  # fmt: skip

    def __init__(self, target, own_id, seeds, *, family, k=8, alpha=3, paths=1, expected_radius=None):
        self.target = target
        self.asked_count = 0
        self.answered_count = 0
        self._target = int.from_bytes(target, "big")
        self._own_id = own_id
        self._size = compact.ADDRESS_BYTES[family]
        self._k = k
        self._alpha = alpha if paths == 1 else max(2, alpha // paths)
        self._paths = paths
        self._path_want = max(_PATH_MIN, k // paths) if paths > 1 else 0
        self._radius = expected_radius
        self._by_address = {}
        self._sorted = []
        self._kept = [0] * paths
        # Who speaks for a network (see neighbourhood.network_of): on its way, or answered.
        self._held = {}
        self._stale = 0
        self._done = False
        self._is_open = True
        self.widen(seeds)

    # What the engine asks

    def to_ask(self, now):
        """The contacts to ask now, at most those that fit beside the ones on their way; they count as asked."""
        asked = []
        if self.is_done:
            return asked
        busy = [0] * self._paths
        for candidate in self._sorted:
            if candidate.state == _ASKED:
                busy[candidate.path] += 1
        # Where answers bring nobody nearer, all that remain have to be asked anyway.
        limit = self._k if self._stale >= self._alpha else self._alpha
        for candidate in self._wanted():
            if self.asked_count >= ASKED_MAX:
                break
            if candidate.state != _HEARD or busy[candidate.path] >= limit or candidate.network in self._held:
                continue
            candidate.state = _ASKED
            candidate.since = now
            self._held[candidate.network] = candidate
            busy[candidate.path] += 1
            self.asked_count += 1
            asked.append(candidate.contact)
        return asked

    @property
    def is_done(self):
        """True once the nearest have answered or nobody is left. It stays so, unless `widen` brings in others."""
        if not self._done and self._is_open:
            self._done = self._is_over()
        return self._done or not self._is_open

    def stop(self):
        """End the search: what was looked for is found."""
        self._is_open = False

    # What the engine tells

    def answered(self, contact, node_id, nodes, now):
        """An answer came from ``contact``: its id, and the contacts (list) that it named. False if nobody had asked it."""
        candidate = self._find(contact)
        if candidate is None or candidate.state not in (_ASKED, _SLOW):
            return False
        self.answered_count += 1
        candidate.ms = (now - candidate.since) * 1000
        if candidate.by is not None:
            candidate.by.truths += 1
        if not self._takes_place(candidate, node_id):
            self._release(candidate, _FAILED, "other-id")
        elif self._held.setdefault(candidate.network, candidate) is not candidate:
            # It was slow, and another of its network was asked in between.
            self._release(candidate, _FAILED, "same-network")
        else:
            candidate.state = _ANSWERED
        edge = self._edge()
        self._stale += 1
        for named in nodes[: compact.NODES_MAX]:
            self._hear(named, candidate.path, candidate)
        if self._edge() < edge:
            self._stale = 0
        return True

    def slow(self, contact, now):
        """The soft time-out passed: others are asked instead, a late answer still counts."""
        candidate = self._find(contact)
        if candidate is not None and candidate.state == _ASKED:
            self._release(candidate, _SLOW, "")

    def failed(self, contact, reason, now):
        """No answer will come, or one that is none (``reason``: a short word)."""
        candidate = self._find(contact)
        if candidate is None or candidate.state not in (_ASKED, _SLOW):
            return
        if candidate.by is not None:
            candidate.by.lies += 1
        self._release(candidate, _FAILED, reason)

    def widen(self, contacts):
        """Take in contacts from elsewhere, as seeds; the search goes on if some of them are near enough."""
        seeds = [contact for contact in contacts if self._fits(contact)]
        seeds.sort(key=self._distance)
        for at, contact in enumerate(seeds):
            self._hear(contact, at % self._paths, None)
        self._done = False

    # What came of it

    def closest(self, count=None):
        """The contacts that answered, nearest first: ``count`` of them, or k and all within the radius (neighbourhood.chosen)."""
        answered = [candidate for candidate in self._sorted if candidate.state == _ANSWERED]
        chosen = neighbourhood.chosen(answered, self._k, self._radius) if count is None else answered[:count]
        return [candidate.contact for candidate in chosen]

    @property
    def is_crowded(self):
        """True if those nearest to the target are so many or so near that chance hardly put them there."""
        answered = [candidate.distance for candidate in self._sorted if candidate.state == _ANSWERED]
        return neighbourhood.is_crowded(answered, self._k, self._radius)

    @property
    def hops(self):
        """The longest chain of hearsay that led to one of the k nearest."""
        nearest = [candidate for candidate in self._sorted if candidate.state == _ANSWERED][: self._k]
        return max((candidate.hop for candidate in nearest), default=0)

    def outcomes(self):
        """(contact, "asked" | "slow" | "answered" | "failed", reason, milliseconds or None) of everybody asked, nearest first."""
        return [(each.contact, _OUTCOMES[each.state], each.reason, each.ms) for each in self._sorted if each.state != _HEARD]

    # Inside

    def _wanted(self):
        """Those whose answers end the search, nearest first, whatever came of them yet."""
        live = []
        paths = [0] * self._paths
        for each in self._sorted:
            if each.state in (_SLOW, _FAILED) or (each.state == _HEARD and (each.network in self._held or each.is_doubtful())):
                continue
            live.append(each)
        wanted = neighbourhood.chosen(live, self._k, self._radius)
        if self._paths > 1:
            for each in wanted:
                paths[each.path] += 1
            known = set(wanted)
            for each in live:
                if paths[each.path] < self._path_want and each not in known:
                    paths[each.path] += 1
                    wanted.append(each)
        return wanted

    def _is_over(self):
        wanted = self._wanted()
        is_spent = self.asked_count >= ASKED_MAX
        for each in wanted:
            if each.state == _ASKED or (each.state == _HEARD and not is_spent):
                return False
        # With fewer than k, whoever is slow is worth its time.
        return len(wanted) >= self._k or not any(each.state in (_ASKED, _SLOW) for each in self._sorted)

    def _edge(self):
        """How far the k-th nearest is that may yet answer."""
        count = 0
        for each in self._sorted:
            if each.state not in (_SLOW, _FAILED):
                count += 1
                if count == self._k:
                    return each.distance
        return _FARTHEST

    def _fits(self, contact):
        return len(contact) in (self._size, self._size + compact.NODE_ID_BYTES) and compact.is_usable(contact[-self._size :])

    def _distance(self, contact):
        if len(contact) == self._size:
            return _FARTHEST
        return int.from_bytes(contact[: compact.NODE_ID_BYTES], "big") ^ self._target

    def _find(self, contact):
        return self._by_address.get(contact[-self._size :])

    def _hear(self, contact, path, by):
        if not self._fits(contact) or contact[:-self._size] == self._own_id:
            return
        address = contact[-self._size :]
        if by is not None and (len(contact) == self._size or not neighbourhood.may_name(by.address, address)):
            return
        known = self._by_address.get(address)
        if known is not None:
            if by is not None and known.state == _HEARD and known.is_doubtful():
                known.by = by
            return
        if self._kept[path] >= CANDIDATES_MAX // self._paths and not self._make_room(path, self._distance(contact)):
            return
        self._insert(_Candidate(contact, address, self._distance(contact), neighbourhood.network_of(address), path, by))

    def _insert(self, candidate):
        self._by_address[candidate.address] = candidate
        self._kept[candidate.path] += 1
        self._sorted.insert(bisect_left(self._sorted, candidate.distance, key=_distance_of), candidate)

    def _remove(self, candidate):
        del self._by_address[candidate.address]
        self._kept[candidate.path] -= 1
        self._sorted.remove(candidate)

    def _make_room(self, path, distance):
        for each in reversed(self._sorted):
            if each.distance <= distance:
                return False
            if each.path == path and each.state == _HEARD:
                self._remove(each)
                return True
        return False

    def _takes_place(self, candidate, node_id):
        """False if an id other than the one it was named by would bring it nearer: then it was made for this search."""
        contact = node_id + candidate.address
        if contact == candidate.contact:
            return True
        distance = self._distance(contact)
        if distance < candidate.distance and candidate.distance != _FARTHEST:
            return False
        self._remove(candidate)
        candidate.contact = contact
        candidate.distance = distance
        self._insert(candidate)
        return True

    def _release(self, candidate, state, reason):
        candidate.state = state
        candidate.reason = reason
        if self._held.get(candidate.network) is candidate:
            del self._held[candidate.network]


def _distance_of(candidate):
    return candidate.distance
