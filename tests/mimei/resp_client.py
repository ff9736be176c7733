"""A client of the Redis protocol that keeps every type of an answer, and a real redis-server to ask."""

import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile
import time


class Client:
    """One connection. Answers are (type, value): the type is the protocol's own first byte, an aggregate's value a list of answers."""

    def __init__(self, address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self._socket = socket.socket(family)
        self._socket.settimeout(60)
        self._socket.connect(address)
        if family == socket.AF_INET:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()
        self._socket.close()

    def send(self, *commands):
        """Send commands, each a list of bytes or text."""
        self._socket.sendall(b"".join(map(packed, commands)))

    def ask(self, *words):
        """Send one command and return its answer."""
        self.send(words)
        return self.answer()

    def answer(self):
        """The next answer."""
        line = self._file.readline()
        if line[-2:] != b"\r\n":
            raise ConnectionError(f"the server closed the connection: {line!r}")
        kind, rest = line[:1].decode(), line[1:-2]
        if kind in "+-,(":
            return kind, rest
        if kind == ":":
            return kind, int(rest)
        if kind == "#":
            return kind, rest == b"t"
        if kind == "_":
            return kind, None
        count = int(rest)
        if count < 0:
            return kind, None
        if kind in "$=":
            value = self._file.read(count)
            assert self._file.read(2) == b"\r\n"
            return kind, value
        assert kind in "*~%>", line
        return kind, [self.answer() for _ in range(count * 2 if kind == "%" else count)]


def packed(words):
    words = [word.encode() if isinstance(word, str) else word for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


@contextlib.contextmanager
def redis_server(*settings, tcp=False):
    """A redis-server of Debian's in a process of its own; yields its address: the path of a socket, or (host, port)."""
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        port = 0
        if tcp:
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
        path = ("127.0.0.1", port) if tcp else str(pathlib.Path(folder) / "socket")
        where = ("--port", str(port), "--bind", "127.0.0.1") if tcp else ("--port", "0", "--unixsocket", path)
        command = ["redis-server", *where, "--dir", folder, "--save", "", "--loglevel", "warning", *settings]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"})
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    Client(path).__exit__()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError("redis-server did not start") from None
                    time.sleep(0.01)
            yield path
        finally:
            process.terminate()
            process.wait()
