"""Which commands of a real redis-server ours has, by group, as both say themselves: `python -m tests.mimei.redis_coverage`.

Nothing here is a list kept by hand: the one side is asked for COMMAND and COMMAND DOCS, the other for COMMAND.
"""

import argparse
import json

from leither_edge.resp.server_commands import REFUSED
from tests.resp.serving import serving

from .resp_client import Client, redis_server


def described(client):
    """{name: (arity, first key, last key, step, flags)} of a server."""
    found = {}
    for kind, row in client.ask("COMMAND")[1]:
        assert kind == "*"
        name, arity, flags, first, last, step = (value for _, value in row[:6])
        found[name.decode()] = (arity, first, last, step, {flag.decode() for _, flag in flags})
    return found


def groups(client):
    """{name: group} of redis-server's commands."""
    found, answers = {}, client.ask("COMMAND", "DOCS")[1]
    for (_, name), (_, facts) in zip(answers[::2], answers[1::2], strict=True):
        pairs = dict(zip((value for _, value in facts[::2]), facts[1::2], strict=True))
        found[name.decode()] = pairs[b"group"][1].decode()
    return found


def compare():
    """({group: (covered names, missing names)}, names of ours alone, {name: (theirs, ours)} of what is described otherwise)"""
    with redis_server() as real, serving() as ours:
        with Client(real) as client:
            theirs, group_of = described(client), groups(client)
        with Client(ours.address) as client:
            own = described(client)
    table = {}
    for name in sorted(theirs):
        covered, missing = table.setdefault(group_of[name], ([], []))
        (covered if name in own else missing).append(name)
    other = {}
    for name in sorted(own.keys() & theirs.keys()):
        about = [(*each[:4], "write" in each[4], "readonly" in each[4]) for each in (theirs[name], own[name])]
        if about[0] != about[1]:
            other[name] = tuple(about)
    return table, sorted(own.keys() - theirs.keys()), other


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.mimei.redis_coverage", description=__doc__.partition(":")[0])
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    table, own, other = compare()
    if options.json:
        named = {group: {"covered": covered, "missing": missing} for group, (covered, missing) in table.items()}
        print(json.dumps({"groups": named, "own": own, "other": other}))
        return
    for group, (covered, missing) in sorted(table.items()):
        print(f"{group}: {len(covered)} of {len(covered) + len(missing)}")
        print(f"  covered  {' '.join(covered) or '-'}")
        if missing:
            print(f"  missing  {' '.join(name + '*' * (name.encode() in REFUSED) for name in missing)}")
    print(f"in all: {sum(len(row[0]) for row in table.values())} of {sum(map(len, sum(table.values(), ())))}; * refused with a reason")
    print(f"of ours alone: {' '.join(own)}")
    for name, (real, ours) in other.items():
        print(f"described otherwise: {name}, redis-server {real}, ours {ours}")


if __name__ == "__main__":
    main()
