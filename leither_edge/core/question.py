"""A question to a book: the request by which an account's key asks about that account, signed, and good for a few minutes.

It changes nothing, so it may arrive twice: who overhears it on its way overhears the answer as well.
"""

from collections import namedtuple

from leither_edge.core import cose
from leither_edge.core.fields import Field, is_hash, is_id, is_text, is_u53
from leither_edge.core.self_signed import open_record, sign_record

QUESTION_MAX_BYTES = 512
TARGET_MAX_CHARS = 256
METHODS = ("GET", "POST")

# organization: id. method: of the request. target: its path with its query. time: s. public_key: of who asks.
Question = namedtuple("Question", ("organization", "method", "target", "time", "public_key"))


class BadQuestion(ValueError):
    """A question is malformed, or its key did not sign it.

    Args: code ("malformed", "too-large" or "bad-signature"), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def _is_method(value):
    return value in METHODS


def _is_target(value):
    if not is_text(value, 1, TARGET_MAX_CHARS) or value[0] != "/":
        return False
    for letter in value:
        if not "!" <= letter <= "~":
            return False
    return True


_FIELDS = (
    Field(1, "organization", "20 bytes", is_id, False),
    Field(2, "method", "GET or POST", _is_method, False),
    Field(3, "target", "a path with its query, of at most 256 visible ASCII characters", _is_target, False),
    Field(4, "time", "a time in seconds", is_u53, False),
    Field(5, "public_key", "32 bytes", is_hash, False),
)


def sign_question(question, sign):
    """A Question as a COSE_Sign1 message of its key. Args: sign (message -> 64 bytes). Raises BadQuestion."""
    return sign_record(question, _FIELDS, cose.CT_QUESTION, BadQuestion, "the question", sign)


def open_question(data, verify):
    """The Question of a message that its own key signed. Args: verify as for cose.verify1. Raises BadQuestion."""
    return open_record(data, Question, _FIELDS, cose.CT_QUESTION, BadQuestion, "the question", QUESTION_MAX_BYTES, verify)
