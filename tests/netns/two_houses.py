"""Two houses behind NAT, a device and a laptop at home in one of them, and what lies between the houses."""

import contextlib
import tempfile
from pathlib import Path

from tests.netns.world import World

HOME, CAFE = "home-router", "cafe-router"
DEVICE, LAPTOP, LAPTOP_AWAY = "192.168.1.20", "192.168.1.30", "192.168.1.40"
# Each router's public address, and that of the public side in the same network.
_HOUSES = {HOME: ("60.1.1.1", "60.1.1.254"), CAFE: ("60.2.2.1", "60.2.2.254")}


class TwoHouses:
    """A context manager. Who inherits it says in furnish() what else there is.

    Args: public, addresses of the public side beside those in the routers' networks.

    Attributes: folder (Path, removed at the end), world (World).
    """

    def __init__(self, *public):
        self._public = public
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self._build()
            self.furnish()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _build(self):
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self.world = world = self._stack.enter_context(World())
        world.public(*self._public, *(gateway for _, gateway in _HOUSES.values()))
        for router, (outside, gateway) in _HOUSES.items():
            world.house(router, outside, gateway)
        for machine, address in (("device", DEVICE), ("laptop", LAPTOP)):
            world.add(machine)
            world.plug_in(machine, HOME, address)

    def furnish(self):
        """Make what else there is, and start it."""

    def take_laptop_away(self):
        """Plug the laptop in at the café."""
        self.world.plug_in("laptop", CAFE, LAPTOP_AWAY)
