"""An attacker's connection: bytes as he likes them, before and after a handshake."""

import os
import socket

from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.peer.channel import frames
from leither_edge.peer.channel.credential import ChannelKey
from leither_edge.peer.channel.greeting import REPLY_BYTES, read_reply
from leither_edge.peer.channel.handshake import Initiator
from leither_edge.peer.channel.handshake_errors import HandshakeFailed

WAIT_S = 20.0


def fresh_key():
    """A ChannelKey that nobody knows."""
    return ChannelKey(os.urandom(32), KeyPair(os.urandom(32)))


class Wire:
    """One connection to the attacked node. Args: at ((host, port)), source (an address of ours, or None)."""

    def __init__(self, at, source=None):
        self.sock = socket.create_connection(at, WAIT_S, (source, 0) if source else None)
        self.met = None
        self._held = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        """Whether it was taken."""
        try:
            self.sock.sendall(data)
        except OSError:
            return False
        return True

    def done(self):
        """Say that nothing more comes."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def receive(self, size):
        """So many bytes, or fewer where the node ended the connection."""
        while len(self._held) < size:
            try:
                data = self.sock.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                break
            self._held += data
        data, self._held = self._held[:size], self._held[size:]
        return data

    def refusal(self):
        """What the node answered in the handshake: the code of its refusal, "go on", "anew", or "closed" without a word."""
        data = self.receive(REPLY_BYTES)
        if len(data) < REPLY_BYTES:
            return "closed"
        try:
            return ("go on", "anew")[read_reply(data)]
        except HandshakeFailed as error:
            return error.code

    def shake(self, key=None, **how):
        """An honest handshake; gives the bytes of each flight of ours. Raises HandshakeFailed, also where the node just closes (cut)."""
        side = Initiator(key or fresh_key(), sodium.random_bytes, **how)
        flights = [side.begin()]
        self.send(flights[0])
        while side.established is None:
            data = self.sock.recv(1024)
            if not data:
                side.end_of_input()
            flights.append(side.receive(data))
            self.send(flights[-1])
        self.met, self._held = side.established, side.leftover
        return flights

    def sealed(self, kind, flags=0, stream=0, payload=b""):
        """A frame, encrypted. The count goes on."""
        data = self.met.sending.encrypt(frames.HEADER.pack(kind, flags, stream) + payload)
        return frames.LENGTH.pack(len(data)) + data

    def hello(self):
        return self.sealed(frames.HELLO, payload=frames.hello(32))

    def frame(self):
        """(kind, flags, stream, payload) of the next frame of the node, None at the end."""
        head = self.receive(frames.LENGTH.size)
        if len(head) < frames.LENGTH.size:
            return None
        size = frames.LENGTH.unpack(head)[0]
        data = self.receive(size)
        if len(data) < size:
            return None
        plain = self.met.receiving.decrypt(data)
        return (*frames.HEADER.unpack_from(plain), plain[frames.HEADER.size :])

    def end(self):
        """How the node ended the channel: the code of its CLOSE, or "cut" without one; and {code: how often} of what it refused before."""
        refused = {}
        while (frame := self.frame()) is not None:
            kind, _, _, payload = frame
            if kind == frames.CLOSE:
                return frames.read_reason(payload)[0], refused
            if kind == frames.REFUSE:
                code = frames.read_reason(payload)[0]
                refused[code] = refused.get(code, 0) + 1
        return "cut", refused
