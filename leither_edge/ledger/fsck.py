"""Whether a book on disk is what it should be: every hash and sum computed again, what is wrong in plain words, and the way back.

A mend is tried on a view of the store first and examined there in full. What is written is only what then leads to the newest root,
which in a book is the one that the committee signed. So nothing is guessed: what no root proves stays as it is.
"""

import os

from leither_edge.ledger import fsck_mends
from leither_edge.ledger.book import TABLES
from leither_edge.ledger.book_view import View
from leither_edge.ledger.errors import BookError
from leither_edge.ledger.fsck_base import check_base
from leither_edge.ledger.fsck_headers import check_headers
from leither_edge.ledger.fsck_log import check_log
from leither_edge.ledger.fsck_past import check_past
from leither_edge.ledger.fsck_report import HEADER, PULSE, Finding, Progress, Report
from leither_edge.ledger.heap import Heap
from leither_edge.storage import open_store
from leither_edge.storage.environment import DATA_NAME

__all__ = ("Finding", "Progress", "check", "open_damaged", "repair")

# Each with what it says of a finding that it ends, and whether that brings back what was. The last one is for what no other mends.
_MENDS = (
    (fsck_mends.byte_put_back, True, "One byte of the row had changed; its checksum tells which, and the hashes prove it."),
    (fsck_mends.pulses_from_transfers, True, "It is made anew from its transfers, which lead to the root that the committee signed."),
    (fsck_mends.accounts_from_log, True, "Its accounts are taken from what can be read and from the log, and lead to the newest root."),
    (fsck_mends.good_buckets_and_log, True, "Its accounts are taken from its whole buckets and from the log, and lead to the newest root."),
    (fsck_mends.pages_hashed_again, True, "The hashes of its pages are computed from the accounts then."),
    (fsck_mends.ids_from_transfers, True, "Its ids are computed from its transfers, and lead to the root in the header."),
    (
        fsck_mends.history_given_up, False,
        "Repair gives up the past up to the newest damaged pulse: balances and proofs of those pulses. All accounts stay as they are now.",
    ),
)  # fmt: skip
_IMPORT = "It cannot be brought back from what is in this folder: import an export."
_LATER = (
    "The accounts are right as they are now, but balances and proofs before this pulse are not sure. A start still needs the pulse, so "
    "repair cannot give it up yet: run it again some hundred pulses later, or import an export."
)
_WITHOUT = (
    "It cannot be brought back. The book goes on without it: no receipt can be made for that pulse, and its transfers cannot be shown."
)


def open_damaged(folder, map_bytes, tables=TABLES):
    """The Store of a book for check and repair, whatever its rows are; the caller closes it.

    Args: folder (path), map_bytes (as for open_book), tables (account_tree.TABLES for a tree without pulses).
    Raises BookError where there is no book; StorageError, Damaged where LMDB itself could not read the file.
    """
    if not os.path.lexists(os.path.join(folder, DATA_NAME)):
        raise BookError("no-book", f"There is no book in {folder}. Name the folder of one.", "folder")
    return open_store(folder, map_bytes, tables, check_rows=False)


def check(store, organization=None):
    """Examines a book: yields Progress from time to time, then each Finding; none for a good book. Nothing is written.

    Each step is short, but the sum of them is long: the caller may do other things between them, and close it early.
    Args: store (as open_damaged opens it), organization (id; None for a tree of accounts without signed pulses).
    The signatures of headers are verified, those of transfers are not: their ids are, which the headers contain. Raises StorageError.
    """
    findings, _ = yield from _examined(store, organization)
    yield from findings


def repair(store, organization=None):
    """As check, and then writes in one transaction what can be mended; a Finding says whether its matter is. Raises StorageError."""
    findings, rows = yield from _examined(store, organization)
    if rows:
        with store.write(reserve=True) as tx:
            for (table, key), value in rows.items():
                if value is None:
                    tx.delete(table, key)
            for (table, key), value in rows.items():
                if value is not None:
                    tx.put(table, key, value)
    yield from findings


def _examined(store, organization):
    """([Finding, ...], {(table, key): value or None} that mend what can be mended); yields Progress."""
    with store.read() as tx:
        view = View(tx)
        report, state = yield from _report(view, organization)
        remedies, seen = {}, dict(report.sentences)
        place = 0
        while report.sentences and place < len(_MENDS):
            mend, restores, remedy = _MENDS[place]
            place += 1
            rows = yield from mend(view, report, _copy(state), organization)
            if not rows:
                continue
            tried = view.with_rows(rows)
            after, state_after = yield from _report(tried, organization)
            if after.is_better_than(report):
                for found in report.sentences.keys() - after.sentences.keys():
                    remedies[found] = restores, remedy
                # What was hidden behind other damage is seen now, and may be mended like it.
                seen = {**after.sentences, **seen}
                view, report, state, place = tried, after, state_after, 0
    # Without a proven root nothing is written, whatever else might be mended.
    if not report.proven:
        remedies, rows = {}, {}
    else:
        rows = view.rows
    findings = []
    for (kind, where), sentence in seen.items():
        lost = _IMPORT
        if report.proven and kind == HEADER and 0 < where < report.newest_header:
            # It is not needed for anything but itself.
            lost = _WITHOUT
        elif report.proven and kind == PULSE:
            lost = _LATER
        restores, remedy = remedies.get((kind, where), (False, lost))
        findings.append(Finding(kind, where, sentence, restores, remedy))
    return findings, rows


def _report(view, organization):
    """(Report, State of the newest pulse or None) of a whole examination; yields Progress."""
    report = Report()
    if organization is not None:
        yield from check_headers(view, organization, report)
    yield from check_log(view, report, organization)
    state = yield from check_base(view, report)
    if state is not None and report.first is not None:
        # It is changed on the way back.
        yield from check_past(view, report, _copy(state))
    return report, state


def _copy(state):
    if state is None:
        return None
    heap = Heap(state.heap.levels)
    heap.values[:] = state.heap.values
    return state._replace(heap=heap, changes=state.changes.copy(state.changes.bits))
