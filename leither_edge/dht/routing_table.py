"""The contacts of a node, many near its own id and some from everywhere else (BEP 5).

The id space is cut into equal ranges by its first bits, as many as the capacity allows, and the range that holds the own id is cut
on by bits shared with it, as in Kademlia; each part has a bucket of k. So a lookup starts some bits nearer than with plain buckets,
and what is nearest to a target lies in one or two small buckets. A contact enters only by a reply it gave (`heard`).
"""

from leither_edge.core.sha256 import sha256
from leither_edge.dht import compact
from leither_edge.dht.bucket import FAILURES_MAX, RTT_UNKNOWN, Bucket
from leither_edge.dht.compact import CONTACT_BYTES, NODE_ID_BYTES

ID_BITS = 160
# BEP 5: who has not been heard for that long is questionable, and a part of the table not renewed for that long is searched anew.
QUESTIONABLE_S = 900
REFRESH_S = 900
# A datagram gets lost now and then; two in a row, and whoever waits takes the place.
FAILURES_REPLACED = 2
# Nobody waits: kept for some more tries, as it may be our own line that is down.
FAILURES_REMOVED = 6
RETRY_S = 60
WAITING = 4
# Beyond that many ranges a list of them costs more than the hops it saves.
_WIDE_MAX = 10
_DUMP_VERSION = 1


class RoutingTable:
    """At most ``capacity`` contacts of one address family.

    Args: own_id (20 bytes), family (4 or 6), capacity (contacts), k (of one bucket), one_per_prefix (one node of each /24, for IPv6
    each /48, among global addresses; off for a closed network whose nodes may share one). One node per IPv4 address or IPv6 /64
    holds always, except on loopback, where all nodes of one machine share an address.
    """

    __slots__ = ("own_id", "family", "capacity", "k", "_own", "_wide", "_base", "_buckets", "_deep", "_touched", "_count", "_cursor",
                 "_size", "_one_per_prefix")  # fmt: skip

    def __init__(self, own_id, family, capacity, k=8, one_per_prefix=True):
        self.family = family
        self.capacity = capacity
        self.k = k
        self._size = CONTACT_BYTES[family]
        self._one_per_prefix = one_per_prefix
        self._wide = 0
        while self._wide < _WIDE_MAX and (k << self._wide + 1) * 2 <= capacity:
            self._wide += 1
        self._base = 1 << self._wide
        self._clear(own_id)

    def _clear(self, own_id):
        self.own_id = own_id
        self._own = int.from_bytes(own_id, "big")
        # {range number or base + shared bits: Bucket}; the second kind also in order, as _deep.
        self._buckets = {}
        self._deep = []
        self._touched = []
        self._count = 0
        self._cursor = 0

    def __len__(self):
        return self._count

    def __iter__(self):
        """Every contact."""
        for bucket in list(self._buckets.values()):
            yield from bucket.split()

    def __contains__(self, contact):
        bucket = self._buckets.get(self._key(contact))
        return bucket is not None and bucket.find(contact, 0) >= 0

    # What was learned

    def heard(self, contact, now, rtt_ms):
        """A contact replied to a request of ours, with its transaction and from its address.

        Args: contact (id and address), now (seconds), rtt_ms (whole milliseconds). Returns None, or a contact to ping, since the newcomer
        waits for its place.
        """
        key = self._key(contact)
        if key is None:
            return None
        bucket = self._buckets.get(key)
        if bucket is not None:
            row = bucket.find(contact, 0)
            if row >= 0:
                bucket.set_note(row, now, rtt_ms, 0)
                self._touch(key, now)
                return None
            if len(bucket) >= self.k and not self._is_doubtful(bucket, now):
                bucket.let_wait(contact, WAITING)
                return None
        rivals = self._rivals(contact)
        if rivals is None:
            return None
        for other in rivals:
            self._remove(other)
        # Made only now: whoever is turned away leaves nothing behind.
        bucket = self._bucket(key, now)
        if len(bucket) < self.k and (self._count < self.capacity or self._give_way(key)):
            self._add(key, contact, now, rtt_ms, 0)
            return None
        return self._wait(bucket, contact, key, now, rtt_ms)

    def _is_doubtful(self, bucket, now):
        last, _, failures = bucket.oldest()[1]
        return failures > 0 or now - last >= QUESTIONABLE_S

    def _wait(self, bucket, contact, key, now, rtt_ms):
        if not len(bucket):
            self._drop_if_empty(key)
            return None
        row, (last, _, failures) = bucket.oldest()
        if failures >= FAILURES_REPLACED:
            bucket.replace(row, contact, now, rtt_ms, 0)
            bucket.forget_waiting(contact)
            self._touch(key, now)
            return None
        bucket.let_wait(contact, WAITING)
        return bucket.contact(row) if failures or now - last >= QUESTIONABLE_S else None

    def failed(self, address, now):
        """A request to an address got no reply in time; what is not in the table is ignored."""
        for bucket in self._buckets.values():
            row = bucket.find(address, NODE_ID_BYTES)
            if row >= 0:
                break
        else:
            return
        rtt_ms, failures = bucket.note(row)[1:]
        failures = min(failures + 1, FAILURES_MAX)
        bucket.set_note(row, now, rtt_ms, failures)
        if failures >= FAILURES_REPLACED and bucket.waiting:
            gone = bucket.contact(row)
            for contact in bucket.split_waiting():
                bucket.forget_waiting(contact)
                rivals = self._rivals(contact, gone)
                if rivals is not None and not rivals:
                    bucket.replace(row, contact, now, RTT_UNKNOWN, 0)
                    self._touch(self._key(contact), now)
                    return
        # With the last ones gone there would be no way back after an outage of our own.
        if failures >= FAILURES_REMOVED and self._count > self.k:
            self._remove(bucket.contact(row))

    def wants(self, contact, now):
        """True if a reply of this contact would bring it into the table, or could: worth a ping."""
        key = self._key(contact)
        if key is None:
            return False
        bucket = self._buckets.get(key)
        if bucket is not None and bucket.find(contact, 0) >= 0:
            return False
        if bucket is not None and len(bucket) >= self.k:
            has_place = self._is_doubtful(bucket, now)
        else:
            has_place = self._count < self.capacity or self._donor(key) is not None
        return has_place and self._rivals(contact) is not None

    # What is asked

    def closest(self, target, count, good_only=False):
        """The contacts nearest to a target (20 bytes), nearest first, at most ``count``; good ones before silent ones."""
        aim = int.from_bytes(target, "big")
        from_bytes = int.from_bytes
        buckets = self._buckets
        found, silent = [], []
        for key in self._order(aim ^ self._own):
            bucket = buckets.get(key)
            if bucket is None:
                continue
            contacts = bucket.split()
            failures = bucket.failures()
            if any(failures):
                if not good_only:
                    silent += [contact for contact, failed in zip(contacts, failures, strict=True) if failed]
                contacts = [contact for contact, failed in zip(contacts, failures, strict=True) if not failed]
            found += sorted(contacts, key=lambda contact: from_bytes(contact[:20], "big") ^ aim)
            if len(found) >= count:
                return found[:count]
        if silent:
            found += sorted(silent, key=lambda contact: from_bytes(contact[:20], "big") ^ aim)
        return found[:count]

    def _order(self, difference):
        """The buckets' numbers, from the nearest on, for a target that differs from the own id in these bits."""
        top = difference >> ID_BITS - self._wide
        base = self._base
        for step in range(base):
            number = step ^ top
            if number:
                yield number
                continue
            # In the own range, a bucket whose deciding bit the target has not is nearer than all deeper ones; else they are.
            last = base + ID_BITS - 1
            for key in self._deep:
                if difference >> last - key & 1:
                    yield key
            for key in reversed(self._deep):
                if not difference >> last - key & 1:
                    yield key

    def rtt_ms(self, contact):
        """The last round trip to a contact, ms, or None."""
        bucket = self._buckets.get(self._key(contact))
        row = -1 if bucket is None else bucket.find(contact, 0)
        if row < 0:
            return None
        rtt_ms = bucket.note(row)[1]
        return None if rtt_ms == RTT_UNKNOWN else rtt_ms

    def failures(self, contact):
        """How often in a row a contact of the table did not answer."""
        bucket = self._buckets[self._key(contact)]
        return bucket.note(bucket.find(contact, 0))[2]

    def good_count(self):
        """How many answered when they were last asked."""
        return sum(bucket.failures().count(0) for bucket in self._buckets.values())

    def to_check(self, now):
        """A contact to ping, since it has not been heard for long or failed, or None. The buckets take turns."""
        keys = list(self._buckets)
        for step in range(len(keys)):
            at = (self._cursor + step) % len(keys)
            bucket = self._buckets[keys[at]]
            row, (last, _, failures) = bucket.oldest()
            if now - last >= (RETRY_S if failures == 1 else QUESTIONABLE_S):
                self._cursor = at + 1
                return bucket.contact(row)
        return None

    def due(self, now):
        """An id to look up, since the part of the table it lies in has not been renewed for long, or None. Counts as renewed with that."""
        for bits, last in enumerate(self._touched):
            if now - last >= REFRESH_S:
                self._touched[bits] = now
                return self._somewhere(bits, now)
        return None

    def _somewhere(self, bits, now):
        """An id that shares so many bits with the own one."""
        free = ID_BITS - 1 - bits
        digest = int.from_bytes(sha256(self.own_id + b"%d" % int(now * 1000)).digest()[:NODE_ID_BYTES], "big")
        return (((self._own >> free) ^ 1) << free | digest & (1 << free) - 1).to_bytes(NODE_ID_BYTES, "big")

    def network_size(self):
        """About how many nodes the network has, this one among them: counted where no bucket is full, for the rest by proportion."""
        shared = [0] * (ID_BITS + 1)
        # At its capacity it knows only its nearest well.
        full = self._near() - 1 if self._count >= self.capacity else -1
        for key, bucket in self._buckets.items():
            bits = self._bits(key)
            shared[bits] += len(bucket)
            if len(bucket) >= self.k:
                full = max(full, bits)
        return (1 + sum(shared[full + 1 :])) << full + 1

    # Kept over a restart, and a new id

    def dump(self):
        """The contacts as bytes for `load`, those that answered last first."""
        head = bytes((_DUMP_VERSION, self.family))
        good, silent = [], []
        for bucket in self._buckets.values():
            for contact, failed in zip(bucket.split(), bucket.failures(), strict=True):
                (silent if failed else good).append(contact)
        return head + b"".join(good) + b"".join(silent)

    def load(self, data, now):
        """Takes in what `dump` gave; counts as silent until heard. Returns how many; 0 for bytes it cannot read."""
        if data[:2] != bytes((_DUMP_VERSION, self.family)) or (len(data) - 2) % self._size:
            return 0
        before = self._count
        for at in range(2, len(data), self._size):
            contact = data[at : at + self._size]
            key = self._key(contact)
            if key is not None and compact.is_usable(contact[NODE_ID_BYTES:]):
                self._take_in(key, contact, now, 0, RTT_UNKNOWN, 1)
        return self._count - before

    def rebase(self, own_id):
        """A new own id: the contacts stay, sorted anew, as far as they have room."""
        rows = []
        for bucket in self._buckets.values():
            rows += zip(bucket.split(), bucket.notes(), strict=True)
        rows.sort(key=lambda row: (row[1][2], -row[1][0]))
        touched = max(self._touched, default=0)
        self._clear(own_id)
        for contact, (last, rtt_ms, failures) in rows:
            key = self._key(contact)
            if key is not None:
                self._take_in(key, contact, touched, last, rtt_ms, failures)

    def _take_in(self, key, contact, now, last, rtt_ms, failures):
        bucket = self._buckets.get(key)
        if self._rivals(contact) != [] or (bucket is not None and (len(bucket) >= self.k or bucket.find(contact, 0) >= 0)):
            return
        if self._count < self.capacity or self._give_way(key):
            self._bucket(key, now)
            self._add(key, contact, now, rtt_ms, failures, last)

    # Buckets

    def _key(self, contact):
        """The number of a contact's bucket; None for the own id."""
        difference = int.from_bytes(contact[:NODE_ID_BYTES], "big") ^ self._own
        if not difference:
            return None
        return difference >> ID_BITS - self._wide or self._base + ID_BITS - difference.bit_length()

    def _bits(self, key):
        """How many bits the contacts of a bucket share with the own id."""
        return self._wide - key.bit_length() if key < self._base else key - self._base

    def _bucket(self, key, now):
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._size)
            if key >= self._base:
                self._deep.append(key)
                self._deep.sort()
            while len(self._touched) <= self._bits(key):
                self._touched.append(now)
        return bucket

    def _touch(self, key, now):
        self._touched[self._bits(key)] = now

    def _add(self, key, contact, now, rtt_ms, failures, last=None):
        bucket = self._buckets[key]
        bucket.add(contact, now if last is None else last, rtt_ms, failures)
        bucket.forget_waiting(contact)
        self._count += 1
        self._touch(key, now)

    def _remove(self, contact):
        key = self._key(contact)
        bucket = self._buckets[key]
        bucket.remove(bucket.find(contact, 0))
        self._count -= 1
        self._drop_if_empty(key)

    def _drop_if_empty(self, key):
        if not len(self._buckets[key]):
            del self._buckets[key]
            if key >= self._base:
                self._deep.remove(key)

    def _rivals(self, contact, gone=None):
        """The contacts that must go for this one to come, as a list; None if one of them has the better right to be there."""
        address = contact[NODE_ID_BYTES:]
        rivals = []
        for bucket, row in self._like(contact, self._mark(address)):
            other = bucket.contact(row)
            if other == contact or other == gone or other in rivals:
                continue
            same_ip = other[NODE_ID_BYTES:-2] == address[:-2]
            moved = same_ip and other[:NODE_ID_BYTES] == contact[:NODE_ID_BYTES]
            if other[NODE_ID_BYTES:] == address or moved or bucket.note(row)[2]:
                rivals.append(other)
            else:
                return None
        return rivals

    def _like(self, contact, mark):
        """(bucket, row) of every contact with the same id, or with an address that begins with ``mark``."""
        own = self._buckets.get(self._key(contact))
        if own is not None:
            row = own.find(contact[:NODE_ID_BYTES], 0)
            if row >= 0:
                yield own, row
        for bucket in self._buckets.values():
            row = bucket.find(mark, NODE_ID_BYTES)
            if row >= 0:
                yield bucket, row

    def _mark(self, address):
        """The part of an address that only one contact may have."""
        if compact.is_loopback(address):
            return address
        if compact.is_private(address):
            return compact.ip(address)
        if self._one_per_prefix:
            return compact.prefix(address)
        return address[:4] if self.family == 4 else address[:8]

    # A table at its capacity

    def _give_way(self, key):
        """Make room for one more in a bucket, if another has more than its share."""
        donor = self._donor(key)
        if donor is None:
            return False
        bucket = self._buckets[donor]
        notes = bucket.notes()
        row = max(range(len(notes)), key=lambda at: (notes[at][2], notes[at][1]))
        self._remove(bucket.contact(row))
        return True

    def _donor(self, key):
        """The bucket to take one from: the fullest, the farthest of several; the k nearest to the own id are not taken from."""
        near = self._near()
        size = len(self._buckets.get(key, ()))
        donor, best = None, (1, 0)
        for other, bucket in self._buckets.items():
            rank = (len(bucket), -self._bits(other))
            if self._bits(other) < near and other != key and rank > best:
                donor, best = other, rank
        if donor is None or (self._bits(key) < near and best[0] <= size + 1):
            return None
        return donor

    def _near(self):
        """How many bits the k nearest to the own id share with it, at least."""
        near, covered = ID_BITS, 0
        for deep in reversed(self._deep):
            if covered >= self.k:
                break
            near, covered = self._bits(deep), covered + len(self._buckets[deep])
        return near
