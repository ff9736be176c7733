"""Answers too large for a letter of the mailbox, for a while: whoever knows the hash may fetch one, and only its controller can open it.

Served whether or not the device is in a DHT just now; the mailbox itself is loaded only when it is.
"""

from leither_edge.discovery.interfaces import is_loopback
from leither_edge.http import HttpError, Response

BODIES_MAX = 4
BODIES_MAX_BYTES = 128 * 1024
_TYPE = "application/octet-stream"
_HEADERS = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))


class SealedBodies:
    """The newest bodies, in memory. ``serve`` is the handler of ``GET /mailbox/{digest}``."""

    __slots__ = ("_kept",)

    def __init__(self):
        self._kept = {}

    def keep(self, digest, sealed):
        """Have sealed bytes ready under their SHA-256; the oldest make room."""
        self._kept.pop(digest, None)
        self._kept[digest] = sealed
        while len(self._kept) > BODIES_MAX or sum(map(len, self._kept.values())) > BODIES_MAX_BYTES:
            del self._kept[next(iter(self._kept))]

    async def serve(self, request):
        """The body whose SHA-256 the path names in hexadecimal."""
        try:
            sealed = self._kept.get(bytes.fromhex(request.params["digest"]))
        except ValueError:
            sealed = None
        if sealed is None:
            raise HttpError(404, "There is nothing at this address.")
        return Response(200, sealed, _TYPE, _HEADERS)


def mailbox_service(node, executor, sealed_bodies, addresses, port):
    """What KeptDht is to run beside its node. addresses: () -> the device's IP literals; port: of its HTTP."""

    def urls():
        return [f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/" for host in addresses() if not is_loopback(host)]

    async def service(dht, wish):
        if wish.reach == "lan":
            # Whoever is in the house reaches the device itself.
            return
        from appliance.device.mailbox import keep_mailbox

        await keep_mailbox(node, dht, executor, sealed_bodies=sealed_bodies, addresses=urls)

    return service
