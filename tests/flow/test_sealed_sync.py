"""A reader whose author is away gets the newest version from a friend who cannot read it, and who was let go does not."""

from contextlib import asynccontextmanager

import pytest
import trio

from leither_edge.core.ids import public_key_to_text
from leither_edge.flow.backup import held_rows, leaving
from leither_edge.flow.errors import NoSource
from leither_edge.mimei import info, rights
from leither_edge.mimei.errors import Forbidden
from leither_edge.mimei.sealed import head as heads
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer_node import open_peer_node
from tests.flow.test_calls import NoLan
from tests.mimei.library.people import read, write
from tests.peer.kept_library import PROFILE, open_kept


class Person:
    """Whose key is the node's, as on a laptop. Attributes: node (PeerNode), library, session, key (text)."""

    def __init__(self, node, scope):
        self.node, self.library, self.scope = node, node.library, scope
        self.session = self.library.local_session(self.library.node_key)
        self.id, self.key = self.library.node_key.id, public_key_to_text(self.library.node_key.public_key)

    async def know(self, other, name):
        await self.node.calls.peer_add(self.session, other.key, [other.node.address], name, True)
        await self.node.calls.peer_set(self.session, name, None, None, None, ["share", "backup"])

    async def version(self, mid, text):
        await trio.to_thread.run_sync(write, self.library, self.session, mid, text)
        await trio.to_thread.run_sync(self.library.backup, self.session, mid)

    async def read(self, mid):
        return await trio.to_thread.run_sync(read, self.library, self.session, mid)

    async def sync(self, mid, *sources):
        return await self.node.flow.sync(self.session, mid, sources)

    def go(self):
        """The node is switched off."""
        self.scope.cancel()


@asynccontextmanager
async def people(folder):
    """anna, who shares something with ben; carl, with whom it lies; each knows the others."""
    found = []
    async with trio.open_nursery() as nursery:

        async def stand(name, task_status):
            (folder / name).mkdir()
            with open_kept(folder / name, name[:1].encode() * 32) as library, trio.CancelScope() as scope:
                async with trio.open_nursery() as inner, open_peer_node(
                    library, str(folder / name), PROFILE, hosts=("127.0.0.1",), port=0, lan=NoLan(), counters=Counters(),
                    log=Log(lambda line: None),
                ) as node:  # fmt: skip
                    inner.start_soon(library.held.run)
                    task_status.started(Person(node, scope))
                    await trio.sleep_forever()

        for name in ("anna", "ben", "carl"):
            found.append(await nursery.start(lambda task_status, name=name: stand(name, task_status)))
        for one in found:
            for other, name in zip(found, ("anna", "ben", "carl"), strict=True):
                if one is not other:
                    await one.know(other, name)
        yield found
        nursery.cancel_scope.cancel()


async def shared(anna, ben, carl, text):
    """The mid of what anna lets ben read, and leaves with carl."""
    mid = await trio.to_thread.run_sync(anna.library.create, anna.session, "app", "", "for ben", info.FILES)
    await trio.to_thread.run_sync(anna.library.set_right, anna.session, mid, ben.id, rights.READ_ONLY)
    await anna.version(mid, text)
    await anna.node.backup.leaving.leave(anna.session, mid, carl.library.node_key.public_key)
    return mid


async def test_a_reader_goes_on_without_the_author(tmp_path):
    with trio.fail_after(60):
        async with people(tmp_path) as (anna, ben, carl):
            mid = await shared(anna, ben, carl, b"one")
            # Who can read it is asked first.
            assert (await ben.sync(mid, "anna", "carl")).source == "anna"
            await anna.version(mid, b"two")
            await anna.node.backup.leaving.leave(anna.session, mid, carl.library.node_key.public_key)
            anna.go()
            found = await ben.sync(mid, "carl")
            assert (found.source, found.numbers, await ben.read(mid)) == ("carl", [1], b"two") and found.fetched.bytes
            # Nothing new is nothing to bring, also after a restart.
            for _ in range(2):
                found = await ben.sync(mid, "carl")
                assert (found.state, found.number, found.numbers, found.fetched) == ("same", 1, [], None)
                ben.node.backup.leaving._taken.clear()
            # He who holds it reads nothing, whomever he asks.
            for source in ("anna", "ben"):
                with pytest.raises(NoSource):
                    await carl.sync(mid, source)
            with carl.library.store.read() as tx:
                held = held_rows.held_of(tx, anna.id, mid)
            for each in held:
                with pytest.raises(Forbidden):
                    heads.unlock(heads.open_head(each.head), carl.library.node_key)


async def test_a_friend_who_holds_it_is_found_without_being_named(tmp_path, monkeypatch):
    with trio.fail_after(60):
        async with people(tmp_path) as (anna, ben, carl):
            mid = await shared(anna, ben, carl, b"one")
            anna.go()
            await ben.node.peers.connect(carl.library.node_key.public_key)
            assert [each.key for each in await ben.node.flow.finding.candidates(mid)] == [carl.library.node_key.public_key]
            assert (await ben.sync(mid)).source == "carl" and await ben.read(mid) == b"one"


async def test_what_is_followed_comes_from_who_cannot_read_it(tmp_path, monkeypatch):
    monkeypatch.setattr(leaving, "SETTLE_S", 0.01)
    with trio.fail_after(60):
        async with people(tmp_path) as (anna, ben, carl):
            mid = await shared(anna, ben, carl, b"one")
            anna.go()
            await ben.node.flow.follow(ben.session, mid, ["carl"])
            ben.node.flow.following._fetch_soon(mid, ben.session.user_id, None, None)
            while True:
                [follow] = ben.node.flow.follows(ben.session)
                if follow.number == 0:
                    break
                await trio.sleep(0.02)
            assert await ben.read(mid) == b"one" and follow.problem is None


async def test_who_was_let_go_gets_no_later_version(tmp_path):
    with trio.fail_after(60):
        async with people(tmp_path) as (anna, ben, carl):
            mid = await shared(anna, ben, carl, b"one")
            await ben.sync(mid, "carl")
            await trio.to_thread.run_sync(anna.library.set_right, anna.session, mid, ben.id, None)
            await anna.version(mid, b"two")
            await anna.node.backup.leaving.leave(anna.session, mid, carl.library.node_key.public_key)
            anna.go()
            with pytest.raises(NoSource):
                await ben.sync(mid, "carl")
            # What he has, nobody takes from him.
            assert await ben.read(mid) == b"one"


async def test_whose_copy_lies_there_is_told_to_nobody_else(tmp_path):
    async with people(tmp_path) as (anna, ben, carl):
        mid = await shared(anna, ben, carl, b"one")
        channel = await anna.node.peers.connect(carl.library.node_key.public_key)
        with pytest.raises(Refused) as caught:
            await channel.call("mimei.head", {"mid": mid, "user": ben.id})
        assert caught.value.code in ("not-found", "forbidden")
