"""The cables: every Ethernet interface with something at its other end asks for an address."""

from appliance.wifi import links
from appliance.wifi.dhcp import DhcpClient

METRIC = 100  # before the Wi-Fi


class Wired:
    """The interfaces that may have a cable.

    Args:
        interfaces: their names; they may come and go (USB).
        folder, resolv, log: as of DhcpClient.
    """

    def __init__(self, interfaces, folder, resolv, log=lambda name: None):
        self._clients = {name: DhcpClient(name, folder, resolv, METRIC, log) for name in interfaces}

    def tick(self):
        """Follow the cables. Raises BoardError."""
        for name, client in self._clients.items():
            if not links.exists(name):
                client.stop()
                continue
            if not client.is_on:
                try:
                    links.set_up(name)  # one that is off sees no cable
                except OSError:
                    continue
            if not links.has_carrier(name):
                client.stop()
            elif not client.is_on:
                client.start()
            client.tick()

    @property
    def address(self):
        """The address of a cable, or None."""
        return next((client.address for client in self._clients.values() if client.address), None)

    @property
    def is_plugged(self):
        """Whether there is something at the other end of a cable, or an address of it."""
        return any(links.has_carrier(name) for name in self._clients) or self.address is not None

    def renew(self):
        """Ask whether the addresses still hold; this also sets the routes anew."""
        for client in self._clients.values():
            client.renew()

    def stop(self):
        """Give the addresses back."""
        for client in self._clients.values():
            client.stop()
