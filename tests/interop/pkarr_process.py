"""pkarr's own JavaScript implementation, commanded from here: pkarr/peer.mjs in Node, at the other end of two pipes.

Its packages come from npm into build/, held by the lock file's integrity sums.
"""

import pathlib

from tests.interop.peer_process import PeerProcess
from tests.npm_packages import installed

HERE = pathlib.Path(__file__).parent / "pkarr"


class Pkarr(PeerProcess):
    """Its packets and its own DHT node."""

    name = "Node"

    def program(self):
        """Node with the peer and its packages."""
        return ["node", str(HERE / "peer.mjs"), str(installed(HERE, "pkarr-npm"))]
