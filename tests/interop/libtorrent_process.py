"""libtorrent's sessions, commanded from here: tests/interop/libtorrent_peer.py in its own environment, at the other end of two pipes."""

from tests.interop.peer_process import PeerProcess
from tests.own_environment import ROOT, python_of


class Libtorrent(PeerProcess):
    """Its sessions, by number."""

    name = "libtorrent"

    def program(self):
        """Its own Python with the peer."""
        return [str(python_of("libtorrent")), str(ROOT / "tests" / "interop" / "libtorrent_peer.py")]

    def session(self, *hosts, doors=(), **settings):
        """Open a session, tell it nodes to enter by; its number and the port it has at its first host."""
        opened = self.do("open_session", hosts=list(hosts), settings=settings)
        assert not opened.get("error") and not opened["late"], opened
        for host, port in doors:
            self.do("add_node", session=opened["session"], host=host, port=port)
        return opened["session"], dict(opened["addresses"])[hosts[0]]
