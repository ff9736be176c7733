"""Calls on content and backups over two real nodes: who may what, what callers may send, a key that answers from afar."""

import json
import random
from contextlib import asynccontextmanager

import pytest
import trio

from leither_edge.core.ids import id_to_text, public_key_to_text
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.gateway.caller import Caller, Gateway
from leither_edge.gateway.rpc import flow_calls, peer_calls
from leither_edge.gateway.rpc.dispatch import Dispatcher
from leither_edge.gateway.rpc.errors import INTERNAL
from leither_edge.gateway.rpc.table import TABLE
from leither_edge.mimei import rights
from leither_edge.mimei.errors import BadInput, Conflict, Forbidden, MimeiError, NotFound, NotSignedIn
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from leither_edge.peer_node import open_peer_node
from tests.http.serving import Lines
from tests.peer.kept_library import PROFILE, open_kept

OWNER, WRITER, STRANGER = KeyPair(b"o" * 32), KeyPair(b"w" * 32), KeyPair(b"s" * 32)


class NoLan:
    """A network of one's own in which nobody is."""

    async def run(self, *, task_status=trio.TASK_STATUS_IGNORED):
        task_status.started()

    async def find(self, key, wait_s=0):
        return []

    async def nearby(self, wait_s=0):
        return []


@asynccontextmanager
async def standing(folder, seed):
    """A PeerNode that OWNER runs, on which WRITER may keep content and STRANGER may not."""
    folder.mkdir()
    with open_kept(folder, seed) as library:
        library.sessions._may_join = lambda public_key, granted: public_key in (OWNER.public_key, WRITER.public_key)
        async with (
            trio.open_nursery() as nursery,
            open_peer_node(
                library, str(folder), PROFILE, hosts=("127.0.0.1",), port=0, lan=NoLan(), counters=Counters(), log=Log(lambda line: None),
                own_key=OWNER.public_key, may_run=lambda session: session.public_key == OWNER.public_key, owners=lambda: [OWNER.public_key],
            ) as node,
        ):  # fmt: skip
            nursery.start_soon(library.held.run)
            yield node
            nursery.cancel_scope.cancel()


async def befriend(one, other):
    """Each knows the other as a friend, by name."""
    for node, friend, name in ((one, other, "ben"), (other, one, "anna")):
        owner = node.library.local_session(OWNER)
        await node.calls.peer_add(owner, friend.key_text, [friend.address], name, True)


async def done(node, session, facts):
    """The result of a job. Raises MimeiError as it failed."""
    job = await node.calls.job_wait(session, facts["id"], 30)
    assert job["state"] in ("done", "failed"), job
    if job["error"]:
        raise MimeiError(job["error"]["message"], job["error"]["code"])
    return job["result"]


def two(folder, main):
    """Run main(anna's node, ben's node), who are friends."""

    async def inside():
        async with standing(folder / "a", b"a" * 32) as anna, standing(folder / "b", b"b" * 32) as ben:
            await befriend(anna, ben)
            await main(anna, ben)

    trio.run(inside)


def notes(node, key=OWNER):
    """(Session, mid) of a folder with a version."""
    session = node.library.local_session(key)
    mid = node.library.create(session, mark="notes", data_type=2)
    node.library.put_file(session, mid, "plan.txt", [b"hello\n"])
    node.library.backup(session, mid)
    return session, mid


def test_who_may_what(tmp_path):
    async def main(anna, ben):
        owner, mid = notes(anna)
        calls, what = anna.calls, id_to_text(mid)
        guest, stranger, writer = anna.library.guest(), *map(anna.library.local_session, (STRANGER, WRITER))
        asking = (
            (calls.sync, (what, [], False, "refuse", False)), (calls.findprovs, (what, 5)), (calls.compare, (what, [])),
            (calls.search_peers, ("plan", [], 20, 5)),
        )  # fmt: skip
        running = (
            (calls.backup_to, ("ben",)), (calls.backup_stop, ("ben",)), (calls.backup_check, ("ben",)), (calls.backup_stat, ()),
            (calls.restore_from, ("ben",)), (calls.share_accept, (what,)), (calls.peer_list, ()),
        )  # fmt: skip
        for session in (guest, stranger):
            for call, arguments in (*asking, *running):
                with pytest.raises((Forbidden, NotSignedIn)):
                    await call(session, *arguments)
        for call, arguments in running:
            with pytest.raises(Forbidden):
                await call(writer, *arguments)
        # What is by the rights of the MiMei is refused by these.
        for call, arguments in ((calls.share, (mid, "ben", "", None)), (calls.leave, (mid, "ben")), (calls.provide, (mid, True))):
            with pytest.raises(MimeiError) as refused:
                await done(anna, writer, await call(writer, *arguments))
            assert refused.value.code == "forbidden"
        assert (await calls.shares(writer)) == {"shared": [], "left": [], "offered": []}
        assert (await done(anna, owner, await calls.share(owner, mid, "ben", "", rights.READ_ONLY)))["told"] is True
        assert [row["peer"] for row in (await calls.shares(owner))["shared"]] == ["ben"]
        with pytest.raises(MimeiError, match="no network"):
            await done(anna, owner, await calls.publish(owner, mid))
        with pytest.raises(NotFound):
            await calls.job_wait(writer, (await calls.job_list(owner))[0]["id"], 0)

    two(tmp_path, main)


def test_what_is_shared_arrives_by_itself_and_can_be_looked_for(tmp_path):
    async def main(anna, ben):
        owner, mid = notes(anna)
        theirs = ben.library.local_session(OWNER)
        what = id_to_text(mid)
        found = await done(anna, owner, await anna.calls.share(owner, mid, "ben", "", None))
        assert found["accepted"] is True
        with trio.fail_after(20):
            while not (await ben.calls.follows(theirs)) or (await ben.calls.follows(theirs))[0]["last"] is None:
                await trio.sleep(0.02)
        there = await done(ben, theirs, await ben.calls.findprovs(theirs, what, 5))
        assert [(one["name"], one["answered"], one["number"]) for one in there["providers"]] == [("anna", True, 0)]
        hits = await done(ben, theirs, await ben.calls.search_peers(theirs, "plan", ["anna=2"], 5, 5))
        assert hits["asked"] == ["anna"] and hits["missing"] == []
        assert (await done(anna, owner, await anna.calls.unshare(owner, mid, "ben")))["users"]
        with pytest.raises(BadInput):
            await ben.calls.search_peers(theirs, "plan", ["anna=0"], 5, 5)

    two(tmp_path, main)


def test_a_backup_is_opened_by_a_key_that_lies_elsewhere(tmp_path):
    async def main(anna, ben):
        owner, mid = notes(anna)
        assert (await done(anna, owner, await anna.calls.backup_to(owner, "ben")))["mimei"] == 1
        checked = await done(anna, owner, await anna.calls.backup_check(owner, "ben"))
        assert checked["asked"] == checked["same"] > 0
        assert (await anna.calls.backup_stat(owner))["backups"][0]["error"] is None
        async with standing(tmp_path / "c", b"c" * 32) as new:
            session = new.library.local_session(OWNER)
            await new.calls.peer_add(session, ben.key_text, [ben.address], "ben", True)
            with pytest.raises(MimeiError) as refused:
                await done(new, session, await new.calls.restore_from(session, "ben"))
            assert refused.value.code == "no-backup"
            facts = await new.calls.restore_from(session, "ben", OWNER.public_key, anna.id_text)
            with pytest.raises(Conflict):
                await new.calls.key_answer(session, facts["id"], 7, b"")
            answered = 0
            with trio.fail_after(30):
                while (facts := await new.calls.job_wait(session, facts["id"], 0.02))["state"] == "running":
                    asks = facts["progress"].get("asks")
                    if asks is None or asks["number"] == answered:
                        continue
                    answered, data = asks["number"], bytes.fromhex(asks["data"])
                    answer = OWNER.sign(data) if asks["what"] == "sign" else OWNER.unseal(data)
                    await new.calls.key_answer(session, facts["id"], answered, answer)
            assert facts["state"] == "done" and facts["result"]["versions"] == 1 and answered == 2, facts
            assert b"".join(new.library.open(session, mid, 0).file_system.read("plan.txt", 0, 10)) == b"hello\n"
            # Whose backup it is was named, so friends are known again, too.
            assert {row["key"] for row in await new.calls.peer_list(session)} == {public_key_to_text(ben.library.node_key.public_key)}
            with pytest.raises(NotFound):
                await new.calls.key_answer(session, facts["id"], 1, b"")

    two(tmp_path, main)


def test_what_callers_send_is_bounded(tmp_path):
    async def main(anna, ben):
        owner, mid = notes(anna)
        what, calls = id_to_text(mid), anna.calls
        for call, arguments in (
            (calls.sync, ("x", [], False, "refuse", False)), (calls.sync, (what, ["x"] * 17, False, "refuse", False)),
            (calls.sync, (what, ["no such"], False, "refuse", False)), (calls.sync, (what, [], False, "perhaps", False)),
            (calls.sync, (what, ["/etc/passwd"], False, "refuse", False)), (calls.sync, (what * 100, [], False, "refuse", False)),
            (calls.findprovs, (what, 0)), (calls.findprovs, (what, 10**9)), (calls.search_peers, ("x" * 500, [], 5, 5)),
            (calls.search_peers, ("x", [], 5, 0)), (calls.share, (mid, "nobody", "", None)), (calls.share, (mid, "ben", "no id", None)),
            (calls.backup_to, ("nobody",)), (calls.restore_from, ("ben", b"short")), (calls.restore_from, ("ben", None, "no id")),
            (calls.unfollow, (what,)), (calls.publish_finish, ("x" * 100, b"")), (calls.key_answer, ("none", 1, b"")),
        ):  # fmt: skip
            with pytest.raises((BadInput, NotFound)):
                await call(owner, *arguments)
        assert not await calls.job_list(owner)

    two(tmp_path, main)


ODD = (
    None, "", "x", "\x00", "ü" * 300, -1, 0, 3, 2**63, 1.5, True, [], {}, ["x"], [[]], "ben", "anna=2", "http://127.0.0.1:1", "127.0.0.1:1",
    {"$bytes": "AAAA"}, {"$bytes": "!"}, "leither:mimei/x", "leither:peer/x", "/etc/passwd",
)  # fmt: skip
CALLS = 250


@pytest.mark.parametrize("seed", [7, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(12))])
def test_no_arguments_of_a_procedure_are_an_internal_error(tmp_path, seed):
    chance, log = random.Random(seed), Lines()

    async def main(anna, ben):
        owner, mid = notes(anna)
        at = Caller(Gateway(anna.library, PROFILE, Counters(), log, "1", anna.calls), owner.sid)
        dispatcher, names = Dispatcher(TABLE, Counters(), log), sorted({**peer_calls.TABLE, **flow_calls.TABLE})
        jobs = ["x"]

        def argument(kind):
            if kind == "session":
                return chance.choice(("", "", "", "x"))
            if chance.random() < 0.4:
                return chance.choice(ODD)
            good = {"id": id_to_text(mid), "text": chance.choice(("ben", id_to_text(mid), *jobs)), "int": chance.randrange(1, 3)}
            return good.get(kind, chance.choice(ODD))

        for _ in range(CALLS):
            name = chance.choice(names)
            params = [argument(parameter.type) for parameter in TABLE[name].parameters]
            with trio.move_on_after(1):
                answer = json.loads(await dispatcher.answer(json.dumps({"jsonrpc": "2.0", "id": 1, "method": name, "params": params}), at))
                assert answer.get("error", {}).get("code") != INTERNAL, (name, params, log.events)
                jobs = [*jobs, (answer.get("result") or {}).get("id", "x")][-5:] if type(answer.get("result")) is dict else jobs
            await trio.sleep(0.002)
            for job in anna.calls.jobs.of(owner.user_id):
                assert job.error is None or job.error[0] != "internal", (name, params)
                job.scope.cancel()

    two(tmp_path, main)
