"""python -m tests.mimei.small_machine: the largest things a person does, inside the memory that a hardware profile gives the node.

Three acts, each in a process of its own under the kernel's memory limit of the profile (a control group, version 1 or 2; without the
right to make one, RLIMIT_DATA): a film is added and read back, a folder of 20,000 entries is added and listed, a database of a million keys
is filled, backed up, changed, backed up again and restored. A process that asks for more is killed, and that is a failure here.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from leither_edge import profile as profiles
from leither_edge.crypto.node_key import load_or_create
from leither_edge.mimei.info import DATABASE
from leither_edge.mimei.library import open_library
from leither_edge.observe.counters import Counters

MIB = 1 << 20
PIECE_BYTES = 1 << 20
KEYS_TOGETHER = 100
CGROUP_1, CGROUP_2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")


class Limits:
    """A control group with the node's memory limit, or none and RLIMIT_DATA in its place. says: which it is.

    Args: profile, name (of this one, where a process makes several).
    """

    def __init__(self, profile, name=""):
        self._profile, self._group = profile, None
        if (CGROUP_2 / "cgroup.controllers").exists():
            base, most, soft = CGROUP_2, "memory.max", "memory.high"
        else:
            base, most, soft = CGROUP_1, "memory.limit_in_bytes", "memory.soft_limit_in_bytes"
        group = base / f"leither-test-{os.getpid()}{name}"
        try:
            group.mkdir()
            self._group = group
            (group / most).write_text(str(profile.memory.node_max_mib * MIB))
            (group / soft).write_text(str(profile.memory.node_high_mib * MIB))
            self.says = f"control group, {most} {profile.memory.node_max_mib} MiB"
            return
        except OSError:
            self.close()
        self.says = f"RLIMIT_DATA {profile.memory.node_max_mib} MiB (no control group can be made here)"

    def enter(self):
        """Called in the child, before its program starts."""
        most = self._profile.process.open_files_max
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        if self._group is not None:
            (self._group / "cgroup.procs").write_text(str(os.getpid()))
        else:
            resource.setrlimit(resource.RLIMIT_DATA, (self._profile.memory.node_max_mib * MIB,) * 2)

    def close(self):
        if self._group is not None:
            self._group.rmdir()
            self._group = None


def status_mib(name):
    """MiB of a line of this process's status, such as VmHWM."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def add_film(library, session, size, folder):
    """A film of random bytes: one second's worth repeated would be stored once."""
    noise = random.Random(1)

    def film():
        left = size
        while left:
            piece = noise.randbytes(min(PIECE_BYTES, left))
            left -= len(piece)
            yield piece

    cid = library.add(session, film(), pin=True)
    yield "added"
    noise.seed(1)
    same = all(piece == noise.randbytes(len(piece)) for piece in whole_chunks(library.cat(session, cid)))
    assert same, "the film read back is another"
    yield "read back"


def whole_chunks(pieces):
    """The same bytes in pieces of PIECE_BYTES."""
    kept = bytearray()
    for piece in pieces:
        kept += piece
        while len(kept) >= PIECE_BYTES:
            yield bytes(kept[:PIECE_BYTES])
            del kept[:PIECE_BYTES]
    if kept:
        yield bytes(kept)


def add_folder(library, session, entries, folder):
    source = folder / "many"
    source.mkdir()
    for number in range(entries):
        (source / f"picture-{number:05}.txt").write_bytes(b"%d\n" % number)
    yield "made"
    mid = library.create(session, mark="many")
    view = library.open(session, mid).file_system
    view.put_folder("", source)
    library.backup(session, mid)
    yield "added"
    found = sum(1 for _ in view.list(""))
    assert found == entries, f"{found} entries are listed of {entries}"
    yield "listed"
    view.put(f"picture-{entries // 2:05}.txt", [b"another"])
    library.backup(session, mid)
    yield "one changed"


def fill_database(library, session, keys, folder):
    mid = library.create(session, mark="many", data_type=DATABASE)
    view = library.open(session, mid).database
    order = list(range(0, keys, KEYS_TOGETHER))
    random.Random(1).shuffle(order)
    for first in order:
        words = [b"MSET"]
        for number in range(first, min(first + KEYS_TOGETHER, keys)):
            # Scattered over the whole order of keys, as names and hashes are.
            words += [b"user:%08x" % (number * 2654435761 & 0xFFFFFFFF), b"value %d" % number]
        view.execute(words)
    assert view.execute([b"DBSIZE"]) == keys
    yield "filled"
    library.backup(session, mid)
    yield "backed up"
    view.execute([b"SET", b"user:%08x" % 0, b"another"])
    library.backup(session, mid)
    yield "one changed"
    view.execute([b"FLUSHDB"])
    yield "emptied"
    library.restore(session, mid, 0)
    view = library.open(session, mid).database
    assert view.execute([b"DBSIZE"]) == keys and view.execute([b"GET", b"user:%08x" % 0]) == b"value 0"
    yield "restored"


# What to do, how much of it (bytes, entries, keys), and how much with --quick.
ACTS = {
    "film": (add_film, 3_000_000_000, 30_000_000),
    "folder": (add_folder, 20_000, 1_000),
    "database": (fill_database, 1_000_000, 20_000),
}


def act(name, amount, profile_name, folder):
    """In the child: do it, print one line of JSON a step."""
    profile = profiles.load(profile_name)
    library = open_library(folder / "store", profile, load_or_create(folder / "node.key"), counters=Counters())
    session = library.local_session(load_or_create(folder / "user.key"))
    started = time.monotonic()
    for step in ACTS[name][0](library, session, amount, folder):
        seconds = time.monotonic() - started
        line = {"step": step, "seconds": round(seconds, 1), "resident_mib": round(status_mib("VmHWM"), 1)}
        line["own_mib"] = round(status_mib("RssAnon"), 1)
        print(json.dumps(line), flush=True)
        started = time.monotonic()
    stat = library.store.stat()
    print(json.dumps({"step": "map", "used_mib": round(stat["used_bytes"] / MIB, 1), "of_mib": stat["map_bytes"] // MIB}), flush=True)
    library.close()


def measure(name, amount, profile_name, parent=None):
    """Steps of an act in a child under the profile's limits. Raises AssertionError: it was killed or failed."""
    limits = Limits(profiles.load(profile_name))
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        try:
            words = [sys.executable, "-m", "tests.mimei.small_machine", "--act", name, "--amount", str(amount), "--profile", profile_name]
            child = subprocess.run([*words, "--folder", folder], preexec_fn=limits.enter, stdout=subprocess.PIPE, text=True)
        finally:
            limits.close()
    steps = [json.loads(line) for line in child.stdout.splitlines()]
    assert not child.returncode, f"{name} under {limits.says} ended with {child.returncode} after {steps}"
    return limits.says, steps


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.mimei.small_machine", description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="pi-zero")
    parser.add_argument("--quick", action="store_true", help="a hundredth of each")
    parser.add_argument("--act", choices=ACTS, help="this one alone")
    parser.add_argument("--folder", type=Path, help="do the act here, in this process")
    parser.add_argument("--amount", type=int)
    parser.add_argument("--parent", help="folder on the disk that is meant (default: the temporary one)")
    options = parser.parse_args()
    if options.folder:
        act(options.act, options.amount, options.profile, options.folder)
        return
    for name in [options.act] if options.act else ACTS:
        amount = options.amount or ACTS[name][2 if options.quick else 1]
        says, steps = measure(name, amount, options.profile, options.parent)
        print(f"{name}: {amount:,} under {options.profile}: {says}")
        for step in steps:
            print("  " + "  ".join(f"{key} {value}" for key, value in step.items()), flush=True)


if __name__ == "__main__":
    main()
