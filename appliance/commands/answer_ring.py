"""The answers of the newest commands, so that a repeated command gets its answer again and does nothing.

A record is made when a command is accepted, and holds None until it is answered. What falls out of the ring stays refused by its sequence.
"""

from collections import namedtuple

from appliance.commands.tables import ANSWER_ORDER, ANSWERS, CONTROL

BYTES_KEY = "answers_bytes"
RUNNING_KEY = "running"

# place: in the ring. digest: SHA-256 of the command's bytes. answer: bytes, or None while the command runs.
Kept = namedtuple("Kept", "place digest answer")
# An accepted command without an answer: enough to answer and audit it after a crash.
Running = namedtuple("Running", "command_id digest issuer sequence verb")


class AnswerRing:
    """Bounds: ``answers_max`` answers and ``bytes_max`` bytes of them. All methods take the caller's transaction."""

    __slots__ = ("_answers_max", "_bytes_max")

    def __init__(self, answers_max, bytes_max):
        self._answers_max = answers_max
        self._bytes_max = bytes_max

    def find(self, tx, command_id):
        """The Kept record of a command id (16 bytes) or None."""
        stored = tx.get(ANSWERS, command_id)
        return None if stored is None else Kept(*stored)

    def put(self, tx, command_id, digest, answer):
        """Keep the answer (bytes) of a command; the oldest make room."""
        place = self._newest_place(tx) + 1
        tx.put(ANSWERS, command_id, [place, digest, answer])
        tx.put(ANSWER_ORDER, place, command_id)
        self._make_room(tx, len(answer or b""))

    def start(self, tx, running):
        """Note a command (Running) as accepted, before it has an effect."""
        self.put(tx, running.command_id, running.digest, None)
        tx.put(CONTROL, RUNNING_KEY, [*tx.get(CONTROL, RUNNING_KEY, []), list(running)])

    def settle(self, tx, running, answer):
        """Give an accepted command (Running) its answer."""
        tx.put(CONTROL, RUNNING_KEY, [entry for entry in tx.get(CONTROL, RUNNING_KEY, []) if entry[0] != running.command_id])
        kept = self.find(tx, running.command_id)
        if kept is not None:
            tx.put(ANSWERS, running.command_id, [kept.place, kept.digest, answer])
            self._make_room(tx, len(answer))

    def running(self, tx):
        """The accepted commands without an answer, as Running records."""
        return [Running(*entry) for entry in tx.get(CONTROL, RUNNING_KEY, [])]

    def _make_room(self, tx, added):
        total = tx.get(CONTROL, BYTES_KEY, 0) + added
        newest = self._newest_place(tx)
        while True:
            place, command_id = next(iter(tx.scan(ANSWER_ORDER, limit=1)))
            if newest - place < self._answers_max and (total <= self._bytes_max or place == newest):
                break
            kept = self.find(tx, command_id)
            total -= len(kept.answer or b"")
            tx.delete(ANSWERS, command_id)
            tx.delete(ANSWER_ORDER, place)
        tx.put(CONTROL, BYTES_KEY, total)

    def _newest_place(self, tx):
        for place, _ in tx.scan(ANSWER_ORDER, reverse=True, limit=1):
            return place
        return 0
