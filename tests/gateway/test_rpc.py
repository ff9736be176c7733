"""The original system's procedures against a real library: accounts, content, files, databases, streams, batches, both ways in."""

import json
import threading
from types import SimpleNamespace

import pytest
import trio
import wsproto
from wsproto import events

from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.mimei import rights
from leither_edge.mimei.errors import NotSignedIn
from leither_edge.mimei.sessions import sign_in_message
from tests.gateway.standing import LIMITS, Rpc, RpcFailed, binary, fetch, gateway, of_binary, standing


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    with standing(tmp_path_factory.mktemp("library")) as made:
        yield made


def refused(code):
    return pytest.raises(RpcFailed, match=f"^\\('{code}'")


async def test_a_user_registers_signs_in_and_out(stand):
    async with gateway(stand.library) as server:
        rpc = Rpc(server)
        assert await rpc("Login") == {"sid": "", "uid": ""}
        uid = await rpc("Register", "anna", "correct horse", "anna@example.org")
        with refused("conflict"):
            await rpc("Register", '{"newname": "anna", "newpass": "correct horse"}')
        with refused("not-signed-in"):
            await rpc("Login", "anna", "wrong horse")
        reply = await rpc("Login", "anna", "correct horse")
        assert reply["uid"] == uid and len(reply["sid"]) > 30
        assert (await rpc("GetVar", reply["sid"], "session"))["uid"] == uid
        mid = await rpc("MMCreate", reply["sid"], "", "", "mine")
        handle = await rpc("MMOpen", reply["sid"], mid)
        await rpc("Logout", reply["sid"], "done")
        with refused("not-signed-in"):
            await rpc("GetVar", reply["sid"], "session")
        with refused("not-signed-in"):
            await rpc("MFReaddir", handle)


async def test_many_who_try_passwords_leave_others_their_turn(stand, monkeypatch):
    go_on, tries = threading.Event(), []

    def slow(name, password):
        tries.append(name)
        go_on.wait()
        raise NotSignedIn("wrong")

    monkeypatch.setattr(stand.library, "sign_in_with_password", slow)
    async with gateway(stand.library) as server, trio.open_nursery() as nursery:
        rpc = Rpc(server)

        async def one(number):
            with refused("not-signed-in"):
                await rpc("Login", f"name{number}", "wrong horse")

        try:
            for number in range(6):
                nursery.start_soon(one, number)
            with trio.fail_after(10):
                while not tries:
                    await trio.sleep(0.01)
                assert (await rpc("GetVar", "", "ver")) == "1.0" and len(tries) == 1
        finally:
            go_on.set()


async def test_a_key_signs_in_and_signs_versions(stand):
    pair = KeyPair(b"k" * 32)
    async with gateway(stand.library) as server:
        rpc = Rpc(server)
        given = await rpc("Challenge")
        challenge, message = map(of_binary, (given["challenge"], given["message"]))
        assert message == sign_in_message(stand.library.node_key.id, challenge)
        with refused("not-signed-in"):
            await rpc("LoginWithKey", binary(pair.public_key), binary(challenge), binary(bytes(64)))
        passport = {"key": binary(pair.public_key), "challenge": binary(challenge), "signature": binary(pair.sign(message))}
        sid = (await rpc("LoginWithPPT", json.dumps(passport)))["sid"]
        with refused("not-signed-in"):
            await rpc("Login", json.dumps(passport))
        mid = await rpc("MMCreate", sid, "", "", "by key", 2)
        await rpc("FSMkDir", sid, mid, "a")
        with refused("forbidden"):
            await rpc("MMBackup", sid, mid)
        ticket = await rpc("MMBackupPrepare", sid, mid, "first")
        with pytest.raises(RpcFailed):
            await rpc("MMBackupFinish", sid, ticket["ticket"], binary(bytes(64)))
        ticket = await rpc("MMBackupPrepare", sid, mid, "first")
        assert await rpc("MMBackupFinish", sid, ticket["ticket"], binary(pair.sign(of_binary(ticket["message"])))) == "0"
        assert sodium.verify(pair.sign(b"x"), b"x", pair.public_key)
        versions = await rpc("GetVar", sid, "mmversions", mid)
        assert [(one["version"], one["memo"], one["isLast"]) for one in versions] == [(0, "first", True)]


async def test_files_by_the_original_names(stand):
    sid = stand.sid
    async with gateway(stand.library) as server:
        rpc = Rpc(server)
        mid = await rpc("MMCreate", sid, "app", "ext", "files", 2)
        assert await rpc("MMCreate", sid, "app", "ext", "files", 2) == mid
        handle = await rpc("MMOpen", sid, mid, "cur")
        await rpc("FSMkDir", sid, handle, "docs")
        with refused("not-found"):
            await rpc("MFOpenByPath", sid, mid, "docs/a.txt", 0)
        file = await rpc("MFOpenByPath", sid, handle, "/docs/a.txt", 0x42)
        assert await rpc("MFGetSize", file) == 0
        assert await rpc("MFSetData", file, "hello ", 0) == 6
        assert await rpc("MFSetData", file, binary(b"world\xff"), -1) == 6
        assert of_binary(await rpc("MFGetData", file, 6, 5)) == b"world"
        assert of_binary(await rpc("MFGetData", file, -3, -1)) == b"d\xff"
        assert of_binary(await rpc("MFGetData", file, -1, 10)) == b""
        await rpc("MFTruncate", file, 5)
        assert of_binary(await rpc("MFGetData", file)) == b"hello"
        assert await rpc("MFGetMimeType", file) == "text/plain; charset=utf-8"
        label = (await rpc("MFStat", file))["fID"]
        assert await rpc("MFStat", file) == {"fName": "a.txt", "fSize": 5, "fIsDir": False, "fID": label}
        assert await rpc("FSStat", sid, mid, "docs/a.txt") == await rpc("MFStat", file)
        await rpc("MFClose", file)
        await rpc("MFClose", file)
        with refused("not-signed-in"):
            await rpc("MFGetSize", file)
        assert [entry["fName"] for entry in await rpc("MFReaddir", handle, -1)] == ["docs"]
        assert await rpc("MFIsExist", handle, "docs/a.txt") and not await rpc("MFIsExist", handle, "docs/b.txt")
        found = await rpc("FSFind", sid, mid, "docs/a.txt/x/y")
        assert found == {"fsid": label, "left": "x/y", "fullName": "docs/a.txt/x/y"}
        assert await rpc("MMBackup", sid, mid, "one") == "0"
        await rpc("FSRename", sid, mid, "docs/a.txt", "b.txt")
        await rpc("FSCopy", handle, "c.txt", "docs/a.txt", "0")
        await rpc("FSCopy", handle, "d.txt", "b.txt")
        assert [entry["fName"] for entry in await rpc("MFReaddir", handle, 0)] == ["b.txt", "c.txt", "d.txt", "docs"]
        with pytest.raises(RpcFailed):
            await rpc("FSMkDir", sid, mid, "../x")
        await rpc("FSRemove", sid, mid, "docs")
        changes = {change["what"]: change["kind"] for change in await rpc("MMDiff", sid, mid, 0, "cur")}
        assert (changes["b.txt"], changes["c.txt"]) == ("+", "+")
        old = await rpc("MMOpen", sid, mid, "last")
        with refused("conflict"):
            await rpc("MFSetData", await rpc("MFOpenByPath", sid, old, "docs/a.txt"), "x", 0)
        # By label, and without a name.
        by_label = await rpc("MFOpenMacFile", sid, mid, label)
        assert of_binary(await rpc("MFGetData", by_label)) == b"hello"
        with refused("forbidden"):
            await rpc("MFSetData", by_label, "x", 0)
        nameless = await rpc("MFOpenTempFile", sid)
        await rpc("MFSetData", nameless, "unnamed", 0)
        kept = await rpc("MFTemp2MacFile", nameless, mid)
        await rpc("MFClose", nameless)
        assert of_binary(await rpc("MFGetData", await rpc("MFOpenMacFile", sid, mid, kept))) == b"unnamed"
        assert await rpc("MMGetRef", sid, mid) == {kept: 1}
        assert await rpc("MMDelRef", sid, mid, kept) == 1
        thing = {"a": [1, None, "x", binary(b"\xff")], "b": "text"}
        object_file = await rpc("MFOpenByPath", sid, mid, "object", 0x42)
        for written in (thing, "text", 5, None):
            await rpc("MFSetObject", object_file, written)
            assert await rpc("MFGetObject", object_file) == written


async def test_versions_rights_and_what_else_is_known(stand):
    sid = stand.sid
    async with gateway(stand.library) as server:
        rpc = Rpc(server)
        mid = await rpc("MMCreate", sid, "", "", "versions", 2)
        await rpc("FSMkDir", sid, mid, "first")
        assert await rpc("MMBackup", sid, mid, "one") == "0"
        await rpc("FSMkDir", sid, mid, "second")
        assert await rpc("MMBackup", sid, mid, "two") == "1"
        assert await rpc("MMRelease", sid, mid, "0") == "0"
        with refused("not-signed-in"):
            await rpc("MMOpen", "", mid, "release")
        await rpc("MMSetRight", sid, mid, "guest", ["public"])
        for mask in (0x07276705, "0x4000", ["all of it"], 1 << 63):
            with refused("bad-input"):
                await rpc("MMSetRight", sid, mid, "guest", mask)
        opened = await rpc("MMOpen", "", mid, "release")
        assert [entry["fName"] for entry in await rpc("MFReaddir", opened)] == ["first"]
        with refused("not-signed-in"):
            await rpc("MMOpen", "", mid, "cur")
        assert await rpc("MMGetRight", "", mid) == rights.PUBLIC
        assert await rpc("MMGetRight", sid, mid) == str(rights.ALL)
        await rpc("MMRestore", sid, mid, 0)
        assert [entry["fName"] for entry in await rpc("MFReaddir", await rpc("MMOpen", sid, mid))] == ["first"]
        assert await rpc("MMSum", sid, mid, "0") == (await rpc("GetVar", sid, "mmversions", mid))[0]["root"]
        assert await rpc("MMDelVers", sid, mid, "1") == 1
        await rpc("MMSetTags", sid, mid, "hike", "north")
        assert await rpc("MMGetTags", sid, mid) == ["hike", "north"]
        fork = await rpc("MMFork", sid, mid, "release", "fork")
        assert [entry["fName"] for entry in await rpc("MFReaddir", await rpc("MMOpen", sid, fork))] == ["first"]
        info = await rpc("GetVar", sid, "mminfo", mid)
        assert (info["mark"], info["dataType"], info["release"], info["tags"]) == ("versions", "files", 0, ["hike", "north"])
        assert mid in [found["mid"] for found in await rpc("MMList", sid)]
        root = await rpc("MMSum", sid, mid, "0")
        await rpc("MMPin", sid, root, "kept")
        assert [(pin["cid"], pin["name"]) for pin in await rpc("MMPins", sid)] == [(root, "kept")]
        assert await rpc("MMUnpin", sid, root)
        assert await rpc("GetVar", sid, "ver") == "1.0"
        await rpc("MMDelete", sid, fork)
        with refused("not-found"):
            await rpc("MMOpen", sid, fork)
        with refused("not-found"):
            await rpc("GetVar", sid, "nothing")


async def test_a_database_by_the_original_names(stand):
    sid = stand.sid
    async with gateway(stand.library) as server:
        rpc = Rpc(server)
        mid = await rpc("MMCreate", sid, "", "", "data", 3)
        db = await rpc("MMOpen", sid, mid, "cur")

        async def does(wanted, name, *params):
            assert await rpc(name, db, *params) == wanted, name

        await does(None, "Set", "key", "value")
        await does("value", "Get", "key")
        await does(None, "Get", "none")
        await does(5, "Strlen", "key")
        for value in ({"a": [1, {"b": None}]}, [1.5, "x"], True, None, binary(b"\xff\0")):
            await does(None, "Set", "any", value)
            await does(value, "Get", "any")
        await does(1, "Incr", "count")
        await does(-4, "IncrBy", "count", -5)
        await does("-4", "Get", "count")
        await does(2, "Del", "key", "any", "nothing")
        # Hashes.
        await does(1, "Hset", "h", "a", 1)
        await does(None, "Hmset", "h", {"Field": "b", "Value": {"x": 1}}, ["c", "three"])
        await does({"x": 1}, "Hget", "h", "b")
        await does(["1", None, "three"], "Hmget", "h", "a", "z", "c")
        await does([{"field": "a", "value": "1"}, {"field": "b", "value": {"x": 1}}, {"field": "c", "value": "three"}], "Hgetall", "h")
        await does(["a", "b", "c"], "Hkeys", "h")
        await does(3, "Hlen", "h")
        await does(8, "HincrBy", "h", "a", 7)
        await does([{"field": "b", "value": {"x": 1}}], "Hscan", "h", "a", "*", 1, False)
        await does([{"field": "c", "value": "three"}, {"field": "b", "value": {"x": 1}}], "Hrevscan", "h", "c", "", 2, True)
        await does(1, "Hdel", "h", "a", "z")
        await does(2, "Hclear", "h")
        # Lists.
        await does(2, "Rpush", "l", "b", 3)
        await does(3, "Lpush", "l", ["a"])
        await does([["a"], "b", "3"], "Lrange", "l", 0, -1)
        await does("b", "Lindex", "l", 1)
        await does(None, "Lset", "l", 1, "B")
        await does(3, "Llen", "l")
        await does(["a"], "Lpop", "l")
        await does("3", "Rpop", "l")
        await does(1, "Lclear", "l")
        # Sets.
        await does(3, "Sadd", "s", "a", "b", "c")
        await does(2, "Sadd", "t", "c", "d")
        await does(3, "Scard", "s")
        assert sorted(await rpc("Sunion", db, "s", "t")) == ["a", "b", "c", "d"]
        await does(["c"], "Sinter", "s", "t")
        await does(["d"], "Sdiff", "t", "s")
        assert sorted(await rpc("Smembers", db, "s")) == ["a", "b", "c"]
        await does(1, "Srem", "s", "a")
        await does(2, "Smclear", "s", "t")
        # Sorted sets.
        await does(3, "Zadd", "z", {"Score": 1, "Member": "a"}, [2, "b"], [2.5, "c"])
        await does([{"score": 1, "member": "a"}, {"score": 2, "member": "b"}], "Zrange", "z", 0, 1)
        await does([{"score": 2.5, "member": "c"}], "Zrevrange", "z", 0, 0)
        await does([{"score": 2, "member": "b"}], "Zrangebyscore", "z", 1, 3, 1, 1)
        await does([{"score": 2, "member": "b"}, {"score": 1, "member": "a"}], "Zrevrangebyscore", "z", 1, 2, 0, -1)
        await does(2, "Zcount", "z", 2, "+inf")
        await does(2, "Zscore", "z", "b")
        await does(1, "Zrank", "z", "b")
        await does(None, "Zrank", "z", "none")
        await does(7, "ZincrBy", "z", 5, "b")
        await does(3, "Zcard", "z")
        await does(1, "Zrem", "z", "b")
        await does(1, "Zremrangebyscore", "z", 2, 3)
        await does(1, "Zclear", "z")
        # Keys in order, and errors in Redis's words.
        await rpc("Redis", db, "MSET", "k1", "1", "k2", "2", "k3", "3")
        await does(["k2", "k3"], "Scan", "k1", "k*", 10, False)
        await does(["k3", "k2", "k1"], "RevScan", "k3", "k*", 10, True, 0)
        await does([], "Scan", "", "k*", 10, True, "hash")
        with refused("wrongtype"):
            await rpc("Hget", db, "k1", "a")
        with refused("err"):
            await rpc("Redis", db, "NONSENSE")
        await does([["k1", "k2"], "PONG"][0], "Redis", "KEYS", "k[12]")
        # Transactions.
        await does(None, "Begin", 10)
        other = await rpc("MMOpen", sid, mid, "cur")
        await does(None, "Set", "k1", "changed")
        with refused("busy"):
            await rpc("Set", other, "k2", "x")
        await does("changed", "Get", "k1")
        await does(None, "Rollback")
        await does("1", "Get", "k1")
        await does(None, "Begin", 10)
        await does(None, "Set", "k1", "changed")
        await does(None, "Commit")
        assert await rpc("Get", other, "k1") == "changed"
        # A version is read as it was.
        assert await rpc("MMBackup", sid, mid, "") == "0"
        await does(None, "Set", "k1", "later")
        old = await rpc("MMOpen", sid, mid, "0")
        assert await rpc("Get", old, "k1") == "changed"
        with refused("readonly"):
            await rpc("Set", old, "k1", "x")


async def test_a_stream(stand):
    async with gateway(stand.library) as server:
        rpc = Rpc(server)
        stream = await rpc("MMOpen", stand.sid, await rpc("MMCreate", stand.sid, "", "", "stream", 4))
        assert await rpc("StreamAppend", stream, "a", binary(b"\xff")) == 0
        assert await rpc("StreamAppend", stream, ["c"]) == 2
        assert [(one["offset"], of_binary(one["data"])) for one in await rpc("StreamRead", stream, 1)] == [(1, b"\xff"), (2, b"c")]
        assert await rpc("StreamLen", stream) == 3
        with refused("conflict"):
            await rpc("Get", stream, "x")


async def test_search_finds_by_tag(stand):
    async with gateway(stand.library) as server:
        rpc = Rpc(server)
        mid = await rpc("MMCreate", stand.sid, "", "", "searched", 2)
        await rpc("MMSetTags", stand.sid, mid, "xylophone")
        while stand.library.work_some():
            pass
        stand.library.held.flush_now()
        assert [hit["mid"] for hit in await rpc("MMSearch", stand.sid, "xylophone")] == [mid]
        assert await rpc("MMSearch", "", "xylophone") == []


# The ways in


async def test_the_session_may_come_in_the_header(stand):
    async with gateway(stand.library) as server:
        rpc = Rpc(server)
        asked = {"jsonrpc": "2.0", "id": 1, "method": "GetVar", "params": ["", "session"]}
        _, answer = await rpc.raw(asked, f"Authorization: Bearer {stand.sid}")
        assert answer["result"]["uid"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (("Content-Type: text/plain",), 415),
        (("Content-Type: application/x-www-form-urlencoded",), 415),
        (("Content-Type: application/json", "Origin: http://evil.example"), 403),
        (("Content-Type: application/json", "Origin: null"), 403),
        (("Content-Type: application/json", "Sec-Fetch-Site: cross-site"), 403),
        (("Content-Type: application/json", "Sec-Fetch-Site: same-site"), 403),
    ],
)
async def test_pages_from_elsewhere_get_nothing(stand, fields, status):
    async with gateway(stand.library) as server:
        body = b'{"jsonrpc":"2.0","id":1,"method":"Login"}'
        assert (await fetch(server, "/rpc", *fields, method="POST", body=body))[0] == status
        assert server.refused("content-type" if status == 415 else "origin") == 1
        socket = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        if status == 403:
            assert (await fetch(server, "/rpc", *socket, *fields[1:]))[0] == 403


async def test_a_page_of_this_address_is_answered(stand):
    async with gateway(stand.library) as server:
        body = b'{"jsonrpc":"2.0","method":"Login"}'
        fields = ("Content-Type: application/json", f"Origin: http://127.0.0.1:{server.port}", "Sec-Fetch-Site: same-origin")
        assert (await fetch(server, "/rpc", *fields, method="POST", body=body))[0] == 204
        assert (await fetch(server, "/rpc"))[0] == 426


async def test_a_message_is_bounded(stand):
    async with gateway(stand.library) as server:
        most = LIMITS.mimei.value_max_kib * 1024 * 4 // 3 + 65536
        client = await server.connect()
        async with client:
            head = f"POST /rpc HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {most + 1}\r\n\r\n"
            await client.send(head.encode())
            assert (await client.response(b"POST"))[0] == 413


async def test_calls_go_over_a_websocket(stand):
    async with gateway(stand.library) as server:
        client = await server.connect()
        parser = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        headers = [(b"authorization", b"Bearer " + stand.sid.encode())]
        await client.send(parser.send(events.Request(host=f"127.0.0.1:{server.port}", target="/rpc", extra_headers=headers)))

        async def following():
            while True:
                for event in parser.events():
                    return event
                parser.receive_data(await client.stream.receive_some(65536))

        assert isinstance(await following(), events.AcceptConnection)
        await client.send(parser.send(events.TextMessage('{"jsonrpc":"2.0","id":7,"method":"GetVar","params":["","session"]}')))
        event = await following()
        assert '"id":7' in event.data and '"canSign":true' in event.data
        await client.send(parser.send(events.TextMessage("nonsense")))
        assert "-32700" in (await following()).data
        await client.stream.aclose()


async def test_websockets_leave_connections_to_others(stand):
    few = SimpleNamespace(mimei=LIMITS.mimei, http=SimpleNamespace(connections_max=2))
    async with gateway(stand.library, few) as server:
        socket = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        first = await server.connect()
        await first.send(("GET /rpc HTTP/1.1\r\nHost: a\r\n" + "\r\n".join(socket) + "\r\n\r\n").encode())
        assert (await first.stream.receive_some(1000)).startswith(b"HTTP/1.1 101")
        assert (await fetch(server, "/rpc", *socket))[0] == 503
        await first.stream.aclose()
