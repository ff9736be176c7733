"""The handshake of a channel without I/O: bytes in, bytes to send out, at its end an Established.

    XX (first contact)        initiator                          responder
                              greeting, e              ->
                                                       <-        reply, e, s, credential
                              s, credential            ->
    IK (static key known)     greeting, e, s, credential ->
                                                       <-        reply, e, credential
                              confirmation             ->

Each Noise message stands behind its length (2 bytes). Both sides show who they are by a credential, their channel key signed by their
identity; nothing else rides in a handshake. IK's first message can be recorded and sent again by anybody, so the responder takes nothing
for established before the confirmation, an empty message under the new keys, which only the holder of the initiator's keys can make.

Where the responder cannot open IK's first message (it has a new channel key), it answers ANEW, and XX follows on the same connection.
Everything that was sent in clear so far is the next handshake's prologue: whoever altered a pattern, suite, network or answer ends it.
"""

from collections import namedtuple
from struct import Struct

from leither_edge.crypto.noise.errors import NoiseError
from leither_edge.crypto.noise.handshake_state import HandshakeState
from leither_edge.crypto.noise.suite import DH_BYTES, SHA256, TAG_BYTES
from leither_edge.peer.channel.credential import CREDENTIAL_MAX_BYTES, BadCredential, open_credential
from leither_edge.peer.channel.greeting import (
    ANEW,
    GO_ON,
    GREETING_BYTES,
    NETWORK_BYTES,
    PUBLIC_NETWORK,
    REPLY_BYTES,
    Greeting,
    read_greeting,
    read_reply,
    refusal,
    reply,
    write_greeting,
)
from leither_edge.peer.channel.handshake_errors import HandshakeFailed

# public_key: of the other node's identity, proven. static: its channel key, proven. hash: names this channel on both sides, 32 or 64 bytes.
# sending, receiving: CipherStates. network: 8 bytes. pattern: "XX" or "IK", the one that came to its end.
Established = namedtuple("Established", ("public_key", "static", "hash", "sending", "receiving", "network", "pattern"))

MESSAGE_MAX_BYTES = 2 * DH_BYTES + 2 * TAG_BYTES + CREDENTIAL_MAX_BYTES
_PROTOCOL = b"leither peer channel"
_LENGTH = Struct(">H")


class _Side:
    """What both sides do: collect bytes until the next expected piece is there, and hand it on.

    Attributes: established (Established or None), leftover (bytes that came behind the handshake: the channel's first).
    """

    __slots__ = ("established", "_key", "_random", "_buffer", "_wanted", "_then", "_clear", "_noise", "_network", "_suite")

    def __init__(self, key, network, random_bytes):
        if len(network) != NETWORK_BYTES:
            raise ValueError(f"a network's id has {NETWORK_BYTES} bytes")
        self.established = None
        self._key, self._network, self._random = key, network, random_bytes
        self._buffer = bytearray()
        self._clear = _PROTOCOL
        self._noise = self._suite = None

    @property
    def leftover(self):
        return bytes(self._buffer) if self.established is not None else b""

    def receive(self, data):
        """Takes bytes of the other side, in pieces of any size; gives those to send to it. Raises HandshakeFailed; then nothing goes on.

        Once `established` is there, the channel takes over.
        """
        if self._then is None:
            raise ValueError("this handshake is over")
        self._buffer += data
        out = b""
        try:
            while self.established is None and len(self._buffer) >= self._wanted:
                piece = bytes(memoryview(self._buffer)[: self._wanted])
                del self._buffer[: self._wanted]
                out += self._then(piece)
        except (HandshakeFailed, NoiseError) as error:
            self._end()
            raise self._failure(error) from None
        if self.established is not None:
            self._end()
        return out

    def end_of_input(self):
        """Says that the other side sends nothing more. Raises HandshakeFailed (cut)."""
        raise HandshakeFailed("cut", "The connection ended before the handshake did: the other node is busy, or refuses this one.")

    def _expect(self, wanted, then):
        self._wanted, self._then = wanted, then

    def _expect_message(self, then):
        def sized(head):
            (size,) = _LENGTH.unpack(head)
            if size > MESSAGE_MAX_BYTES:
                raise HandshakeFailed("too-large", f"A handshake message of {size} bytes came; at most {MESSAGE_MAX_BYTES} are taken.")
            self._expect(size, then)
            return b""

        self._expect(_LENGTH.size, sized)

    def _begin_noise(self, pattern, suite, is_initiator, remote_static=None):
        self._noise = HandshakeState(
            pattern, is_initiator, self._key.pair, self._random, prologue=self._clear, remote_static=remote_static, suite=suite
        )

    def _shown(self, payload):
        """The identity that a handshake message shows: the 32-byte public key. Raises HandshakeFailed (identity, own-key)."""
        try:
            credential = open_credential(payload)
        except BadCredential as error:
            raise HandshakeFailed("identity", f"The other node does not show who it is: {error}.") from None
        if credential.static != self._noise.remote_static:
            raise HandshakeFailed("identity", "The other node shows an identity that did not sign its channel key.")
        if credential.public_key == self._key.public_key:
            raise HandshakeFailed("own-key", "This node reached itself: the address is its own, or another device has a copy of its key.")
        return credential.public_key

    def _outcome(self, public_key, pattern):
        name, static = self._noise.hash, self._noise.remote_static
        sending, receiving = self._noise.split()
        return Established(public_key, static, name, sending, receiving, self._network, pattern)

    def _failure(self, error):
        if isinstance(error, HandshakeFailed):
            return error
        if error.code == "authentication":
            return HandshakeFailed("authentication", "The handshake was altered on its way, or is meant for another key.")
        return HandshakeFailed("zero-key" if error.code == "zero-key" else "malformed", f"The handshake is not valid: {error}.")

    def _end(self):
        self._then = self._noise = None


class Initiator(_Side):
    """The side that connects: IK if it knows the other's channel key, else XX."""

    __slots__ = ("_expected", "_remote_static")

    def __init__(self, key, random_bytes, *, network=PUBLIC_NETWORK, expected=None, static=None, suite=SHA256):
        """Args: key (ChannelKey), random_bytes (count -> bytes), network (8 bytes), expected (public key of the node that is meant, or None
        for whoever answers), static (its channel key as last seen, or None; only with expected), suite (a Suite).
        """
        if static is not None and expected is None:
            raise ValueError("a known channel key needs the identity it belongs to")
        super().__init__(key, network, random_bytes)
        self._expected, self._remote_static, self._suite = expected, static, suite
        self._then = None

    def begin(self):
        """What to send first."""
        pattern = "XX" if self._remote_static is None else "IK"
        greeting = write_greeting(Greeting(pattern, self._suite, self._network))
        self._clear += greeting
        self._begin_noise(pattern, self._suite, True, self._remote_static)
        first = _framed(self._first(pattern))
        if pattern == "IK":
            self._clear += first
        self._expect(REPLY_BYTES, self._replied_to_known if pattern == "IK" else self._replied)
        return greeting + first

    def _first(self, pattern):
        try:
            return self._noise.write_message(self._key.credential if pattern == "IK" else b"")
        except NoiseError as error:
            self._end()
            raise self._failure(error) from None

    def _replied_to_known(self, data):
        if read_reply(data) == GO_ON:
            self._expect_message(self._take_known)
            return b""
        self._clear += data
        self._begin_noise("XX", self._suite, True)
        self._expect(REPLY_BYTES, self._replied)
        return _framed(self._noise.write_message())

    def _replied(self, data):
        if read_reply(data) != GO_ON:
            raise HandshakeFailed("malformed", "The other node wants to begin anew where there is nothing to begin anew.")
        self._expect_message(self._take_first_contact)
        return b""

    def _take_first_contact(self, message):
        public_key = self._meant(self._noise.read_message(message))
        # Only now, to the node that is meant, does this one say who it is.
        out = _framed(self._noise.write_message(self._key.credential))
        self.established = self._outcome(public_key, "XX")
        return out

    def _take_known(self, message):
        self.established = self._outcome(self._meant(self._noise.read_message(message)), "IK")
        return _framed(self.established.sending.encrypt(b""))

    def _meant(self, payload):
        public_key = self._shown(payload)
        if self._expected not in (None, public_key):
            raise HandshakeFailed("wrong-peer", "Another node answers at this address than the one that is meant.")
        return public_key


class Responder(_Side):
    """The side that was connected to.

    Attributes: claimed_static (32 bytes once the initiator sent its channel key, else None; proven by `established` only).
    """

    __slots__ = ("claimed_static", "_shown_key", "_has_replied")

    def __init__(self, key, random_bytes, *, network=PUBLIC_NETWORK):
        """Args: key (ChannelKey), random_bytes (count -> bytes), network (8 bytes: the only one taken)."""
        super().__init__(key, network, random_bytes)
        self.claimed_static = self._shown_key = None
        self._has_replied = False
        self._expect(GREETING_BYTES, self._greeted)

    def _greeted(self, data):
        greeting = read_greeting(data)
        if greeting.network != self._network:
            raise HandshakeFailed("network", "A node of another network connected.", refusal("network"))
        self._clear += data
        self._suite = greeting.suite
        self._expect_message(self._take_known if greeting.pattern == "IK" else self._take_first_contact)
        return b""

    def _take_known(self, message):
        self._begin_noise("IK", self._suite, False)
        try:
            payload = self._noise.read_message(message)
        except NoiseError as error:
            if error.code != "authentication":
                raise
            return self._begin_anew(message)
        self.claimed_static = self._noise.remote_static
        self._shown_key = self._shown(payload)
        answer = _framed(self._noise.write_message(self._key.credential))
        self._expect_message(self._take_confirmation)
        return self._reply() + answer

    def _begin_anew(self, message):
        answer = reply(ANEW)
        self._clear += _framed(message) + answer
        self._expect_message(self._take_first_contact)
        return answer

    def _take_first_contact(self, message):
        self._begin_noise("XX", self._suite, False)
        if self._noise.read_message(message):
            raise HandshakeFailed("malformed", "The first message carries more than a key.")
        answer = _framed(self._noise.write_message(self._key.credential))
        self._expect_message(self._take_identity)
        return self._reply() + answer

    def _take_identity(self, message):
        payload = self._noise.read_message(message)
        self.claimed_static = self._noise.remote_static
        self.established = self._outcome(self._shown(payload), "XX")
        return b""

    def _take_confirmation(self, message):
        outcome = self._outcome(self._shown_key, "IK")
        if outcome.receiving.decrypt(message):
            raise HandshakeFailed("malformed", "The confirmation carries more than its proof.")
        self.established = outcome
        return b""

    def _reply(self):
        self._has_replied = True
        return reply(GO_ON)

    def _failure(self, error):
        failure = super()._failure(error)
        if not failure.answer and not self._has_replied and failure.code != "protocol":
            failure.answer = refusal("identity" if failure.code in ("identity", "own-key") else "refused")
        return failure


def _framed(message):
    return _LENGTH.pack(len(message)) + message
