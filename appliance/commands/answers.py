"""The device's answers: built, bounded and signed."""

from appliance.commands import audit_log
from appliance.commands.plain import sentence
from leither_edge.core.command import Answer, AnswerError, sign_answer

MESSAGE_MAX = 1024
INTERRUPTED = ("interrupted", "The device stopped while it did this. It may be done, partly done or not done, and is not tried again.")


class Answerer:
    """Makes answers of one device.

    node_key: id and sign; floor: TimeFloor; clock: () -> whole s since 1970; bytes_max: of one signed answer.
    """

    __slots__ = ("_bytes_max", "_clock", "_floor", "_key")

    def __init__(self, node_key, floor, clock, bytes_max):
        self._key = node_key
        self._floor = floor
        self._clock = clock
        self._bytes_max = bytes_max

    def now(self):
        """The device's time, seconds since 1970, never behind the floor."""
        return self._floor.now(self._clock())

    def unsigned(self, status, result, error=None, command_id=None, audit=None):
        """An Answer. error: (code, sentence) or None."""
        error = None if error is None else {"code": error[0], "message": error[1][:MESSAGE_MAX]}
        return Answer(command_id, self._key.id, status, self.now(), result, error, audit, self._floor.floor)

    def signed(self, tx, command_id, status, result, error=None):
        """The bytes of a signed answer that names the newest audit entry. ``tx`` None: it names none."""
        head = audit_log.head(tx) if tx is not None else None
        answer = self.unsigned(status, result, error, command_id, tuple(head) if head and head.index else None)
        return sign_answer(answer, self._key.id, self._key.sign)

    def bounded(self, tx, command_id, status, result, error=None):
        """(bytes, status) as ``signed``; a result that is too large or that CBOR cannot hold becomes a failure that says so."""
        try:
            answer = self.signed(tx, command_id, status, result, error)
            if len(answer) <= self._bytes_max:
                return answer, status
            reason = f"The answer has {len(answer)} bytes, and {self._bytes_max} are allowed; ask for less at once."
        except AnswerError as problem:
            reason = sentence(problem)
        return self.signed(tx, command_id, "failed", {}, ("answer-unfit", reason)), "failed"
