"""Other Merkle trees of PyPI with the same accounts, in one process of their own; and what each does and does not do."""

import json
import os
import subprocess
from pathlib import Path

from tests.own_environment import python_of

# name in peer_work.py: (does the work: new root of the present balances; what it does and does not do)
WHAT = {
    "sparse-merkle-tree": (True, "keys, proofs, also of absence; no sums, memory only"),
    "trie HexaryTrie": (True, "keys, proofs; no sums, memory only; Keccak-256 in C"),
    "trie HexaryTrie, SHA-256": (True, "the same with our faster hash put in its place"),
    "trie BinaryTrie": (True, "keys, proofs; no sums, memory only"),
    "trie SparseMerkleTree": (True, "keys, proofs; no sums, memory only; 160 levels always, so its time does not grow"),
    "pymerkle, all again": (True, "no keys, so a changed balance needs the tree anew; no sums; SQLite if wanted"),
    "pymerkle, appended": (False, "another job: 60 records added at the end of a log, no balance changed; not compared"),
}


class Peers:
    """The process that holds them; starts at once and loads while others work. A context manager.

    folder: where it may leave a file; accounts: list of ids; rest: how many of them the slower peers hold, which makes those faster.
    """

    def __init__(self, folder, accounts, rest):
        path = Path(folder) / "accounts"
        path.write_bytes(b"".join(accounts))
        python = python_of("ledger-peers")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        command = [str(python), "-I", str(Path(__file__).parent / "peer_work.py"), str(path), str(len(accounts)), str(rest)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.holds = {}

    def wait(self):
        """Until every one holds its accounts."""
        while (answer := self._read())["ready"] is not None:
            self.holds[answer["ready"]] = answer["holds"]

    def batch(self, name):
        """Processor seconds of one batch of 60."""
        self.process.stdin.write(json.dumps({"peer": name}) + "\n")
        self.process.stdin.flush()
        return self._read()["seconds"]

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the peers' process ended with code {self.process.wait()}")
        return json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()
