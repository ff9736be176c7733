"""Publishes the records of a key. What is published already is taken into account: the same records need no new signature, others a later
sequence number than any that the network has seen, whatever this machine's clock says.
"""

from collections import namedtuple

from leither_edge.names import packet

# item: Item, as it is now published; report: of the DHT's put; is_new: whether it was signed anew.
Published = namedtuple("Published", "item report is_new")


class Publisher:
    """Publishes under one key.

    dht: with get_mutable, put_mutable and keep; key: with ``public_key`` and ``sign(message)``; clock_us: () -> microseconds since 1970;
    last: the Item that is known to have been published last, or None.
    """

    __slots__ = ("_clock_us", "_dht", "_has_looked", "_key", "_last")

    def __init__(self, dht, key, clock_us, last=None):
        self._dht = dht
        self._key = key
        self._clock_us = clock_us
        self._last = last
        self._has_looked = False

    @property
    def last(self):
        """The Item that was last published or found, or None."""
        return self._last

    async def current(self):
        """The Found of the key as the network has it. Raises DhtError."""
        found = await self._dht.get_mutable(self._key.public_key)
        if found.value is not None and (self._last is None or packet.is_newer(found.value, self._last)):
            self._last = found.value
        self._has_looked = True
        return found

    async def publish(self, records, *, is_kept=True):
        """Publish records ([Record] under the key's origin) in place of all before; the Published.

        Who has just asked for `current` is not made to wait for it again. is_kept: this node publishes them anew every hour.
        Raises PacketError (nothing was sent), DhtError.
        """
        key = self._key.public_key
        value = packet.write_value(key, records)
        if not self._has_looked:
            await self.current()
        self._has_looked = False
        last = self._last
        is_new = last is None or last.value != value
        if is_new:
            sequence = max(self._clock_us(), 0 if last is None else last.seq + 1)
            last = packet.make(key, records, sequence, self._key.sign)
        report = await self._dht.put_mutable(last)
        self._last = last
        if is_kept:
            await self._dht.keep(last)
        return Published(last, report, is_new)
