"""The way to devices through the DHT: one node of a network, alive in a thread of its own while commands are under way."""

import argparse
import math
import threading

from leither_edge.cli import dht_access
from leither_edge.cli.dht_network import Network, bootstrap_address, described, network_id, remembered
from leither_edge.cli.failure import Failure, UnreachableError
from leither_edge.cli.node_thread import NodeThread

LEAVE_S = 3


class DhtWay:
    """A node that several threads ask. Joins at the first call.

    Args:
        home: Home.
        network: the Network.
        say: function (text) that shows what it is doing.
    """

    def __init__(self, home, network, say):
        self.network = network
        self._home, self._say = home, say
        self._thread = NodeThread(self._live, LEAVE_S)

    def call(self, work, *args):
        """The result of ``await work(dht, *args)``. Raises Failure, or what work raises but for a DhtError."""
        import trio

        from leither_edge.dht import DhtError

        try:
            return self._thread.run(work, *args)
        except DhtError as error:
            raise dht_access.failure(error, self.network) from None
        except OSError as error:
            raise Failure(
                "This computer's network could not be used.", f"{error.strerror or error}.", "Is it connected?", code="network"
            ) from None
        except trio.RunFinishedError:
            raise UnreachableError(f"The node of {described(self.network)} on this computer has ended.", "", "Try again.") from None

    def close(self):
        """Leave the network."""
        self._thread.close()

    async def _live(self, serve):
        await dht_access.live(self._home, self.network, math.inf, self._say, serve, True)


class Ways:
    """Which ways commands may take, and the DHT nodes that some of them share.

    Args:
        home: Home.
        out: Output.
        via: "auto", "http", "dht" or "peer".
        timeout: seconds the user gave for a command, or None.

    Attributes: say, function (text) for whatever is shown while one waits; set it before the first command.
    """

    def __init__(self, home, out, via="auto", timeout=None):
        self.via, self.timeout = via, timeout
        self.say = lambda text: None
        self._home, self._out = home, out
        self._lock = threading.Lock()
        self._ways = {}
        self._peer_ways = {}
        self._noted = set()

    def network_of(self, seen):
        """The Network in which a device can be found, or None. seen: what it told before (see Controller)."""
        told = seen.get("dht")
        return network_told(told) if isinstance(told, dict) else remembered(self._home)

    def dht(self, network):
        """The DhtWay of a Network, the same for all devices in it."""
        key = (network.id, tuple(network.bootstrap), network.mainline, network.lan)
        with self._lock:
            if key not in self._ways:
                self._ways[key] = DhtWay(self._home, network, lambda text: self.say(text))
            return self._ways[key]

    def peer(self, network):
        """The PeerWay to devices that are found in a Network (None: in this house alone), the same for all of them."""
        from leither_edge.cli.peer_way import PeerWay

        key = network and (network.id, tuple(network.bootstrap), network.mainline, network.lan)
        with self._lock:
            if key not in self._peer_ways:
                self._peer_ways[key] = PeerWay(self._home, network, lambda text: self.say(text))
            return self._peer_ways[key]

    def note_once(self, key, text):
        """Tell something on standard error, once for each key, over what is being shown there."""
        with self._lock:
            if key in self._noted:
                return
            self._noted.add(key)
            if not self._out.as_json and self._out.err.isatty():
                self._out.err.write("\r\x1b[K")
            self._out.note(text)

    def close(self):
        """Leave all networks."""
        for way in (*self._ways.values(), *self._peer_ways.values()):
            way.close()


def network_told(told):
    """The Network that a device's configuration names, or None where the device keeps to its house."""
    try:
        doors = [bootstrap_address(text) for text in told["bootstrap"].replace(",", " ").split()]
        if told["reach"] == "mainline":
            return Network(None, doors, not doors, False)
        if told["reach"] == "organization" and told["network"]:
            return Network(network_id(told["network"]), doors, False, True)
    except (KeyError, TypeError, AttributeError, argparse.ArgumentTypeError):
        pass
    return None


def told_by_config(config):
    """What to remember of a device's configuration so that network_told() finds the way to it, or None."""
    words = {"reach": config.get("reach"), "network": config.get("dht_network", ""), "bootstrap": config.get("dht_bootstrap", "")}
    good = words["reach"] in ("lan", "organization", "mainline") and all(isinstance(word, str) for word in words.values())
    return words if good else None
