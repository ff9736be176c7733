"""Random commands of Redis from a seed: one line a form, so that what is compared can be read.

A form's words stand as they are, except slots (in lower case, see SLOTS) and groups: [a|b] is one of them or none, (a|b) one of
them, and ... means the part before it, one to three times.
"""

import re

FORMS = """
SET k v [NX|XX] [GET] [EX ttl|PX pttl|EXAT at|PXAT pat|KEEPTTL]
SET k v
SET k n
SET k f
SETNX k v
SETEX k ttl v
PSETEX k pttl v
MSET (k v) ...
MSETNX (k v) ...
GET k
GETSET k v
GETDEL k
GETEX k [EX ttl|PX pttl|PERSIST|EXAT at|PXAT pat]
MGET k ...
APPEND k v
STRLEN k
GETRANGE k i i
SUBSTR k i i
SETRANGE k offset v
LCS k k [LEN|IDX] [MINMATCHLEN small] [WITHMATCHLEN]
INCR k
DECR k
INCRBY k n
DECRBY k n
INCRBYFLOAT k f
SETBIT k bit (0|1)
GETBIT k bit
BITCOUNT k [i i|i i BYTE|i i BIT]
BITPOS k (0|1) [i|i i|i i BIT]
BITOP (AND|OR|XOR) k k k
BITOP NOT k k
BITFIELD k (GET bits bit|SET bits bit n|INCRBY bits bit n|OVERFLOW (WRAP|SAT|FAIL) INCRBY bits bit n) ...
BITFIELD_RO k GET bits bit
HSET k (h v) ...
HSET k h n
HMSET k (h v) ...
HSETNX k h v
HGET k h
HMGET k h ...
HGETALL k
HKEYS k
HVALS k
HLEN k
HSTRLEN k h
HEXISTS k h
HDEL k h ...
HINCRBY k h n
HINCRBYFLOAT k h f
HRANDFIELD k [small|negative|small WITHVALUES]
HSCAN k 0 [MATCH pattern] COUNT 1000
LPUSH k v ...
RPUSH k v ...
LPUSHX k v ...
RPUSHX k v ...
LPOP k [small]
RPOP k [small]
LLEN k
LRANGE k i i
LINDEX k i
LSET k i v
LINSERT k (BEFORE|AFTER) v v
LREM k i v
LTRIM k i i
LPOS k v [RANK rank] [COUNT small] [MAXLEN small]
LMOVE k k (LEFT|RIGHT) (LEFT|RIGHT)
RPOPLPUSH k k
LMPOP 2 k k (LEFT|RIGHT) [COUNT count]
SADD k m ...
SREM k m ...
SCARD k
SISMEMBER k m
SMISMEMBER k m ...
SMEMBERS k
SMOVE k k m
SPOP k [small]
SRANDMEMBER k [small|negative]
SINTER k k ...
SUNION k k ...
SDIFF k k ...
SINTERCARD 2 k k [LIMIT small]
SINTERSTORE k k k ...
SUNIONSTORE k k k ...
SDIFFSTORE k k k ...
SSCAN k 0 [MATCH pattern] COUNT 1000
ZADD k [NX|XX|GT|LT|XX GT|XX LT] [CH] (z m) ...
ZADD k (z m) ...
ZADD l 0 m 0 m 0 m
ZREM l m
ZADD k [NX|XX|GT] INCR z m
ZINCRBY k z m
ZREM k m ...
ZCARD k
ZSCORE k m
ZMSCORE k m ...
ZRANK k m
ZREVRANK k m
ZCOUNT k edge edge
ZLEXCOUNT l lex lex
ZRANGE k i i [REV] [WITHSCORES]
ZRANGE k edge edge BYSCORE [LIMIT small limit] [WITHSCORES]
ZRANGE k edge edge BYSCORE REV [LIMIT small limit] [WITHSCORES]
ZRANGE l lex lex BYLEX [REV] [LIMIT small limit]
ZRANGESTORE k k i i [REV]
ZRANGESTORE k k edge edge BYSCORE [REV] [LIMIT small limit]
ZRANGESTORE k l lex lex BYLEX [REV]
ZREVRANGE k i i [WITHSCORES]
ZRANGEBYSCORE k edge edge [WITHSCORES] [LIMIT small limit]
ZREVRANGEBYSCORE k edge edge [WITHSCORES] [LIMIT small limit]
ZRANGEBYLEX l lex lex [LIMIT small limit]
ZREVRANGEBYLEX l lex lex [LIMIT small limit]
ZREMRANGEBYRANK k i i
ZREMRANGEBYSCORE k edge edge
ZREMRANGEBYLEX l lex lex
ZPOPMIN k [small]
ZPOPMAX k [small]
ZMPOP 2 k k (MIN|MAX) [COUNT count]
ZRANDMEMBER k [small|negative|small WITHSCORES]
ZUNION 2 k k [WEIGHTS z z] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]
ZINTER 2 k k [WEIGHTS z z] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]
ZDIFF 2 k k [WITHSCORES]
ZUNIONSTORE k 2 k k [WEIGHTS z z] [AGGREGATE (SUM|MIN|MAX)]
ZINTERSTORE k 2 k k [WEIGHTS z z] [AGGREGATE (SUM|MIN|MAX)]
ZDIFFSTORE k 2 k k
ZINTERCARD 2 k k [LIMIT small]
ZSCAN k 0 [MATCH pattern] COUNT 1000
DEL k ...
UNLINK k ...
EXISTS k ...
TOUCH k ...
TYPE k
RENAME k k
RENAMENX k k
COPY k k [REPLACE]
EXPIRE k ttl [NX|XX|GT|LT]
PEXPIRE k pttl [NX|XX|GT|LT]
EXPIREAT k at [NX|XX|GT|LT]
PEXPIREAT k pat [NX|XX|GT|LT]
EXPIRE k negative
TTL k
PTTL k
EXPIRETIME k
PEXPIRETIME k
PERSIST k
KEYS (*|k*|pattern)
SCAN 0 [MATCH (k*|pattern)] COUNT 1000 [TYPE (string|hash|list|set|zset)]
DBSIZE
RANDOMKEY
SORT k [LIMIT small limit] [ASC|DESC] ALPHA
SORT k [DESC]
SORT k ALPHA STORE k
SORT_RO k ALPHA
ECHO v
PING [v]
FLUSHDB
MULTI
EXEC
DISCARD
WATCH k
UNWATCH
NOSUCH k v
EXEC
EXEC
DISCARD
"""

# A command mostly meets keys of its own type, and often enough another one's.
KEYS = tuple(b"k%d" % number for number in range(10))
OF_TYPE = {"string": KEYS[0:2], "hash": KEYS[2:4], "list": KEYS[4:6], "set": KEYS[6:8], "zset": KEYS[8:10]}
STRANGER = 0.12
# Sorted sets of one score, as ranges by name need them.
LEX_KEYS = (b"l0", b"l1")
# SORT of Redis compares up to the first zero: no two are the same up to there.
MEMBERS = tuple(b"abcdefghij"[at : at + 1] for at in range(10)) + (b"", b"10", b"2", b"aa", b"z\x00\xff")
VALUES = (b"", b"a", b"b", b"abc", b"hello", b"10", b"007", b"-3", b"3.5", b"z\x00\r\n\xff", "gr\u00fc\u00df".encode(), b"x" * 70)
# Time passes while the two are asked: far enough ahead, or gone.
NOW_S = 2_000_000_000

ODD_NUMBERS = (b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808", b"1.5", b"abc", b"", b" 1", b"+1", b"01", b"-0")
ODD_FLOATS = (b"0.1", b"0.2", b"3.0e3", b"1e400", b"inf", b"-inf", b"nan", b"abc", b"", b"1_0", b" 1", b"0x10", b"123456789.123")


def _number(chance):
    kind = chance.random()
    if kind < 0.9:
        return b"%d" % chance.randint(-20, 20)
    return chance.choice(ODD_NUMBERS)


def _float(chance):
    kind = chance.random()
    if kind < 0.85:
        return b"%g" % (chance.randint(-40, 40) / 4)
    return chance.choice(ODD_FLOATS)


def _score(chance):
    if chance.random() < 0.93:
        return b"%g" % (chance.randint(-20, 40) / 4)
    return chance.choice((b"inf", b"-inf", b"+inf", b"nan", b"abc", b"1e3", b"0.1", b"-0"))


def _edge(chance):
    kind = chance.random()
    if kind < 0.35:
        return chance.choice((b"-inf", b"+inf", b"inf"))
    return (b"(" if kind > 0.8 else b"") + _score(chance)


def _lex(chance):
    kind = chance.random()
    if kind < 0.35:
        return chance.choice((b"-", b"+"))
    return chance.choice((b"[", b"(")) + chance.choice(MEMBERS) if kind < 0.97 else b"a"


def _bits(chance):
    return chance.choice((b"u", b"i")) + b"%d" % chance.choice((1, 2, 7, 8, 9, 16, 31, 32, 63, 64, 0))


SLOTS = {
    "l": lambda chance: chance.choice(LEX_KEYS),
    "v": lambda chance: chance.choice(VALUES),
    "h": lambda chance: chance.choice(MEMBERS),
    "m": lambda chance: chance.choice(MEMBERS),
    "n": _number,
    "f": _float,
    "z": _score,
    "edge": _edge,
    "lex": _lex,
    "bits": _bits,
    "i": lambda chance: b"%d" % chance.randint(-6, 8) if chance.random() < 0.98 else b"x",
    "bit": lambda chance: b"%d" % chance.randint(-1, 100),
    "offset": lambda chance: b"%d" % chance.randint(-1, 12),
    "small": lambda chance: b"%d" % chance.randint(0, 4),
    "count": lambda chance: b"%d" % chance.randint(1, 4),
    "limit": lambda chance: b"%d" % chance.randint(-1, 4),
    "negative": lambda chance: b"%d" % chance.randint(-4, -1),
    "rank": lambda chance: b"%d" % chance.choice((-3, -2, -1, 1, 2, 3, 0)),
    "ttl": lambda chance: b"%d" % chance.choice((1000, 5000, 100000, 0, -1, 9223372036854775807)),
    "pttl": lambda chance: b"%d" % chance.choice((1000000, 5000000, 100000000, 0, -5)),
    "at": lambda chance: b"%d" % chance.choice((NOW_S, NOW_S + 5000, 1, 0, -1)),
    "pat": lambda chance: b"%d" % chance.choice((NOW_S * 1000, NOW_S * 1000 + 77, 1, 0)),
    "pattern": lambda chance: chance.choice((b"*", b"k[0-3]", b"?", b"[^a-c]", b"a*", b"\\a", b"*1*", b"[a", b"k?", b"")),
}  # fmt: skip

_TOKEN = re.compile(r"[\[\]()|]|[^\s\[\]()|]+")
_LISTS = ("LPUSH", "LPOP", "LLEN", "LRANGE", "LINDEX", "LSET", "LINSERT", "LREM", "LTRIM", "LPOS", "LMOVE", "LMPOP", "RPUSH", "RPOP")
_SETS = ("SADD", "SREM", "SCARD", "SISMEMBER", "SMISMEMBER", "SMEMBERS", "SMOVE", "SPOP", "SRAND", "SINTER", "SUNION", "SDIFF", "SSCAN")
_ANY = (
    "DEL", "UNLINK", "EXISTS", "TOUCH", "TYPE", "RENAME", "COPY", "EXPIRE", "PEXPIRE", "TTL", "PTTL", "PERSIST", "SORT", "WATCH",
)  # fmt: skip


def keys_of(name):
    """The keys that a command of this name is mostly asked for."""
    if name.startswith(_ANY):
        return KEYS
    if name.startswith(_LISTS):
        return OF_TYPE["list"]
    if name.startswith(_SETS):
        return OF_TYPE["set"]
    return OF_TYPE[{"H": "hash", "Z": "zset"}.get(name[0], "string")]


class Grammar:
    """The forms whose first word `covers` says yes to. Args: chance random.Random."""

    def __init__(self, chance, covers=lambda name: True):
        self._chance = chance
        lines = [line for line in FORMS.split("\n") if line]
        self.left_out = sorted({line.split()[0] for line in lines if not covers(line.split()[0])})
        self._forms = [(line.split()[0], parse(line)) for line in lines if covers(line.split()[0])]

    def command(self):
        """The next command, a list of bytes."""
        chance = self._chance
        name, parts = chance.choice(self._forms)
        words = []
        for part in parts:
            self._make(part, keys_of(name), words)
        if chance.random() < 0.02:
            # A word too many, too few, or a strange one.
            words.append(chance.choice(VALUES)) if chance.random() < 0.5 or len(words) == 1 else words.pop()
        return words

    def _make(self, part, keys, words):
        chance, kind = self._chance, part[0]
        if kind == "word":
            words.append(part[1].encode())
        elif kind == "slot":
            if part[1] == "k":
                words.append(chance.choice(KEYS if chance.random() < STRANGER else keys))
            else:
                words.append(SLOTS[part[1]](chance))
        elif kind == "many":
            for _ in range(chance.choice((1, 1, 2, 3))):
                self._make(part[1], keys, words)
        elif not part[2] or chance.random() < 0.4:
            for each in chance.choice(part[1]):
                self._make(each, keys, words)


def parse(form):
    """A form as nested tuples: ("word", text), ("slot", name), ("one", choices, optional), ("many", part)."""
    tokens = _TOKEN.findall(form)
    parts, rest = _sequence(tokens, 0)
    assert rest == len(tokens), form
    return parts


def _sequence(tokens, at):
    parts = []
    while at < len(tokens) and tokens[at] not in "])|":
        token = tokens[at]
        at += 1
        if token in "[(":
            choices, at = _choices(tokens, at)
            parts.append(("one", choices, token == "["))
        elif token == "...":
            parts.append(("many", parts.pop()))
        else:
            parts.append(("slot" if token in SLOTS or token == "k" else "word", token))
    return parts, at


def _choices(tokens, at):
    choices = []
    while True:
        parts, at = _sequence(tokens, at)
        choices.append(parts)
        at += 1
        if tokens[at - 1] != "|":
            return choices, at
