#!/usr/bin/env python3
"""Time to encode and decode packets of the DHT, ours beside the bencode packages of PyPI.

The packets are those that libtorrent sent (tests/dht/vectors). All codecs run in one process, in turns, and the best round of
each counts: what it does not owe to its neighbours on the machine. Packages with a part in C or Rust are measured by their
pure-Python half. A peer that changes a packet, or reads another value out of it, is shown and not compared with.
"""

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# In place of this folder, whose http.py would stand for the standard library's package.
sys.path[0] = str(ROOT)

PEERS = {
    "bencodepy": ("bencodepy", "encode", "decode"),
    "fastbencode": ("fastbencode._bencode_py", "bencode", "bdecode"),
    "better-bencode": ("better_bencode._pure", "dumps", "loads"),
    "bencode-open": ("bencode_open", "dumps", "loads"),
    "bcoding": ("bcoding", "bencode", "bdecode"),
    "bencode3": ("bencode3", "bencode", "bdecode"),
    "bencoder": ("bencoder", "encode", "decode"),
    "bencoding": ("bencoding", "bencode", "bdecode"),
    "flatbencode": ("flatbencode", "encode", "decode"),
}
OURS = "leither_edge"


# In the peers' environment: `packet_codec.py measure ROUNDS`.


def codecs():
    """{name: (encode, decode)}, ours first."""
    ours = importlib.import_module("leither_edge.dht.bencode")
    found = {OURS: (ours.encode, ours.decode)}
    for name, (module, encode, decode) in PEERS.items():
        try:
            peer = importlib.import_module(module)
        except Exception as error:  # a peer that this Python cannot load is none
            print(f"{name}: {error!r}", file=sys.stderr)
            continue
        found[name] = getattr(peer, encode), getattr(peer, decode)
    return found


def is_right(work, given, wanted):
    """True if the work makes of each given thing what is wanted."""
    for thing, result in zip(given, wanted, strict=True):
        try:
            made = work(thing)
        except Exception:  # whatever it raises, it cannot do it
            return False
        if (bytes(made) if isinstance(result, bytes) else made) != result:
            return False
    return True


def seconds(work, given, turns):
    """Mean time of one packet."""
    start = time.perf_counter()
    for _ in range(turns):
        for thing in given:
            work(thing)
    return (time.perf_counter() - start) / turns / len(given)


def measure(rounds, turns=40):
    """{"encode" or "decode": {name: [microseconds of a packet, whether its results are right]}}"""
    from tests.dht.packets import recorded

    found = codecs()
    packets = list(recorded().values())
    values = [found[OURS][1](packet) for packet in packets]
    result = {}
    for half, (what, given, wanted) in enumerate((("encode", values, packets), ("decode", packets, values))):
        best = {}
        able = {name: is_right(pair[half], given, wanted) for name, pair in found.items()}
        for _ in range(rounds):
            for name, pair in found.items():
                try:
                    best[name] = min(best.get(name, 1), seconds(pair[half], given, turns))
                except Exception:  # noqa: S112  # reported as unable
                    continue
        result[what] = {name: [round(1e6 * took, 2), able[name]] for name, took in best.items()}
    return result


# Here.


def keys(found):
    """The figures that are compared from run to run."""
    result = {}
    for what, rows in found.items():
        ours = rows[OURS][0]
        fair = {name: took for name, (took, is_able) in rows.items() if is_able and name != OURS}
        fastest = min(fair, key=fair.get)
        result |= {
            f"{what}_us": ours,
            f"{what}_ratio": round(rows["bencodepy"][0] / ours, 2),
            f"{what}_fastest_peer": fastest,
            f"{what}_fastest_ratio": round(fair[fastest] / ours, 2),
        }
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    options = parser.parse_args()
    from tests.own_environment import python_of, run

    rounds = "15" if options.quick else "60"
    found = json.loads(run(str(python_of("codec-peers")), __file__, "measure", rounds, cwd=ROOT))
    figures = keys(found)
    if options.json:
        print(json.dumps(figures))
        return
    print("Microseconds a packet, best of the rounds (* = its results differ, so it is not compared with)")
    print(f"{'':16}{'encode':>10}{'decode':>10}")
    for name in sorted(found["decode"], key=lambda one: found["decode"][one][0]):
        cells = [found[what].get(name, [0, False]) for what in ("encode", "decode")]
        print(f"{name:16}" + "".join(f"{took:9.2f}{' ' if is_able else '*'}" for took, is_able in cells))
    for what in ("encode", "decode"):
        print(
            f"{what}: {figures[f'{what}_ratio']} times the speed of bencodepy, {figures[f'{what}_fastest_ratio']} times that of "
            f"{figures[f'{what}_fastest_peer']}, the fastest pure-Python peer found"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        main()
