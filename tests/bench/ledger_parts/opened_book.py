"""A ledger's store and tree as the benchmark uses them: bulk load, pulses one after another, the size of the file."""

import time
from contextlib import contextmanager
from pathlib import Path

from leither_edge.ledger import account_tree, bulk_load, tree_hash
from leither_edge.storage import open_store
from tests.bench.ledger_parts.made_accounts import LOADED_AT

MAP_BYTES = 4 << 30
DATA = "data.mdb"
PAGE_BYTES = 4096
# What LMDB writes of one of its two heads at the end of a commit.
HEAD_BYTES = 120


@contextmanager
def book_at(folder, history=0):
    """(store, tree) of the book in a folder."""
    store = open_store(folder, MAP_BYTES, account_tree.TABLES)
    try:
        yield store, account_tree.AccountTree(store, history=history)
    finally:
        store.close()


def load(folder, records, accounts, history=0):
    """Make a book of so many rising (account, pulse, amount)."""
    store = open_store(folder, MAP_BYTES, account_tree.TABLES)
    try:
        for _ in bulk_load.load(store, records, LOADED_AT, accounts, history):
            pass
    finally:
        store.close()


def loops():
    """What the tree's inner loops are made of here."""
    return "Python" if tree_hash.climb is tree_hash.python_climb else "C"


def file_bytes(folder):
    """What the book takes on disk, free pages and all."""
    return (Path(folder) / DATA).stat().st_size


def pulse(store, tree, changes):
    """One pulse of {account: amount}, durable. (seconds for the new root, seconds for the rest)."""
    started = time.perf_counter()
    batch = tree.prepare(tree.pulse + 1, changes)
    hashed = time.perf_counter()
    with store.write() as tx:
        tree.write(tx, batch)
    tree.done(batch)
    return hashed - started, time.perf_counter() - hashed


class Written:
    """Bytes that this process handed to the kernel to write, by wchar of /proc/self/io: whole pages of LMDB, but for its head.

    write_bytes of the same file is not used: it counts a whole run of cached pages when one of them is written.
    """

    def __init__(self):
        self._start = self._read()

    def bytes(self, pulses=1):
        """Since the start; the head that each pulse's commit ends with counted as the page that it is on a card."""
        return self._read() - self._start + pulses * (PAGE_BYTES - HEAD_BYTES)

    def _read(self):
        return next(int(line[6:]) for line in Path("/proc/self/io").read_text().splitlines() if line.startswith("wchar:"))


def share_of(values, share):
    """The value below which a share (0 to 1) of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def anonymous_and_file_bytes():
    """This process's resident memory: (its own, pages of files that the kernel may take back)."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return int(fields["RssAnon"].split()[0]) * 1024, (int(fields["RssFile"].split()[0]) + int(fields["RssShmem"].split()[0])) * 1024


def peak_rss_bytes():
    """The most that was ever resident of this process, VmHWM."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return int(fields["VmHWM"].split()[0]) * 1024
