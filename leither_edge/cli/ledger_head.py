"""The newest header, or an older one, checked against nothing but the organization's id."""

from collections import namedtuple

from leither_edge.cli.failure import UntrustedError, UsageError
from leither_edge.cli.output import clean

# header: Header. certificate: Certificate. anchor: SHA-256 of the header, which a transfer names.
Head = namedtuple("Head", "header certificate anchor")
PULSE_DIGITS_MAX = 10
MESSAGE_MAX_BYTES = 4096


def head(access):
    """Return the checked Head of a book. Raises TreeError, ValueError."""
    from leither_edge.core.header import header_hash
    from leither_edge.core.signed_header import read_certificate, read_signed_header
    from leither_edge.crypto.sodium import verify

    found = access.ask("head")
    certificate = read_certificate(message(found, "certificate"), access.organization, verify)
    header, payload = read_signed_header(message(found, "header"), certificate, verify)
    return Head(header, certificate, header_hash(payload))


def header_at(access, certificate, pulse):
    """Return the checked Header of a pulse. Raises TreeError, and what access.ask raises."""
    from leither_edge.core.signed_header import read_signed_header
    from leither_edge.crypto.sodium import verify

    header = read_signed_header(message(access.ask("header", pulse=pulse), "header"), certificate, verify)[0]
    if header.pulse != pulse:
        raise UntrustedError(f"Pulse {pulse} was asked for, and pulse {header.pulse} came.")
    return header


def message(found, name):
    """Return the bytes of a signed message in an answer."""
    from leither_edge.organization.offers import from_text

    try:
        return from_text(found[name], MESSAGE_MAX_BYTES)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise UntrustedError("What answers there makes no sense.", f"Its {name} cannot be read.", "Check the address.") from None


def pulse_at(access, text):
    """Return the pulse that ``--at`` means, None for now.

    Args:
        access: the book.
        text: a number, or a date with or without a time of day.
    """
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= PULSE_DIGITS_MAX:
        return int(text)
    wanted = moment(text)
    now = head(access)
    if now.header.time <= wanted:
        return now.header.pulse
    low, high = first_pulse(access, now), now.header.pulse
    if header_at(access, now.certificate, low).time > wanted:
        raise UsageError(f"This book did not yet exist on {clean(text, 40)}.", code="no-pulse", details={"field": "pulse"})
    # low is not later than wanted, high is.
    while high - low > 1:
        middle = (low + high) // 2
        if header_at(access, now.certificate, middle).time <= wanted:
            low = middle
        else:
            high = middle
    return low


def first_pulse(access, now):
    """Return the first pulse that a book has a header of: an imported one does not begin at 0."""
    from leither_edge.cli.failure import Failure
    from leither_edge.ledger.errors import BookError

    low, high = -1, now.header.pulse
    while high - low > 1:
        middle = (low + high) // 2 if low >= 0 else 0
        try:
            header_at(access, now.certificate, middle)
            high = middle
        except (BookError, Failure) as error:
            if error.code != "no-pulse":
                raise
            low = middle
    return high


def moment(text):
    """Return the time of a text in s since 1970; without a zone it is this computer's."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"“{clean(text, 40)}” is neither a pulse nor a time.", fix="Write 17, 2026-11-20 or 2026-11-20T18:30.",
            code="no-pulse", details={"field": "pulse"},
        ) from None  # fmt: skip
