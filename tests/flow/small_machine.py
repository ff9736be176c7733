"""python -m tests.flow.small_machine: two nodes of the smallest profile do with one another what people ask of them, each in its memory.

Each node is a process of its own in a control group with the memory that the profile gives it (see tests/mimei/small_machine.py). One gives
a film, a folder and a database; the other takes them, follows the database, and holds a backup, from which a third node is rebuilt.
A process that asks for more memory is killed, and that is a failure here.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import trio

from leither_edge import profile as profiles
from leither_edge.crypto.node_key import load_or_create
from leither_edge.flow.tables import ALL
from leither_edge.mimei import info, rights
from leither_edge.mimei.library import open_library
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from leither_edge.peer_node import open_peer_node
from tests.mimei.small_machine import PIECE_BYTES, Limits, fill_database, status_mib

# Bytes of the film, entries of the folder, keys of the database; and with --quick.
FULL, QUICK = (1_000_000_000, 20_000, 200_000), (20_000_000, 500, 5_000)


class Side:
    """One node, which does what lines of JSON say."""

    def __init__(self, folder, library, node):
        self.folder, self.library, self.node = folder, library, node
        self.session = library.local_session(library.node_key)
        self.heard = {}
        library.listeners.append(lambda mid, number: self.heard.update({mid: number}))

    async def befriend(self, key, address, name):
        await self.node.peers.book.put(public_key=bytes.fromhex(key), name=name, addresses=[address], state="friend")

    async def make(self, film_bytes, entries, keys):
        """{name: mid} of what is made, each with a version that anybody may read."""

        def work():
            library, session = self.library, self.session
            mids = {"film": library.create(session, mark="film", data_type=info.FILE), "folder": library.create(session, mark="folder")}
            noise = random.Random(1)
            pieces = (noise.randbytes(min(PIECE_BYTES, film_bytes - at)) for at in range(0, film_bytes, PIECE_BYTES))
            library.open(session, mids["film"]).file.put(pieces)
            source = self.folder / "many"
            source.mkdir()
            for number in range(entries):
                (source / f"picture-{number:05}.txt").write_bytes(b"%d\n" % number)
            library.open(session, mids["folder"]).file_system.put_folder("", source)
            for _ in fill_database(library, session, keys, self.folder):
                # Filled and backed up: the rest of that act is another test's.
                if library.versions(session, self._mid("many")):
                    break
            mids["database"] = self._mid("many")
            for name, mid in mids.items():
                library.set_right(session, mid, "guest", rights.READ_ONLY)
                if name != "database":
                    library.backup(session, mid)
            return {name: mid.hex() for name, mid in mids.items()}

        return await trio.to_thread.run_sync(work)

    def _mid(self, mark):
        return info.mid_of(self.library.node_key.id, "", "", mark)

    async def sync(self, mid, key):
        found = await self.node.flow.sync(self.session, bytes.fromhex(mid), [key_text(key)])
        return {"versions": len(found.numbers)}

    async def follow(self, mid, key):
        await self.node.flow.follow(self.session, bytes.fromhex(mid), [key_text(key)])

    async def change(self, mid):
        def work():
            view = self.library.open(self.session, bytes.fromhex(mid)).database
            view.execute([b"SET", b"user:%08x" % 0, b"another"])
            return self.library.backup(self.session, bytes.fromhex(mid)).number

        return {"number": await trio.to_thread.run_sync(work)}

    async def until(self, mid, number):
        while self.heard.get(bytes.fromhex(mid), -1) < number:
            await trio.sleep(0.01)

    async def back_up(self, key):
        pushed = await self.node.backup.back_up_to(bytes.fromhex(key), "holder")
        return {"bytes": pushed.bytes}

    async def check(self, key):
        asked, same = await self.node.backup.check(bytes.fromhex(key))
        assert asked and asked == same, f"{same} of {asked} pieces are right"

    async def restore(self, key, scope_key):
        found = await self.node.backup.restore_from(bytes.fromhex(key), load_or_create(Path(scope_key)))
        return {"mimei": found.mimei, "versions": found.versions, "bytes": found.bytes}

    async def labels(self):
        """{mid: [label of each version]}."""

        def work():
            library, found = self.library, {}
            for each in library.list(self.session):
                found[each.mid.hex()] = [version.root.hex() for version in library.versions(self.session, each.mid)]
            return found

        return await trio.to_thread.run_sync(work)


def key_text(key):
    from leither_edge.core.ids import public_key_to_text

    return public_key_to_text(bytes.fromhex(key))


async def side(folder, profile_name):
    """In the child: a node, until its standard input ends."""
    profile = profiles.load(profile_name)
    folder.mkdir(parents=True, exist_ok=True)
    counters, log = Counters(), Log(lambda line: print(line, file=sys.stderr))
    with open_library(str(folder), profile, load_or_create(folder / "node.key"), counters=counters, more_tables=ALL) as library:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(library.run)
            async with open_peer_node(library, str(folder), profile, hosts=("127.0.0.1",), port=0, counters=counters, log=log) as node:
                it = Side(folder, library, node)
                say({"address": f"127.0.0.1:{node.port}", "key": library.node_key.public_key.hex()})
                while line := await trio.to_thread.run_sync(sys.stdin.readline):
                    name, arguments = json.loads(line)
                    answer = await getattr(it, name)(**arguments)
                    usage = resource.getrusage(resource.RUSAGE_SELF)
                    memory = {"resident_mib": round(status_mib("VmHWM"), 1), "own_mib": round(status_mib("RssAnon"), 1)}
                    say({"answer": answer, **memory, "cpu_s": round(usage.ru_utime + usage.ru_stime, 1)})
            nursery.cancel_scope.cancel()


def say(what):
    print(json.dumps(what), flush=True)


class Child:
    """A node in a process of its own, within the limits of a profile."""

    def __init__(self, folder, profile_name):
        self.limits, self.folder = Limits(profiles.load(profile_name), Path(folder).name), Path(folder)
        words = [sys.executable, "-m", "tests.flow.small_machine", "--folder", str(folder), "--profile", profile_name]
        self.process = subprocess.Popen(
            words, preexec_fn=self.limits.enter, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )  # fmt: skip
        self.told = self._read("start")

    def ask(self, name, /, **arguments):
        """What the node answers, with its figures. Raises AssertionError: it was killed or failed."""
        self.begin(name, **arguments)
        return self._read(name)

    def begin(self, name, /, **arguments):
        self.process.stdin.write(json.dumps([name, arguments]) + "\n")
        self.process.stdin.flush()

    def _read(self, doing):
        line = self.process.stdout.readline()
        assert line, f"{self.folder.name} ended with {self.process.wait()} under {self.limits.says}, during: {doing}"
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.limits.close()


def run(profile_name, amounts, tell, parent=None):
    """All steps; tell(step, seconds, {node: figures}). Raises AssertionError: a node was killed, or has not what it must have."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        names = {}

        def child(name):
            names[name] = Child(f"{folder}/{name}", profile_name)
            return names[name]

        def step(text, *asked):
            begun, figures = time.monotonic(), {}
            for name, what, arguments in asked:
                figures[name] = names[name].ask(what, **arguments)
            tell(text, time.monotonic() - begun, figures)
            return figures[asked[-1][0]]["answer"]

        try:
            giver, taker = child("giver"), child("taker")
            says = giver.limits.says
            film_bytes, entries, keys = amounts
            for one, other in ((giver, taker), (taker, giver)):
                one.ask("befriend", key=other.told["key"], address=other.told["address"], name=other.folder.name)
            mids = step("made", ("giver", "make", {"film_bytes": film_bytes, "entries": entries, "keys": keys}))
            key = giver.told["key"]
            for name in ("film", "folder", "database"):
                step(f"{name} synced", ("taker", "sync", {"mid": mids[name], "key": key}), ("giver", "labels", {}))
            step("database followed", ("taker", "follow", {"mid": mids["database"], "key": key}))
            taker.begin("until", mid=mids["database"], number=1)
            begun = time.monotonic()
            giver.ask("change", mid=mids["database"])
            tell("one key changed, and there", time.monotonic() - begun, {"taker": taker._read("until")})
            here, there = giver.ask("labels")["answer"], taker.ask("labels")["answer"]
            assert all(here[mid][-1] == there[mid][-1] for mid in mids.values()), "the versions differ"
            step("backed up", ("giver", "back_up", {"key": taker.told["key"]}), ("taker", "labels", {}))
            step("pieces asked back", ("giver", "check", {"key": taker.told["key"]}))
            giver.close()
            third = child("third")
            third.ask("befriend", key=taker.told["key"], address=taker.told["address"], name="taker")
            scope_key = f"{folder}/giver/node.key"
            step("restored elsewhere", ("third", "restore", {"key": taker.told["key"], "scope_key": scope_key}), ("taker", "labels", {}))
            return says
        finally:
            for each in names.values():
                if not each.process.stdin.closed:
                    each.close()


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.flow.small_machine", description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="pi-zero")
    parser.add_argument("--quick", action="store_true", help="a fiftieth and less of each")
    parser.add_argument("--folder", type=Path, help="be a node here, in this process")
    parser.add_argument("--parent", help="folder on the disk that is meant (default: the temporary one)")
    options = parser.parse_args()
    if options.folder:
        trio.run(side, options.folder, options.profile)
        return

    def tell(text, seconds, figures):
        parts = [
            f"{name}: peak {each['resident_mib']} MiB, own {each['own_mib']} now, CPU {each['cpu_s']} s" for name, each in figures.items()
        ]
        print(f"{text}: {seconds:.1f} s;  {';  '.join(parts)}", flush=True)

    says = run(options.profile, QUICK if options.quick else FULL, tell, options.parent)
    print(f"each node: {says}, {profiles.load(options.profile).memory.node_max_mib} MiB; bandwidth on the own network is not bounded")


if __name__ == "__main__":
    main()
