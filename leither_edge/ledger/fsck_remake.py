"""Pulses of the log made anew: from a proven state before them, and the transfers of each, to the root that the committee signed."""

from leither_edge.ledger import log
from leither_edge.ledger.fsck_base import State, base_records, built
from leither_edge.ledger.fsck_changes import Changes
from leither_edge.ledger.fsck_headers import header_of, moves_of, transfers_of
from leither_edge.ledger.fsck_log import BadPulse, read_entry, rows_of
from leither_edge.ledger.fsck_past import Walk, all_sides
from leither_edge.ledger.fsck_report import Progress
from leither_edge.ledger.levels import levels_for
from leither_edge.storage import Damaged

_STAGE = "mending"


class _Unknown(Exception):
    """Something that is needed is not there any more."""


def remade(view, report, organization, first, last):
    """{(table, key): value} of the pulses from first to last; yields Progress. Returns None where they cannot be made."""
    try:
        moves = {pulse: _moves(view, pulse, organization) for pulse in range(first, last + 1)}
        headers = {pulse: _header(view, report, pulse) for pulse in range(first - 1, last + 1)}
        changes, model = _before(view, report, first, last, moves)
        levels = max(levels_for(headers[last].accounts), report.page_bits, 1)
        if model is not None:
            levels = max(levels, min(model.levels, levels + 3))
        state = yield from built(view, changes, levels)
        walk = Walk(view, State(*state))
        if not walk.agrees(headers[first - 1]):
            return None
        rows = {}
        # An older first pulse for a start is only less quick.
        replay = model.replay if model is not None and model.pulse < first else first
        kept = first - 1 if model is None else min(model.kept, first)
        for pulse in range(first, last + 1):
            entry = _made(walk, headers[pulse], moves[pulse], replay, kept, model is None or model.before is not None)
            if not walk.agrees(headers[pulse]):
                return None
            rows.update(rows_of(entry))
            yield Progress(pulse - first + 1, last - first + 1, _STAGE)
        return rows
    except (_Unknown, Damaged, ValueError):
        return None


def _moves(view, pulse, organization):
    """{account: what it gains or loses} in a pulse. Raises _Unknown, Damaged, ValueError."""
    transfers = transfers_of(view, pulse, organization)
    if not transfers:
        raise _Unknown
    return moves_of(transfers)


def _header(view, report, pulse):
    header = header_of(view, report, pulse)
    if header is None:
        raise _Unknown
    return header


def _before(view, report, first, last, moves):
    """(Changes that make of the base the state before ``first``, an Entry like which the new ones are to be, or None). Raises _Unknown."""
    changes, model = Changes(), None
    # Later pulses tell what was before them,
    for pulse in range(report.newest, last, -1):
        entry = _entry(view, pulse)
        if entry is not None and entry.before is not None:
            for account, before, old in zip(entry.accounts, entry.before, entry.old, strict=True):
                changes.put(account, before, old)
        model = entry or model
    # earlier ones what was then,
    for pulse in range(report.first if report.first is not None else first, first):
        entry = _entry(view, pulse)
        if entry is not None:
            for account, amount in zip(entry.accounts, entry.new, strict=True):
                changes.put(account, pulse, amount)
        model = entry or model
    for account, pulse, amount in base_records(view):
        there = changes.get(account)
        # The base may know of a change in a pulse that cannot be read.
        if there is None and pulse >= first or there is not None and there[0] < pulse < first:
            changes.put(account, pulse, amount)
    # and the transfers what an account gained since; which must be all, for nothing says when it had changed before.
    for account, pulse, amount in changes.between(bytes(20), None):
        if pulse >= first:
            if pulse > last or amount != sum([moves[then].get(account, 0) for then in range(first, pulse + 1)]):
                raise _Unknown
            changes.put(account, 0, 0)
    return changes, model


def _entry(view, pulse):
    """The Entry of a pulse, None where it is damaged, too: whether the others are enough, the root will show."""
    try:
        return read_entry(view, pulse)
    except BadPulse:
        return None


def _made(walk, header, moves, replay, kept, history):
    """The Entry of a pulse; the walk goes on to its state. Raises _Unknown."""
    before = {account: walk.record(account) or (0, 0) for account in moves}
    after = {account: (header.pulse, before[account][1] + amount) for account, amount in moves.items()}
    if any(amount < 0 for _, amount in after.values()):
        raise _Unknown
    walk.put(after)
    accounts = list(after)
    new = [after[account][1] for account in accounts]
    then, old = ([before[account][place] for account in accounts] if history else None for place in (0, 1))
    entry = log.Entry(
        header.pulse, header.root, header.total, header.accounts, accounts, new, then, old, replay, kept, walk.heap.levels, 0, 0, b""
    )
    return all_sides(walk, entry) if history else entry
