"""Items that others have put here (BEP 44): bounded in number and bytes, nearest to the own id kept first, each for two hours.

What a flood can do: fill the shares of its networks. A full store gives up what the network holds that has most here, the farthest from
the own id first, since whoever tries can make values that lie near; among networks that have one each, the farthest goes.
"""

import struct

from leither_edge.dht import compact
from leither_edge.dht.item import Item, size_error, target_of

LIFE_S = 7200
# Of a full store, what one network (/24, /48) may hold.
SHARE = 8
SHARE_MIN = 8
SEQUENCES_MAX = 4096

# Rows looked at for the network that has most.
_TRIED = 8

# Distance to the own id (20 bytes), seconds of its end, network that put it (7 bytes); sorted by distance.
_ROW = struct.Struct(">20sI7s")
_ROW_BYTES = _ROW.size
_DISTANCE_BYTES = 20
_NETWORK_AT = 24
# A mutable item as one byte string: key, signature, sequence number, length of the salt, salt, value. An immutable one is 0 and its value.
_HEAD = struct.Struct(">B32s64sQB")
_TIME_MAX = 0xFFFFFFFF


class Refused(Exception):
    """An item that is not stored. Args: code (error number of BEP 5 or 44), text (short, plain, goes out to the other)."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
        self.text = text


class Sequences:
    """Highest sequence numbers seen, in memory: the oldest ones are forgotten beyond ``most``."""

    __slots__ = ("_most", "_known")

    def __init__(self, most=SEQUENCES_MAX):
        self._most = most
        self._known = {}

    def get(self, target):
        """The highest number seen for a target (20 bytes), or None."""
        return self._known.get(target)

    def set(self, target, seq):
        """Note a number."""
        self._known.pop(target, None)
        self._known[target] = seq
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]


class ItemStore:
    """Args: own_id (20 bytes), items_max, bytes_max (of the items as kept), sequences (get and set; outlives the items, so that an old
    item cannot come back after its time). Attributes: bytes."""

    __slots__ = ("bytes", "_own", "_items_max", "_bytes_max", "_sequences", "_rows", "_records", "_cursor", "_heaviest", "_soonest")

    def __init__(self, own_id, items_max, bytes_max, sequences=None):
        self._own = int.from_bytes(own_id, "big")
        self._items_max = items_max
        self._bytes_max = bytes_max
        self._sequences = Sequences() if sequences is None else sequences
        self._rows = bytearray()
        self._records = []
        # Where to look for the network that has most, and which that was last time.
        self._cursor = 0
        self._heaviest = bytes(7)
        # Nothing ends before.
        self._soonest = 0
        self.bytes = 0

    def __len__(self):
        return len(self._records)

    def targets(self):
        """The targets of all items, nearest to the own id first."""
        for at in range(len(self._records)):
            yield self._distance(self._row(at)[0])

    def get(self, target, now):
        """The Item of a target (20 bytes), or None."""
        at, is_there = self._find(self._distance(target))
        if not is_there or self._row(at)[1] <= now:
            return None
        return _read(self._records[at])

    def check(self, item, cas, now):
        """Everything about a put but its signature. cas: number or None.

        Returns True if the very same item lies here already, so that its signature need not be checked again.
        Raises Refused: 205, 207, 301, 302.
        """
        wrong = size_error(item.value, item.salt)
        if wrong is not None:
            raise Refused(*wrong)
        target = target_of(item)
        present = self.get(target, now)
        if item.key is None:
            return present is not None
        if present is not None and cas is not None and cas != present.seq:
            raise Refused(301, f"the sequence number here is {present.seq}, not {cas}: read the item again")
        known = self._sequences.get(target) if present is None else present.seq
        if known is not None and item.seq < known:
            raise Refused(302, f"the sequence number here is {known}, {item.seq} is older")
        if present is not None and item.seq == present.seq and item.value != present.value:
            raise Refused(302, f"the sequence number {item.seq} is here with another value")
        return present == item

    def put(self, item, cas, address, now):
        """Store an item whose signature is good, or keep it for two more hours.

        Args: cas (number or None), address (packed, of whoever puts it). Raises Refused: as check, and 202 if there is no room for it.
        """
        is_known = self.check(item, cas, now)
        target = target_of(item)
        distance = self._distance(target)
        ends = min(int(now) + LIFE_S, _TIME_MAX)
        self._soonest = min(self._soonest, ends)
        at, is_there = self._find(distance)
        if is_there and is_known:
            _ROW.pack_into(self._rows, at * _ROW_BYTES, distance, ends, self._row(at)[2])
            return
        record = _write(item)
        network = _network(address)
        if is_there:
            # The network that brought it first goes on to answer for it.
            network = self._row(at)[2]
            self._remove(at)
        else:
            self._make_room(distance, network, len(record), now)
        self._insert(_ROW.pack(distance, ends, network), record)
        # A longer value in place of a shorter one may pass the bound.
        while self.bytes > self._bytes_max:
            self._remove(len(self._records) - 1)
        if item.key is not None:
            self._sequences.set(target, item.seq)

    def expire(self, now):
        """Let go of what is older than two hours; returns how many."""
        if now < self._soonest:
            return 0
        gone = [at for at in range(len(self._records)) if self._row(at)[1] <= now]
        for at in reversed(gone):
            self._remove(at)
        self._soonest = min((self._row(at)[1] for at in range(len(self._records))), default=_TIME_MAX)
        return len(gone)

    def rebase(self, own_id):
        """A new own id: from now on distance is measured from there."""
        rows = [(self._distance(distance), ends, network) for distance, ends, network in _ROW.iter_unpack(self._rows)]
        self._own = int.from_bytes(own_id, "big")
        order = sorted((self._distance(target), at) for at, (target, _, _) in enumerate(rows))
        self._rows = bytearray(b"".join([_ROW.pack(distance, *rows[at][1:]) for distance, at in order]))
        self._records = [self._records[at] for _, at in order]

    def _make_room(self, distance, network, size, now):
        if self._has_room(size):
            return
        self.expire(now)
        while not self._has_room(size):
            self._remove(self._victim(distance, network))

    def _has_room(self, size):
        return len(self._records) < self._items_max and self.bytes + size <= self._bytes_max

    def _victim(self, distance, network):
        """The row that gives way to a newcomer: the farthest of the network that has most here, so that a crowd of networks does not
        drive out those that have little. Raises Refused if the newcomer has the least right to be here."""
        own = most = self._rows.count(network)
        heaviest, count = network, len(self._records)
        # Counting some in passes through flat bytes is cheaper than to remember how much each network has.
        tried = [self._row((self._cursor + step * count // _TRIED) % count)[2] for step in range(_TRIED)]
        for other in (self._heaviest, *tried):
            held = self._rows.count(other)
            if held > most:
                heaviest, most = other, held
        self._cursor = (self._cursor + 1) % count
        self._heaviest = heaviest
        if most > own + 1 and own < self._share():
            return self._farthest(heaviest)
        if own > 1:
            at = self._farthest(network)
            if self._row(at)[0] < distance:
                raise Refused(202, "your network has its share of what is kept here: ask another node")
            return at
        if self._row(count - 1)[0] < distance:
            raise Refused(202, "full of items nearer to this node: ask another node")
        return count - 1

    def _share(self):
        return max(self._items_max // SHARE, SHARE_MIN)

    def _farthest(self, network):
        """The last row that a network put."""
        place = self._rows.rfind(network)
        while place >= 0 and place % _ROW_BYTES != _NETWORK_AT:
            place = self._rows.rfind(network, 0, place)
        return place // _ROW_BYTES if place >= 0 else len(self._records) - 1

    # Rows and records, in the same order

    def _distance(self, target):
        return (int.from_bytes(target, "big") ^ self._own).to_bytes(_DISTANCE_BYTES, "big")

    def _row(self, at):
        return _ROW.unpack_from(self._rows, at * _ROW_BYTES)

    def _find(self, distance):
        """(place, whether it is there) of a distance."""
        rows = self._rows
        low, high = 0, len(self._records)
        while low < high:
            middle = low + high >> 1
            start = middle * _ROW_BYTES
            if rows[start : start + _DISTANCE_BYTES] < distance:
                low = middle + 1
            else:
                high = middle
        start = low * _ROW_BYTES
        return low, rows[start : start + _DISTANCE_BYTES] == distance

    def _insert(self, row, record):
        at = self._find(row[:_DISTANCE_BYTES])[0]
        self._rows[at * _ROW_BYTES : at * _ROW_BYTES] = row
        self._records.insert(at, record)
        self.bytes += len(record)

    def _remove(self, at):
        del self._rows[at * _ROW_BYTES : (at + 1) * _ROW_BYTES]
        self.bytes -= len(self._records.pop(at))


def _network(address):
    """7 bytes: the family and the /24 or /48 of an address; at home, where all share one, the address's own end."""
    network = compact.prefix(address) if compact.is_global(address) else compact.ip(address)[-6:]
    return bytes((len(address),)) + network.ljust(6, b"\0")


def _write(item):
    if item.key is None:
        return b"\0" + item.value
    return _HEAD.pack(1, item.key, item.signature, item.seq, len(item.salt)) + item.salt + item.value


def _read(record):
    if not record[0]:
        return Item(record[1:])
    _, key, signature, seq, salt_bytes = _HEAD.unpack_from(record)
    start = _HEAD.size + salt_bytes
    return Item(record[start:], key, record[_HEAD.size : start], seq, signature)
