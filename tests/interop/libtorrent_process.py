"""libtorrent's sessions, commanded from here: tests/interop/libtorrent_peer.py in its own environment, at the other end of two pipes."""

import json
import subprocess

from tests.own_environment import ROOT, python_of

END_S = 10


class Libtorrent:
    """Use as a context manager; ``do("put_immutable", session=0, ...)`` runs one of its tasks and returns what that returned."""

    def __enter__(self):
        program = [str(python_of("libtorrent")), str(ROOT / "tests" / "interop" / "libtorrent_peer.py")]
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def do(self, task, **arguments):
        """The answer to one task; every task ends by itself."""
        self.process.stdin.write(json.dumps({"do": task, **arguments}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("libtorrent's process has ended")
        return json.loads(line)

    def session(self, *hosts, doors=(), **settings):
        """Open a session, tell it nodes to enter by; its number and the port it has at its first host."""
        opened = self.do("open_session", hosts=list(hosts), settings=settings)
        assert not opened.get("error") and not opened["late"], opened
        for host, port in doors:
            self.do("add_node", session=opened["session"], host=host, port=port)
        return opened["session"], dict(opened["addresses"])[hosts[0]]
