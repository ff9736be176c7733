"""Calls on other nodes: who may, how nodes are named, what is told; channels are made up."""

from collections import namedtuple

import pytest
import trio
import trio.testing

from leither_edge.core.ids import id_to_text, key_id, public_key_to_text
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.flow.calls.job_calls import JobCalls
from leither_edge.flow.calls.peer_calls import PeerCalls
from leither_edge.flow.jobs import Jobs
from leither_edge.mimei import rights
from leither_edge.mimei.errors import BadInput, Forbidden, MimeiError, NotFound, NotSignedIn
from leither_edge.peer.book import Book
from leither_edge.peer.connection import Remote
from leither_edge.peer.errors import Unreachable
from leither_edge.peer.tally import Tally
from tests.peer.kept_library import open_kept

OWNER, GUEST, BEN = KeyPair(b"o" * 32), KeyPair(b"g" * 32), KeyPair(b"b" * 32)
BEN_ID = key_id(BEN.public_key)
Channel = namedtuple("Channel", "peer ping")


class MadeUpPeers:
    """Peers whose channels lead nowhere. Attributes: book, tally, there ({address or id: public key}), asked."""

    def __init__(self, library):
        self.book, self.tally = Book(library, 16, library.clock), Tally(library, 16, library.clock)
        self.there, self.asked, self.open = {"192.0.2.7:8042": BEN.public_key, BEN_ID: BEN.public_key}, [], {}

    async def connect(self, public_key=None, *, node_id=None, address=None):
        self.asked.append((public_key, node_id, address))
        key = public_key or self.there.get(node_id or address)
        if key not in self.there.values():
            raise Unreachable("It was not reached. Is it on?")
        channel = self.open[key_id(key)] = Channel(Remote(key, key_id(key), "ben", False, address or "192.0.2.7:8042"), self._ping)
        return channel

    async def _ping(self):
        await trio.sleep(0.002)
        return 0.002

    def stat(self):
        channels = [{"id": id20, "name": channel.peer.name} for id20, channel in self.open.items()]
        return {"channels": channels, "up_kib_per_s": None, "down_kib_per_s": 8, "tunnels": None}

    def channel_of(self, id20):
        return self.open.get(id20)

    async def block(self, id20):
        return await self.book.put(id20, state="blocked")

    async def unblock(self, id20):
        return await self.book.put(id20, state="known")


class MadeUpInvitations:
    """Has a friend come at once."""

    def __init__(self, book):
        self._book = book

    async def invite(self, name, life_s, tell):
        tell({"code": "CODE", "link": "leither:peer/x", "until": life_s})
        return await self._book.put(BEN_ID, public_key=BEN.public_key, name=name, state="friend")

    async def accept(self, invitation, name, tell):
        return await self.invite(name, 0, tell)


class MadeUpHolder:
    """Holds bytes for some. Attribute held: {id: bytes}."""

    def __init__(self):
        self.held = {}

    def bytes_held(self, id20):
        return self.held.get(id20, 0)

    async def forget(self, id20):
        self.held.pop(id20, None)


class Calls(PeerCalls, JobCalls):
    """The calls on peers alone."""

    default_port = 8042

    def __init__(self, library, nursery):
        self.library, self.peers = library, MadeUpPeers(library)
        self.jobs = Jobs(nursery, library.clock, library.random_bytes)
        self.invitations, self.holder = MadeUpInvitations(self.peers.book), MadeUpHolder()

    def may_run(self, session):
        return session.public_key == OWNER.public_key

    def own_addresses(self):
        return ["192.0.2.1:8042"]


def run(folder, main):
    """Run main(calls, the owner's session) with calls over a library."""

    async def inside():
        with open_kept(folder) as library:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(library.held.run)
                await main(Calls(library, nursery), library.local_session(OWNER))
                nursery.cancel_scope.cancel()

    trio.run(inside, clock=trio.testing.MockClock(autojump_threshold=0.05))


def test_the_address_book(tmp_path):
    async def main(calls, owner):
        row = await calls.peer_add(owner, "192.0.2.7", [], "ben", False)
        assert (row["key"], row["how"], row["state"], row["may"]) == (public_key_to_text(BEN.public_key), "dial", "known", [])
        assert row["addresses"] == ["192.0.2.7:8042"] and row["connected"] is True
        row = await calls.peer_set(owner, "ben", None, True, None, ["share"])
        assert (row["state"], row["may"], row["name"]) == ("friend", ["share"], "ben")
        row = await calls.peer_set(owner, id_to_text(BEN_ID), "Ben", None, ["[2001:db8::7]:8042"], None)
        assert (row["name"], row["may"], row["addresses"]) == ("Ben", ["share"], ["[2001:db8::7]:8042"])
        added = await calls.peer_add(owner, public_key_to_text(GUEST.public_key), ["192.0.2.9:1"], "carl", True)
        assert added["how"] == "hand" and [one["name"] for one in await calls.peer_list(owner)] == ["Ben", "carl"]
        assert (await calls.peer_block(owner, "carl"))["state"] == "blocked"
        assert (await calls.peer_set(owner, "carl", None, True, None, None))["state"] == "blocked"
        assert (await calls.peer_unblock(owner, "carl"))["state"] == "known"
        calls.peers.tally.add(BEN_ID, "blocks", 10, 20)
        assert (await calls.peer_stat(owner, "Ben"))["bytes"] == {"blocks": [10, 20]}
        found = await calls.peer_stat(owner)
        assert (found["bytes"], found["known"], found["down_kib_per_s"]) == ({"Ben": [10, 20]}, 2, 8)
        assert [one["id"] for one in found["channels"]] == [id_to_text(BEN_ID)]
        calls.holder.held = {key_id(GUEST.public_key): 70, BEN_ID: 80}
        assert (await calls.peer_stat(owner, "carl"))["held"] == 70
        await calls.peer_block(owner, "carl")
        await calls.peer_remove(owner, "carl")
        assert calls.holder.held == {BEN_ID: 80}
        with pytest.raises(NotFound, match="carl"):
            await calls.peer_remove(owner, "carl")

    run(tmp_path, main)


def test_work_with_nodes(tmp_path):
    async def main(calls, owner):
        job = await calls.peer_ping(owner, "192.0.2.7:8042", 3)
        done = await calls.job_wait(owner, job["id"], 30)
        assert len(done["result"]["ms"]) == 3 and done["result"]["name"] == "ben"
        assert [one["id"] for one in await calls.job_list(owner)] == [job["id"]]
        lost = await calls.job_wait(owner, (await calls.peer_ping(owner, "192.0.2.8:1", 1))["id"], 30)
        assert lost["error"] == {"code": "unreachable", "message": "It was not reached. Is it on?"}
        job = await calls.job_wait(owner, (await calls.peer_invite(owner, "ben", 5))["id"], 30)
        assert job["result"]["state"] == "friend" and job["progress"]["until"] == 300
        job = await calls.job_wait(owner, (await calls.peer_accept(owner, "SECRET-CODE", "ben"))["id"], 30)
        assert job["result"]["name"] == "ben" and "SECRET" not in str(await calls.job_list(owner))
        assert (await calls.job_stop(owner, job["id"]))["state"] == "done"

    run(tmp_path, main)


def test_nobody_else_may(tmp_path):
    async def main(calls, owner):
        other, stranger = calls.library.local_session(GUEST), calls.library.guest()
        looking = calls.library.acting_for(OWNER.public_key, rights.READ)
        for session in (other, stranger, looking):
            for call, arguments in (
                (calls.peer_list, ()), (calls.peer_add, ("x", [], "", True)), (calls.peer_set, ("x", None, True, None, None)),
                (calls.peer_block, ("x",)), (calls.peer_unblock, ("x",)), (calls.peer_remove, ("x",)), (calls.peer_stat, ()),
                (calls.peer_ping, ("x", 1)), (calls.peer_invite, ("", 5)), (calls.peer_accept, ("x", "")),
            ):  # fmt: skip
                with pytest.raises(Forbidden):
                    await call(session, *arguments)
        with pytest.raises(NotSignedIn):
            await calls.job_list(stranger)
        assert not calls.peers.asked

    run(tmp_path, main)


def test_what_callers_send_is_bounded(tmp_path):
    wrong = [
        ("peer_add", (5, [], "", False)), ("peer_add", ("x" * 400, [], "", False)), ("peer_add", ("192.0.2.7:8042", ["x"] * 9, "", False)),
        ("peer_add", ("no address", [], "", False)), ("peer_set", ("nobody", None, None, None, None)), ("peer_ping", ("192.0.2.7", 0)),
        ("peer_ping", ("192.0.2.7", 10**9)), ("peer_invite", ("", 0)), ("peer_invite", ("x" * 65, 5)), ("peer_accept", ("x" * 5000, "")),
        ("job_wait", ("x" * 100, 0)), ("job_stop", ("none",)), ("peer_add", ("192.0.2.7:8042", ["no port"], "", False)),
    ]  # fmt: skip

    async def main(calls, owner):
        for name, arguments in wrong:
            with pytest.raises((BadInput, NotFound, MimeiError)):
                await getattr(calls, name)(owner, *arguments)
        assert not calls.peers.book.rows()

    run(tmp_path, main)
