"""Strings, counters, keys and hashes answer as Redis does."""

import pytest

from leither_edge.mimei.database.replies import OK, ErrorReply, Status

SESSION = [
    ("set a 1", OK), ("get a", b"1"), ("incr a", 2), ("incrbyfloat a 0.1", b"2.1"), ("incrbyfloat a 0.2", b"2.3"),
    ("set a 9 nx", None), ("set a 9 xx get", b"2.3"), ("append a 10", 3), ("strlen a", 3), ("getrange a -2 -1", b"10"),
    ("hset h f 1 g 2", 2), ("hset h f 3", 0), ("hgetall h", {b"f": b"3", b"g": b"2"}), ("hincrby h f 5", 8), ("hdel h g x", 1),
    ("get h", ErrorReply(b"WRONGTYPE Operation against a key holding the wrong kind of value")), ("type h", Status(b"hash")),
    ("mset x 1 y 2", OK), ("mget x y z", [b"1", b"2", None]), ("msetnx z 1 x 2", 0), ("dbsize", 4), ("keys ?", [b"a", b"h", b"x", b"y"]),
    ("rename h i", OK), ("copy i j", 1), ("hgetall j", {b"f": b"8"}), ("del a i j x y", 5), ("dbsize", 0),
    ("set n 9223372036854775807", OK), ("incr n", ErrorReply(b"ERR increment or decrement would overflow")),
    ("flushdb", OK), ("keys *", []),
]  # fmt: skip


def test_a_session(run):
    for line, reply in SESSION:
        assert run(line) == reply, line


@pytest.mark.parametrize("length", [200, 240, 241, 255, 256, 400, 5000])
def test_keys_and_members_of_any_length_are_kept_apart(run, length):
    names = [bytes([byte]) * length + tail for byte in (0, 0x61, 0xFF) for tail in (b"", b"x", b"y")]
    for at, name in enumerate(names):
        assert run([b"hset", name, name, b"%d" % at, name + b"2", b"v"]) == 2
        assert run([b"set", name + b"s", b"%d" % at]) == OK
    for at, name in enumerate(names):
        assert run([b"hgetall", name]) == {name: b"%d" % at, name + b"2": b"v"}
        assert run([b"get", name + b"s"]) == b"%d" % at
    assert run("dbsize") == 2 * len(names) == len(run("keys *"))
    assert run([b"del", *names]) == len(names)
    assert run("dbsize") == len(names)
