"""The walk to the nodes nearest to a target: whom to ask next, when it is over, who is nearest (BEP 5).

It ends when the nearest that are known have answered: the nearest k, everybody within the radius where k are expected, and on each
path the nearest few. Hearsay is trusted little: a node counts when it answered, one per network counts, and whoever names mostly
silent nodes is believed no more.
"""

from leither_edge.dht import compact, neighbourhood
from leither_edge.dht.candidates import ANSWERED, ASKED, FAILED, FARTHEST, HEARD, SLOW, WORDS, Candidates

# A bound on what hearsay can make us send.
ASKED_MAX = 100
# A path of its own ends with this many at least.
_PATH_MIN = 3


class Walk:
    """One walk in one address family. Pure: `to_ask` says whom to ask, the other methods are told what came of it.

    Args: target, own_id (20 bytes); seeds (contacts, or bare addresses of nodes whose id is not known); family (4 or 6); k (how many
    are looked for); alpha (requests at once on a path); paths (disjoint ones: a node belongs to the path that named it first);
    expected_radius (distance within which k nodes are expected, or None), one_per_prefix (one node of each /24 or /48 counts; off for a
    closed network whose nodes may share one), without (a target and a distance from it: nobody in there is asked),
    seeds_asked (how many of the seeds, the nearest, are asked whoever nearer is named).
    """

    __slots__ = (
        "_all", "_alpha", "_done", "_family", "_held", "_is_open", "_k", "_own", "_own_id", "_path_want", "_paths", "_radius", "_stale",
        "_without", "answered_count", "asked_count", "target",
    )  # fmt: skip

    def __init__(
        self,
        target,
        own_id,
        seeds,
        *,
        family,
        k=8,
        alpha=3,
        paths=1,
        expected_radius=None,
        one_per_prefix=True,
        without=(b"", 0),
        seeds_asked=0,
    ):
        self.target = target
        self.asked_count = 0
        self.answered_count = 0
        self._all = Candidates(target, family, paths, one_per_prefix)
        self._own_id = own_id
        self._family = family
        self._k = k
        self._alpha = alpha if paths == 1 else max(2, alpha // paths)
        self._paths = paths
        self._path_want = max(_PATH_MIN, k // paths) if paths > 1 else 0
        self._radius = expected_radius
        # Who speaks for a network (see neighbourhood.network_of): on its way, or answered.
        self._held = {}
        self._stale = 0
        self._without = int.from_bytes(without[0], "big"), without[1]
        self._done = False
        self._is_open = True
        self.widen(seeds)
        self._own = frozenset(self._all.nearest[:seeds_asked])

    # What the engine asks

    def to_ask(self, now):
        """The contacts to ask for the target now, at most those that fit beside the ones on their way; they count as asked."""
        asked = []
        if self.is_done:
            return asked
        busy = [0] * self._paths
        for candidate in self._all.nearest:
            if candidate.state == ASKED:
                busy[candidate.path] += 1
        # Where answers bring nobody nearer, all that remain have to be asked anyway.
        limit = self._k if self._stale >= self._alpha else self._alpha
        for candidate in self._wanted():
            if self.asked_count >= ASKED_MAX:
                break
            if candidate.state != HEARD or busy[candidate.path] >= limit or candidate.network in self._held or candidate.is_doubtful():
                continue
            if candidate.by is not None:
                # A lie until it answers, so that all that one node names is not asked at once.
                candidate.by.lies += 1
            candidate.state = ASKED
            candidate.since = now
            self._held[candidate.network] = candidate
            busy[candidate.path] += 1
            self.asked_count += 1
            asked.append(candidate.contact)
        return asked

    @property
    def is_done(self):
        """True once the nearest have answered or nobody is left. It stays so, unless others are brought in."""
        if not self._done and self._is_open:
            self._done = self._is_over()
        return self._done or not self._is_open

    def stop(self):
        """End the search: what was looked for is found."""
        self._is_open = False

    # What the engine tells

    def answered(self, contact, node_id, nodes, now):
        """An answer came from ``contact``: its id, and the contacts (list) that it named. False if nobody had asked it."""
        candidate = self._all.find(contact)
        if candidate is None or candidate.state not in (ASKED, SLOW):
            return False
        self.answered_count += 1
        candidate.ms = (now - candidate.since) * 1000
        if candidate.by is not None:
            candidate.by.truths += 1
            candidate.by.lies -= 1
        if not self._takes_place(candidate, node_id):
            self._release(candidate, FAILED, "other-id")
        elif self._held.setdefault(candidate.network, candidate) is not candidate:
            # It was slow, and another of its network was asked in between.
            self._release(candidate, FAILED, "same-network")
        else:
            candidate.state = ANSWERED
        edge = self._edge()
        self._stale += 1
        for named in nodes[: compact.NODES_MAX]:
            self._hear(named, candidate.path, candidate)
        if len(nodes) < self._k:
            candidate.reach = FARTHEST
        else:
            candidate.reach = max(self._all.distance(named) for named in nodes)
        if self._edge() < edge:
            self._stale = 0
        return True

    def slow(self, contact, now):
        """The soft time-out passed: others are asked instead, a late answer still counts."""
        candidate = self._all.find(contact)
        if candidate is not None and candidate.state == ASKED:
            self._release(candidate, SLOW, "")

    def failed(self, contact, reason, now):
        """No answer will come, or one that is none (``reason``: a short word)."""
        candidate = self._all.find(contact)
        if candidate is None or candidate.state not in (ASKED, SLOW):
            return
        self._release(candidate, FAILED, reason)

    def widen(self, contacts):
        """Take in contacts from elsewhere, as seeds; the search goes on if some of them are near enough."""
        seeds = [contact for contact in contacts if self._all.fits(contact)]
        seeds.sort(key=self._all.distance)
        for at, contact in enumerate(seeds):
            self._hear(contact, at % self._paths, None)
        self._done = False

    def remember(self, candidates):
        """Take over how much those are to be believed who were Candidates elsewhere."""
        for other in candidates:
            candidate = self._all.find(other.contact)
            if candidate is not None:
                candidate.lies, candidate.truths = other.lies, other.truths

    # What came of it

    def closest(self, count=None):
        """The contacts that answered, nearest first: ``count`` of them, or k and all within the radius (neighbourhood.chosen)."""
        answered = self._answered()
        chosen = neighbourhood.chosen(answered, self._k, self._radius) if count is None else answered[:count]
        return [candidate.contact for candidate in chosen]

    def heard(self, count):
        """The nearest Candidates that answered or may yet be asked."""
        return [each for each in self._all.nearest if each.state in (HEARD, ANSWERED)][:count]

    @property
    def hops(self):
        """The longest chain of hearsay that led to one of the k nearest."""
        return max((candidate.hop for candidate in self._answered()[: self._k]), default=0)

    def outcomes(self):
        """(contact, "asked" | "slow" | "answered" | "failed", reason, milliseconds or None) of everybody asked, nearest first."""
        return [(each.contact, WORDS[each.state], each.reason, each.ms) for each in self._all.nearest if each.state != HEARD]

    # Inside

    def _answered(self):
        return [each for each in self._all.nearest if each.state == ANSWERED]

    def _wanted(self):
        """Those whose answers end the search, nearest first, whatever came of them yet."""
        live = []
        for each in self._all.nearest:
            if each.state in (SLOW, FAILED) or (each.state == HEARD and (each.network in self._held or each.is_doubtful())):
                continue
            live.append(each)
        wanted = neighbourhood.chosen(live, self._k, self._radius)
        if self._paths > 1:
            paths = [0] * self._paths
            for each in wanted:
                paths[each.path] += 1
            known = set(wanted)
            for each in live:
                if paths[each.path] < self._path_want and each not in known:
                    paths[each.path] += 1
                    wanted.append(each)
        known = set(wanted)
        wanted += [each for each in live if each in self._own and each not in known]
        return wanted

    def _is_over(self):
        wanted = self._wanted()
        is_spent = self.asked_count >= ASKED_MAX
        for each in wanted:
            if each.state == ASKED or (each.state == HEARD and not is_spent):
                return False
        # With fewer than k, whoever is slow is worth its time.
        return len(wanted) >= self._k or not any(each.state in (ASKED, SLOW) for each in self._all.nearest)

    def _edge(self):
        """How far the k-th nearest is that may yet answer."""
        count = 0
        for each in self._all.nearest:
            if each.state not in (SLOW, FAILED):
                count += 1
                if count == self._k:
                    return each.distance
        return FARTHEST

    def _hear(self, contact, path, by):
        if not self._all.fits(contact) or contact[: compact.NODE_ID_BYTES] == self._own_id:
            return
        place, span = self._without
        if int.from_bytes(contact[: compact.NODE_ID_BYTES], "big") ^ place < span:
            return
        address = self._all.address_of(contact)
        if by is not None and (len(contact) == len(address) or not neighbourhood.may_name(by.address, address)):
            return
        known = self._all.find(contact)
        if known is None:
            self._all.add(contact, path, by)
        elif by is not None and known.state == HEARD and known.is_doubtful():
            known.by = by

    def _takes_place(self, candidate, node_id):
        """False if an id other than the one it was named by would bring it nearer: then it was made for this search."""
        contact = node_id + candidate.address
        if contact != candidate.contact:
            if candidate.distance != FARTHEST and self._all.distance(contact) < candidate.distance:
                return False
            self._all.rename(candidate, contact)
        return True

    def _release(self, candidate, state, reason):
        candidate.state = state
        candidate.reason = reason
        if self._held.get(candidate.network) is candidate:
            del self._held[candidate.network]
