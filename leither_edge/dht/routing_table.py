"""The contacts of a node, many near its own id and some from everywhere else (BEP 5): who comes in, who stays, who is asked again.

A contact enters only by a reply it gave (`heard`). The capacity is shared out by buckets.py.
"""

from leither_edge.core.sha256 import sha256
from leither_edge.dht import compact, node_id
from leither_edge.dht.bucket import FAILURES_MAX, RTT_UNKNOWN
from leither_edge.dht.buckets import ID_BITS, Buckets
from leither_edge.dht.compact import CONTACT_BYTES, NODE_ID_BYTES

# BEP 5: who has not been heard for that long is questionable, and a part of the table not renewed for that long is searched anew.
QUESTIONABLE_S = 900
REFRESH_S = 900
# A datagram gets lost now and then; two in a row, and whoever waits takes the place.
FAILURES_REPLACED = 2
# Nobody waits: kept for some more tries, as it may be our own line that is down.
FAILURES_REMOVED = 6
RETRY_S = 60
WAITING = 4
# Beyond that many bits the list of ranges costs more than the hops it saves.
_WIDE_MAX = 10
_DUMP_VERSION = 1


class RoutingTable:
    """At most ``capacity`` contacts of one address family.

    Args: own_id (20 bytes), family (4 or 6), capacity (contacts), k (of one bucket), one_per_prefix (one node of each /24, for IPv6
    each /48, among global addresses; off for a closed network whose nodes may share one). One node per IPv4 address or IPv6 /64
    holds always, except on loopback, where all nodes of one machine share an address.
    """

    __slots__ = ("own_id", "family", "capacity", "k", "_buckets", "_touched", "_thin_after", "_count", "_cursor", "_size",
                 "_one_per_prefix")  # fmt: skip

    def __init__(self, own_id, family, capacity, k=8, one_per_prefix=True):
        self.family = family
        self.capacity = capacity
        self.k = k
        self._size = CONTACT_BYTES[family]
        self._one_per_prefix = one_per_prefix
        self._clear(own_id)

    def _clear(self, own_id):
        wide = 0
        while wide < _WIDE_MAX and (self.k << wide + 1) * 2 <= self.capacity:
            wide += 1
        self.own_id = own_id
        self._buckets = Buckets(own_id, self._size, wide)
        # By bits shared with the own id: when that part was last renewed.
        self._touched = []
        self._thin_after = 0
        self._count = 0
        self._cursor = 0

    def __len__(self):
        return self._count

    def __iter__(self):
        """Every contact."""
        for bucket in list(self._buckets.all()):
            yield from bucket.split()

    def __contains__(self, contact):
        return self._row(contact)[1] >= 0

    # What was learned

    def heard(self, contact, now, rtt_ms):
        """A contact replied to a request of ours, with its transaction and from its address.

        Args: contact (id and address), now (seconds), rtt_ms (whole milliseconds). Returns None, or a contact to ping, since the newcomer
        waits for its place.
        """
        number = self._buckets.number(contact)
        if number is None:
            return None
        bucket = self._buckets.get(number)
        if bucket is not None:
            row = bucket.find(contact, 0)
            if row >= 0:
                bucket.set_note(row, now, rtt_ms, 0)
                self._touch(number, now)
                return None
            if self._is_full(bucket, number, contact) and not _is_doubtful(bucket, now):
                bucket.let_wait(contact, WAITING)
                return None
        rivals = self._rivals(contact)
        if rivals is None:
            return None
        for other in rivals:
            self._remove(other)
        bucket = self._buckets.get(number)
        if bucket is not None and self._is_full(bucket, number, contact):
            return self._replace_or_wait(bucket, number, contact, now, rtt_ms)
        if self._count < self.capacity or self._give_way(number, contact):
            self._add(number, contact, now, rtt_ms, 0)
        return None

    def _replace_or_wait(self, bucket, number, contact, now, rtt_ms):
        row, (_, _, failures) = bucket.oldest()
        if failures >= FAILURES_REPLACED:
            bucket.replace(row, contact, now, rtt_ms, 0)
            bucket.forget_waiting(contact)
            self._touch(number, now)
            return None
        bucket.let_wait(contact, WAITING)
        return bucket.contact(row)

    def failed(self, address, now):
        """A request to an address got no reply in time; what is not in the table is ignored."""
        bucket, row = next(self._buckets.find(address, NODE_ID_BYTES), (None, -1))
        if bucket is None:
            return
        rtt_ms, failures = bucket.note(row)[1:]
        failures = min(failures + 1, FAILURES_MAX)
        bucket.set_note(row, now, rtt_ms, failures)
        if failures >= FAILURES_REPLACED and self._promote(bucket, row, now):
            return
        # With the last ones gone there would be no way back after an outage of our own.
        if failures >= FAILURES_REMOVED and self._count > self.k:
            self._remove(bucket.contact(row))

    def gone(self, address):
        """Another id answers at an address: the contact there, if there was one, is taken out."""
        bucket, row = next(self._buckets.find(address, NODE_ID_BYTES), (None, -1))
        if bucket is not None:
            self._remove(bucket.contact(row))

    def _promote(self, bucket, row, now):
        """Give a row to one that waits; False if nobody does."""
        gone = bucket.contact(row)
        for contact in bucket.split_waiting():
            bucket.forget_waiting(contact)
            if self._rivals(contact, gone) == []:
                # It answered once, some time ago: the next one to be asked.
                bucket.replace(row, contact, now - QUESTIONABLE_S, RTT_UNKNOWN, 0)
                self._touch(self._buckets.number(contact), now)
                return True
        return False

    def wants(self, contact, now):
        """True if a reply of this contact would bring it into the table, or could: worth a ping."""
        number = self._buckets.number(contact)
        if number is None:
            return False
        bucket = self._buckets.get(number)
        if bucket is not None and bucket.find(contact, 0) >= 0:
            return False
        if bucket is not None and self._is_full(bucket, number, contact):
            has_place = _is_doubtful(bucket, now)
        else:
            has_place = self._count < self.capacity or self._donor(number) is not None or self._is_near(contact)
        return has_place and self._rivals(contact) is not None

    # What is asked

    def closest(self, target, count, good_only=False):
        """The contacts nearest to a target (20 bytes), nearest first, at most ``count``; good ones before silent ones."""
        return self._buckets.closest(target, count, good_only)

    def rtt_ms(self, contact):
        """The last round trip to a contact, ms, or None."""
        bucket, row = self._row(contact)
        rtt_ms = bucket.note(row)[1] if row >= 0 else RTT_UNKNOWN
        return None if rtt_ms == RTT_UNKNOWN else rtt_ms

    def failures(self, contact):
        """How often in a row a contact did not answer; None if it is not in the table."""
        bucket, row = self._row(contact)
        return bucket.note(row)[2] if row >= 0 else None

    def good_count(self):
        """How many answered when they were last asked."""
        return sum([bucket.failures().count(0) for bucket in self._buckets.all()])

    def to_check(self, now):
        """A contact to ping, since it has not been heard for long or failed, or None. The buckets take turns."""
        numbers = self._buckets.numbers()
        for step in range(len(numbers)):
            at = (self._cursor + step) % len(numbers)
            bucket = self._buckets.get(numbers[at])
            if bucket.is_settled(now - QUESTIONABLE_S):
                continue
            row, (last, _, failures) = bucket.oldest()
            if now - last >= (RETRY_S if failures == 1 else QUESTIONABLE_S):
                self._cursor = at + 1
                return bucket.contact(row)
        return None

    def due(self, now):
        """An id to look up, since the part of the table it lies in has not been renewed for long, or None. Counts as renewed with that."""
        noise = int.from_bytes(sha256(self.own_id + b"%d" % int(now * 1000)).digest()[:NODE_ID_BYTES], "big")
        for bits, last in enumerate(self._touched):
            if now - last >= REFRESH_S:
                self._touched[bits] = now
                return self._buckets.somewhere(bits, noise)
        if now >= self._thin_after:
            self._thin_after = now + REFRESH_S
            number = self._thinnest()
            if number is not None:
                return self._buckets.in_range(number, noise)
        return None

    def _thinnest(self):
        """The range that has the fewest contacts, if the network is so large that it should have more."""
        base = self._buckets.base
        if self.network_size() < base * self.k:
            return None
        sizes = [(len(self._buckets.get(number) or ()), number) for number in range(1, base)]
        size, number = min(sizes, default=(self.k, None))
        return number if size < self.k // 2 else None

    def network_size(self):
        """About how many nodes the network has, this one among them: told by how far the k nearest are, within a third."""
        if self._count <= self.k:
            return self._count + 1
        nearest = self._buckets.closest(self.own_id, self.k, False)
        farthest = max([self._distance(contact) for contact in nearest])
        return max(self._count + 1, ((len(nearest) - 1) << ID_BITS) // farthest)

    # Kept over a restart, and a new id

    def dump(self):
        """The contacts as bytes for `load`, those that answered last time first."""
        good, silent = [], []
        for bucket in self._buckets.all():
            for contact, failed in zip(bucket.split(), bucket.failures(), strict=True):
                (silent if failed else good).append(contact)
        return bytes((_DUMP_VERSION, self.family)) + b"".join(good + silent)

    def load(self, data, now):
        """Takes in what `dump` gave; counts as silent until heard. Returns how many; 0 for bytes it cannot read."""
        if data[:2] != bytes((_DUMP_VERSION, self.family)) or (len(data) - 2) % self._size:
            return 0
        before = self._count
        for at in range(2, len(data), self._size):
            contact = data[at : at + self._size]
            if compact.is_usable(contact[NODE_ID_BYTES:]):
                self._take_in(contact, now, 0, RTT_UNKNOWN, 1)
        return self._count - before

    def rebase(self, own_id):
        """A new own id: the contacts stay, sorted anew, as far as they have room."""
        rows = []
        for bucket in self._buckets.all():
            rows += zip(bucket.split(), bucket.notes(), strict=True)
        rows.sort(key=lambda row: (row[1][2], -row[1][0]))
        touched = max(self._touched, default=0)
        self._clear(own_id)
        for contact, (last, rtt_ms, failures) in rows:
            self._take_in(contact, touched, last, rtt_ms, failures)

    def _take_in(self, contact, now, last, rtt_ms, failures):
        number = self._buckets.number(contact)
        if number is None or contact in self or self._rivals(contact) != []:
            return
        bucket = self._buckets.get(number)
        if bucket is not None and self._is_full(bucket, number, contact):
            return
        if self._count < self.capacity or self._give_way(number, contact):
            self._add(number, contact, now, rtt_ms, failures, last)

    # Who may be in it

    def _row(self, contact):
        """(Bucket, row) of a contact; row -1 if it is not there."""
        bucket = self._buckets.get(self._buckets.number(contact))
        return bucket, -1 if bucket is None else bucket.find(contact, 0)

    def _touch(self, number, now):
        bits = self._buckets.bits(number)
        while len(self._touched) <= bits:
            self._touched.append(now)
        self._touched[bits] = now

    def _add(self, number, contact, now, rtt_ms, failures, last=None):
        bucket = self._buckets.make(number)
        bucket.add(contact, now if last is None else last, rtt_ms, failures)
        bucket.forget_waiting(contact)
        self._count += 1
        self._touch(number, now)

    def _remove(self, contact):
        bucket, row = self._row(contact)
        bucket.remove(row)
        self._count -= 1
        self._buckets.drop_if_empty(self._buckets.number(contact))

    def _is_full(self, bucket, number, contact):
        """True if a bucket has no room for a contact. One of the k nearest to the own id finds room for twice as many."""
        size = len(bucket)
        if size < self.k:
            return False
        if size >= 2 * self.k or self._buckets.bits(number) < self._buckets.nearest_bits(self.k):
            return True
        return not self._is_near(contact)

    def _is_near(self, contact):
        """True for one of the k nearest to the own id."""
        nearest = self._buckets.closest(self.own_id, self.k, False)
        return len(nearest) < self.k or self._distance(contact) < max([self._distance(other) for other in nearest])

    def _distance(self, contact):
        return node_id.distance(contact[:NODE_ID_BYTES], self.own_id)

    def _rivals(self, contact, gone=None):
        """The contacts that must go for this one to come, as a list; None if one of them has the better right to be there."""
        address = contact[NODE_ID_BYTES:]
        alike = list(self._buckets.find(self._mark(address), NODE_ID_BYTES))
        own = self._buckets.get(self._buckets.number(contact))
        row = -1 if own is None else own.find(contact[:NODE_ID_BYTES], 0)
        if row >= 0:
            alike.append((own, row))
        rivals = []
        for bucket, row in alike:
            other = bucket.contact(row)
            if other == contact or other == gone or other in rivals:
                continue
            has_moved = other[:NODE_ID_BYTES] == contact[:NODE_ID_BYTES] and other[NODE_ID_BYTES:-2] == address[:-2]
            if not (other[NODE_ID_BYTES:] == address or has_moved or bucket.note(row)[2] >= FAILURES_REPLACED):
                return None
            rivals.append(other)
        return rivals

    def _mark(self, address):
        """The beginning of an address that only one contact may have."""
        if compact.is_loopback(address):
            return address
        if compact.is_private(address):
            return compact.ip(address)
        if self._one_per_prefix:
            return compact.prefix(address)
        return address[:4] if self.family == 4 else address[:8]

    # A table at its capacity

    def _give_way(self, number, contact):
        """Make room for one more in a bucket, if another has more than its share, or if the newcomer is near."""
        donor = self._donor(number)
        if donor is not None:
            bucket = self._buckets.get(donor)
            notes = bucket.notes()
            row = max(range(len(notes)), key=lambda at: (notes[at][2], notes[at][1]))
            self._remove(bucket.contact(row))
            return True
        if not self._is_near(contact):
            return False
        others = self._buckets.closest(self.own_id, self._count, False)[self.k :]
        near = self._buckets.nearest_bits(self.k)
        # Rather one too many of the neighbours than the only one of somewhere else.
        gone = [other for other in others if self._buckets.bits(self._buckets.number(other)) >= near] or others
        if gone:
            self._remove(gone[-1])
        return bool(gone)

    def _donor(self, number):
        """The bucket to take one from: the fullest, the farthest of several; the k nearest to the own id are not taken from."""
        near = self._buckets.nearest_bits(self.k)
        bits = self._buckets.bits
        donor, best = None, (1, 0)
        for other, bucket in self._buckets.items():
            rank = (len(bucket), -bits(other))
            if bits(other) < near and other != number and rank > best:
                donor, best = other, rank
        if donor is None or (bits(number) < near and best[0] <= len(self._buckets.get(number) or ()) + 1):
            return None
        return donor


def _is_doubtful(bucket, now):
    """True if a full bucket holds one that failed or has not been heard for long."""
    last, _, failures = bucket.oldest()[1]
    return failures > 0 or now - last >= QUESTIONABLE_S
