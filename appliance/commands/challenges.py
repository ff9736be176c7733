"""Single-use challenges for dangerous verbs. In RAM only: a restart voids them, which errs on the safe side."""

from collections import namedtuple

from leither_edge.core.cbor import encode
from leither_edge.core.sha256 import sha256
from leither_edge.crypto.sodium import random_bytes

CHALLENGE_BYTES = 16
CHALLENGES_MAX = 16

_Issued = namedtuple("_Issued", "purpose deadline")


class Challenges:
    """Challenges handed out and not yet answered; at most ``CHALLENGES_MAX``, the oldest gives way.

    life_s: seconds until one expires, by the monotonic times passed in.
    """

    __slots__ = ("_issued", "life_s")

    def __init__(self, life_s):
        self._issued = {}
        self.life_s = life_s

    def issue(self, command, now):
        """A fresh challenge (16 bytes) for this command's issuer, verb and arguments."""
        for challenge in [challenge for challenge, issued in self._issued.items() if issued.deadline <= now]:
            del self._issued[challenge]
        while len(self._issued) >= CHALLENGES_MAX:
            del self._issued[next(iter(self._issued))]
        challenge = random_bytes(CHALLENGE_BYTES)
        self._issued[challenge] = _Issued(_purpose(command), now + self.life_s)
        return challenge

    def answers(self, command, now):
        """Whether the command carries a live challenge issued for just this issuer, verb and arguments."""
        issued = self._issued.get(command.challenge)
        return issued is not None and now < issued.deadline and issued.purpose == _purpose(command)

    def use(self, command):
        """Void the command's challenge."""
        self._issued.pop(command.challenge, None)


def _purpose(command):
    return sha256(encode([command.issuer, command.verb, command.arguments])).digest()
