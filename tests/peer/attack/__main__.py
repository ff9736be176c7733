"""`python -m tests.peer.attack`: every attack, one row each. Exit code 1 if a defence did not hold."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time

from . import floods, on_channels, on_handshakes
from .ground import FAR, NEAR, Ground

ATTACKS = on_handshakes.ATTACKS + on_channels.ATTACKS + floods.ATTACKS
_APART = "LEITHER_ATTACK_APART"


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.peer.attack", description="Attacks a listening node and prints what came of it.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the attempts")
    parser.add_argument("--only", metavar="WORD", default="", help="attacks with this word in their name")
    parser.add_argument("--json", action="store_true", help="the rows as one JSON array")
    options = parser.parse_args()
    is_apart = os.environ.get(_APART) == "1"
    if not is_apart and apart():
        again = [*_UNSHARE, sys.executable, "-m", "tests.peer.attack", *sys.argv[1:]]
        sys.exit(subprocess.run(again, env={**os.environ, _APART: "1"}).returncode)
    if is_apart:
        for words in ("link set lo up", f"address add {NEAR}/16 dev lo", f"address add {FAR}/16 dev lo"):
            subprocess.run(["ip", *words.split()], check=True)
    rows = []
    with Ground(is_apart) as ground:
        if not options.json:
            where = "the attacker has many addresses" if is_apart else "loopback alone: no limits by address"
            print(f"A node under the limits of pi-zero ({ground.says}); {where}.")
            print(f"{'attack':32}{'attempts':>9}{'memory':>12}   held  told")
        for attack in ATTACKS:
            if options.only not in attack.__name__:
                continue
            start = time.monotonic()
            row = attack(ground, 0.1 if options.quick else 1.0)
            rows.append({**row._asdict(), "seconds": round(time.monotonic() - start, 1)})
            if not options.json:
                show(row)
        peak = ground.memory_mib("VmHWM")
    if options.json:
        print(json.dumps({"rows": rows, "peak_rss_mib": round(peak, 1), "limits": ground.says, "addresses": "many" if is_apart else "one"}))
    else:
        print(f"The node's resident memory was {peak:.1f} MiB at most.")
    sys.exit(not all(row["held"] for row in rows))


_UNSHARE = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]


def apart():
    """Whether a network namespace of our own can be had."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run([*_UNSHARE, "true"], capture_output=True).returncode == 0


def show(row):
    told = ", ".join(f"{code} {count}" for code, count in sorted(row.refused.items()))
    print(f"{row.attack:32}{row.sent:9}{row.grown_mib:+8.2f} MiB   {'yes' if row.held else 'NO':4}  {told}")
    if row.note:
        print(f"{'':12}{row.note}")
    for name, found in (row.honest or {}).items():
        friend, stranger = found["friend"], found["stranger"]
        median, high, longest = found["call_ms"] or (0, 0, 0)
        print(f"{'':12}{name:7} a call {median} ms (95 % {high}, longest {longest}), {found['mb_per_s']} MB/s", end="; ")
        for who, each in (("friend", friend), ("stranger", stranger)):
            print(f"a {who} came {each['came']} of {each['tries']} times" + (f" in {each['ms'][0]} ms" if each["ms"] else ""), end="; ")
        print(", ".join(sorted(set(friend["errors"] + stranger["errors"]))))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
