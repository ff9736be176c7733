"""fsck of the signed pulses: each header signed and chained to the one before, and its transactions those that it states."""

import struct

from leither_edge.core.header import header_hash
from leither_edge.core.signed_header import read_certificate, read_signed_header
from leither_edge.core.transaction_set import set_root
from leither_edge.core.transfer import read_transfer
from leither_edge.crypto import sodium
from leither_edge.ledger import pulse_rows
from leither_edge.ledger.book_view import groups
from leither_edge.ledger.fsck_report import HEADER, Progress
from leither_edge.ledger.packing import unpack
from leither_edge.ledger.pulse_rows import BODIES, CERTIFICATE, IDS, PULSES
from leither_edge.storage import Damaged

NO_HEADER = bytes(32)
_STAGE = "headers"


def check_headers(view, organization, report):
    """Checks the table of pulses; yields Progress. organization: id that the certificate must be of."""
    report.is_signed = True
    try:
        report.certificate = read_certificate(pulse_rows.read_certificate(view), organization, sodium.verify)
    except (Damaged, ValueError) as error:
        report.add_bad_rows(view, PULSES, [0])
        report.add(HEADER, 0, f"The certificate of who may sign headers cannot be used: {error}.")
    newest = view.newest_key(PULSES)
    if newest is None:
        return
    report.newest_header = newest >> 24
    try:
        purged = pulse_rows.read_header(view, report.newest_header)[0]
    except (Damaged, TypeError):
        # Then this is said of the header itself.
        purged = report.newest_header + 1
    total, done, digest = view.tx.count(PULSES), 0, None
    for pulse, keys in groups(view.keys(PULSES), 24):
        done += len(keys)
        keys = [key for key in keys if key >> 16 & 0xFF != CERTIFICATE]
        if not keys:
            continue
        if report.first_header is None:
            report.first_header = expected = pulse
        if pulse > expected:
            report.add(HEADER, expected, f"The headers of the pulses {expected} to {pulse - 1} are missing.")
            digest = None
        expected = pulse + 1
        if report.add_bad_rows(view, PULSES, keys):
            report.add(HEADER, pulse, f"A row of the signed pulse {pulse} does not match its checksum: the medium changed it.")
        digest = _check_pulse(view, report, organization, pulse, keys, digest, purged)
        yield Progress(done, total, _STAGE)


def header_of(view, report, pulse):
    """The Header of a pulse, None where it cannot be read, or check_headers found that it cannot be trusted."""
    return header_and_payload_of(view, report, pulse)[0]


def header_and_payload_of(view, report, pulse):
    """(Header, its payload) of a pulse, None for both as for header_of."""
    if report.certificate is not None and pulse >= 0 and pulse not in report.bad_headers:
        try:
            found = pulse_rows.read_header(view, pulse)
            if found is not None:
                return read_signed_header(found[1], report.certificate, _unasked)
        except (Damaged, ValueError):
            pass
    return None, None


def transfers_of(view, pulse, organization):
    """[Signed, ...] of a pulse in the order of their ids, [] where none are kept. Raises Damaged, ValueError."""
    try:
        found = [read_transfer(data) for data in unpack(pulse_rows.read_bodies(view, pulse), organization)]
    except (struct.error, IndexError):
        raise ValueError("they are garbled") from None
    return found


def moves_of(transfers):
    """{account: what it gains or loses by transfers ([Signed, ...])}, in rising order and only what is not zero."""
    moves = {}
    for signed in transfers:
        for account, amount in signed.transfer.payers:
            moves[account] = moves.get(account, 0) - amount
        for account, amount in signed.transfer.payees:
            moves[account] = moves.get(account, 0) + amount
    return {account: moves[account] for account in sorted(moves) if moves[account]}


def _unasked(signature, message, public_key):
    return True


def _check_pulse(view, report, organization, pulse, keys, previous, purged):
    """Checks one pulse; returns the hash of its header, None where it cannot be read."""
    parts = {}
    for key in keys:
        parts.setdefault(key >> 16 & 0xFF, []).append(key & 0xFFFF)
    if max(parts) > BODIES or any(numbers != list(range(len(numbers))) for numbers in parts.values()):
        report.add(HEADER, pulse, f"The rows of the signed pulse {pulse} are not those of one: one is missing, or one too many is there.")
    if report.certificate is None:
        return None
    try:
        found = pulse_rows.read_header(view, pulse)
        if found is None:
            report.add(HEADER, pulse, f"The header of pulse {pulse} is missing.")
            return None
        header, payload = read_signed_header(found[1], report.certificate, sodium.verify)
    except (Damaged, ValueError) as error:
        report.add(HEADER, pulse, f"The header of pulse {pulse} cannot be trusted: {error}.")
        report.bad_headers.add(pulse)
        return None
    digest = header_hash(payload)
    if header.pulse != pulse:
        report.add(HEADER, pulse, f"The header that stands at pulse {pulse} is of pulse {header.pulse}.")
        report.bad_headers.add(pulse)
    if (header.previous == NO_HEADER) != (pulse == 0) or previous is not None and header.previous != previous:
        report.add(HEADER, pulse, f"The header of pulse {pulse} does not name the one before it.")
    if pulse >= purged or IDS in parts or BODIES in parts:
        _check_transactions(view, report, organization, header, digest, pulse, pulse < purged)
    return digest


def _check_transactions(view, report, organization, header, digest, pulse, may_be_gone):
    try:
        found = pulse_rows.read_ids(view, pulse)
        if found is None:
            # In the first pulse of an imported book none are there, but for the hash of the header.
            raise ValueError("their ids are missing")
        if found[0] != digest:
            raise ValueError("their rows name another header")
        if found[1] or header.pulse != report.first_header:
            if set_root(found[1]) != header.transactions:
                raise ValueError("their ids do not lead to the root in the header")
            if [signed.id for signed in transfers_of(view, pulse, organization)] != found[1]:
                raise ValueError("they are not those of the ids")
    except (Damaged, ValueError) as error:
        report.add(HEADER, pulse, f"The transactions of pulse {pulse} are not what the committee signed: {error}.")
