"""Handshakes a second: ours beside dissononce's and noiseprotocol's, both sides on one core, in turns and the best turn of each.

Beside the others stands the Noise part alone, with the same payloads. The whole of ours has the greeting, the identities and their
signatures as well; over TCP it goes through the door of a listening node.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import trio

from leither_edge.crypto import sodium
from leither_edge.crypto.noise.curve import pair_from_secret
from leither_edge.crypto.noise.handshake_state import HandshakeState
from leither_edge.peer.channel.handshake import Initiator, Responder
from leither_edge.peer.meeting import shake_hands
from tests.bench.flow_parts.edge import channel_key
from tests.own_environment import python_of
from tests.peer.nodes import open_node

PATTERNS = ("XX", "IK")
LIBRARIES = ("dissononce", "noiseprotocol")
TIMES, TURNS, TCP_TIMES = 100, 5, 200
ALICE, BOB = channel_key(1), channel_key(2)
SECRETS = b"a" * 32, b"b" * 32


def measure(times=TIMES, turns=TURNS, tcp_times=TCP_TIMES):
    """{"XX" and "IK": {library: handshakes a second of one core}, "tcp_per_s"}. Args: times (of a turn), tcp_times (over TCP)."""
    works = {"ours": our_noise, "ours, whole": our_whole}
    best = {pattern: dict.fromkeys((*works, *LIBRARIES), float("inf")) for pattern in PATTERNS}
    with Others() as others:
        for _ in range(turns):
            for pattern in PATTERNS:
                for name, work in works.items():
                    best[pattern][name] = min(best[pattern][name], cpu_of(work, pattern, times))
                for name in LIBRARIES:
                    best[pattern][name] = min(best[pattern][name], others.cpu_of(name, pattern, times))
    found = {pattern: {name: round(times / seconds, 1) for name, seconds in each.items()} for pattern, each in best.items()}
    with tempfile.TemporaryDirectory(prefix="flow-") as folder:
        found["tcp_per_s"] = round(trio.run(over_tcp, folder, tcp_times), 1)
    return found


def keys_of(found):
    """handshakes_per_s: whole first contacts, both sides, one core."""
    return {
        "handshakes_per_s": found["XX"]["ours, whole"], "handshakes_known_per_s": found["IK"]["ours, whole"],
        "handshakes_tcp_per_s": found["tcp_per_s"],
        "handshakes_vs_dissononce": round(found["XX"]["ours"] / found["XX"]["dissononce"], 2),
        "handshakes_vs_noiseprotocol": round(found["XX"]["ours"] / found["XX"]["noiseprotocol"], 2),
    }  # fmt: skip


def lines(found):
    """What people read."""
    said = ["Handshakes a second, both sides on one core:"]
    for pattern in PATTERNS:
        said.append(f"  {pattern}  " + "  ".join(f"{name} {count:,.0f}" for name, count in found[pattern].items()))
    said.append(f"First contacts over loopback TCP with a listening node, one after the other: {found['tcp_per_s']:,.0f} a second.")
    return said


def cpu_of(work, pattern, times):
    start = time.process_time()
    for _ in range(times):
        work(pattern)
    return time.process_time() - start


def our_noise(pattern):
    """The Noise messages alone."""
    one, other = (pair_from_secret(secret) for secret in SECRETS)
    writer = HandshakeState(pattern, True, one, sodium.random_bytes, remote_static=other.public if pattern == "IK" else None)
    reader = HandshakeState(pattern, False, other, sodium.random_bytes)
    first = writer
    while not writer.is_finished:
        reader.read_message(writer.write_message(ALICE.credential if writer is not first or pattern == "IK" else b""))
        writer, reader = reader, writer
    writer.split()
    reader.split()


def our_whole(pattern):
    """All that comes before a channel."""
    known = {"expected": BOB.public_key, "static": BOB.pair.public} if pattern == "IK" else {}
    one, other = Initiator(ALICE, sodium.random_bytes, **known), Responder(BOB, sodium.random_bytes)
    data, receiver = one.begin(), other
    while data:
        data, receiver = receiver.receive(data), one if receiver is other else other
    assert other.established is not None


async def over_tcp(folder, times):
    async with open_node(folder) as node:
        host, _, port = node.address.rpartition(":")
        start = time.perf_counter()
        for _ in range(times):
            stream = await trio.open_tcp_stream(host, int(port))
            await shake_hands(Initiator(ALICE, sodium.random_bytes), stream)
            await stream.aclose()
        return times / (time.perf_counter() - start)


class Others:
    """The other libraries' process, a context manager."""

    def __enter__(self):
        program = Path(__file__).with_name("handshakes_peer.py")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen([str(python_of("noise")), "-I", str(program)], **pipes)
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def cpu_of(self, library, pattern, times):
        """Seconds of CPU of so many handshakes."""
        asked = {"library": library, "pattern": pattern, "times": times, "payload": list(ALICE.credential)}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the other libraries' process ended"
        return float(line)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.flow_parts.handshakes", description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=TIMES, help=f"handshakes of a turn ({TIMES})")
    print("\n".join(lines(measure(parser.parse_args().times))))
