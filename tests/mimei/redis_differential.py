"""The same random commands into a real redis-server and into us, command by command: `python -m tests.mimei.redis_differential`.

What has no order in Redis is sorted, what is random must be one of what there is, a time left may differ by what the two were asked
apart. All else is compared to the byte: types of RESP2 and RESP3, texts of errors. Ends at the first difference unless told to go on.
"""

import argparse
import contextlib
import random
import sys

from .redis_grammar import KEYS, LEX_KEYS, Grammar
from .resp_client import Client, redis_server
from .served_database import SIGN_IN, served

UNORDERED = {b"SMEMBERS", b"SUNION", b"SINTER", b"SDIFF", b"HKEYS", b"HVALS", b"KEYS"}
PAIRS = {b"HGETALL"}
SCANS = {b"SCAN", b"SSCAN"}
PAIR_SCANS = {b"HSCAN", b"ZSCAN"}
# Time left, and how far apart two answers may be.
TIMES = {b"TTL": 10, b"EXPIRETIME": 10, b"PTTL": 10_000, b"PEXPIRETIME": 10_000}
# What a random choice is one of, and how to ask for it.
RANDOM = {b"SRANDMEMBER": b"SMEMBERS", b"HRANDFIELD": b"HGETALL", b"ZRANDMEMBER": b"ZRANGE", b"RANDOMKEY": b"KEYS", b"SPOP": b"SMEMBERS"}
STATE_EVERY = 500


class Difference(AssertionError):
    """The two did not answer the same."""


class Pair:
    """Both servers, asked the same things."""

    def __init__(self, real, ours):
        self.real, self.ours = real, ours
        self.queued = None
        self.count = 0

    def step(self, words):
        """Ask both. Raises Difference."""
        self.count += 1
        name = words[0].upper()
        if name in RANDOM and self.queued is None:
            self._random(name, words)
            return
        if name == b"DBSIZE":
            # It counts keys whose time is over until they are cleared away.
            words = [b"KEYS", b"*"]
            name = b"KEYS"
        expected, got = self.real.ask(*words), self.ours.ask(*words)
        queued = self.queued
        if name == b"MULTI" and got[0] == "+":
            self.queued = queued if queued is not None else []
        elif queued is not None and (name == b"EXEC" or (name == b"DISCARD" and got[0] == "+")):
            self.queued = None
            if name == b"EXEC" and expected[0] == got[0] == "*" and expected[1] and got[1] and len(expected[1]) == len(got[1]):
                for each in zip(queued, expected[1], got[1], strict=True):
                    self._same(*each)
                return
        elif queued is not None and got == ("+", b"QUEUED"):
            queued.append(words)
        self._same(words, expected, got)

    def _same(self, words, expected, got):
        expected, got = canonical(words, expected), canonical(words, got)
        if expected == got:
            return
        spread = TIMES.get(words[0].upper())
        if spread and expected[0] == got[0] == ":" and min(expected[1], got[1]) > 0 and abs(expected[1] - got[1]) <= spread:
            return
        raise Difference(f"{self.count}: {words}\n  redis-server: {expected}\n  ours:         {got}")

    def _random(self, name, words):
        asked = [RANDOM[name], *([b"*"] if name == b"RANDOMKEY" else words[1:2])] + ([b"0", b"-1"] if name == b"ZRANDMEMBER" else [])
        there = {value for _, value in _flat(self.real.ask(*asked))}
        got = self.ours.ask(*words)
        expected = self.real.ask(*words) if name != b"SPOP" or got[0] == "-" else self._popped(words, got)
        if got[0] == "-" or expected[0] == "-":
            self._same(words, expected, got)
        if _shape(expected) != _shape(got):
            raise Difference(f"{self.count}: {words}\n  redis-server: {expected}\n  ours, another shape: {got}")
        # With scores these stand as text in one answer and as numbers in the other.
        chosen = [value for kind, value in _flat(got) if kind == "$" and value is not None and name != b"ZRANDMEMBER"]
        strange = [value for value in chosen if value not in there]
        if strange:
            raise Difference(f"{self.count}: {words}: ours has {strange}, not among {there}")

    def _popped(self, words, got):
        """Take the same members out of the real one; what it would have answered."""
        taken = [value for kind, value in _flat(got) if value is not None]
        counted = len(words) > 2
        there = self.real.ask(b"SCARD", words[1])[1]
        due = min(int(words[2]) if counted else 1, there)
        if len(taken) != due or len(set(taken)) != due or (taken and self.real.ask(b"SREM", words[1], *taken) != (":", due)):
            raise Difference(f"{self.count}: {words}: ours took {taken}, {due} of {there} were due")
        return got

    def compare_state(self):
        """Everything that is kept, by both."""
        if self.queued is not None:
            self.step([b"DISCARD"])
        self.step([b"DBSIZE"])
        for key in KEYS + LEX_KEYS:
            kind = self.real.ask(b"TYPE", key)[1]
            self.step([b"TYPE", key])
            self.step([b"PTTL", key])
            asks = {
                b"string": [b"GET", key], b"hash": [b"HGETALL", key], b"list": [b"LRANGE", key, b"0", b"-1"], b"set": [b"SMEMBERS", key],
                b"zset": [b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"],
            }  # fmt: skip
            if kind in asks:
                self.step(asks[kind])

    def restart(self):
        """Both empty, and nothing begun."""
        self.queued = None
        for each in (self.real, self.ours):
            each.ask(b"DISCARD")
            each.ask(b"UNWATCH")
            each.ask(b"FLUSHDB")


def canonical(words, answer):
    """The answer with what has no order in order."""
    name = words[0].upper()
    if name.startswith(b"Z"):
        answer = _unsigned_zeros(answer)
    kind, value = answer
    if not isinstance(value, list):
        return answer
    if name in UNORDERED:
        return kind, sorted(value, key=repr)
    if name in PAIRS:
        return kind, _sorted_pairs(value)
    if (name in SCANS or name in PAIR_SCANS) and len(value) == 2 and isinstance(value[1][1], list):
        found = value[1][1]
        return kind, [value[0], (value[1][0], _sorted_pairs(found) if name in PAIR_SCANS else sorted(found, key=repr))]
    return answer


def _unsigned_zeros(answer):
    # Redis keeps the sign in large sorted sets and drops it in small ones; we have none.
    kind, value = answer
    if isinstance(value, list):
        return kind, [_unsigned_zeros(each) for each in value]
    return (kind, b"0") if value == b"-0" else answer


def _sorted_pairs(flat):
    return sorted(zip(flat[::2], flat[1::2], strict=True), key=repr)


def _flat(answer):
    if not isinstance(answer[1], list):
        return [answer]
    return [leaf for each in answer[1] for leaf in _flat(each)]


def _shape(answer):
    kind, value = answer
    return kind, [_shape(each) for each in value] if isinstance(value, list) else value is None


def run(real_address, our_address, seed, count, protocol, go_on=False, sign_in=(), only=()):
    """(commands asked, names of the grammar that ours lacks, differences) of one seed. Raises Difference unless `go_on`.

    Args: sign_in (commands that ours gets first), only (begins of the names to be asked; all without).
    """
    found = []
    with contextlib.ExitStack() as stack:
        real, ours = (stack.enter_context(Client(address)) for address in (real_address, our_address))
        for words in sign_in:
            answer = ours.ask(*words)
            assert answer[0] != "-", answer
        known = {row[1][0][1].decode().upper() for row in ours.ask(b"COMMAND")[1]} | {"NOSUCH"}
        for each in (real, ours):
            assert each.ask(b"HELLO", b"%d" % protocol)[0] != "-"
        grammar = Grammar(random.Random(seed), lambda name: name in known and (not only or name.startswith(only)))
        pair = Pair(real, ours)
        pair.restart()
        for number in range(count):
            words = grammar.command()
            if pair.queued is not None and words[0] in RANDOM:
                words = [b"PING"]
            try:
                pair.step(words)
                if number % STATE_EVERY == STATE_EVERY - 1:
                    pair.compare_state()
            except Difference as difference:
                if not go_on:
                    raise Difference(f"seed {seed}: {difference}") from None
                found.append(difference)
                pair.restart()
    return pair.count, [name for name in grammar.left_out if name not in known], found


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.mimei.redis_differential", description=__doc__.partition(":")[0])
    parser.add_argument("--commands", type=int, default=20000, help="how many, in each protocol (20000)")
    parser.add_argument("--seed", type=int, default=None, help="a number that makes the same commands again")
    parser.add_argument("--go-on", action="store_true", help="tell every difference, each from empty databases")
    parser.add_argument("--only", metavar="BEGIN[,BEGIN]", help="commands whose names begin so: H, or SADD,SREM,SPOP")
    options = parser.parse_args()
    only = tuple(options.only.upper().split(",")) if options.only else ()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    differences = 0
    with redis_server() as real, served() as ours:
        for protocol in (2, 3):
            try:
                count, left_out, found = run(real, ours, 2 * seed + protocol, options.commands, protocol, options.go_on, SIGN_IN, only)
            except Difference as difference:
                sys.exit(f"RESP{protocol}, --seed {seed}: {difference}")
            for difference in found:
                print(difference)
            differences += len(found)
            print(f"RESP{protocol}: {count} commands asked of both, {len(found)} differences (--seed {seed})")
        if left_out:
            print("not asked, as ours lacks them: " + " ".join(left_out))
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
