"""Who has shown that he receives what is sent to his address, and how much may be sent to anyone who has not.

The source of a datagram is easily forged, so a reply larger than its question would let others aim us at a third. An address counts as
proved for ten minutes after it returned something only its owner could know; until then it gets no more bytes than came from it.
"""

from leither_edge.dht.flat_table import FlatTable

PROVED_S = 600
# What came in is remembered up to here: enough for any one reply.
ROOM_MAX = 4096


class Verified:
    """Addresses (packed, with the port) that have proved themselves, and the room of those that have not. Both families.

    Args: places (addresses of each kind and family that are remembered; the longest unheard ones are forgotten, which only makes us
    ask them again), salt (secret bytes).
    """

    __slots__ = ("_places", "_salt", "_proved", "_rooms")

    def __init__(self, places, salt=b""):
        self._places = places
        self._salt = salt
        # {bytes of an address: FlatTable}: a family that nobody uses takes no memory.
        self._proved = {}
        self._rooms = {}

    def add(self, address, now):
        """The address has proved itself: it returned a transaction id or a token that was sent there."""
        table = self._proved.get(len(address)) or self._make(self._proved, address, False)
        # +1: an expiry of 0 would be an empty row.
        table.set_stamp(table.take(address), now + PROVED_S + 1)

    def has(self, address, now):
        """True if it has proved itself within ten minutes."""
        table = self._proved.get(len(address))
        if table is None:
            return False
        at = table.find(address)
        return at >= 0 and table.stamp(at) > now + 1

    def earn(self, address, count, now):
        """So many bytes came from an unproved address."""
        table = self._rooms.get(len(address)) or self._make(self._rooms, address, True)
        at = table.take(address)
        table.set_stamp(at, now + 1)
        table.set_value(at, min(table.value(at) + count, ROOM_MAX))

    def room(self, address, now):
        """How many bytes may be sent to an unproved address: what came from it, less what went there."""
        table = self._rooms.get(len(address))
        at = -1 if table is None else table.find(address)
        return 0 if at < 0 else table.value(at)

    def spend(self, address, count, now):
        """So many bytes go to an unproved address."""
        table = self._rooms.get(len(address))
        at = -1 if table is None else table.find(address)
        if at >= 0:
            table.set_value(at, max(table.value(at) - count, 0))

    def _make(self, tables, address, has_value):
        table = tables[len(address)] = FlatTable(self._places, len(address), has_value, self._salt)
        return table
