"""A hole in the home router for this host's peer port, by UPnP (miniupnpc, the extra `nat`). For laptops: a device asks no router.

Each step asks the router anew, in a thread of its own, as the library waits for it. The lease ends by itself when nobody renews it.
"""

from collections import namedtuple

import trio

LEASE_S = 3600
RENEW_S = LEASE_S // 2
# No router, or none that does this: it may be another network later.
AGAIN_S = 900
DISCOVER_MS = 2000
DESCRIPTION = "Leither Edge"
_PROTOCOL = "TCP"

# host: the router's IP literal towards the world; port: TCP there.
Mapped = namedtuple("Mapped", "host port")


def is_available():
    """Whether the library is installed."""
    try:
        import miniupnpc  # noqa: F401
    except ImportError:
        return False
    return True


class PortMapping:
    """Keeps a router's port leading to ours. Args: port (TCP of this host), log, make (() -> like miniupnpc.UPnP).

    Attributes: mapped (Mapped, None while there is none).
    """

    def __init__(self, port, log, make=None):
        self.mapped = None
        self._port, self._log = port, log
        self._make = make or _upnp
        self._router = None

    async def run(self):
        """Until cancelled, and then the hole is closed."""
        try:
            while True:
                # A thread that waits for a router cannot be stopped.
                found = await trio.to_thread.run_sync(self._ask, abandon_on_cancel=True)
                if found != self.mapped:
                    self.mapped = found
                    self._log.info("port mapping", **({"host": found.host, "port": found.port} if found else {"ended": True}))
                await trio.sleep(RENEW_S if found else AGAIN_S)
        finally:
            if self.mapped is not None:
                self.mapped = None
                with trio.CancelScope(shield=True), trio.move_on_after(DISCOVER_MS / 1000):
                    await trio.to_thread.run_sync(self._close, abandon_on_cancel=True)

    def _ask(self):
        try:
            router = self._make()
            router.discoverdelay = DISCOVER_MS
            if not router.discover():
                return None
            router.selectigd()
            if not router.addportmapping(self._port, _PROTOCOL, router.lanaddr, self._port, DESCRIPTION, "", LEASE_S):
                return None
            host = router.externalipaddress()
        except Exception:
            # The library raises bare Exceptions: no router here, or one that does not let us.
            return None
        self._router = router
        return Mapped(host, self._port) if host else None

    def _close(self):
        try:
            self._router.deleteportmapping(self._port, _PROTOCOL)
        except Exception:
            # The lease ends it.
            return


def _upnp():
    import miniupnpc

    return miniupnpc.UPnP()
