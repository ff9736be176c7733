"""Who is asked for which block, and when: several providers at once, each as far ahead as it is fast.

A provider begins with one block; what it may be asked ahead grows with every good one, up to four seconds of its rate. Who stops is cut
and asked again later; who is much slower than an idle one has its blocks taken over, so that no sync waits for the slowest. Without I/O;
the time comes in as `now`, in seconds.
"""

from collections import deque

from leither_edge.mimei.ipld import cid as cids

AHEAD_S = 4
AHEAD_MAX_BYTES = 8 << 20
# Until so much of a provider was good, it is asked for no more at a time than was good before.
TRUSTED_BYTES = 256 << 10
# As many as a giver queues for one stream, less what is being given up.
WANTS_AHEAD_MAX = 192
# Without a byte for so long, while others could give it, and when there is nobody else.
STALL_S, STALL_ALONE_S = 5, 20
# How long one that stopped is left alone; it doubles each time.
REST_S, REST_MAX_S = 1, 60
# So often in a row without one good block, and a provider is not asked any more.
STALLS_MAX = 5
# Blocks in a row that a provider has not: it is left alone, as it may be getting them itself.
MISSES_MAX = 64
# Waiting labels looked at for one that a provider may have.
LOOK_MAX = 64
# An idle provider takes over what would take another so many times as long, and so much longer.
OVER_TIMES, OVER_S = 3, 0.5
# Over what time a rate is measured.
RATE_S = 2.0
# The size of a block before one of its kind has come.
RAW_BYTES, NODE_BYTES = 256 << 10, 8 << 10

ACTIVE, RESTING, GONE = "active", "resting", "gone"


class Entry:
    """A block that a provider was asked for.

    number: of its want in this stream. size: bytes still to come, by guess before has_begun. is_live: False once another one was asked.
    """

    __slots__ = ("has_begun", "is_live", "label", "number", "size", "source")

    def __init__(self, source, label, number, size):
        self.source, self.label, self.number, self.size = source, label, number, size
        self.is_live, self.has_begun = True, False


class Source:
    """What is known of one provider. rate: bytes/s. entries: asked and not answered, in order. given: good bytes."""

    __slots__ = (
        "ahead", "bit", "busy_s", "cancels", "entries", "given", "heard", "heard_bytes", "is_paused", "key", "misses", "must_stop", "name",
        "next_number", "rest_s", "stalls", "state", "until",
    )  # fmt: skip

    def __init__(self, key, name, bit):
        self.key, self.name, self.bit, self.state, self.until = key, name, bit, RESTING, 0.0
        self.given = self.stalls = self.misses = self.next_number = self.ahead = 0
        self.busy_s = self.heard_bytes = self.heard = 0.0
        self.rest_s, self.is_paused, self.must_stop = REST_S, False, False
        self.entries, self.cancels = deque(), []

    @property
    def rate(self):
        """Bytes a second while it had something to give; 0 while that is not known."""
        return self.heard_bytes / self.busy_s if self.busy_s > 0.001 else 0.0

    @property
    def asked_bytes(self):
        return sum(entry.size for entry in self.entries if entry.is_live)


class Assignment:
    """The plan of one fetch."""

    def __init__(self):
        self._sources = {}
        self._waiting = deque()
        # By label: bits of the providers that have not got it.
        self._lacking = {}
        # Labels of which wrong bytes came, nobody knows from whom.
        self._doubted = set()
        self._sizes = {True: RAW_BYTES, False: NODE_BYTES}

    # -- labels

    def need(self, labels):
        """These are to be fetched, too."""
        self._waiting.extend(labels)

    def again(self, label, is_doubted=False):
        """This one is to be fetched again, before others. Args: is_doubted (by one who was good before, if there is one)."""
        self._waiting.appendleft(label)
        if is_doubted:
            self._doubted.add(label)

    @property
    def waiting(self):
        """How many labels nobody is asked for."""
        return len(self._waiting)

    @property
    def asked(self):
        """How many are on their way."""
        return sum(entry.is_live for source in self._sources.values() for entry in source.entries)

    def nobody_has(self):
        """A label that every provider that is not gone said it has not; None where there is none."""
        bits = 0
        for source in self._sources.values():
            if source.state != GONE:
                bits |= source.bit
        for label, lacking in self._lacking.items():
            if lacking & bits == bits:
                return label
        return None

    # -- providers

    def add(self, key, name):
        """The Source of a provider, who is not asked before `begin`."""
        source = self._sources[key] = Source(key, name, 1 << len(self._sources))
        return source

    @property
    def sources(self):
        return list(self._sources.values())

    def source(self, key):
        """The Source of a key."""
        return self._sources[key]

    def begin(self, source, now):
        """A provider is there, and can be asked."""
        source.state, source.heard, source.next_number, source.must_stop = ACTIVE, now, 0, False
        source.ahead, source.misses = 0, 0
        source.cancels.clear()
        # It may have got meanwhile what it lacked.
        for label in [label for label, bits in self._lacking.items() if bits & source.bit]:
            self._lacking[label] &= ~source.bit

    def lost(self, source, now, is_gone=False):
        """A provider cannot be asked any more, for a while or for good: [label] that others are asked for now."""
        left = [entry.label for entry in source.entries if entry.is_live]
        for entry in source.entries:
            entry.is_live = False
        source.entries.clear()
        source.stalls += 1
        is_gone = is_gone or source.stalls > STALLS_MAX
        source.state, source.until = (GONE, now) if is_gone else (RESTING, now + source.rest_s)
        source.rest_s = min(REST_MAX_S, source.rest_s * 2)
        self._waiting.extendleft(reversed(left))
        return left

    # -- asking

    def take(self, source, now):
        """An Entry to ask a provider for, None for none now."""
        if source.state != ACTIVE or source.must_stop or len(source.entries) >= WANTS_AHEAD_MAX:
            return None
        live = [entry.size for entry in source.entries if entry.is_live]
        # Two at least, so that it never waits for us, once it has shown that it is good.
        if len(live) > (source.given >= TRUSTED_BYTES) and sum(live) >= self._ahead(source):
            return None
        label = self._next(source) or (self._take_over(source, now) if not live else None)
        if label is None:
            return None
        if not source.entries:
            source.heard = now
        entry = Entry(source, label, source.next_number, self._sizes[cids.codec(label) == cids.RAW])
        source.next_number += 1
        source.entries.append(entry)
        return entry

    def take_cancels(self, source):
        """[number] of wants that a provider is to be told are given up."""
        found, source.cancels = source.cancels, []
        return found

    def heard(self, source, count, now):
        """So many bytes came from a provider."""
        past = min(max(0.0, now - source.heard), STALL_ALONE_S)
        source.heard = now
        kept = max(0.0, 1 - past / RATE_S)
        source.busy_s = source.busy_s * kept + past
        source.heard_bytes = source.heard_bytes * kept + count

    def answered(self, entry):
        """The answer to a want has come, whatever it was."""
        entry.source.entries.remove(entry)

    def sized(self, entry, left):
        """So many bytes of a block are still to come."""
        entry.size, entry.has_begun = left, True

    def missing(self, entry):
        """A provider has not got a block; it is asked for elsewhere. Returns whether the provider should be left alone for a while."""
        source = entry.source
        source.misses += 1
        if entry.is_live:
            self._lacking[entry.label] = self._lacking.get(entry.label, 0) | source.bit
            self._waiting.appendleft(entry.label)
        return source.misses >= MISSES_MAX

    def good(self, entry_label, source, size):
        """A block from a provider was found to be right, and is kept."""
        self._lacking.pop(entry_label, None)
        self._doubted.discard(entry_label)
        is_raw = cids.codec(entry_label) == cids.RAW
        self._sizes[is_raw] += (size - self._sizes[is_raw]) // 8
        source.given += size
        source.stalls = source.misses = 0
        source.rest_s = REST_S
        source.ahead = min(source.ahead + max(size, 1), AHEAD_MAX_BYTES)

    # -- who is too slow

    def check(self, now):
        """[Source] whose connection is to be cut: it stopped, or an idle one would be far quicker."""
        active = [source for source in self._sources.values() if source.state == ACTIVE]
        found = []
        for source in active:
            if source.is_paused or not source.entries or source.must_stop:
                source.heard = now if source.is_paused else source.heard
                continue
            stall = STALL_S if len(active) > 1 else STALL_ALONE_S
            if now - source.heard > stall or self._is_outrun(source, active, now):
                source.must_stop = True
                found.append(source)
        return found

    def is_idle(self, source):
        """Whether a provider could be asked and has nothing to do."""
        return source.state == ACTIVE and not source.entries

    def _ahead(self, source):
        return min(source.ahead, max(1, source.rate * AHEAD_S), AHEAD_MAX_BYTES)

    def _next(self, source):
        waiting, bit = self._waiting, source.bit
        passed_over = self._doubted if source.given < TRUSTED_BYTES and self._some_are_trusted() else ()
        for at in range(min(LOOK_MAX, len(waiting))):
            if not self._lacking.get(waiting[at], 0) & bit and waiting[at] not in passed_over:
                label = waiting[at]
                del waiting[at]
                return label
        return None

    def _some_are_trusted(self):
        return any(other.state == ACTIVE and other.given >= TRUSTED_BYTES for other in self._sources.values())

    def _take_over(self, source, now):
        """A label that a slower one was asked for, and would not begin for long."""
        best, best_s = None, 0.0
        for other in self._sources.values():
            live = [entry for entry in other.entries if entry.is_live]
            if other is source or len(live) < 2 or live[-1].has_begun or self._lacking.get(live[-1].label, 0) & source.bit:
                continue
            ours = live[-1].size / source.rate if source.rate else OVER_S
            theirs = self._left_s(other, live, now)
            if theirs > ours * OVER_TIMES + OVER_S and theirs > best_s:
                best, best_s = live[-1], theirs
        if best is None:
            return None
        best.is_live = False
        best.source.cancels.append(best.number)
        return best.label

    def _is_outrun(self, source, active, now):
        live = [entry for entry in source.entries if entry.is_live]
        if len(live) != 1 or self._waiting:
            return False
        left_s, size = self._left_s(source, live, now), live[0].size
        return any(
            self.is_idle(other) and other.rate and not self._lacking.get(live[0].label, 0) & other.bit
            and left_s > size / other.rate * OVER_TIMES + 2 * OVER_S
            for other in active
        )  # fmt: skip

    def _left_s(self, source, live, now):
        """When a provider will have given all, at its rate; one that is silent now is no faster than that."""
        size, silent_s = sum(entry.size for entry in live), max(0.0, now - source.heard)
        return size / source.rate + silent_s if source.rate else silent_s * 2
