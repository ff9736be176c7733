"""The peers' side: runs in an environment that holds them and nothing of this project.

`peer_work.py FILE COUNT REST`: FILE holds account ids of 20 bytes; the first peer takes COUNT of them as its accounts, the others REST.
Then lines of JSON on standard input, {"peer": name}, one batch of 60 each; and a line with its seconds of the processor back.
"""

import gc
import hashlib
import json
import random
import sys
import time
from functools import partial

BATCH = 60
# It walks 160 levels for each account whatever it holds, and keeps all of them: more would only take memory.
WHOLE_DEPTH_MAX = 512


class CelestiaTree:
    """sparse-merkle-tree, the Python port of Celestia's: values beside the tree, nothing pruned above a leaf's sibling."""

    def __init__(self, accounts, value):
        from smt.store import TreeMemoryStore
        from smt.tree import SparseMerkleTree

        self.accounts, self.tree = accounts, SparseMerkleTree(TreeMemoryStore())
        self.batch({account: value() for account in accounts})

    def batch(self, changes):
        for account, value in changes.items():
            self.tree.update(account, value)
        return self.tree.root_as_bytes()


class HexaryTree:
    """trie.HexaryTrie over a dictionary, old nodes kept (pruning makes it slower)."""

    def __init__(self, accounts, value, keccak=None):
        from trie import HexaryTrie, hexary

        self.keccak = keccak or hexary.keccak
        self.module, self.accounts, self.tree = hexary, accounts, HexaryTrie({})
        self.batch({account: value() for account in accounts})

    def batch(self, changes):
        self.module.keccak = self.keccak
        for account, value in changes.items():
            self.tree.set(account, value)
        return self.tree.root_hash


class BinaryTree:
    def __init__(self, accounts, value):
        from trie.binary import BinaryTrie

        self.accounts, self.tree = accounts, BinaryTrie({})
        self.batch({account: value() for account in accounts})

    def batch(self, changes):
        for account, value in changes.items():
            self.tree.set(account, value)
        return self.tree.root_hash


class WholeDepthTree:
    def __init__(self, accounts, value):
        from trie.smt import SparseMerkleTree

        self.accounts, self.tree = accounts[:WHOLE_DEPTH_MAX], SparseMerkleTree(key_size=20)
        self.batch({account: value() for account in self.accounts})

    def batch(self, changes):
        for account, value in changes.items():
            self.tree.set(account, value)
        return self.tree.root_hash


class AppendedLog:
    """pymerkle.InmemoryTree: 60 more records at the end of a log, and its root. It has no keys and changes nothing."""

    def __init__(self, accounts, value):
        from pymerkle import InmemoryTree

        self.accounts, self.tree = accounts, InmemoryTree(algorithm="sha256")
        self.batch({account: value() for account in accounts})

    def batch(self, changes):
        self.tree.append_entries([account + value for account, value in changes.items()])
        return self.tree.get_root()


class RebuiltLog:
    """pymerkle.InmemoryTree where the root must be that of the present balances: made again from all of them."""

    def __init__(self, accounts, value):
        self.accounts = accounts
        self.values = {account: value() for account in accounts}

    def batch(self, changes):
        from pymerkle import InmemoryTree

        self.values.update(changes)
        tree = InmemoryTree(algorithm="sha256")
        tree.append_entries([account + value for account, value in self.values.items()])
        return tree.get_root()


def in_place_of_keccak(data):
    return hashlib.sha256(data).digest()


PEERS = {
    "sparse-merkle-tree": CelestiaTree,
    "trie HexaryTrie": HexaryTree,
    "trie HexaryTrie, SHA-256": partial(HexaryTree, keccak=in_place_of_keccak),
    "trie BinaryTrie": BinaryTree,
    "trie SparseMerkleTree": WholeDepthTree,
    "pymerkle, all again": RebuiltLog,
    "pymerkle, appended": AppendedLog,
}


def main(path, count, rest):
    with open(path, "rb") as file:
        data = file.read(20 * count)
    accounts = [data[at : at + 20] for at in range(0, len(data), 20)]
    chance = random.Random(2)

    def value():
        return chance.randbytes(16)

    peers = {}
    for name, make in PEERS.items():
        started = time.perf_counter()
        peers[name] = make(accounts if not peers else accounts[:: len(accounts) // rest][:rest], value)
        print(json.dumps({"ready": name, "holds": len(peers[name].accounts), "seconds": time.perf_counter() - started}), flush=True)
    # Out of the collector's way: what they hold need not be looked through in the middle of a batch.
    gc.collect()
    gc.freeze()
    print(json.dumps({"ready": None}), flush=True)
    for line in sys.stdin:
        peer = peers[json.loads(line)["peer"]]
        changes = {account: value() for account in chance.sample(peer.accounts, BATCH)}
        started = time.thread_time()
        root = peer.batch(changes)
        print(json.dumps({"seconds": time.thread_time() - started, "root": root.hex()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
