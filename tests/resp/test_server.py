"""The server over bare databases: pipelines, waiting pops, transactions, bounds, who is let in."""

import socket
import threading
import time

import pytest
import trio

from leither_edge.mimei.database.database import Database
from leither_edge.storage import StorageError
from leither_edge.storage.held import HeldWriter
from tests.mimei.resp_client import Client, packed

from .serving import LIMITS, serving


@pytest.fixture(scope="module")
def server():
    with serving() as made:
        yield made


@pytest.fixture
def client(server):
    with Client(server.address) as made:
        made.ask("FLUSHDB")
        yield made


def until(condition):
    """Wait for what another thread brings about; the whole test has a limit of its own."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_pipeline_is_answered_in_order(client):
    commands = [word for number in range(1000) for word in ([b"SET", b"k%d" % number, b"%d" % number], [b"GET", b"k%d" % number])]
    client.send(*commands)
    answers = [client.answer() for _ in commands]
    assert answers == [answer for number in range(1000) for answer in (("+", b"OK"), ("$", b"%d" % number))]


def test_commands_in_single_bytes(client):
    for byte in packed([b"SET", b"a", b"\r\n$1\r\n"]) + packed([b"GET", b"a"]):
        client._socket.sendall(bytes((byte,)))
    assert [client.answer(), client.answer()] == [("+", b"OK"), ("$", b"\r\n$1\r\n")]


def test_inline_commands(client):
    client._socket.sendall(b'set a "b c"\r\n\r\nget a\r\n')
    assert [client.answer(), client.answer()] == [("+", b"OK"), ("$", b"b c")]


def test_a_protocol_error_is_told_after_the_answers_before_it_and_ends_the_connection(server, client):
    before = server.counters.get("resp_refusals", reason="protocol")
    client._socket.sendall(packed([b"SET", b"a", b"1"]) + b"*1\r\n:5\r\n" + packed([b"SET", b"a", b"2"]))
    assert client.answer() == ("+", b"OK")
    assert client.answer() == ("-", b"ERR Protocol error: expected '$', got ':'")
    assert client._file.read() == b""
    assert server.counters.get("resp_refusals", reason="protocol") == before + 1
    with Client(server.address) as other:
        assert other.ask("GET", "a") == ("$", b"1")


def test_what_a_command_may_take_depends_on_the_sign_in(client):
    assert client.ask("AUTH", "anna", "correct horse") == ("+", b"OK")
    large = b"x" * 500_000
    assert client.ask("SET", "large", large) == ("+", b"OK")
    assert client.ask("GET", "large") == ("$", large)
    client.send(["RESET"], ["SET", "large", b"y" * 100_000])
    assert client.answer() == ("+", b"RESET")
    assert client.answer() == ("-", b"ERR Protocol error: invalid bulk length")


def test_hello_and_sign_in(client):
    assert client.ask("AUTH", "anna", "wrong")[1].startswith(b"WRONGPASS")
    assert client.ask("AUTH", "\udcff".encode("utf-8", "surrogateescape"), "x")[1].startswith(b"WRONGPASS")
    assert client.ask("HELLO", "4")[1].startswith(b"NOPROTO")
    assert client.ask("HELLO", "x")[0] == "-"
    assert client.ask("HELLO", "3", "AUTH", "anna", "wrong")[1].startswith(b"WRONGPASS")
    assert client.ask("GET", "none") == ("$", None), "a refused greeting changes nothing"
    kind, greeting = client.ask("HELLO", "3", "AUTH", "anna", "correct horse", "SETNAME", "mine")
    assert kind == "%" and ("$", b"proto") in greeting
    assert client.ask("ACL", "WHOAMI") == ("$", b"anna")
    assert client.ask("CLIENT", "GETNAME") == ("$", b"mine")
    assert client.ask("GET", "none") == ("_", None)
    assert client.ask("AUTH", "sid") == ("+", b"OK")
    assert client.ask("RESET") == ("+", b"RESET")
    assert client.ask("ACL", "WHOAMI") == ("$", b"default")
    assert client.ask("CLIENT", "SETNAME", "a b")[0] == "-"


def test_a_transaction_is_kept_whole_or_not_at_all(client):
    for words, answer in (
        ("EXEC", ("-", b"ERR EXEC without MULTI")), ("DISCARD", ("-", b"ERR DISCARD without MULTI")), ("MULTI", ("+", b"OK")),
        ("MULTI", ("-", b"ERR MULTI calls can not be nested")), ("WATCH a", ("-", b"ERR WATCH inside MULTI is not allowed")),
        ("SET a 1", ("+", b"QUEUED")), ("INCR a", ("+", b"QUEUED")), ("LPUSH a x", ("+", b"QUEUED")), ("PING", ("+", b"QUEUED")),
    ):  # fmt: skip
        assert client.ask(*words.split()) == answer, words
    wrong = ("-", b"WRONGTYPE Operation against a key holding the wrong kind of value")
    assert client.ask("EXEC") == ("*", [("+", b"OK"), (":", 2), wrong, ("+", b"PONG")])
    for bad in ("NOSUCH", "GET", "LEITHER.BACKUP", "AUTH anna x"):
        assert client.ask("MULTI") == ("+", b"OK")
        assert client.ask("SET", "a", "5") == ("+", b"QUEUED")
        assert client.ask(*bad.split())[0] == "-"
        assert client.ask("EXEC")[1].startswith(b"EXECABORT"), bad
    assert client.ask("GET", "a") == ("$", b"2")


def test_what_is_queued_is_bounded(client):
    assert client.ask("MULTI") == ("+", b"OK")
    answers = {client.ask("SET", "a", b"x" * 60_000)[0] for _ in range(20)}
    assert answers == {"+", "-"}
    assert client.ask("EXEC")[1].startswith(b"EXECABORT")
    assert client.ask("GET", "a") == ("$", None)


def test_a_watched_key_that_another_changes_stops_the_transaction(server, client):
    with Client(server.address) as other:
        for touch, is_stopped in (("SET b 1", False), ("SET a 1", True), ("GET a", False), ("DEL a", True)):
            assert client.ask("WATCH", "a") == ("+", b"OK")
            other.ask(*touch.split())
            client.send(["MULTI"], ["PING"])
            assert [client.answer(), client.answer()] == [("+", b"OK"), ("+", b"QUEUED")]
            assert client.ask("EXEC") == (("*", None) if is_stopped else ("*", [("+", b"PONG")])), touch
    client.ask("SET", "a", "1", "PX", "1")
    client.ask("WATCH", "a")
    until(lambda: client.ask("EXISTS", "a") == (":", 0))
    client.send(["MULTI"], ["PING"], ["EXEC"])
    assert [client.answer() for _ in range(3)][2][0] == "*"


@pytest.mark.parametrize(
    ("wait", "push", "answer"),
    [
        ("BLPOP x a 0", "RPUSH a 1 2", [b"a", b"1"]),
        ("BRPOP x a 0", "RPUSH a 1 2", [b"a", b"2"]),
        ("BZPOPMIN x z 0", "ZADD z 1 m 2 n", [b"z", b"m", b"1"]),
        ("BZPOPMAX x z 0", "ZADD z 1 m 2 n", [b"z", b"n", b"2"]),
        ("BLMOVE a b LEFT RIGHT 0", "RPUSH a 1", b"1"),
        ("BRPOPLPUSH a b 0", "RPUSH a 1", b"1"),
        ("BLMPOP 0 2 x a LEFT", "RPUSH a 1", [b"a", [b"1"]]),
        ("BZMPOP 0 1 z MIN", "ZADD z 1 m", [b"z", [[b"m", b"1"]]]),
    ],
)
def test_a_pop_waits_for_what_another_brings(server, client, wait, push, answer):
    client.send(wait.split(), ["PING"])
    with Client(server.address) as other:
        other.ask("SET", "unrelated", "1")
        other.ask(*push.split())
    assert plain(client.answer()) == answer
    assert client.answer() == ("+", b"PONG"), "what stands behind it is answered after it"


def plain(answer):
    return [plain(each) for each in answer[1]] if isinstance(answer[1], list) else answer[1]


def test_a_pop_that_waits_in_vain(client):
    assert client.ask("BLPOP", "none", "0.01") == ("*", None)
    assert client.ask("BRPOPLPUSH", "none", "b", "0.01") == ("$", None)
    assert client.ask("BLPOP", "none", "-1")[1] == b"ERR timeout is negative"
    assert client.ask("BLPOP", "none", "1_0")[0] == "-"
    client.ask("SET", "a", "1")
    assert client.ask("BLPOP", "a", "0")[1].startswith(b"WRONGTYPE")
    client.send(["MULTI"], ["BLPOP", "none", "0"], ["EXEC"])
    assert [client.answer() for _ in range(3)][2] == ("*", [("*", None)])


def test_who_leaves_while_he_waits_takes_nothing(server, client):
    leaving = Client(server.address)
    for each in (client, leaving):
        each.ask("AUTH", "anna", "correct horse")
    leaving.ask("CLIENT", "SETNAME", "leaving")
    leaving.send(["BLPOP", "a", "0"])
    leaving.__exit__()
    until(lambda: b"name=leaving" not in client.ask("CLIENT", "LIST")[1])
    assert client.ask("RPUSH", "a", "1") == (":", 1)
    assert client.ask("LLEN", "a") == (":", 1)


def test_a_client_that_does_not_read_stops_nobody(server, client):
    client.ask("AUTH", "anna", "correct horse")
    client.ask("SET", "large", b"x" * 900_000)
    slow = socket.create_connection(server.address)
    slow.sendall(packed([b"GET", b"large"]) * 20)
    for _ in range(20):
        assert client.ask("PING") == ("+", b"PONG")
    received = 0
    while received < 20 * (900_000 + 11):
        received += len(slow.recv(1 << 20))
    slow.close()


def test_a_write_of_always_that_was_given_up_before_its_flush_is_not_answered(monkeypatch):
    commit = HeldWriter.commit

    async def broken_before(held, fn, **more):
        held._broken = StorageError("the medium failed")
        monkeypatch.undo()
        return await commit(held, fn, **more)

    with serving(always=True) as made, Client(made.address) as client, Client(made.address) as other:
        assert client.ask("SET", "a", "1") == ("+", b"OK")
        monkeypatch.setattr(HeldWriter, "commit", broken_before)
        client.send(["SET", "a", "2"])
        assert client._file.read() == b""
        assert other.ask("GET", "a") == ("$", b"1")
        made.log.events.clear()


def test_the_answers_of_one_exec_are_bounded_and_then_nothing_is_done(client):
    client.ask("AUTH", "anna", "correct horse")
    client.ask("SET", "large", "x" * 900_000)
    client.send(["MULTI"], ["SET", "a", "1"], *[["GET", "large"]] * 30, ["EXEC"])
    answers = [client.answer() for _ in range(33)]
    assert answers[-1][0] == "-" and answers[-1][1].startswith(b"EXECABORT The answers")
    assert client.ask("EXISTS", "a") == (":", 0)


def test_writes_of_always_are_on_disk_before_they_are_answered():
    with serving(always=True) as made, Client(made.address) as client:
        assert client.ask("CONFIG", "GET", "appendfsync") == ("*", [("$", b"appendfsync"), ("$", b"always")])
        client.send(*[["INCR", "n"]] * 100)
        assert [client.answer()[1] for _ in range(100)] == list(range(1, 101))
        with made.store.read() as tx:
            assert tx.count("data") > 0, "a snapshot sees what was committed"


def test_where_there_is_no_room_nothing_changes_and_keys_can_be_deleted():
    with serving(map_bytes=8 << 20) as made, Client(made.address) as client:
        client.ask("AUTH", "anna", "correct horse")
        stored, answer = 0, ("+", b"OK")
        while answer == ("+", b"OK"):
            answer = client.ask("SET", f"k{stored}", b"x" * 50_000)
            stored += 1
            assert stored < 200
        assert answer[0] == "-" and answer[1].startswith(b"OOM "), answer
        assert client.ask("DBSIZE") == (":", stored - 1)
        client.send(["MULTI"], ["DEL", "k0"], ["SET", "a", b"x" * 50_000], ["EXEC"])
        assert [client.answer() for _ in range(4)][3][1].startswith(b"EXECABORT ")
        assert client.ask("EXISTS", "k0") == (":", 1)
        assert client.ask("DEL", *(f"k{number}" for number in range(stored - 1))) == (":", stored - 1)
        # The pages are free when the deletion is on disk and a commit later.
        client.ask("WAIT", "0", "0")
        until(lambda: client.ask("SET", "a", b"x" * 50_000) == ("+", b"OK"))


def test_admission(monkeypatch):
    monkeypatch.setattr("leither_edge.resp.server.IDLE_KEPT_S", 0.1)
    with serving(limits=LIMITS._replace(connections_max=2)) as made:
        first = Client(made.address)
        assert first.ask("AUTH", "anna", "correct horse") == ("+", b"OK")
        second = Client(made.address)
        assert second.ask("PING") == ("+", b"PONG")
        third = Client(made.address)
        assert third.answer() == ("-", b"ERR max number of clients reached")
        assert made.counters.get("resp_refusals", reason="full") == 1
        # A guest that was idle for a while gives way, a user does not.
        until(lambda: _is_let_in(made.address))
        with pytest.raises((ConnectionError, OSError)):
            second.ask("PING")
        assert first.ask("PING") == ("+", b"PONG")
        first.__exit__()


def _is_let_in(address):
    with Client(address) as made:
        try:
            return made.ask("PING") == ("+", b"PONG")
        except OSError:
            return False


def test_long_commands_in_one_pipeline_leave_other_tasks_their_turns(monkeypatch):
    from leither_edge.resp import loop

    monkeypatch.setattr(loop, "TURN_S", 0.002)
    executed, turns = [], []
    execute = Database.execute

    def counted(self, words, owner=b""):
        executed.append(1)
        time.sleep(0.003)
        return execute(self, words, owner)

    async def count():
        while True:
            turns.append(len(executed))
            await trio.sleep(0)

    with serving() as made, Client(made.address) as client:
        client.ask("PING")
        monkeypatch.setattr(Database, "execute", counted)
        made.token.run_sync_soon(trio.lowlevel.spawn_system_task, count)
        client.send(*[["DBSIZE"]] * 40)
        assert [client.answer() for _ in range(40)] == [(":", 0)] * 40
    assert max(after - before for before, after in zip(turns, turns[1:], strict=False)) <= 2


def test_many_at_once(server):
    failures = []

    def work(number):
        try:
            with Client(server.address) as client:
                for turn in range(50):
                    client.send(*[["INCR", f"count{number}"]] * 10, ["INCR", "all"])
                    assert [client.answer()[1] for _ in range(11)][:10] == list(range(turn * 10 + 1, turn * 10 + 11))
        except BaseException as failure:
            failures.append(failure)

    with Client(server.address) as client:
        client.ask("FLUSHDB")
        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert client.ask("GET", "all") == ("$", b"300")


def test_about_the_server(client):
    assert client.ask("COMMAND", "COUNT")[1] > 180
    assert client.ask("COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2") == ("*", [("$", b"a"), ("$", b"b")])
    assert client.ask("COMMAND", "GETKEYS", "ZUNIONSTORE", "d", "2", "a", "b") == ("*", [("$", b"d"), ("$", b"a"), ("$", b"b")])
    assert client.ask("COMMAND", "INFO", "nosuch") == ("*", [("$", None)])
    assert client.ask("CONFIG", "SET", "maxmemory", "1")[1] == b"NOAUTH Authentication required."
    assert b"redis_version:7" in client.ask("INFO")[1]
    assert b"db0" in (client.ask("SET", "a", "1"), client.ask("INFO", "keyspace"))[1][1]
    for refused in ("DEBUG SLEEP 0", "SUBSCRIBE a", "EVAL x 0", "SHUTDOWN"):
        assert b"is not served" in client.ask(*refused.split())[1]
    assert client.ask("SELECT", "16") == ("-", b"ERR DB index is out of range")
    assert client.ask("SELECT", "x" * 20)[0] == "-"
    client.ask("SELECT", "3")
    assert client.ask("GET", "a") == ("$", None)
    assert client.ask("WAIT", "0", "0") == (":", 0)
    assert client.ask("MEMORY", "USAGE", "none") == ("$", None)
    assert client.ask("ACL", "CAT")[0] == "*" and client.ask("ACL", "SETUSER", "x")[0] == "-"
    assert int(client.ask("TIME")[1][0][1]) > 1_700_000_000
