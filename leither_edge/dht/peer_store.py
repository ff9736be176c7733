"""Who has announced to have what (BEP 5), and a sample of what is announced here (BEP 51); bounded, each for half an hour."""

import struct

from leither_edge.dht import compact

LIFE_S = 1800
# Of all places, what one info hash, and what one IP address (of IPv6 the /64, which one line has whole) may take.
HASH_SHARE = 4
IP_SHARE = 16
SHARE_MIN = 8
# BEP 51: as many hashes as leave the reply below a kilobyte; the sample stays the same for so long.
SAMPLES = 20
SAMPLE_S = 300
# Looked at for the one that goes first when all places are taken.
_TRIED = 8
_HASH_BYTES = 20
_TIME = struct.Struct(">I")
_TIME_MAX = 0xFFFFFFFF


class PeerStore:
    """At most ``most`` announcements, of both families together. Rows of info hash, address and end, sorted, in one bytearray a family."""

    __slots__ = ("_most", "_rows", "_cursor", "_sample", "_sample_until")

    def __init__(self, most):
        self._most = most
        self._rows = {}
        self._cursor = 0
        self._sample = (b"", 0)
        self._sample_until = 0

    def __len__(self):
        return sum(len(rows) // _row_bytes(size) for size, rows in self._rows.items())

    def announce(self, info_hash, address, now):
        """Note that the peer at an address (packed, with the peer's port) has something; False if its share of places is taken."""
        size = len(address)
        rows = self._rows.setdefault(size, bytearray())
        ends = _TIME.pack(min(int(now) + LIFE_S, _TIME_MAX))
        start, end = self._range(rows, size, info_hash)
        width = _row_bytes(size)
        at = self._place(rows, width, info_hash + address)
        if rows.startswith(info_hash + address, at):
            rows[at + width - 4 : at + width] = ends
            return True
        if end - start >= max(self._most // HASH_SHARE, SHARE_MIN) * width:
            # The newest seeders of a crowd are worth as much as the oldest.
            self._remove_oldest(rows, width, range(start, end, width))
        elif self._count(rows, width, _line(address)) >= max(self._most // IP_SHARE, SHARE_MIN):
            return False
        elif len(self) >= self._most:
            self._evict(now)
        at = self._place(rows, width, info_hash + address)
        rows[at:at] = info_hash + address + ends
        return True

    def peers(self, info_hash, address_bytes, count, now, rand):
        """Addresses (of 6 or 18 bytes) of peers that announced an info hash, at most so many, drawn by rand (randrange)."""
        rows = self._rows.get(address_bytes)
        if not rows:
            return []
        width = _row_bytes(address_bytes)
        start, end = self._range(rows, address_bytes, info_hash)
        total = (end - start) // width
        first = rand.randrange(total) if total > count else 0
        found = []
        for step in range(total):
            at = start + (first + step) % total * width
            if _TIME.unpack_from(rows, at + width - 4)[0] > now:
                found.append(bytes(rows[at + _HASH_BYTES : at + width - 4]))
                if len(found) == count:
                    break
        return found

    def sample(self, now, rand):
        """(joined info hashes, at most 20; how many there are; seconds until another sample is drawn)."""
        if now >= self._sample_until:
            hashes = set()
            for size, rows in self._rows.items():
                hashes.update([bytes(rows[at : at + _HASH_BYTES]) for at in range(0, len(rows), _row_bytes(size))])
            hashes = sorted(hashes)
            count = len(hashes)
            drawn = []
            while hashes and len(drawn) < SAMPLES:
                drawn.append(hashes.pop(rand.randrange(len(hashes))))
            self._sample = (b"".join(drawn), count)
            self._sample_until = now + SAMPLE_S
        return (*self._sample, int(self._sample_until - now))

    def expire(self, now):
        """Let go of what is older than half an hour; returns how many."""
        gone = 0
        for size, rows in self._rows.items():
            width = _row_bytes(size)
            for at in range(len(rows) - width, -1, -width):
                if _TIME.unpack_from(rows, at + width - 4)[0] <= now:
                    del rows[at : at + width]
                    gone += 1
        return gone

    def _range(self, rows, size, info_hash):
        """(first, behind the last) byte of an info hash's rows."""
        width = _row_bytes(size)
        start = self._place(rows, width, info_hash)
        # No address ends behind these bytes.
        return start, self._place(rows, width, info_hash + b"\xff" * width)

    def _place(self, rows, width, begin):
        """Where a row that begins with these bytes lies, or would."""
        low, high = 0, len(rows) // width
        while low < high:
            middle = low + high >> 1
            if rows[middle * width : (middle + 1) * width] < begin:
                low = middle + 1
            else:
                high = middle
        return low * width

    def _count(self, rows, width, line):
        count = 0
        at = rows.find(line, _HASH_BYTES)
        while at >= 0:
            count += at % width == _HASH_BYTES
            at = rows.find(line, at + 1)
        return count

    def _evict(self, now):
        """Let one go: the oldest of some, next time of some others."""
        rows = max(self._rows.values(), key=len)
        width = next(_row_bytes(size) for size, other in self._rows.items() if other is rows)
        count = len(rows) // width
        places = [(self._cursor + step) % count * width for step in range(min(_TRIED, count))]
        self._cursor = (self._cursor + _TRIED) % count
        self._remove_oldest(rows, width, places)

    def _remove_oldest(self, rows, width, places):
        at = min(places, key=lambda place: _TIME.unpack_from(rows, place + width - 4)[0])
        del rows[at : at + width]


def _line(address):
    return address[:8] if len(address) == 18 and compact.is_global(address) else compact.ip(address)


def _row_bytes(address_bytes):
    return _HASH_BYTES + address_bytes + _TIME.size
