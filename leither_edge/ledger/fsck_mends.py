"""Ways to mend a book: each makes rows of what is still there, and whether they are right is for a whole examination to prove.

Each is a generator (view, report, organization) of Progress that returns {(table, key): value or None}, empty where it has nothing.
"""

from leither_edge.core.header import header_hash
from leither_edge.core.transaction_set import set_root
from leither_edge.ledger.base import BASE, FIRST_KEY, bucket_entry, key_of, pack
from leither_edge.ledger.book_view import Rows
from leither_edge.ledger.chunk import GOES_BACK, GOES_ON, bucket_of, lowest
from leither_edge.ledger.fsck_base import BadChunk, all_records, bounds, read_records, records_of_good_buckets
from leither_edge.ledger.fsck_changes import Changes
from leither_edge.ledger.fsck_headers import header_and_payload_of, transfers_of
from leither_edge.ledger.fsck_log import BadPulse, read_entry, rows_of
from leither_edge.ledger.fsck_past import Walk, all_sides, walk_back
from leither_edge.ledger.fsck_remake import remade
from leither_edge.ledger.fsck_report import HEADER, Progress
from leither_edge.ledger.log import LOG
from leither_edge.ledger.pulse_rows import write_ids
from leither_edge.ledger.tree_hash import run_root
from leither_edge.storage import Damaged
from leither_edge.storage.one_byte import one_byte_off

_STAGE = "mending"


def byte_put_back(view, report, state, organization):
    """Rows of which one byte changed, as their checksums tell."""
    rows = {}
    for done, (table, key) in enumerate(report.bad_rows):
        found = list(one_byte_off(*view.tx.stored(table, key)))
        if found:
            rows[table, key] = found[0]
        yield Progress(done + 1, len(report.bad_rows), _STAGE)
    return rows


def pulses_from_transfers(view, report, state, organization):
    """Pulses of the log made anew from the transfers that are kept with the signed headers."""
    rows = {}
    if report.certificate is None or report.newest_header is None:
        return rows
    for first, last in _ranges(report.bad_pulses):
        if first > 0 and last <= report.newest_header:
            # What is made helps with what follows.
            found = yield from remade(view.with_rows(rows), report, organization, first, last)
            if found:
                for pulse in range(first, last + 1):
                    rows.update(((LOG, key), None) for key in _keys(view, pulse))
                rows.update(found)
    return rows


def accounts_from_log(view, report, state, organization):
    """Damaged chunks, and those that lack what the log says, from what can be read of them and the newest changes in the log."""
    return (yield from _from_log(view, report, all_records))


def good_buckets_and_log(view, report, state, organization):
    """The same, but of damaged chunks only the buckets that have the root which stands beside them."""
    return (yield from _from_log(view, report, records_of_good_buckets))


def _from_log(view, report, readable):
    rows = {}
    if report.first is None or report.head is None:
        return rows
    logged = Changes()
    for pulse in range(report.first, report.newest + 1):
        try:
            entry = read_entry(view, pulse)
        except BadPulse:
            continue
        for account, amount in zip(entry.accounts, entry.new, strict=True):
            logged.put(account, pulse, amount)
        yield Progress(pulse - report.first + 1, report.newest - report.first + 1, _STAGE)
    # What was found in a wrong place is put where it belongs.
    pool = {}
    for key in report.bad_chunks:
        for account, pulse, amount in readable(view, key):
            if pulse <= report.newest and pool.get(account, (0, 0))[0] <= pulse:
                pool[account] = pulse, amount
    keys = view.base_keys()
    for place, key in enumerate(keys):
        low, high = bounds(keys, place)
        known = {account: (pulse, amount) for account, pulse, amount in logged.between(low, high)}
        held = {account: record for account, record in pool.items() if account >= low and (high is None or account < high)}
        if key not in report.bad_chunks:
            try:
                held.update((account, (pulse, amount)) for account, pulse, amount in read_records(view, key)[1])
            except BadChunk:
                continue
            # The end of an account may have left the base, and what is new need not have come to it.
            if known.keys() >= _recent(held, report) and all(
                [held.get(account, (0, 0)) == then or not then[1] or then[0] >= report.head.replay for account, then in known.items()]
            ):
                continue
        for account in _recent(held, report) - known.keys():
            del held[account]
        rows.update(_packed(key, place == 0, low, high, {**held, **known}, report.levels))
    if not keys:
        known = {account: (pulse, amount) for account, pulse, amount in logged.between(bytes(20), None)}
        rows.update(_packed(FIRST_KEY, True, bytes(20), None, known, report.levels))
    return rows


def ids_from_transfers(view, report, state, organization):
    """The ids of a signed pulse from its transfers."""
    rows = {}
    for kind, pulse in list(report.sentences):
        header, payload = header_and_payload_of(view, report, pulse) if kind == HEADER else (None, None)
        if header is not None:
            try:
                ids = [signed.id for signed in transfers_of(view, pulse, organization)]
                if not ids or set_root(ids) != header.transactions:
                    continue
            except (Damaged, ValueError):
                continue
            made = Rows()
            write_ids(made, pulse, header_hash(payload), ids)
            rows.update(made)
            yield Progress(pulse, report.newest_header, _STAGE)
    return rows


def pages_hashed_again(view, report, state, organization):
    """The newest damaged pulse of the log with the pages' values computed, if nothing else is wrong in it."""
    if state is None or not report.bad_pulses:
        return {}
    last, walk = max(report.bad_pulses), Walk(view, state)
    for _, there in walk_back(view, report, state, last):
        # It goes on to the state after ``last`` when there is no more.
        walk = there
        yield Progress(0, 1, _STAGE)
    try:
        entry = read_entry(view, last)
    except BadPulse:
        return {}
    if entry.before is None:
        return {}
    return {**dict.fromkeys([(LOG, key) for key in _keys(view, last)]), **rows_of(all_sides(walk, entry))}


def history_given_up(view, report, state, organization):
    """Without the pulses of the log up to the newest damaged one, where a start does not need them; the next one gets all of its pages."""
    rows, oldest = {}, None
    if not report.proven or report.head is None or not report.bad_pulses:
        return rows
    last = max(report.bad_pulses)
    # What waits for the base is still needed.
    if last >= max(report.head.replay, 1) or last >= report.head.pulse:
        return rows
    for key in view.keys(LOG):
        if key >> 16 > last:
            break
        rows[LOG, key] = None
    if state is not None:
        for entry, walk in walk_back(view, report, state, last + 1):
            yield Progress(report.newest - entry.pulse + 1, report.newest - last, _STAGE)
            if entry.pulse == last + 1:
                oldest = all_sides(walk, entry)
    # The newest pulse says since when the past can be asked for.
    newest = (oldest if oldest is not None and oldest.pulse == report.newest else report.head)._replace(kept=last + 1)
    for entry in (oldest, newest):
        if entry is not None:
            rows.update(((LOG, key), None) for key in _keys(view, entry.pulse))
            rows.update(rows_of(entry))
    return rows


def _recent(records, report):
    """Accounts of records that have to be in the log, if it is good; what an import brought has the first pulse at most."""
    return set() if report.bad_pulses else {account for account, (pulse, _) in records.items() if pulse > report.first}


def _ranges(pulses):
    """[(first, last), ...] of numbers."""
    ranges = []
    for pulse in sorted(pulses):
        if ranges and ranges[-1][1] == pulse - 1:
            ranges[-1] = ranges[-1][0], pulse
        else:
            ranges.append((pulse, pulse))
    return ranges


def _keys(view, pulse):
    for key in view.keys(LOG, pulse << 16):
        if key >> 16 != pulse:
            return
        yield key


def _packed(key, is_first, low, high, records, levels):
    """Rows of the base for the records ({account: (pulse, amount)}) of one chunk's range."""
    rows = {(BASE, key): None}
    buckets = {}
    for account in sorted(records):
        buckets.setdefault(bucket_of(account, levels), []).append((account, *records[account]))
    entries = []
    for number, held in buckets.items():
        leaves = [pulse.to_bytes(8, "big") + amount.to_bytes(8, "big") + account for account, pulse, amount in held if amount]
        entries.append(bucket_entry(number, run_root(b"".join(leaves))[8:], held, levels))
    flags = 0 if low == lowest(bucket_of(low, levels), levels) else GOES_BACK
    if high is not None and high != lowest(bucket_of(high, levels), levels):
        flags |= GOES_ON
    previous = None
    for first, last, data in pack(levels, entries, even=False, flags=flags):
        place = (FIRST_KEY if is_first else key) if previous is None else key_of(first, previous)
        rows[BASE, place] = data
        previous = last
    return rows
