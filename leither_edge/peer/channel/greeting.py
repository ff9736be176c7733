"""What stands first on the wire, in clear; all of it is hashed into the handshake, so that whatever was altered shows.

    initiator   "leither", version, pattern, suite, network (8 bytes; zeros: the public one)
    responder   "leither", version, answer

The answer is a word of its own or a refusal. A refusal is not signed by anybody: it ends the attempt, and is told to people as what it is.
"""

from collections import namedtuple

from leither_edge.crypto.noise.suite import BLAKE2B, SHA256
from leither_edge.peer.channel.handshake_errors import HandshakeFailed

NETWORK_BYTES = 8
PUBLIC_NETWORK = bytes(NETWORK_BYTES)

_MAGIC = b"leither"
_VERSION = 1
_HEAD = _MAGIC + bytes([_VERSION])
GREETING_BYTES = len(_HEAD) + 2 + NETWORK_BYTES
REPLY_BYTES = len(_HEAD) + 1

_PATTERNS = ("XX", "IK")
_SUITES = (SHA256, BLAKE2B)

GO_ON, ANEW = 0, 1
# Numbers on the wire; the sentences are the initiator's, who was refused.
_REFUSALS = {
    "busy": (16, "The node has no room for another connection now: try again in a minute."),
    "version": (17, "The node speaks another version of the peer channel: bring both nodes to the same release."),
    "suite": (18, "The node does not take this cipher suite."),
    "network": (19, "The node belongs to another network: its peers must be of that network, too."),
    "identity": (20, "The node did not accept what this node showed as its identity."),
    "refused": (21, "The node did not accept the handshake."),
}
_BY_NUMBER = {number: (code, sentence) for code, (number, sentence) in _REFUSALS.items()}

# pattern: "XX" or "IK". suite: a Suite. network: 8 bytes.
Greeting = namedtuple("Greeting", ("pattern", "suite", "network"))


def write_greeting(greeting):
    """The 18 bytes of a Greeting."""
    return _HEAD + bytes([_PATTERNS.index(greeting.pattern), _SUITES.index(greeting.suite)]) + greeting.network


def read_greeting(data):
    """The Greeting of 18 bytes. Raises HandshakeFailed (protocol, version, suite), with what to answer."""
    _check_head(data)
    pattern, suite = data[len(_HEAD)], data[len(_HEAD) + 1]
    if pattern >= len(_PATTERNS) or suite >= len(_SUITES):
        raise HandshakeFailed("suite", "The other node wants a cipher suite that is not known here.", refusal("suite"))
    return Greeting(_PATTERNS[pattern], _SUITES[suite], bytes(data[-NETWORK_BYTES:]))


def reply(answer):
    """The 9 bytes of an answer. Args: answer (GO_ON or ANEW)."""
    return _HEAD + bytes([answer])


def refusal(code):
    """The 9 bytes that refuse a connection. Args: code ("busy", "version", "suite", "network", "identity" or "refused")."""
    return _HEAD + bytes([_REFUSALS[code][0]])


def read_reply(data):
    """GO_ON or ANEW. Raises HandshakeFailed: protocol, version, or the refusal's code after "peer-"."""
    _check_head(data)
    answer = data[len(_HEAD)]
    if answer in (GO_ON, ANEW):
        return answer
    code, sentence = _BY_NUMBER.get(answer, _BY_NUMBER[_REFUSALS["refused"][0]])
    raise HandshakeFailed("peer-" + code, sentence)


def _check_head(data):
    if not data.startswith(_MAGIC):
        raise HandshakeFailed("protocol", "Who is at this address does not speak the peer channel: check the address and its port.")
    if data[len(_MAGIC)] != _VERSION:
        raise HandshakeFailed("version", "The other node speaks another version of the peer channel.", refusal("version"))
