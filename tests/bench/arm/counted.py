"""Runs work.py under qemu's user mode with and without the counting plugin, or as it is on this machine."""

import json
import statistics
import subprocess
from pathlib import Path

from tests.bench.arm.work import PIECES

HERE = Path(__file__).resolve().parent


def plugin(folder):
    """Path of count.c, compiled into a folder."""
    out = Path(folder) / "count.so"
    subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden", "-o", out, HERE / "count.c"], check=True)
    return out


def seconds(command, book, environment=None):
    """(work.py's answer, {piece: median seconds}) of a command that runs Python."""
    done = subprocess.run([*command, str(HERE / "work.py"), str(book)], stdout=subprocess.PIPE, text=True, check=True, env=environment)
    answer = json.loads(done.stdout)
    return answer, {name: statistics.median(times[1:]) for name, times in answer["seconds"].items()}


def instructions(make_command, book, folder, environment=None):
    """{piece: median instructions}; make_command: list of qemu's options -> a command that runs Python under it."""
    out = Path(folder) / "marks"
    out.unlink(missing_ok=True)
    command = make_command(["-plugin", f"{plugin(folder)},out={out}"])
    subprocess.run([*command, str(HERE / "work.py"), str(book)], stdout=subprocess.DEVNULL, check=True, env=environment)
    counts, begun = {}, None
    for line in out.read_text().splitlines():
        mark, count = map(int, line.split())
        if mark % 2 == 0:
            begun = count
        else:
            counts.setdefault(PIECES[mark // 2], []).append(count - begun)
    return {name: statistics.median(seen[1:]) for name, seen in counts.items()}
