"""Memory of a fresh process that opens a book: `python -m tests.bench.ledger_parts.resident FOLDER`, one JSON object."""

import ctypes
import gc
import json
import subprocess
import sys

from tests.bench.ledger_parts.made_accounts import rising
from tests.bench.ledger_parts.opened_book import anonymous_and_file_bytes, book_at, load, peak_rss_bytes


def measure(folder, root):
    """{"own", "files", "peak"}: bytes that opening the book in a folder added, its own and of mapped files; peak of the whole process."""
    command = [sys.executable, "-m", __name__, str(folder)]
    return json.loads(subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout)


def main(folder):
    # A look at a tiny one first, so that what is loaded once with the first book is not counted.
    load(folder + "-tiny", rising(100), 100)
    with book_at(folder + "-tiny"):
        pass
    before = _trimmed()
    with book_at(folder) as (_, tree):
        after = _trimmed()
        print(json.dumps({"own": after[0] - before[0], "files": after[1] - before[1], "peak": peak_rss_bytes(), "accounts": tree.accounts}))


def _trimmed():
    gc.collect()
    # What the C library keeps for later is not the tree's.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
    return anonymous_and_file_bytes()


if __name__ == "__main__":
    main(sys.argv[1])
