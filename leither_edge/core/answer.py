"""The device's signed answer to a command."""

from collections import namedtuple

from leither_edge.core import cose
from leither_edge.core.fields import (
    Field,
    is_bytes,
    is_hash,
    is_id,
    is_name,
    is_positive_u53,
    is_text,
    is_u53,
    read_record,
    write_record,
)

ANSWER_MAX_BYTES = 65536
STATUSES = ("done", "refused", "failed", "interrupted")

# device_time: s, corrected by the floor. result: {text: value}. error: {"code", "message"} or None.
# audit: (index, hash) of the newest entry of the audit log before this command's own, or None. floor: s.
Answer = namedtuple("Answer", ("command_id", "device_id", "status", "device_time", "result", "error", "audit", "floor"))


class AnswerError(ValueError):
    """An answer is malformed, not signed by the device, or not the device's.

    Args: code (a short word for programs), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def _is_command_id(value):
    return is_bytes(value, 16)


def _is_status(value):
    return isinstance(value, str) and value in STATUSES


def _is_result(value):
    if not isinstance(value, dict):
        return False
    for key in value:
        if not isinstance(key, str):
            return False
    return True


def _is_error(value):
    if not isinstance(value, dict) or len(value) != 2:
        return False
    return is_name(value.get("code")) and is_text(value.get("message"), 0, 1024)


def _is_audit_head(value):
    return isinstance(value, (list, tuple)) and len(value) == 2 and is_positive_u53(value[0]) and is_hash(value[1])


_FIELDS = (
    Field(1, "command_id", "16 bytes", _is_command_id, False),
    Field(2, "device_id", "20 bytes", is_id, False),
    Field(3, "status", "done, refused, failed or interrupted", _is_status, False),
    Field(4, "device_time", "a time in seconds", is_u53, False),
    Field(5, "result", "a map with text keys", _is_result, False),
    Field(6, "error", "a map of code and message", _is_error, True),
    Field(7, "audit", "an index and a hash", _is_audit_head, True),
    Field(8, "floor", "a time in seconds", is_u53, False),
)


def encode_answer(answer):
    """The payload bytes of an Answer. Raises AnswerError: malformed."""
    return write_record(answer, _FIELDS, AnswerError, "the answer")


def parse_answer(payload):
    """The Answer that a payload encodes. Raises AnswerError: malformed, too-large."""
    value = read_record(payload, Answer, _FIELDS, AnswerError, "the answer", ANSWER_MAX_BYTES)
    audit = None if value.audit is None else tuple(value.audit)
    return Answer(
        value.command_id, value.device_id, value.status, value.device_time, value.result, value.error, audit, value.floor
    )


def sign_answer(answer, device_id, sign):
    """An Answer as a COSE_Sign1 message of the device. Args: sign (message -> 64 bytes). Raises AnswerError: malformed."""
    if answer.device_id != device_id:
        raise AnswerError("malformed", "the answer names another device than the one that signs it")
    return cose.sign1(encode_answer(answer), cose.CT_ANSWER, device_id, sign)


def open_answer(data, device_public_key, verify, max_bytes=ANSWER_MAX_BYTES):
    """The Answer in a message that the device signed.

    Args: data (bytes), device_public_key (32 bytes), verify as for cose.verify1.
    Raises CoseError, BadSignature, AnswerError. The caller compares ``command_id`` with its own.
    """
    message = cose.parse_sign1(data, cose.CT_ANSWER, max_bytes)
    cose.verify1(message, device_public_key, verify)
    answer = parse_answer(message.payload)
    if answer.device_id != message.key_id:
        raise AnswerError("wrong-device", "the answer names another device than the one that signed it")
    return answer
