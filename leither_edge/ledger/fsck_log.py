"""fsck of the log: each pulse has the form of one, and follows the one before by exactly what it changes."""

from operator import sub

from leither_edge.core.sum_tree import TOTAL_BOUND
from leither_edge.core.transaction_set import set_root
from leither_edge.ledger import log
from leither_edge.ledger.book_view import Rows, groups
from leither_edge.ledger.fsck_headers import header_of, moves_of, transfers_of
from leither_edge.ledger.fsck_report import PULSE, Progress
from leither_edge.ledger.levels import page_bits
from leither_edge.ledger.log import LOG
from leither_edge.storage import Damaged

# More than these are named in one sentence.
MISSING_MAX = 4096
_STAGE = "log"


class BadPulse(ValueError):
    """A pulse of the log is not one; str() is half a sentence."""


def read_entry(view, pulse, keys=None):
    """The Entry of a pulse, checked as far as it shows by itself. keys: all that the log has of it, if known. Raises BadPulse."""
    try:
        entry = log.read(view, pulse)
        if entry is None:
            raise BadPulse("its first row is missing")
    except Damaged:
        raise BadPulse("its rows are cut, damaged or not in their form") from None
    accounts = entry.accounts
    if any(account >= after for account, after in zip(accounts, accounts[1:], strict=False)):
        raise BadPulse("its accounts do not rise")
    if entry.replay > pulse or entry.kept > pulse or entry.total >= TOTAL_BOUND or entry.before and max(entry.before) >= pulse:
        raise BadPulse("it names a later pulse than itself, or more than a book can hold")
    rows = rows_of(entry)
    stored = rows.keys() if keys is None else {(LOG, key) for key in keys}
    if rows.keys() != stored or any(view.get(*row) != value for row, value in rows.items()):
        raise BadPulse("its rows are not as they are written: something is missing in them, or something more is there")
    return entry


def rows_of(entry):
    """{(table, key): value} of an Entry, as it is written."""
    rows = Rows()
    log.write(rows, entry)
    return rows


def check_log(view, report, organization):
    """Checks the log; yields Progress. organization: id, None for a tree without signed pulses."""
    total, done, before, expected = view.tx.count(LOG), 0, None, None
    for pulse, keys in groups(view.keys(LOG), 16):
        done += len(keys)
        if report.first is None:
            report.first = expected = pulse
        _add_missing(report, expected, pulse)
        entry = None
        if report.add_bad_rows(view, LOG, keys):
            report.add(PULSE, pulse, f"A row of pulse {pulse} of the log does not match its checksum: the medium changed it.")
        else:
            try:
                entry = read_entry(view, pulse, keys)
                _check_header(view, report, entry, organization)
                report.page_bits = max(report.page_bits, page_bits(entry.levels))
                if before is not None and pulse == expected:
                    _check_step(before, entry)
                _check_links(report, entry)
            except BadPulse as error:
                entry = None
                report.add(PULSE, pulse, f"Pulse {pulse} of the log is damaged: {error}.")
        before, expected, report.newest = entry, pulse + 1, pulse
        yield Progress(done, total, _STAGE)
    newest = report.newest_header
    if newest is not None:
        if expected is None:
            # The first header of a new book has no changes, that of an imported one has a pulse of the log.
            expected = max(report.first_header or 0, 1)
        _add_missing(report, expected, newest + 1)
        if (report.newest or 0) > newest:
            why = f"Pulse {report.newest} is in the log, and the header that the committee signed for it is missing."
            report.add(PULSE, report.newest, why)
        report.newest = max(newest, report.newest or 0)
    if before is not None and before.pulse == report.newest and before.pulse not in report.bad_pulses:
        report.head = before


def _add_missing(report, start, end):
    if end - start > MISSING_MAX:
        report.add(PULSE, start, f"The pulses {start} to {end - 1} are missing from the log.")
        return
    for pulse in range(start, end):
        report.add(PULSE, pulse, f"Pulse {pulse} is missing from the log.")


def _check_header(view, report, entry, organization):
    header = header_of(view, report, entry.pulse)
    if header is None:
        return
    if (header.root, header.total, header.accounts) != (entry.root, entry.total, entry.count):
        raise BadPulse("its root, total or number of accounts is not that in the header which the committee signed")
    try:
        transfers = transfers_of(view, entry.pulse, organization)
        if not transfers or set_root([signed.id for signed in transfers]) != header.transactions:
            return
    except (Damaged, ValueError):
        # Of the signed pulses that is said.
        return
    moves = moves_of(transfers)
    if list(moves) != entry.accounts or entry.before is not None and list(moves.values()) != list(map(sub, entry.new, entry.old)):
        raise BadPulse("its changes are not those of the transfers which the committee signed")


def _check_links(report, entry):
    """Checks that what each account held before is what it was given last."""
    changed = report.changed
    for account, before, old in zip(entry.accounts, entry.before or (), entry.old or (), strict=False):
        there = changed.get(account)
        if there is None and before > report.first and before not in report.bad_pulses:
            raise BadPulse(f"it names a change of an account in pulse {before}, and there is none")
        if there is not None and (there[1] != old or old and there[0] != before) and before not in report.bad_pulses:
            raise BadPulse("what an account held before it is not what it held after its change before")
    for account, amount in zip(entry.accounts, entry.new, strict=True):
        changed.put(account, entry.pulse, amount)


def _check_step(before, entry):
    if entry.before is None:
        return
    step = sum(entry.new) - sum(entry.old)
    if entry.total - before.total != step:
        raise BadPulse(f"its changes add up to {step}, and its total differs by {entry.total - before.total} from the one before")
    step = sum(amount > 0 for amount in entry.new) - sum(amount > 0 for amount in entry.old)
    if entry.count - before.count != step:
        raise BadPulse(f"its changes make {step} accounts more, and it states {entry.count - before.count}")
