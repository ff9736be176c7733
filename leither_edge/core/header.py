"""The header of a pulse: what the bookkeepers sign, and what every receipt is checked against (white paper part II, section V).

Payload: a CBOR map with the keys 1 to 12 in the order of ``Header``, signed as COSE_Sign.
"""

from collections import namedtuple

from leither_edge.core.cbor_head import BYTES, MAP, UNSIGNED, HeadError, head, read_bytes, read_head
from leither_edge.core.sha256 import sha256
from leither_edge.core.sum_tree import TreeError

# organization: key id. group: prefix of the group's ids, empty at the top. previous: SHA-256 of the header before, zeros
# for none. root: of the accounts. total: what they hold. sent, received: to and from other groups so far. transactions:
# Merkle root of the pulse's transaction ids. issued: by the treasury so far. time: s.
# MicroPython's namedtuples do not tell their names, so these stay apart.
_NAMES = ("organization", "group", "pulse", "previous", "root", "total", "accounts", "sent", "received", "transactions", "issued", "time")
Header = namedtuple("Header", _NAMES)
# Length of each field in bytes; 0 for a number, below 0 for at most that many bytes.
_SIZES = (20, -21, 0, 32, 20, 0, 0, 0, 0, 32, 0, 0)


class HeaderError(TreeError):
    """A header is malformed."""


def encode_header(header):
    """The payload bytes of a Header. Raises HeaderError."""
    out = head(MAP, len(_SIZES))
    for number, size in enumerate(_SIZES):
        value = header[number]
        if not size and not 0 <= value < 1 << 64:
            raise HeaderError(_NAMES[number], "a number of a header has 64 bits")
        out += head(UNSIGNED, number + 1) + (head(BYTES, len(value)) + value if size else head(UNSIGNED, value))
    read_header(out)
    return out


def read_header(payload):
    """The Header in payload bytes. Raises HeaderError."""
    values = []
    number = 0
    try:
        count, at = read_head(payload, 0, MAP)
        for size in _SIZES:
            key, at = read_head(payload, at, UNSIGNED)
            number += 1
            value, at = (read_bytes if size else read_head)(payload, at, BYTES if size else UNSIGNED)
            if key != number or size and len(value) != size and not len(value) <= -size:
                raise HeadError
            values.append(value)
        if at != len(payload) or count != number:
            raise HeadError
    except HeadError:
        raise HeaderError(_NAMES[number - 1] if number else "header", "the header is malformed") from None
    header = Header(*values)
    if header.total != header.issued + header.received - header.sent:
        raise HeaderError("total", "the accounts do not hold what was issued and came in, less what went out")
    return header


def header_hash(payload):
    """SHA-256 of a header's payload, which the next one names."""
    return sha256(payload).digest()
