"""What ends is not there; scans tell all, whatever is changed meanwhile; watched keys tell of changes; bounds hold."""

import pytest

from leither_edge.mimei.database import ending, keys
from leither_edge.mimei.database.database import Limits
from leither_edge.mimei.database.layout import DATA
from leither_edge.mimei.database.replies import OK, ErrorReply, Members, Pairs
from leither_edge.mimei.errors import QuotaReached


def test_ended_keys_are_nowhere(database, run):
    for line in ("set a 1 px 50", "hset h f 1", "pexpire h 50", "rpush l 1", "pexpire l 60", "zadd z 1 m", "pexpire z 50", "set b 1"):
        run(line)
    database.now_ms += 55
    assert [run(line) for line in ("get a", "hgetall h", "zcard z", "exists a h z", "dbsize")] == [None, {}, 0, 0, 2]
    assert run("keys *") == [b"b", b"l"] and run("scan 0")[1] == [b"b", b"l"] and run("randomkey") in (b"b", b"l")
    # What comes in its place has nothing of it.
    assert run("hset h g 1") == 1 and run("hgetall h") == {b"g": b"1"}
    database.now_ms += 10
    while ending.expire_some(database, 1):
        pass
    assert run("dbsize") == 2
    assert {row[4:6] for row, _ in database.tx.scan(DATA)} == {b"\0", b"\1b", b"\1h", b"\2h"}


def test_a_read_only_one_sees_ended_keys_no_more(database, run):
    run("set a 1 px 50")
    database.read_only = True
    database.now_ms += 55
    assert run("get a") is None and not ending.expire_some(database)
    assert run("set a 2").text.startswith(b"READONLY")


@pytest.mark.parametrize("add, scan", [("sadd s m%d", "sscan s %d"), ("hset s m%d v", "hscan s %d"), ("set m%d v", "scan %d match m*")])
def test_scans_tell_all_that_stays(run, add, scan):
    for at in range(500):
        run(add % at)
    cursor, found, turns = 0, set(), 0
    while cursor or not turns:
        reply = run(scan % cursor)
        cursor = int(reply[0])
        found.update(word for word in reply[1] if word != b"v")
        run(add % (1000 + turns))
        turns += 1
    assert found >= {b"m%d" % at for at in range(500)} and turns > 20


def test_ordered_scans_both_ways(run):
    for at in range(10):
        run(f"hset h f{at} {at}")
        run(f"set k{at} v")
        run(f"zadd z {at} m{at}")
    assert run("leither.scan k3 k* 3 0") == [b"k4", b"k5", b"k6"]
    assert run([b"leither.revscan", b"k3", b"k*", b"9", b"1", b"string"]) == [b"k3", b"k2", b"k1", b"k0"]
    assert run([b"leither.revscan", b"", b"", b"2", b"0"]) == [b"z", b"k9"]
    assert run("leither.hscan h f8 * 9 1") == Pairs([(b"f8", b"8"), (b"f9", b"9")])
    assert run([b"leither.hrevscan", b"h", b"", b"f[0-4]", b"2", b"0"]) == Pairs([(b"f4", b"4"), (b"f3", b"3")])
    assert run("leither.zscan z m9 * 9 1") == Pairs([(b"m9", 9.0)])


def test_clearing_asks_for_the_type(run):
    run("hset h a 1 b 2")
    run("rpush l 1")
    assert isinstance(run("leither.hclear l"), ErrorReply)
    assert isinstance(run("leither.hmclear h l"), ErrorReply) and run("hlen h") == 2
    assert run("leither.hclear h") == 2 and run("leither.lmclear l x l") == 1 and run("dbsize") == 0


def test_watched_keys_tell(database, run):
    for line in ("set a 2", "incr a", "append a x", "rename a b", "set a 1 px 50", "persist a", "del a"):
        version = database.watch_version(b"a")
        assert database.watch_version(b"a") == version
        run(line)
        assert database.watch_version(b"a") != version, line
    run("rpush a 1 2")
    for line in ("lset a 0 x", "lpop a", "sort a alpha store a", "pexpire a 50"):
        version = database.watch_version(b"a")
        run(line)
        assert database.watch_version(b"a") != version, line
    version = database.watch_version(b"a"), database.watch_version(b"none")
    run("flushdb")
    assert database.watch_version(b"a") != version[0] and database.watch_version(b"none") == version[1]
    run("rpush a 1 2")
    run("pexpire a 50")
    version = database.watch_version(b"a")
    run("get a")
    run("set other 1")
    assert database.watch_version(b"a") == version
    database.now_ms += 60
    ending.expire_some(database)
    assert database.watch_version(b"a") != version


def test_watching_is_bounded(database, run):
    database.limits = Limits(1 << 20, watched_max=4)
    before = database.watch_version(b"a")
    for at in range(20):
        database.watch_version(b"%d" % at)
    # Forgotten is taken for changed.
    assert database.watch_version(b"a") != before


def test_answers_are_bounded(database, run):
    database.limits = Limits(100)
    value = b"x" * 100
    for at in range(30):
        run([b"sadd", b"s", b"%d" % at + value[:90]])
        run([b"mset", b"k%d" % at, value])
    for line in ("smembers s", "sunion s s", "sunionstore t s s", "keys *", "mget" + " k1" * 20, "srandmember s 100", "sort s alpha"):
        assert b"larger" in getattr(run(line), "text", b""), line
    assert run("exists t") == 0 and isinstance(run("sinter s"), (Members, ErrorReply))
    assert run([b"set", b"a", value + b"x"]).text.startswith(b"ERR string exceeds")


def test_walks_are_bounded(database, run, monkeypatch):
    database.limits = Limits(1 << 20, walk_max=20)
    monkeypatch.setattr(keys, "COPY_MAX", 20)
    for at in range(30):
        run(f"sadd s {at}")
        run(f"zadd z 1 {at}")
        run(f"rpush l {at}")
        run(f"set k{at} v")
    before = list(database.tx.scan(DATA))
    for line in (
        "keys *", "smembers s", "sdiff s s", "sintercard 2 s s", "zlexcount z - +", "lpos l 29", "lrem l 0 25", "linsert l before 25 x",
        "sort l", "rename s t", "copy z y", "sdiffstore t s s", "zunionstore t 2 z z", "leither.scan a x* 10 0",
    ):  # fmt: skip
        assert isinstance(run(line), ErrorReply), line
    assert list(database.tx.scan(DATA)) == before
    assert run("lrange l 25 29") == [b"25", b"26", b"27", b"28", b"29"] and len(run("scan 0 count 1000000")[1]) == 10
    assert run("del s z l") == 3 and run("zcard z") == 0


def test_without_room_nothing_is_changed(database, run):
    run("set a 1")
    before = list(database.tx.scan(DATA))

    class Full:
        def require(self, count, rows):
            raise QuotaReached("no room")

        def __getattr__(self, name):
            return getattr(tx, name)

    tx, database.tx = database.tx, Full()
    for line in ("set a 2", "append a x", "hset h f 1", "rpush l 1", "zadd z 1 m", "sadd s m", "copy a b", "setbit a 100 1"):
        with pytest.raises(QuotaReached):
            run(line)
    assert run("get a") == b"1" and run("del nothing") == 0
    assert list(tx.scan(DATA)) == before
    assert run("del a") == 1


def test_a_string_set_ends_never_again(run):
    assert run("set a 1 ex 100") == OK and run("set a 2") == OK and run("ttl a") == -1
    assert run("set a 1 ex 100") == OK and run("set a 2 keepttl") == OK and run("ttl a") == 100


def test_no_answer_repeats_itself_beyond_what_memory_holds(run):
    large = b"x" * 900_000
    run([b"HSET", b"h", b"f", large])
    run([b"SADD", b"s", large])
    run([b"ZADD", b"z", b"1", large])
    for words in (
        [b"HMGET", b"h", *[b"f"] * 30], [b"HRANDFIELD", b"h", b"-30", b"WITHVALUES"], [b"SRANDMEMBER", b"s", b"-30"],
        [b"ZRANDMEMBER", b"z", b"-30"],
    ):  # fmt: skip
        assert b"the answer is larger" in run(words).text, words[0]


def test_no_pattern_and_no_repeated_set_takes_more_steps_than_one_command_may(database, run):
    database.limits = database.limits._replace(walk_max=1000)
    run([b"MSET", b"a" * 50_000, b"1", b"b", b"2"])
    for words in ([b"KEYS", b"*" + b"a" * 5000 + b"b"], [b"SCAN", b"0", b"MATCH", b"*" + b"[" + b"x" * 5000 + b"a]" * 10 + b"b"]):
        assert b"one command may look at" in run(words).text, words[0]
    assert run([b"KEYS", b"b*"]) == [b"b"]
    for number in range(50):
        run([b"SADD", b"s", b"%d" % number])
        run([b"ZADD", b"z", b"1", b"%d" % number])
    for name, key in ((b"SINTER", b"s"), (b"ZINTER", b"z")):
        keys = [key] * 100
        words = [name, *([b"100"] if name == b"ZINTER" else []), *keys]
        assert b"one command may look at" in run(words).text, name
