"""The attacked node, the honest peers, and what is looked at: memory, counters, what was refused how."""

import contextlib
import json
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

from leither_edge import profile as profiles
from tests.device_process import ROOT
from tests.mimei.small_machine import Limits
from tests.peer.attack.honest import FRIEND, RETURNING
from tests.peer.attack.wire import Wire

PROFILE = "pi-zero"
MIB = 1 << 20
# In the namespace: the node's addresses near and far, the honest peers', and a /16 of the attacker. On loopback no limit by address holds,
# so what does not need many addresses is done there.
OWN, NEAR, FAR = "127.0.0.1", "10.77.0.1", "198.51.0.1"
SOURCES = {"friend": ["10.77.0.2"], "returning": ["198.51.250.1"], "stranger": [f"198.51.{each}.1" for each in range(201, 250)]}
NETWORKS = 200

# attack: its name. sent: how many attempts. refused: {code: how often}, as the attacker was told. wanted: the codes that are allowed.
# grown_mib: of the node's memory. honest: what the honest peers noticed (None: not measured). held: whether all is well. note: for people.
Row = namedtuple("Row", "attack sent refused wanted grown_mib honest held note")


class Ground:
    """A context manager. is_apart: whether this process lives in a network namespace of its own."""

    def __init__(self, is_apart):
        self.is_apart = is_apart
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        limits = Limits(profiles.load(PROFILE))
        self._stack.callback(limits.close)
        self.says = limits.says
        hosts = f"{OWN},{NEAR},{FAR}" if self.is_apart else OWN
        friends = ",".join(key.public_key.hex() for key in (FRIEND, RETURNING))
        self._node = self._start("node_process", PROFILE, hosts, friends, preexec_fn=limits.enter)
        self.where = self._said(self._node)
        self.public_key, self.static = bytes.fromhex(self.where["key"]), bytes.fromhex(self.where["static"])
        self.at, self.far = (OWN, self.where["port"]), (FAR if self.is_apart else OWN, self.where["port"])
        return self

    def __exit__(self, *_):
        self._stack.close()

    def honest(self):
        """The honest peers: gives (seconds) -> what they noticed, for a pair of calls: begin, end."""
        sources = SOURCES if self.is_apart else {}
        place = NEAR if self.is_apart else OWN
        process = self._start("honest", json.dumps(self.where), json.dumps(place), json.dumps(sources))
        assert self._said(process)["is_open"]
        return Honest(process, self._said)

    def source(self, number, networks=NETWORKS):
        """The attacker's address of this number out of so many networks, None where there is but one address."""
        return f"198.51.{number % networks + 1}.{number // networks % 250 + 1}" if self.is_apart else None

    def wire(self):
        """A new connection of the attacker."""
        return Wire(self.at)

    def figures(self):
        """What the node says of itself. Raises AssertionError: it is gone."""
        self._node.stdin.write("\n")
        self._node.stdin.flush()
        return self._said(self._node)

    def memory_mib(self, name="RssAnon"):
        """A line of the node's status."""
        for line in Path(f"/proc/{self._node.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
        raise AssertionError("the node is gone")

    def handles(self):
        """How many files and sockets the node has open."""
        return len(list(Path(f"/proc/{self._node.pid}/fd").iterdir()))

    def settled(self, within_s=5.0):
        """Wait until no handshake is on its way; the figures."""
        end = time.monotonic() + within_s
        while (figures := self.figures())["half_open"] and time.monotonic() < end:
            time.sleep(0.05)
        return figures

    def _start(self, module, *words, **options):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        process = subprocess.Popen([sys.executable, "-m", f"tests.peer.attack.{module}", *words], cwd=ROOT, **pipes, **options)
        self._stack.callback(_end, process)
        return process

    def _said(self, process):
        line = process.stdout.readline()
        assert line, f"a process ended with {process.wait()}"
        return json.loads(line)


class Honest:
    """The honest peers' process."""

    def __init__(self, process, said):
        self._process, self._said = process, said

    def begin(self, seconds):
        self._process.stdin.write(json.dumps({"seconds": seconds}) + "\n")
        self._process.stdin.flush()

    def end(self):
        return self._said(self._process)

    def measure(self, seconds):
        self.begin(seconds)
        return self.end()

    def leave(self):
        _end(self._process)


def _end(process):
    if process.stdin and not process.stdin.closed:
        process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def count(codes):
    """{code: how often}."""
    found = {}
    for code in codes:
        found[code] = found.get(code, 0) + 1
    return found


def row(ground, attack, codes, wanted, before_mib, note="", honest=None, most_mib=4.0, is_held=True):
    """A Row of what was refused; held if only allowed codes came, memory is bounded and the node answers."""
    refused = codes if isinstance(codes, dict) else count(codes)
    grown = ground.memory_mib() - before_mib
    figures = ground.settled()
    held = is_held and set(refused) <= set(wanted) and grown <= most_mib and not figures["counters"].get("peer_faults", {}).get("", 0)
    return Row(attack, sum(refused.values()), refused, sorted(wanted), round(grown, 2), honest, held, note)
