"""A signed command: what a controller asks of a device. Also the face of ``answer`` and ``authority``."""

from collections import namedtuple

from leither_edge.core import cose
from leither_edge.core.answer import (
    ANSWER_MAX_BYTES,
    STATUSES,
    Answer,
    AnswerError,
    encode_answer,
    open_answer,
    parse_answer,
    sign_answer,
)
from leither_edge.core.authority import Authority, Refused, VerbRule, authorize
from leither_edge.core.delegation import PASS_MAX_BYTES
from leither_edge.core.fields import (
    U32_MAX,
    Field,
    is_bytes,
    is_id,
    is_integer,
    is_name,
    is_positive_u53,
    is_text,
    is_u53,
    read_record,
    write_record,
)
from leither_edge.core.roles import ROLES

__all__ = (
    "ANSWER_MAX_BYTES",
    "COMMAND_MAX_BYTES",
    "ROLES",
    "STATUSES",
    "Answer",
    "AnswerError",
    "Authority",
    "Command",
    "CommandError",
    "Refused",
    "VerbRule",
    "authorize",
    "encode_answer",
    "encode_command",
    "open_answer",
    "open_command",
    "parse_answer",
    "parse_command",
    "sign_answer",
    "sign_command",
)

COMMAND_MAX_BYTES = 16384
ARGUMENTS_MAX = 64

# command_id: 16 bytes. device_id, issuer: 20 bytes. keyset_version: the one the sender knows. sequence: from 1.
# issued, expires: s; expires may be None. challenge: 16 bytes or None. verb: text. arguments: {text: value}.
# delegation: a signed pass (bytes) or None.
Command = namedtuple(
    "Command",
    (
        "command_id",
        "device_id",
        "issuer",
        "keyset_version",
        "sequence",
        "issued",
        "expires",
        "challenge",
        "verb",
        "arguments",
        "delegation",
    ),
)


class CommandError(ValueError):
    """A command is malformed.

    Args: code ("malformed" or "too-large"), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def _is_16_bytes(value):
    return is_bytes(value, 16)


def _is_version(value):
    return is_integer(value, 0, U32_MAX)


def _are_arguments(value):
    if not isinstance(value, dict) or len(value) > ARGUMENTS_MAX:
        return False
    for key in value:
        if not is_text(key, 1, 64):
            return False
    return True


def _is_pass(value):
    return isinstance(value, bytes) and 0 < len(value) <= PASS_MAX_BYTES


_FIELDS = (
    Field(1, "command_id", "16 bytes", _is_16_bytes, False),
    Field(2, "device_id", "20 bytes", is_id, False),
    Field(3, "issuer", "20 bytes", is_id, False),
    Field(4, "keyset_version", "a number of at most 32 bits", _is_version, False),
    Field(5, "sequence", "a number from 1", is_positive_u53, False),
    Field(6, "issued", "a time in seconds", is_u53, False),
    Field(7, "expires", "a time in seconds", is_u53, True),
    Field(8, "challenge", "16 bytes", _is_16_bytes, True),
    Field(9, "verb", "1 to 32 of a-z, 0-9 and -", is_name, False),
    Field(10, "arguments", "a map of at most 64 named arguments", _are_arguments, False),
    Field(11, "delegation", "a signed pass of at most 1024 bytes", _is_pass, True),
)


def encode_command(command):
    """The payload bytes of a Command. Raises CommandError: malformed."""
    _check_period(command)
    return write_record(command, _FIELDS, CommandError, "the command")


def parse_command(payload):
    """The Command that a payload encodes. Raises CommandError: malformed, too-large."""
    command = read_record(payload, Command, _FIELDS, CommandError, "the command", COMMAND_MAX_BYTES)
    _check_period(command)
    return command


def sign_command(command, sign):
    """A Command as a COSE_Sign1 message of its issuer.

    Args: sign (message -> 64 bytes). Raises CommandError: malformed, too-large.
    """
    data = cose.sign1(encode_command(command), cose.CT_COMMAND, command.issuer, sign)
    if len(data) > COMMAND_MAX_BYTES:
        raise CommandError("too-large", f"a command has at most {COMMAND_MAX_BYTES} bytes, and this one {len(data)}")
    return data


def open_command(data, max_bytes=COMMAND_MAX_BYTES):
    """The (Command, Sign1) of a message; the signature is judged by ``authorize``. Raises CoseError, CommandError."""
    message = cose.parse_sign1(data, cose.CT_COMMAND, max_bytes)
    command = parse_command(message.payload)
    if command.issuer != message.key_id:
        raise CommandError("malformed", "the command names another issuer than the key that signed it")
    return command, message


def _check_period(command):
    if command.expires is not None and command.expires <= command.issued:
        raise CommandError("malformed", "the command expires before it was issued")
