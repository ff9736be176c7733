"""The handshake patterns XX and IK, message by message (Noise revision 34 sections 5.3 and 7.5)."""

from leither_edge.crypto.noise.curve import exchange, pair_from_secret
from leither_edge.crypto.noise.errors import NoiseError
from leither_edge.crypto.noise.suite import DH_BYTES, MESSAGE_MAX_BYTES, SHA256, TAG_BYTES, protocol_name
from leither_edge.crypto.noise.symmetric_state import SymmetricState

# Messages of each pattern, the initiator's first. In IK the initiator knows the responder's static key before.
_MESSAGES = {
    "XX": (("e",), ("e", "ee", "s", "es"), ("s", "se")),
    "IK": (("e", "es", "s", "ss"), ("e", "ee", "se")),
}


class HandshakeState:
    """One side of a handshake. Any refusal ends it: nothing can be written or read afterwards.

    Attributes: is_initiator, remote_static (32 bytes once known, else None), is_finished, hash (of all that was said).
    """

    __slots__ = ("is_initiator", "remote_static", "_messages", "_at", "_state", "_static", "_ephemeral", "_remote_ephemeral", "_random")

    def __init__(self, pattern, is_initiator, static, random_bytes, *, prologue=b"", remote_static=None, suite=SHA256):
        """Args: pattern ("XX" or "IK"), static (own Pair), random_bytes (count -> bytes), prologue (bytes that both sides saw before),
        remote_static (32 bytes: the responder's, for the initiator of IK alone), suite (a Suite).
        """
        if (remote_static is not None) != (pattern == "IK" and is_initiator):
            raise ValueError("the responder's static key is given to the initiator of IK, and to nobody else")
        self.is_initiator = is_initiator
        self.remote_static = remote_static
        self._messages = _MESSAGES[pattern]
        self._at = 0
        self._static = static
        self._ephemeral = self._remote_ephemeral = None
        self._random = random_bytes
        self._state = SymmetricState(suite, protocol_name(pattern, suite))
        self._state.mix_hash(prologue)
        if pattern == "IK":
            self._state.mix_hash(remote_static if is_initiator else static.public)

    @property
    def hash(self):
        return self._state.hash

    @property
    def is_finished(self):
        return self._at == len(self._messages)

    def write_message(self, payload=b""):
        """The next message of this side with a payload in it (bytes). Raises NoiseError: order, zero-key, too-long."""
        tokens = self._next(is_writing=True)
        try:
            out = b"".join([self._write(token) for token in tokens]) + self._state.encrypt_and_hash(payload)
            if len(out) > MESSAGE_MAX_BYTES:
                raise NoiseError("too-long", f"a handshake message of {len(out)} bytes; at most {MESSAGE_MAX_BYTES} fit")
        except NoiseError:
            self._end()
            raise
        self._at += 1
        return out

    def read_message(self, message):
        """The payload of the other side's next message. Raises NoiseError: order, authentication, too-short, too-long, zero-key."""
        tokens = self._next(is_writing=False)
        try:
            if len(message) > MESSAGE_MAX_BYTES:
                raise NoiseError("too-long", f"a handshake message of {len(message)} bytes; at most {MESSAGE_MAX_BYTES} are taken")
            at = 0
            for token in tokens:
                at = self._read(token, message, at)
            payload = self._state.decrypt_and_hash(message[at:])
        except NoiseError:
            self._end()
            raise
        self._at += 1
        return payload

    def split(self):
        """(CipherState to send with, CipherState to receive with), once the handshake is finished."""
        if not self.is_finished:
            raise NoiseError("order", "the handshake is not finished")
        forward, back = self._state.split()
        self._end()
        return (forward, back) if self.is_initiator else (back, forward)

    def _next(self, is_writing):
        if self._static is None or self.is_finished or is_writing != ((self._at % 2 == 0) == self.is_initiator):
            raise NoiseError("order", f"no message of {'this' if is_writing else 'the other'} side is due in this handshake")
        return self._messages[self._at]

    def _write(self, token):
        if token == "e":
            self._ephemeral = pair_from_secret(self._random(DH_BYTES))
            self._state.mix_hash(self._ephemeral.public)
            return self._ephemeral.public
        if token == "s":
            return self._state.encrypt_and_hash(self._static.public)
        self._mix(token)
        return b""

    def _read(self, token, message, at):
        """Takes what stands in a message for one token; gives the offset after it."""
        if token == "e":
            self._remote_ephemeral, at = _taken(message, at, DH_BYTES)
            self._state.mix_hash(self._remote_ephemeral)
        elif token == "s":
            sealed, at = _taken(message, at, DH_BYTES + (TAG_BYTES if self._state.has_key else 0))
            self.remote_static = self._state.decrypt_and_hash(sealed)
        else:
            self._mix(token)
        return at

    def _mix(self, token):
        """Mixes in what two keys share: the token's first letter is the initiator's key, the second the responder's."""
        mine, theirs = token if self.is_initiator else token[::-1]
        own = self._ephemeral if mine == "e" else self._static
        other = self._remote_ephemeral if theirs == "e" else self.remote_static
        self._state.mix_key(exchange(own.secret, other))

    def _end(self):
        self._static = self._ephemeral = None
        self._state.forget()


def _taken(message, at, size):
    end = at + size
    if end > len(message):
        raise NoiseError("too-short", "a handshake message ends too early")
    return bytes(message[at:end]), end
