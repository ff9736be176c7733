"""The search's index beside sqlite3's FTS5: `python -m tests.bench.mimei_parts.search [--documents N] [--json]`.

Both take the same documents, 64 to a commit, flushed (FTS5 in WAL mode with synchronous=FULL), in processes of their own, one after
the other; then answer the same questions. FTS5 twice: as it comes, with the texts kept beside the index, and the index alone, which in
that form cannot take a document out again unless its old text is brought back; ours can.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import accumulate
from pathlib import Path

from tests.bench.ledger_parts.opened_book import anonymous_and_file_bytes, peak_rss_bytes

ROOT = Path(__file__).resolve().parent.parent.parent.parent
DOCUMENTS, QUICK_DOCUMENTS = 10_000, 2_000
BATCH = 64
ASKED_TIMES = 15
CHANGES = 200
KINDS = ("ours", "fts5", "fts5 alone")
MID = bytes(20)


def texts(count):
    """That many texts of some 150 words, of 50,000 that are as frequent as words are (Zipf); and the words, most frequent first."""
    dice = random.Random(11)
    letters = "etaoinshrdlucmfwypvbgkjq"
    vocabulary = list({"".join(dice.choices(letters, weights=range(24, 0, -1), k=dice.randrange(2, 11))): 0 for _ in range(80_000)})[
        :50_000
    ]
    vocabulary.sort(key=len)
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(vocabulary))))
    return [" ".join(dice.choices(vocabulary, cum_weights=weights, k=dice.randrange(50, 250))) for _ in range(count)], vocabulary


def questions(vocabulary):
    """What is asked: (name, [words], last one a beginning)."""
    return (
        ("a frequent word", [vocabulary[2]], False),
        ("two frequent words", [vocabulary[5], vocabulary[9]], False),
        ("a frequent and a rare one", [vocabulary[3], vocabulary[4000]], False),
        ("a rare word", [vocabulary[2500]], False),
        ("a beginning", [vocabulary[30_000][:4]], True),
    )


class Ours:
    """The index in LMDB."""

    def __init__(self, folder, _):
        from leither_edge.mimei.search import index, query, rows
        from leither_edge.storage import open_store
        from leither_edge.storage.held import HeldWriter

        self._index, self._query = index, query
        self._store = open_store(folder + "/ours", 1 << 29, rows.TABLES)
        self._held = HeldWriter(self._store)

    def add(self, numbered):
        def put(tx):
            for number, text in numbered:
                self._index.put(tx, MID, f"/folder {number // 100}/{number}", f"title {number}", (), text)

        self._held.call(put, durable=False)
        while self._held.call(self._index.tidy, durable=False):
            pass
        self._held.flush_now()

    def change(self, number, text):
        self.add([(number, text)])

    def search(self, words, beginning):
        with self._store.read() as tx:
            return len(self._query.search(tx, " ".join(words) + "*" * beginning, 20))

    def size(self):
        return self._store.stat()["used_bytes"]


class Fts5:
    """sqlite3's own."""

    def __init__(self, folder, kind):
        import sqlite3

        self._path = folder + "/fts5"
        self._alone = kind != "fts5"
        self._base = sqlite3.connect(self._path)
        self._base.execute("pragma journal_mode=wal")
        self._base.execute("pragma synchronous=full")
        self._base.execute("create table names (number integer primary key, path text unique)")
        self._base.execute("create virtual table found using fts5(title, text" + (", content='')" if self._alone else ")"))

    def add(self, numbered):
        with self._base:
            for number, text in numbered:
                self._base.execute("insert into names values (?, ?)", (number + 1, f"/folder {number // 100}/{number}"))
                self._base.execute("insert into found (rowid, title, text) values (?, ?, ?)", (number + 1, f"title {number}", text))

    def change(self, number, text):
        if not self._alone:
            with self._base:
                self._base.execute("update found set text = ? where rowid = ?", (text, number + 1))

    def search(self, words, beginning):
        asked = " ".join(f'"{word}"' for word in words) + "*" * beginning
        return len(self._base.execute("select rowid from found where found match ? order by rank limit 20", (asked,)).fetchall())

    def size(self):
        self._base.execute("pragma wal_checkpoint(truncate)")
        return Path(self._path).stat().st_size


def work(kind, documents, folder):
    """The figures of one of KINDS, as a dictionary; in this process."""
    held, vocabulary = texts(documents)
    before, written = anonymous_and_file_bytes()[0], _written_bytes()
    index = (Ours if kind == "ours" else Fts5)(folder, kind)
    opened = anonymous_and_file_bytes()[0]
    start, cpu = time.perf_counter(), time.process_time()
    numbered = list(enumerate(held))
    for at in range(0, documents, BATCH):
        index.add(numbered[at : at + BATCH])
    figures = {"build_s": time.perf_counter() - start, "build_cpu_s": time.process_time() - cpu}
    figures |= {"written_bytes": _written_bytes() - written, "loaded_bytes": opened - before}
    figures |= {"grown_bytes": anonymous_and_file_bytes()[0] - opened, "peak_bytes": peak_rss_bytes(), "size_bytes": index.size()}
    figures["text_bytes"] = sum(map(len, held))
    for name, words, beginning in questions(vocabulary):
        seen = []
        for _ in range(ASKED_TIMES):
            start = time.perf_counter()
            hits = index.search(words, beginning)
            seen.append(time.perf_counter() - start)
        figures[name] = (statistics.median(seen) * 1000, hits)
    written, start = _written_bytes(), time.perf_counter()
    for number in range(CHANGES):
        index.change(number, held[-1 - number])
    figures |= {"change_s": (time.perf_counter() - start) / CHANGES, "change_bytes": (_written_bytes() - written) / CHANGES}
    return figures


def measure(documents):
    """{kind: figures} of all KINDS."""
    found = {}
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            command = [
                sys.executable,
                "-m",
                "tests.bench.mimei_parts.search",
                "--kind",
                kind,
                "--documents",
                str(documents),
                "--folder",
                folder,
            ]
            found[kind] = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout)
    return found


def keys(found):
    """The figures that are compared from run to run."""
    ours, peer = found["ours"], found["fts5"]
    return {
        "search_size_share": round(ours["size_bytes"] / ours["text_bytes"], 3),
        "search_build_vs_fts5": round(ours["build_cpu_s"] / peer["build_cpu_s"], 2),
    }


def show(found):
    """Print the table."""
    print(f"Search: {found['ours']['text_bytes'] / 1e6:.1f} MB of text indexed, {BATCH} documents to a flushed commit")
    print(f"  {'':38}" + "".join(f"{kind:>14}" for kind in KINDS))
    rows = [
        ("MB of the index", "size_bytes", 1e6), ("s to build", "build_s", 1), ("  of the processor", "build_cpu_s", 1),
        ("MB written for it, to the kernel", "written_bytes", 1e6), ("MB of memory to load it", "loaded_bytes", 1e6),
        ("  and to build", "grown_bytes", 1e6),
        ("ms to change one document, flushed", "change_s", 1e-3), ("  KB written", "change_bytes", 1e3),
    ]  # fmt: skip
    for what, name, unit in rows:
        print(f"  {what:38}" + "".join(f"{found[kind][name] / unit:14.2f}" for kind in KINDS))
    for name, *_ in questions(["x" * 9] * 50_000):
        print(f"  ms for {name:31}" + "".join(f"{found[kind][name][0]:14.2f}" for kind in KINDS))


def _written_bytes():
    # Handed to the kernel; what it then writes it counts in large folios.
    for line in Path("/proc/self/io").read_text().splitlines():
        if line.startswith("wchar"):
            return int(line.split()[1])
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=DOCUMENTS, help=f"how many ({DOCUMENTS:,})")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--kind", choices=KINDS, help="one alone, as JSON, with --folder")
    parser.add_argument("--folder", help="where the index is made")
    options = parser.parse_args()
    if options.kind:
        print(json.dumps(work(options.kind, options.documents, options.folder)))
        return
    found = measure(options.documents)
    print(json.dumps({**keys(found), "search": found})) if options.json else show(found)


if __name__ == "__main__":
    main()
