"""The owner's side in Python: whoever holds the key can command the device."""

import os
import time
import urllib.request

from leither_edge.core.cbor import decode
from leither_edge.core.command import Command, open_answer, sign_command
from leither_edge.core.cose import CT_DEVICE, parse_sign1
from leither_edge.core.ids import key_id
from leither_edge.crypto.sodium import keypair_from_seed, sign, verify

COSE_TYPE = 'application/cose; cose-type="cose-sign1"'


class Owner:
    def __init__(self, seed):
        self.public_key, self._secret = keypair_from_seed(seed)
        self._sequence = 0

    @classmethod
    def from_words(cls, words):
        from mnemonic import Mnemonic

        return cls(bytes(Mnemonic("english").to_entropy(words)))

    def run(self, url, verb, **arguments):
        """Send a signed command; its Answer."""
        card = decode(parse_sign1(_fetch(url + "/device?nonce=00"), CT_DEVICE, 4096).payload)
        self._sequence += 1
        now = int(time.time())
        command = Command(
            os.urandom(16), card[1], key_id(self.public_key), card[9], self._sequence, now, now + 60, None, verb, arguments, None
        )
        data = sign_command(command, lambda message: sign(message, self._secret))
        return open_answer(_fetch(url + "/command", data), card[2], verify)


def _fetch(url, data=None):
    request = urllib.request.Request(url, data, {"Content-Type": COSE_TYPE})
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.read()
