"""Databases of a library through the protocol: whose they are, who may do what, versions; redis-py and redis-cli as they come."""

import gc
import subprocess
import time

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from leither_edge.core.ids import id_to_text
from leither_edge.mimei import info, rights
from leither_edge.mimei.tables import ACCOUNTS
from leither_edge.resp.signed_in import SignedIn
from tests.mimei.library.people import BEN
from tests.mimei.resp_client import Client
from tests.mimei.served_database import NAME, PASSWORD, served_library


@pytest.fixture(scope="module")
def both():
    with served_library() as made:
        yield made


@pytest.fixture
def library(both):
    return both[0]


@pytest.fixture
def client(both):
    with Client(both[1].address) as made:
        assert made.ask("AUTH", NAME, PASSWORD) == ("+", b"OK")
        yield made


@pytest.fixture
def stranger(both):
    with Client(both[1].address) as made:
        yield made


def test_a_number_is_made_when_it_is_first_written_to(library, client):
    user_id = library.sign_in_with_password(NAME, PASSWORD).user_id
    mid = info.mid_of(user_id, "", "redis", "3")
    session = library.sign_in_with_password(NAME, PASSWORD)
    client.ask("SELECT", "3")
    assert client.ask("GET", "a") == ("$", None)
    assert client.ask("DBSIZE") == (":", 0)
    assert mid not in [each.mid for each in library.list(session)]
    assert client.ask("SET", "a", "1") == ("+", b"OK")
    assert library.info(session, mid).data_type == info.DATABASE
    assert client.ask("LEITHER.ID") == ("$", id_to_text(mid).encode())
    library.delete(session, mid)
    assert client.ask("GET", "a") == ("$", None)
    assert client.ask("SET", "a", "2") == ("+", b"OK")


@pytest.mark.parametrize("word", ["00", "-0", "16", "-1", "9" * 20, "9" * 27])
def test_a_number_of_another_form_or_out_of_range_selects_nothing(client, word):
    assert client.ask("SELECT", word)[0] == "-"
    assert b" db=0 " in client.ask("CLIENT", "INFO")[1]


def test_two_connections_see_the_same(both, client):
    client.ask("SELECT", "4")
    with Client(both[1].address) as other:
        other.ask("AUTH", NAME, PASSWORD)
        other.ask("SELECT", "4")
        assert other.ask("GET", "a") == ("$", None)
        client.ask("SET", "a", "1")
        assert other.ask("GET", "a") == ("$", b"1")
        other.send(["BLPOP", "list", "0"])
        client.ask("RPUSH", "list", "x")
        assert other.answer() == ("*", [("$", b"list"), ("$", b"x")])


def test_a_guest_has_nothing_of_his_own(stranger):
    for words in ("GET a", "SET a 1", "LEITHER.BACKUP", "SAVE", "WATCH a", "BLPOP a 0", "MEMORY USAGE a"):
        assert stranger.ask(*words.split()) == ("-", b"NOAUTH Authentication required."), words
    stranger.send(["MULTI"], ["SET", "a", "1"], ["EXEC"])
    assert [stranger.answer() for _ in range(3)][2] == ("*", [("-", b"NOAUTH Authentication required.")])


def test_rights_are_those_of_the_content(library, client, both):
    client.ask("SELECT", "5")
    client.ask("SET", "a", "1")
    mid = client.ask("LEITHER.ID")[1]
    author = library.sign_in_with_password(NAME, PASSWORD)
    ben = library.local_session(BEN)
    with Client(both[1].address) as other:
        assert other.ask("AUTH", ben.sid) == ("+", b"OK")
        assert other.ask("ACL", "WHOAMI") == ("$", id_to_text(ben.user_id).encode())
        assert other.ask("SELECT", mid)[1].startswith(b"NOPERM")
        library.set_right(author, mid.decode(), "guest", rights.SEE | rights.READ)
        assert other.ask("SELECT", mid) == ("+", b"OK")
        assert other.ask("GET", "a") == ("$", b"1")
        assert other.ask("SET", "a", "2")[1].startswith(b"NOPERM")
        assert other.ask("LEITHER.RELEASE", "0")[0] == "-"
        library.set_right(author, mid.decode(), "guest", rights.SEE | rights.READ | rights.WRITE)
        assert other.ask("SET", "a", "2") == ("+", b"OK")
        library.set_right(author, mid.decode(), "guest", rights.NONE)
        assert other.ask("GET", "a")[1].startswith(b"NOPERM")
        library.sign_out(ben.sid)
    assert client.ask("GET", "a") == ("$", b"2")


def test_versions(client):
    client.ask("SELECT", "6")
    client.send(["SET", "a", "1"], ["HSET", "h", "f", "v"])
    client.answer(), client.answer()
    assert client.ask("LEITHER.BACKUP", "first") == (":", 0)
    client.send(["SET", "a", "2"], ["HDEL", "h", "f"], ["ZADD", "z", "1.5", "m"])
    assert [client.answer()[0] for _ in range(3)] == ["+", ":", ":"]
    changes = [[value for _, value in row] for _, row in client.ask("LEITHER.DIFF", "0")[1]]
    assert [b"~", b"a", b"string", None, b"1", b"2"] in changes
    assert [b"+", b"z", b"zset", b"m", None, b"1.5"] in changes
    assert len(client.ask("LEITHER.DIFF", "0", "cur", "COUNT", "1")[1]) == 1
    assert client.ask("SAVE") == ("+", b"OK")
    assert client.ask("LASTSAVE")[1] > 1_700_000_000
    assert [row[1][1][1] for row in client.ask("LEITHER.VERSIONS")[1]] == [0, 1]
    mid = client.ask("LEITHER.ID")[1]
    assert client.ask("SELECT", mid + b"@0") == ("+", b"OK")
    assert client.ask("GET", "a") == ("$", b"1")
    assert client.ask("SET", "a", "3")[1].startswith(b"READONLY")
    assert client.ask("SELECT", mid + b"@7")[1].startswith(b"ERR")
    assert client.ask("GET", "a") == ("$", b"1"), "a refused SELECT changes nothing"
    assert client.ask("SELECT", mid) == ("+", b"OK")
    assert client.ask("WATCH", "a") == ("+", b"OK")
    assert client.ask("LEITHER.RESTORE", "0") == ("+", b"OK")
    client.send(["MULTI"], ["PING"], ["EXEC"])
    assert [client.answer() for _ in range(3)][2] == ("*", None)
    assert client.ask("GET", "a") == ("$", b"1")
    assert client.ask("LEITHER.RELEASE", "0") == ("+", b"OK")
    for bad in ("LEITHER.RESTORE 9", "LEITHER.DIFF x", "LEITHER.DIFF 0 cur COUNT 0", "LEITHER.RELEASE \xff"):
        assert client.ask(*(word.encode("latin-1") for word in bad.split()))[0] == "-", bad


def test_a_session_that_ended_is_a_guests(library, both, monkeypatch):
    monkeypatch.setattr("leither_edge.resp.connection.SESSION_EVERY_MS", 0)
    ben = library.local_session(BEN)
    with Client(both[1].address) as other:
        other.ask("AUTH", ben.sid)
        assert other.ask("SET", "a", "1") == ("+", b"OK")
        library.sign_out(ben.sid)
        assert other.ask("GET", "a") == ("-", b"NOAUTH Authentication required.")
        assert other.ask("ACL", "WHOAMI") == ("$", b"default")


def test_connections_of_one_user_share_a_session(library, both):
    library.register("ben", "first password")
    tries = []
    unlock = library.accounts.unlock
    library.accounts.unlock = lambda *words: tries.append(words) or unlock(*words)
    try:
        with Client(both[1].address) as first, Client(both[1].address) as second:
            for each in (first, second):
                assert each.ask("AUTH", "Ben", "first password") == ("+", b"OK")
            assert len(tries) == 1
            assert second.ask("AUTH", "ben", "other password")[1].startswith(b"WRONGPASS")
            assert first.ask("RESET") == ("+", b"RESET")
            assert second.ask("SET", "a", "1") == ("+", b"OK"), "one who leaves does not sign the others out"
            assert first.ask("AUTH", "", "")[1].startswith(b"WRONGPASS")
            library.held.call(lambda tx: tx.delete(ACCOUNTS, b"ben"))
            assert first.ask("AUTH", "ben", "first password")[1].startswith(b"WRONGPASS"), "the account is another, or gone"
    finally:
        library.accounts.unlock = unlock


@pytest.mark.parametrize("protocol", [2, 3])
def test_redis_py_runs_unmodified(both, protocol):
    host, port = both[1].address
    with redis.Redis(host, port, db=protocol, username=NAME, password=PASSWORD, protocol=protocol, decode_responses=True) as made:
        made.flushdb()
        assert made.set("a", "1", ex=100) and made.incr("a") == 2 and 0 < made.ttl("a") <= 100
        made.hset("h", mapping={"x": "1", "y": "2"})
        assert made.hgetall("h") == {"x": "1", "y": "2"}
        made.zadd("z", {"m": 1.5, "n": 2})
        assert [tuple(each) for each in made.zrange("z", 0, -1, withscores=True)] == [("m", 1.5), ("n", 2.0)]
        made.sadd("s", "p", "q")
        assert made.smembers("s") == {"p", "q"}
        with made.pipeline(transaction=True) as pipe:
            pipe.watch("a")
            pipe.multi()
            pipe.incr("a").rpush("l", "1", "2", "3").lrange("l", 0, -1)
            assert pipe.execute() == [3, 3, ["1", "2", "3"]]
        assert made.blpop(["none", "l"], timeout=1) in (("l", "1"), ["l", "1"])
        assert sorted(made.scan_iter("*")) == ["a", "h", "l", "s", "z"]
        assert list(made.hscan_iter("h")) == [("x", "1"), ("y", "2")]
        assert made.info()["redis_mode"] == "standalone" and made.command_count() > 180
        assert made.config_get("appendfsync") == {"appendfsync": "everysec"}
        assert made.acl_whoami() == NAME and made.client_getname() in (None, "")
        assert made.lock("held", timeout=10, blocking=False).acquire() or True
        with pytest.raises(redis.ResponseError, match="WRONGTYPE|wrong kind"):
            made.lpush("a", "1")
    once = Retry(NoBackoff(), 0)
    with redis.Redis(host, port, retry=once) as guest, pytest.raises(redis.AuthenticationError):
        guest.get("a")
    with redis.Redis(host, port, username="nobody", password="wrong", retry=once) as wrong, pytest.raises(redis.AuthenticationError):
        wrong.ping()


def test_redis_cli_runs_unmodified(both):
    host, port = both[1].address
    command = ["redis-cli", "-h", host, "-p", str(port), "--no-auth-warning", "--user", NAME, "--pass", PASSWORD, "-n", "7"]
    asked = b'SET "a b" 1\nINCR "a b"\nHSET h f v\nHGETALL h\nHELLO 3\nHGETALL h\nNOSUCH\nEXPIRE h 100\nMULTI\nGET "a b"\nEXEC\n'
    done = subprocess.run(command, input=asked, capture_output=True, timeout=60, check=True)
    assert done.stdout.startswith(b"OK\n2\n1\nf\nv\n"), done.stdout
    assert b"f v\nERR unknown command 'NOSUCH'" in done.stdout and done.stdout.endswith(b"OK\nQUEUED\n2\n"), done.stdout
    done = subprocess.run([*command, "--bigkeys"], capture_output=True, timeout=60, check=True)
    assert b"Sampled 2 keys" in done.stdout, done.stdout
    done = subprocess.run([*command, "--scan"], capture_output=True, timeout=60, check=True)
    assert sorted(done.stdout.split(b"\n")) == [b"", b"a b", b"h"]


def test_a_session_that_ends_meanwhile_is_let_go(both):
    library, server = both
    with Client(server.address) as client:
        client.ask("AUTH", NAME, PASSWORD)
        kept = [each for each in gc.get_objects() if type(each) is SignedIn and each._library is library][0]._kept
        (ended,) = [each[0] for each in kept.values()]
        library.sign_out(ended.sid)
        with Client(server.address) as other:
            other.ask("PING")
            deadline = time.monotonic() + 30
            while client.ask("ACL", "WHOAMI")[1] != b"default":
                assert time.monotonic() < deadline
                time.sleep(0.02)
        assert not kept


def test_guests_do_not_see_each_other(both):
    with Client(both[1].address) as one, Client(both[1].address) as other:
        one.ask("CLIENT", "SETNAME", "one")
        assert b"name=one" in one.ask("CLIENT", "LIST")[1] and b"name=one" not in other.ask("CLIENT", "LIST")[1]
