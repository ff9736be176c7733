"""Helia's packages (ipfs-unixfs-importer and -exporter, @ipld/car), commanded from here: peer.mjs in Node."""

import pathlib

from tests.interop.peer_process import PeerProcess
from tests.npm_packages import beside, installed

HERE = pathlib.Path(__file__).parent


class Unixfs(PeerProcess):
    """Their labels of what is drawn, and their readers."""

    name = "Node"

    def program(self):
        """Node with the peer, which lies beside its packages."""
        return ["node", str(beside(HERE / "peer.mjs", installed(HERE, "unixfs-npm")))]

    def do(self, task, **arguments):
        answer = super().do(task, **arguments)
        assert "error" not in answer, answer
        return answer
