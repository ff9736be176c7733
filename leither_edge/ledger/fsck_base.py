"""fsck of the base: each chunk by itself and beside its neighbours, each root that stands in it, and the root of all of them."""

import struct
from collections import namedtuple

from leither_edge.core.sum_tree import EMPTY_HASH
from leither_edge.ledger.base import BASE, NO_ROOT, bucket_entry
from leither_edge.ledger.chunk import Chunk, bucket_of, encode, lowest
from leither_edge.ledger.fsck_changes import Changes
from leither_edge.ledger.fsck_headers import header_of
from leither_edge.ledger.fsck_log import BadPulse, read_entry
from leither_edge.ledger.fsck_report import CHUNK, TREE, Progress
from leither_edge.ledger.heap import Heap
from leither_edge.ledger.levels import levels_for
from leither_edge.ledger.tree_hash import merged, run_root
from leither_edge.storage import Damaged

LEAF = struct.Struct(">QQ20s")
_STAGE = "accounts"
# Buckets between two signs of progress.
_STRETCH = 1024
# A heap that an entry states is believed up to so many levels above what the accounts need.
_MORE_LEVELS = 3
# heap: of a pulse. changes: what the base lacks for it. count: of accounts.
State = namedtuple("State", ("heap", "changes", "count"))


class BadChunk(ValueError):
    """A chunk is not one; str() is half a sentence."""


def bounds(keys, place):
    """(lowest account, first account behind or None) of the chunk at a place in the keys."""
    return keys[place].ljust(20, b"\0") if place else bytes(20), keys[place + 1].ljust(20, b"\0") if place + 1 < len(keys) else None


def check_base(view, report):
    """Checks chunks and, where all can be read, the root; yields Progress, returns the State, None where there is none to be had."""
    keys = view.base_keys()
    records, last = 0, None
    for place, key in enumerate(keys):
        low, high = bounds(keys, place)
        try:
            chunk, held = read_records(view, key)
            if last is not None and held[0][0] <= last[0]:
                raise BadChunk("its accounts begin before those of the chunk before it end")
            _check_chunk(chunk, held, low, high, last, report.newest)
            _check_log(report, held)
            records += len(held)
            last = held[-1][0], chunk
        except ValueError as error:
            report.add_bad_rows(view, BASE, [key])
            report.bad_chunks.append(key)
            end = "the last one" if high is None else high.hex()
            report.add(CHUNK, f"{key.hex()} (accounts {low.hex()} to {end})", f"Chunk {key.hex()} of the accounts is damaged: {error}.")
            last = None
        yield Progress(place + 1, len(keys), _STAGE)
    return (yield from _check_root(view, report, records))


def read_records(view, key):
    """(Chunk, its records) of a key. Raises BadChunk."""
    try:
        return _parsed(view.get(BASE, key))
    except Damaged:
        raise BadChunk("it does not match its checksum, so the medium changed it") from None


def read_chunk(view, key):
    """The Chunk of a key. Raises BadChunk."""
    try:
        return Chunk(view.get(BASE, key))
    except (Damaged, ValueError):
        raise BadChunk("it cannot be read") from None


def all_records(view, key):
    """[(account, pulse, amount), ...] of a damaged chunk as far as it can be read."""
    try:
        return _parsed(view.stored(BASE, key))[1]
    except BadChunk:
        return []


def records_of_good_buckets(view, key):
    """Those of the buckets that lie in the chunk as a whole and have the root that stands there."""
    found = []
    try:
        chunk, _ = _parsed(view.stored(BASE, key))
        for index in range(len(chunk.numbers)):
            records = chunk.records(index)
            leaves = [LEAF.pack(pulse, amount, account) for account, pulse, amount in records if amount]
            if chunk.is_whole(index) and run_root(b"".join(leaves))[8:] == chunk.root(index):
                found += records
    except ValueError:
        pass
    return found


def base_records(view):
    """Yields (account, pulse, amount) of the base in rising order, graves included. Raises BadChunk."""
    for key in view.base_keys():
        yield from read_records(view, key)[1]


def base_run(view, bucket, levels):
    """The leaf records of a bucket in the base, graves too, in rising order. Raises BadChunk."""
    low = lowest(bucket, levels)
    high = lowest(bucket + 1, levels) if bucket + 1 < 1 << levels else None
    found = []
    for key in view.base_keys_of(low, high):
        chunk = read_chunk(view, key)
        for index, number in enumerate(chunk.numbers):
            if number >> max(chunk.levels - levels, 0) == bucket >> max(levels - chunk.levels, 0):
                found += [
                    LEAF.pack(pulse, amount, account)
                    for account, pulse, amount in chunk.records(index)
                    if low <= account and (high is None or account < high)
                ]
    return b"".join(found)


def pending(view, first, newest):
    """The Changes of the pulses from first to newest; yields Progress. Raises BadPulse."""
    changes = Changes()
    for pulse in range(first, newest + 1):
        entry = read_entry(view, pulse)
        for account, amount in zip(entry.accounts, entry.new, strict=True):
            changes.put(account, pulse, amount)
        yield Progress(pulse - first + 1, newest - first + 1, _STAGE)
    return changes


def built(view, changes, levels):
    """The State of the base with Changes over it; yields Progress. Raises BadChunk, ValueError."""
    changes = changes.copy(levels)
    heap, count, done = Heap(levels), 0, 0
    waiting = set(changes.buckets())
    for bucket, run in _runs(view, levels):
        waiting.discard(bucket)
        run = merged(run, changes.run(bucket), False)
        heap.set_bucket(bucket, run_root(run))
        count += len(run) // 36
        done += 1
        if done % _STRETCH == 0:
            yield Progress(bucket, 1 << levels, _STAGE)
    for bucket in waiting:
        run = merged(b"", changes.run(bucket), False)
        heap.set_bucket(bucket, run_root(run))
        count += len(run) // 36
    for start in range(0, 1 << levels, _STRETCH):
        heap.climb(range(start, min(start + _STRETCH, 1 << levels)))
        yield Progress(start, 1 << levels, _STAGE)
    return State(heap, changes, count)


def _parsed(data):
    try:
        chunk = Chunk(data)
        return chunk, [record for index in range(len(chunk.numbers)) for record in chunk.records(index)]
    except (ValueError, OverflowError) as error:
        raise BadChunk(str(error)) from None


def _check_chunk(chunk, held, low, high, before, newest):
    accounts = [account for account, _, _ in held]
    if any(account >= after for account, after in zip(accounts, accounts[1:], strict=False)):
        raise BadChunk("its accounts do not rise")
    if accounts[0] < low or high is not None and accounts[-1] >= high:
        raise BadChunk("it holds accounts that belong into another chunk")
    if newest is not None and not all([0 < pulse <= newest for _, pulse, _ in held]):
        raise BadChunk("an account in it changed in a pulse that is not in the book")
    levels, last = chunk.levels, before and before[1]
    # Where a bucket goes over two chunks each has to say so, if it is one bucket for both.
    if last is not None and last.is_whole(len(last.numbers) - 1) and bucket_of(accounts[0], last.levels) == last.numbers[-1]:
        raise BadChunk("its first accounts belong to the last ones of the chunk before it, which says that none follow")
    if last is not None and chunk.is_whole(0) and bucket_of(before[0], levels) == chunk.numbers[0]:
        raise BadChunk("its first accounts belong to the last ones of the chunk before it, and it says that none come before")
    entries = []
    for index, number in enumerate(chunk.numbers):
        records = chunk.records(index)
        root = NO_ROOT
        if chunk.is_whole(index):
            leaves = b"".join([LEAF.pack(pulse, amount, account) for account, pulse, amount in records if amount])
            root = run_root(leaves)[8:]
            if root != chunk.root(index):
                raise BadChunk("a root that stands in it is not that of its accounts")
        entries.append(bucket_entry(number, root, records, levels))
    if encode(levels, entries, chunk.flags) != chunk.data:
        raise BadChunk("it is not as chunks are written")


def _check_log(report, held):
    """Every change in the base since the log begins is in the log, or a later one of the account is."""
    if report.first is None or report.bad_pulses:
        return
    for account, pulse, amount in held:
        # What an import brought has the first pulse at most.
        if pulse > report.first:
            there = report.changed.get(account)
            if there is None or there[0] < pulse or there[0] == pulse and there[1] != amount:
                raise BadChunk("it does not agree with the log about the last change of an account")


def _check_root(view, report, records):
    head = report.head
    if head is None:
        if report.newest is None or report.newest == 0 and report.first is None:
            # Nothing has changed yet; what an unfinished load left is dropped by the next start.
            header = header_of(view, report, 0)
            report.proven = report.newest is None or header is not None and header.root == EMPTY_HASH
            if report.newest is None and report.certificate is not None:
                report.add(TREE, None, "The book has no pulse: its log and its headers are empty.")
                report.proven = False
        return None
    try:
        changes = yield from pending(view, max(head.replay, report.first), head.pulse)
    except BadPulse:
        # It is among the findings.
        return None
    report.levels = max(min(head.levels, levels_for(records + changes.count) + _MORE_LEVELS), report.page_bits, 1)
    try:
        state = yield from built(view, changes, report.levels)
    except ValueError as error:
        if not report.bad_chunks:
            report.add(TREE, None, f"The accounts on disk do not make a tree: {error}.")
        return None
    if (*state.heap.root(), state.count) != (head.root, head.total, head.count):
        if report.bad_chunks:
            # That is why.
            return None
        report.add(
            TREE, None,
            f"The accounts on disk do not lead to the root of pulse {head.pulse}: they are {state.count} and hold {state.heap.held(1)}; "
            f"there they were {head.count} and held {head.total}.",
        )  # fmt: skip
        return None
    report.proven = not report.is_signed or header_of(view, report, head.pulse) is not None
    return state


def _runs(view, levels):
    """Yields (bucket, leaf records) of the base in rising order. Raises BadChunk."""
    newest, run = None, []
    for key in view.base_keys():
        for account, pulse, amount in read_records(view, key)[1]:
            bucket = bucket_of(account, levels)
            if bucket != newest:
                if run:
                    yield newest, b"".join(run)
                newest, run = bucket, []
            run.append(LEAF.pack(pulse, amount, account))
    if run:
        yield newest, b"".join(run)
