"""Asking a network for an address: busybox udhcpc and our script, one of them for each interface."""

import _signal as signal  # as in the supervisor's __main__
import os

from appliance.wifi import links
from appliance.wifi.lease import LEASE_MAX_BYTES, address_in
from appliance.wifi.programs import Program

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "udhcpc.sh")
# A router that has just started answers late: ask often, and never give up while there is a connection.
TRIES, EACH_S, PAUSE_S = 5, 2, 2


class DhcpClient:
    """udhcpc on one interface.

    Args:
        interface: its name.
        folder: for lease and records, under /run.
        resolv: path of the file that gets the name servers.
        metric: of the route, lowest first.
        log: function of a program's name to the path of its log or None.
    """

    def __init__(self, interface, folder, resolv, metric, log=lambda name: None):
        self._interface = interface
        self._lease = os.path.join(folder, f"lease.{interface}")
        command = ["udhcpc", "-f", "-R", "-i", interface, "-s", SCRIPT, "-x", "hostname:leither"]
        command += ["-t", str(TRIES), "-T", str(EACH_S), "-A", str(PAUSE_S)]
        environment = {"LEITHER_LEASE": self._lease, "LEITHER_RESOLV": resolv, "LEITHER_METRIC": str(metric)}
        self._program = Program(command, os.path.join(folder, f"udhcpc.{interface}.pid"), environment, log(f"udhcpc.{interface}"))
        self.is_on = False

    def start(self):
        """Ask until there is an address, and renew it. Raises BoardError."""
        if not self.is_on:
            _empty(self._lease)
            self._program.start()
            self.is_on = True

    def renew(self):
        """Ask at once whether the address still holds; this also sets the route anew. Nothing while it is off."""
        self._program.signal(signal.SIGUSR1)

    def stop(self):
        """Give the address back, if that still reaches anyone, and take it from the interface."""
        if self.is_on:
            self.is_on = False
            self._program.stop()
            _empty(self._lease)
            links.clear_address(self._interface)

    def tick(self):
        """Keep it running. Raises BoardError."""
        if self.is_on:
            self._program.tick()

    @property
    def address(self):
        """The address got, or None."""
        if not self.is_on:
            return None
        try:
            with open(self._lease, "rb") as file:
                return address_in(file.read(LEASE_MAX_BYTES))
        except OSError:
            return None


def _empty(path):
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    except OSError:
        pass
