"""The DHT: a node of BitTorrent's Mainline, or of an organization's closed network of the same make."""

__all__ = ["DhtError", "Found", "Report", "Row", "Settings", "open_dht"]

from leither_edge.dht.errors import DhtError
from leither_edge.dht.report import Found, Report, Row
from leither_edge.dht.settings import Settings


def __getattr__(name):
    # Whoever needs only the rules does without trio and the sockets.
    if name == "open_dht":
        from leither_edge.dht.node import open_dht

        return open_dht
    raise AttributeError(name)
