"""How a pulse lies on disk: one table for its signed header, its transactions' ids and the transactions, at keys that only rise.

So a pulse writes the right edge of one tree and nothing else. What is long is cut so that a part with its checksum fills an overflow
page of LMDB: rows of a quarter page would leave a quarter of each page empty, since LMDB splits a full page before its last row.

    key      pulse u32, kind u8, part u16
    CERTIFICATE  at pulse 0 only, the first row of all: the certificate's message
    HEADER   pulse u32 before which transactions were purged, then the header's message
    IDS      SHA-256 of the header's payload, then the ids in rising order, 32 bytes each
    BODIES   the transactions in that order, packed
"""

import struct

from leither_edge.ledger.errors import BookDamaged
from leither_edge.storage import Table

PULSES = Table("pulses", key="u64", value="bytes")
CERTIFICATE, HEADER, IDS, BODIES = 0, 1, 2, 3
# With the checksum 4,080 bytes: a page of 4,096 without its head.
PART_BYTES = 4076
PARTS_MAX = 1 << 16
PULSE_MAX = (1 << 32) - 1
HASH_BYTES = 32


def write_pulse(tx, pulse, purged, message, digest, ids, bodies):
    """Puts the rows of a new pulse.

    Args: purged (pulse), message (of the header), digest (of its payload), ids (of the transactions, rising), bodies (bytes: they, packed).
    """
    write_header(tx, pulse, purged, message)
    write_ids(tx, pulse, digest, ids)
    if ids:
        _put(tx, pulse, BODIES, bodies)


def write_header(tx, pulse, purged, message):
    """Puts a header's row alone; args as for write_pulse."""
    _put(tx, pulse, HEADER, struct.pack(">I", purged) + message)


def write_ids(tx, pulse, digest, ids):
    """Puts the rows of a pulse's ids alone; args as for write_pulse."""
    _put(tx, pulse, IDS, digest + b"".join(ids))


def newest(tx):
    """The number of the newest pulse, None in an empty book."""
    for key, _ in tx.scan(PULSES, reverse=True, limit=1):
        return key >> 24
    return None


def read_header(tx, pulse):
    """(purged, message of the header) of a pulse, None where there is no such pulse. Raises BookDamaged, Damaged."""
    data = _get(tx, pulse, HEADER)
    if not data:
        return None
    if len(data) < 5:
        raise _damaged(pulse, "header")
    return struct.unpack_from(">I", data)[0], data[4:]


def read_ids(tx, pulse):
    """(SHA-256 of the header's payload, [transaction id, ...]), None where they are not, or not any more. Raises BookDamaged, Damaged."""
    data = _get(tx, pulse, IDS)
    if not data:
        return None
    if len(data) % HASH_BYTES:
        raise _damaged(pulse, "ids")
    return data[:HASH_BYTES], [data[at : at + HASH_BYTES] for at in range(HASH_BYTES, len(data), HASH_BYTES)]


def read_bodies(tx, pulse):
    """The packed transactions of a pulse. Raises Damaged."""
    return _get(tx, pulse, BODIES)


def write_certificate(tx, message):
    """Puts the certificate's message, before any pulse."""
    _put(tx, 0, CERTIFICATE, message)


def read_certificate(tx):
    """The certificate's message, no bytes where there is none."""
    return _get(tx, 0, CERTIFICATE)


def purge(tx, start, before, rows_max):
    """Removes ids and transactions of the pulses from ``start`` to below ``before``, at most about ``rows_max`` rows; headers stay.

    Returns the pulse before which they are gone now.
    """
    rows = 0
    while start < before and rows < rows_max:
        for kind in (IDS, BODIES):
            part = 0
            while tx.delete(PULSES, _key(start, kind, part)):
                part += 1
            rows += part
        start += 1
    return start


def _put(tx, pulse, kind, data):
    if len(data) > PART_BYTES * PARTS_MAX:
        raise ValueError("a pulse has more than fits its rows")
    for part, at in enumerate(range(0, len(data), PART_BYTES)):
        tx.put(PULSES, _key(pulse, kind, part), data[at : at + PART_BYTES])


def _get(tx, pulse, kind):
    parts = []
    while True:
        data = tx.get(PULSES, _key(pulse, kind, len(parts)))
        if data is None:
            return b"".join(parts)
        parts.append(data)
        if len(data) < PART_BYTES:
            return b"".join(parts)


def _key(pulse, kind, part):
    return pulse << 24 | kind << 16 | part


def _damaged(pulse, field):
    return BookDamaged(f"The book is damaged: the {field} of pulse {pulse} end too early. Restore the book from an export.", field)
