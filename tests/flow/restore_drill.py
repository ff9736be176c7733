"""The restore drill: two nodes back each other up; one is erased, and rebuilt from the other while its process is killed again and again.

    python -m tests.flow.restore_drill [--files N] [--mib N] [--kills N] [--seed N] [--json]

Every node is a real one with a listening port; the one that is rebuilt has the memory that the profile gives a node. What differs between
the node that was lost and the one that was rebuilt is found by mimei/snapshot/described.py: each version, right, reference, pin and tag,
and every block that one of them reaches.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from leither_edge.core.ids import key_id
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.flow.backup.backup import Backup
from leither_edge.flow.blocks_service import BlocksService
from leither_edge.flow.fetch import Fetcher
from leither_edge.mimei import info, rights
from leither_edge.mimei.sealed.sealing import SealedBlocks
from leither_edge.mimei.snapshot.described import describe, differences
from tests.mimei.small_machine import Limits, status_mib
from tests.peer.nodes import PROFILE, open_node

OWNER, ANNA, BEN = (KeyPair(letter * 32) for letter in (b"o", b"a", b"b"))
SECRETS = {"a": b"nobody who holds this may read it; ", "b": b"what another node holds; "}
ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def drill_node(folder, name):
    """A Node of tests/peer/nodes.py with backups."""
    async with open_node(folder, name) as node:
        library = node.library
        sealed = SealedBlocks(library.blocks, library.store, library.held, library.random_bytes)
        BlocksService(library, sealed=sealed, counters=node.counters).add_to(node.services)
        options = {"owners": lambda: [OWNER.public_key], "counters": node.counters}
        node.backup = Backup(library, node.peers, Fetcher(library), sealed, **options)
        yield node


def fill(library, text, files, mib, chance):
    """Some of everything that a node may hold."""
    anna, ben = library.local_session(ANNA), library.local_session(BEN)
    for session, who in ((anna, "anna"), (ben, "ben")):
        for data_type in info.DATA_TYPES:
            mid = library.create(session, "drill", "ext", f"{who} {info.TYPE_NAMES[data_type]}", data_type)
            for number in range(4):
                change(library, session, mid, data_type, text + b"%d" % number, files, chance)
                library.backup(session, mid, f"memo {number}")
            change(library, session, mid, data_type, text + b"of cur alone", files, chance)
            library.release(session, mid, 2)
            library.delete_versions(session, mid, [0])
            library.set_tags(session, mid, ["drill", who])
            library.set_right(session, mid, "guest", rights.PUBLIC)
            library.set_right(session, mid, key_id(BEN.public_key), rights.READ)
        label = library.add(session, [b"pinned by " + who.encode() * 9000])
        library.pin(session, label, f"pin of {who}")
        library.add_references(session, mid, [label])
        library.fork(session, mid, 3, f"fork of {who}")
    big = library.create(anna, "drill", "", "big", info.FILE)
    found = library.open(anna, big)
    found.file.put(chance.randbytes(1 << 20) for _ in range(mib))
    found.close()
    library.backup(anna, big)
    library.register("Carl", "correct horse battery staple")


def change(library, session, mid, data_type, text, files, chance):
    found = library.open(session, mid)
    try:
        if data_type == info.FILE:
            found.file.put([text * 100])
        elif data_type == info.FILES:
            for _ in range(files):
                found.file_system.put(f"folder {chance.randrange(9)}/{chance.randrange(1 << 30)}.txt", [text])
        elif data_type == info.DATABASE:
            for number in range(files):
                found.database.execute([b"HSET", b"key %d" % number, b"field", text + chance.randbytes(9)])
        else:
            found.stream.append([text + chance.randbytes(9) for _ in range(files)])
    finally:
        found.close()


async def rebuild(folder, holder_key, holder_address):
    """The child: an empty, or half rebuilt, node gets everything; prints what it holds then."""
    async with drill_node(folder, "new") as node:
        public_key = bytes.fromhex(holder_key)
        await node.peers.book.put(public_key=public_key, name="b", addresses=[holder_address])

        def tell(facts):
            print(json.dumps(facts), flush=True)

        before = status_mib("VmRSS")
        brought = await node.backup.restore_from(public_key, OWNER, progress=tell)
        grown = status_mib("VmHWM") - before
        described = await trio.to_thread.run_sync(describe, node.library)
        print(json.dumps({"described": described, "bytes": brought.bytes, "rss_growth_mb": round(grown, 1)}), flush=True)


async def killed(folder, node, kills, apart, chance, limits, tell):
    """(what the last child said, kills that were made): a child is begun, and killed at a random time, so many times.

    Args: apart (messages of progress between two kills, at most).
    """
    words = [sys.executable, "-m", "tests.flow.restore_drill", "--rebuild", str(folder), node.public_key.hex(), node.address]
    made = 0
    while True:
        process = await trio.lowlevel.open_process(words, stdout=subprocess.PIPE, cwd=ROOT, preexec_fn=limits.enter)
        said, after = b"", chance.randrange(1, apart)
        while piece := await process.stdout.receive_some(1 << 20):
            said += piece
            if made < kills and said.count(b'"Restoring"') + said.count(b'"Rebuilding"') >= after:
                process.send_signal(signal.SIGKILL)
                made += 1
                break
        await process.wait()
        await process.stdout.aclose()
        lines = [json.loads(line) for line in said.splitlines() if line.endswith(b"}")]
        if process.returncode == 0:
            return lines[-1], made
        if process.returncode != -signal.SIGKILL:
            raise SystemExit("The node that is rebuilt ended with an error.")
        tell(f"killed {made} of {kills}: {lines[-1] if lines else ''}")


async def drill(folder, files, mib, kills, seed, tell):
    """{name: figure}; differences is a list of sentences."""
    chance = random.Random(seed)
    async with drill_node(folder / "b", "b") as b:
        async with drill_node(folder / "a", "a") as a:
            for one, other in ((a, b), (b, a)):
                await one.befriend(other)
            await trio.to_thread.run_sync(fill, a.library, SECRETS["a"], files, mib, chance)
            await trio.to_thread.run_sync(fill, b.library, SECRETS["b"], 3, 1, chance)
            tell("both are filled")
            begin = time.perf_counter()
            pushed = await a.backup.back_up_to(b.public_key, "b")
            took = time.perf_counter() - begin
            await b.backup.back_up_to(a.public_key, "a")
            tell(f"both are backed up; a took {took:.1f} s")
            asked, same = await a.backup.check(b.public_key)
            before = await trio.to_thread.run_sync(describe, a.library)
        shutil.rmtree(folder / "a")
        seen = await trio.to_thread.run_sync(_seen, folder / "b", SECRETS["a"])
        tell("a is erased")
        begin = time.perf_counter()
        limits = Limits(PROFILE, "drill")
        try:
            found, made = await killed(folder / "new", b, kills, max(4, 2 * mib // (kills + 1)), chance, limits, tell)
        finally:
            limits.close()
        restored = time.perf_counter() - begin
    told = list(differences(before, found["described"], ("the lost node", "the new one")))
    return {
        "facts": len(before), "differences": told, "mimei": pushed.snapshot.mimei, "versions": pushed.snapshot.versions,
        "backup_bytes": pushed.bytes, "backup_s": round(took, 2), "restore_bytes": found["bytes"], "restore_s": round(restored, 2),
        "limits": limits.says, "restore_rss_growth_mb": found["rss_growth_mb"], "kills": made, "pieces_asked": asked,
        "pieces_same": same, "holder_read_it": seen,
    }  # fmt: skip


def _seen(folder, text):
    """In how many files of a node a text stands."""
    return sum(text in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def main(words=None):
    """The program; exit code 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=300, help="files, keys and records of each MiMei and version (300)")
    parser.add_argument("--mib", type=int, default=64, help="size of one large file (64)")
    parser.add_argument("--kills", type=int, default=5, help="how often the node that is rebuilt is killed (5)")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rebuild", nargs=3, metavar=("FOLDER", "KEY", "ADDRESS"), help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    if args.rebuild:
        trio.run(rebuild, *args.rebuild)
        return 0
    seed = random.randrange(1 << 32) if args.seed is None else args.seed
    folder = Path(tempfile.mkdtemp(prefix="drill-", dir=os.environ.get("LEITHER_DRILL_FOLDER")))
    try:
        found = trio.run(drill, folder, args.files, args.mib, args.kills, seed, lambda text: print(text, file=sys.stderr))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found["seed"] = seed
    if args.json:
        print(json.dumps(found, indent=1))
    else:
        for sentence in found["differences"]:
            print(f"different: {sentence}")
        for name, value in {**found, "differences": len(found["differences"])}.items():
            print(f"{name:22} {value}")
    return 1 if found["differences"] or found["holder_read_it"] or found["pieces_same"] < found["pieces_asked"] else 0


if __name__ == "__main__":
    sys.exit(main())
