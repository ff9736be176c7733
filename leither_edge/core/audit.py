"""The device's log of what it did: each entry holds the hash of the one before it, so none can be altered unseen."""

from collections import namedtuple

from leither_edge.core.fields import (
    Field,
    is_hash,
    is_hash_or_none,
    is_id_or_none,
    is_name,
    is_positive_u53,
    is_u53,
    read_record,
    write_record,
)
from leither_edge.core.sha256 import sha256

ENTRY_MAX_BYTES = 512
NO_ENTRY = bytes(32)
STATUSES = ("accepted", "done", "refused", "failed", "interrupted")

# index: from 1. previous: hash of the entry before, zeros for none. time: s. issuer: key id, or None for the portal or a boot.
# sequence: 0 where there is none. command_hash, answer_hash: SHA-256 of the signed messages, or None. status: one of STATUSES.
Entry = namedtuple(
    "Entry", ("index", "previous", "time", "issuer", "sequence", "verb", "command_hash", "answer_hash", "status")
)
# The newest entry's index and hash; (0, NO_ENTRY) of an empty log.
Head = namedtuple("Head", ("index", "hash"))
EMPTY = Head(0, NO_ENTRY)


class AuditError(ValueError):
    """An entry is malformed, or does not follow the one before it.

    Args: code (a short word for programs), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def _is_status(value):
    return isinstance(value, str) and value in STATUSES


_FIELDS = (
    Field(1, "index", "a number from 1", is_positive_u53, False),
    Field(2, "previous", "32 bytes", is_hash, False),
    Field(3, "time", "a time in seconds", is_u53, False),
    Field(4, "issuer", "20 bytes or null", is_id_or_none, False),
    Field(5, "sequence", "a number from 0", is_u53, False),
    Field(6, "verb", "1 to 32 of a-z, 0-9 and -", is_name, False),
    Field(7, "command_hash", "32 bytes or null", is_hash_or_none, False),
    Field(8, "answer_hash", "32 bytes or null", is_hash_or_none, False),
    Field(9, "status", "accepted, done, refused, failed or interrupted", _is_status, False),
)


def encode_entry(entry):
    """The bytes of an Entry. Raises AuditError: malformed."""
    return write_record(entry, _FIELDS, AuditError, "the audit entry")


def parse_entry(data):
    """The Entry that the bytes encode. Raises AuditError: malformed, too-large."""
    return read_record(data, Entry, _FIELDS, AuditError, "the audit entry", ENTRY_MAX_BYTES)


def entry_hash(data):
    """The SHA-256 of an encoded entry: what the next one holds."""
    return sha256(data).digest()


def append(head, time, issuer, sequence, verb, command_hash, answer_hash, status):
    """The bytes of the entry that follows ``head`` (Head), and the new Head. Raises AuditError: malformed."""
    data = encode_entry(Entry(head.index + 1, head.hash, time, issuer, sequence, verb, command_hash, answer_hash, status))
    return data, Head(head.index + 1, entry_hash(data))


def verify_chain(entries, start_hash=NO_ENTRY, start_index=None):
    """The Head after the last of ``entries`` (encoded, oldest first).

    Args: start_hash (hash of the entry before the first), start_index (its index; None: 0 where the chain starts at NO_ENTRY,
    else taken from the first entry). Raises AuditError: malformed, broken-chain.
    """
    index = 0 if start_index is None and start_hash == NO_ENTRY else start_index
    previous = start_hash
    for data in entries:
        entry = parse_entry(data)
        if entry.previous != previous or (index is not None and entry.index != index + 1):
            raise AuditError("broken-chain", f"audit entry {entry.index} does not follow the one before it")
        index = entry.index
        previous = entry_hash(data)
    return Head(0 if index is None else index, previous)
