"""The sealed record of an invitation as a signed item in the DHT, under the key that the code gives."""

import trio

from leither_edge.dht import DhtError, bencode, item

SALT = b"leither/invite"
RETRY_S = 15.0
# Nodes of the network keep it for two hours, and some leave.
AGAIN_S = 900.0


class DhtPlace:
    """Args: dht (() -> the DHT node, or None while there is none), clock (-> s since 1970)."""

    __slots__ = ("_dht", "_clock")

    def __init__(self, dht, clock):
        self._dht, self._clock = dht, clock

    async def publish(self, place, sealed):
        """Keeps sealed bytes at a place (KeyPair) until cancelled."""
        while True:
            dht = self._dht()
            stored = dht is not None and await self._put(dht, place, bencode.encode(sealed))
            await trio.sleep(AGAIN_S if stored else RETRY_S)

    async def find(self, place):
        """The sealed bytes at a place (KeyPair), or None. Never raises for want of a network."""
        dht = self._dht()
        if dht is None:
            return None
        try:
            found = (await dht.get_mutable(place.public_key, SALT)).value
            value = None if found is None else bencode.decode(found.value)
        except (DhtError, bencode.BencodeError):
            return None
        return value if isinstance(value, bytes) else None

    async def _put(self, dht, place, value):
        try:
            await dht.put_mutable(item.make_mutable(value, place.public_key, SALT, int(self._clock()), place.sign))
        except DhtError:
            return False
        return True
