"""A key that lies with who asks: what it is to sign or open stands in the progress of a job, the answer comes by a call."""

import trio

from leither_edge.core.ids import PUBLIC_KEY_BYTES, key_id
from leither_edge.mimei.errors import BadInput, Conflict, MimeiError

SIGN, OPEN = "sign", "open"
# Somebody may have to type a passphrase first.
ANSWER_S = 300.0
ANSWER_MAX_BYTES = 64


class FarKey:
    """Has sign and unseal of a KeyPair, for worker threads of trio alone. Args: public_key (32 bytes), tell (as given to a job's work)."""

    def __init__(self, public_key, tell=None):
        if not isinstance(public_key, bytes) or len(public_key) != PUBLIC_KEY_BYTES:
            raise BadInput("A public key has 32 bytes.")
        self.public_key, self.id, self.tell = public_key, key_id(public_key), tell
        self._number, self._came, self._answer = 0, None, None

    def sign(self, message):
        """The 64-byte signature of a message. Raises MimeiError (no-key: nobody answered)."""
        return trio.from_thread.run(self._ask, SIGN, message)

    def unseal(self, sealed):
        """The message in what was sealed to this key, None where it cannot be opened. Raises as sign."""
        return trio.from_thread.run(self._ask, OPEN, sealed) or None

    def answer(self, number, data):
        """What came for a question. Args: number (of it), data (bytes; empty: it could not be done). Raises Conflict, BadInput."""
        if not isinstance(data, bytes) or len(data) > ANSWER_MAX_BYTES:
            raise BadInput(f"A signature, or what was opened, has at most {ANSWER_MAX_BYTES} bytes.")
        if self._came is None or self._came.is_set() or number != self._number:
            raise Conflict("Nothing of that number is asked.")
        self._answer = data
        self._came.set()

    async def _ask(self, what, data):
        self._number += 1
        self._came = trio.Event()
        self.tell({"doing": "Waiting for the key", "asks": {"number": self._number, "what": what, "data": data.hex()}})
        with trio.move_on_after(ANSWER_S):
            await self._came.wait()
        if not self._came.is_set():
            raise MimeiError("The key that opens the backup did not answer. Begin again, and stay until it is found.", "no-key")
        self.tell({"doing": "Looking for the backup"})
        return self._answer
