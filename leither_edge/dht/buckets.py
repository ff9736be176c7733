"""Where contacts lie in a routing table, and which are nearest to a target.

The id space is cut into equal ranges by its first bits, and the range that holds the own id is cut on by bits shared with it, as in
Kademlia; each part has a bucket. So what is nearest to a target lies in one or two small buckets.
"""

from leither_edge.dht.bucket import Bucket
from leither_edge.dht.compact import NODE_ID_BYTES

ID_BITS = 160


class Buckets:
    """Args: own_id (20 bytes), contact_bytes (26 or 38), wide (first bits that cut the space into ranges).

    A bucket's number is its range (above 0, relative to the own one), or ``base`` and the bits that its contacts share with the own id.
    """

    __slots__ = ("wide", "base", "_own", "_size", "_buckets", "_deep")

    def __init__(self, own_id, contact_bytes, wide):
        self.wide = wide
        self.base = 1 << wide
        self._own = int.from_bytes(own_id, "big")
        self._size = contact_bytes
        self._buckets = {}
        # The numbers of those in the own range, in order.
        self._deep = []

    def number(self, contact):
        """The number of the bucket where a contact belongs; None for the own id."""
        difference = int.from_bytes(contact[:NODE_ID_BYTES], "big") ^ self._own
        if not difference:
            return None
        return difference >> ID_BITS - self.wide or self.base + ID_BITS - difference.bit_length()

    def bits(self, number):
        """How many bits the contacts of a bucket share with the own id."""
        return self.wide - number.bit_length() if number < self.base else number - self.base

    def get(self, number):
        """A Bucket, or None where there is no contact."""
        return self._buckets.get(number)

    def make(self, number):
        """The Bucket of that number, there from now on."""
        bucket = self._buckets.get(number)
        if bucket is None:
            bucket = self._buckets[number] = Bucket(self._size)
            if number >= self.base:
                self._deep.append(number)
                self._deep.sort()
        return bucket

    def drop_if_empty(self, number):
        """Forget a bucket without contacts."""
        bucket = self._buckets.get(number)
        if bucket is not None and not len(bucket):
            del self._buckets[number]
            if number >= self.base:
                self._deep.remove(number)

    def numbers(self):
        """The numbers of all buckets, as a list."""
        return list(self._buckets)

    def all(self):
        """Every Bucket; none may come or go meanwhile."""
        return self._buckets.values()

    def items(self):
        """(number, Bucket) of all; none may come or go meanwhile."""
        return self._buckets.items()

    def nearest_bits(self, count):
        """How many bits the ``count`` contacts nearest to the own id share with it at least; 160 if the own range is empty."""
        bits, covered = ID_BITS, 0
        for number in reversed(self._deep):
            if covered >= count:
                break
            bits, covered = number - self.base, covered + len(self._buckets[number])
        return bits

    def find(self, part, at):
        """(Bucket, row) of every bucket's first contact whose bytes from ``at`` on are ``part``."""
        for bucket in self._buckets.values():
            if part in bucket.contacts:
                row = bucket.find(part, at)
                if row >= 0:
                    yield bucket, row

    def closest(self, target, count, good_only):
        """At most ``count`` contacts, nearest to a target (20 bytes) first; those that failed behind all others, or left out."""
        aim = int.from_bytes(target, "big")
        from_bytes = int.from_bytes
        buckets = self._buckets
        found, silent = [], []
        for number in self._order(aim ^ self._own):
            bucket = buckets.get(number)
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
        silent.sort(key=lambda contact: from_bytes(contact[:20], "big") ^ aim)
        return (found + silent)[:count]

    def _order(self, difference):
        """The buckets' numbers, from the nearest on, for a target that differs from the own id in these bits."""
        top = difference >> ID_BITS - self.wide
        for step in range(self.base):
            number = step ^ top
            if number:
                yield number
                continue
            # In the own range: a bucket is nearer than all deeper ones where the target has its deciding bit, else farther.
            last = self.base + ID_BITS - 1
            for number in self._deep:
                if difference >> last - number & 1:
                    yield number
            for number in reversed(self._deep):
                if not difference >> last - number & 1:
                    yield number

    def somewhere(self, bits, noise):
        """An id that shares exactly so many bits with the own one; its other bits are those of ``noise`` (whole number)."""
        free = ID_BITS - 1 - bits
        return (((self._own >> free) ^ 1) << free | noise & (1 << free) - 1).to_bytes(NODE_ID_BYTES, "big")

    def in_range(self, number, noise):
        """An id in a range (not the own one); its other bits are those of ``noise`` (whole number)."""
        free = ID_BITS - self.wide
        return (((self._own >> free) ^ number) << free | noise & (1 << free) - 1).to_bytes(NODE_ID_BYTES, "big")
