"""A private MiMei lies with a node that cannot read it; its readers take it from there, and who was let go does not."""

import pytest
import trio

from leither_edge.core.ids import key_id
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.flow.backup import leaving
from leither_edge.mimei import info, rights
from leither_edge.mimei.errors import BadBlock, Forbidden, NotFound
from leither_edge.mimei.sealed.tables import SEALED_AS
from leither_edge.peer.errors import PeerError
from tests.mimei.library.people import ANNA, BEN, read, write

from .nodes import befriend, world
from .test_backup import SECRET


class Left:
    """a, whose author Anna lets Ben read; b, which holds it; c, where Ben is."""

    def __init__(self, there, folder, data_type):
        self.a, self.b, self.c = (there.add(folder / name, seed) for seed, name in enumerate("abc", 11))
        befriend(self.a, self.b)
        self.anna = self.a.library.local_session(ANNA)
        self.ben_there = self.a.library.local_session(BEN)
        self.mid = self.a.library.create(self.anna, "app", "", "private", data_type)
        self.a.library.set_right(self.anna, self.mid, key_id(BEN.public_key), rights.READ_ONLY)
        self.ben = self.c.library.local_session(BEN)

    async def version(self, text):
        await trio.to_thread.run_sync(write, self.a.library, self.anna, self.mid, text)
        await trio.to_thread.run_sync(self.a.library.backup, self.anna, self.mid)

    async def leave(self):
        return await self.a.leaving.leave(self.anna, self.mid, self.b.key.public_key)

    async def take(self, key=BEN):
        return await self.c.leaving.take(self.ben, self.mid, self.b.key.public_key, key)

    async def read(self):
        return await trio.to_thread.run_sync(read, self.c.library, self.ben, self.mid)


@pytest.mark.parametrize("data_type", [info.FILES, info.DATABASE])
async def test_a_reader_takes_it_from_one_who_cannot_read_it(tmp_path, data_type):
    async with world() as there:
        left = Left(there, tmp_path, data_type)
        await left.version(SECRET * 50)
        done = await left.leave()
        assert (done.left.number, done.left.error, done.unknown) == (0, "", [])
        left.a.is_online = False
        taken = await left.take()
        assert taken.is_new and taken.numbers == [0] and await left.read() == SECRET * 50
        left.b.library.held.flush_now()
        assert not any(SECRET in path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file())
        # It is the author's still: Ben's node may pass it on, and tell who signed it.
        assert left.c.library.info(left.ben, left.mid).author == key_id(ANNA.public_key)
        left.a.is_online = True
        await left.version(b"and then " * 9)
        await left.leave()
        assert (await left.take()).numbers == [1] and await left.read() in (b"and then " * 9,)
        await trio.to_thread.run_sync(lambda: left.c.library.blocks.collect(left.c.library.roots).run())
        assert left.c.library.fsck(left.ben) == []


async def test_who_is_let_go_reads_nothing_newer(tmp_path):
    async with world() as there:
        left = Left(there, tmp_path, info.FILES)
        await left.version(b"old")
        await left.leave()
        left.a.library.set_right(left.anna, left.mid, key_id(BEN.public_key), None)
        await left.version(b"new")
        await left.leave()
        # What he could read before is still there for him, and nothing else.
        with pytest.raises((NotFound, Forbidden)):
            await left.take()
            assert await left.read() == b"old"
            raise NotFound("")
        assert left.a.sealed.readers(left.mid)[1] == 1


async def test_a_stranger_takes_nothing(tmp_path):
    async with world() as there:
        left = Left(there, tmp_path, info.FILE)
        await left.version(b"text")
        await left.leave()
        with pytest.raises(NotFound):
            await left.take(KeyPair(b"z" * 32))
        with pytest.raises(Forbidden):
            await left.a.leaving.leave(left.ben_there, left.mid, left.b.key.public_key)


async def test_what_another_left_under_its_id_is_refused(tmp_path):
    async with world() as there:
        left = Left(there, tmp_path, info.FILE)
        await left.version(b"text")
        other = left.a.library.create(left.anna, "app", "", "other", info.FILE)
        left.a.library.set_right(left.anna, other, key_id(BEN.public_key), rights.READ_ONLY)
        await trio.to_thread.run_sync(left.a.library.backup, left.anna, other)
        real = leaving.one_mimei.seal_mimei

        def swapped(library, sealed, mid, readers):
            made = real(library, sealed, other, readers)
            from leither_edge.mimei.sealed import head

            number, epochs = sealed.next_number(other)
            data = head.make_head(library.node_key, mid, number, epochs, made.root, made.sealed_root, 5, 6)
            return made._replace(head=data)

        leaving.one_mimei.seal_mimei = swapped
        try:
            await left.leave()
        finally:
            leaving.one_mimei.seal_mimei = real
        with pytest.raises(BadBlock):
            await left.take()
        with pytest.raises(NotFound):
            left.c.library.info(left.ben, left.mid)


async def test_taken_back_it_is_gone_there(tmp_path):
    async with world() as there:
        left = Left(there, tmp_path, info.FILE)
        await left.version(b"text" * 1000)
        await left.leave()
        assert [each.mid for each in left.a.leaving.all(left.anna)] == [left.mid] and left.a.leaving.all(left.ben_there) == []
        await left.a.leaving.take_back(left.anna, left.mid, left.b.key.public_key)
        with pytest.raises(NotFound):
            await left.take()
        with pytest.raises(NotFound):
            await left.a.leaving.take_back(left.anna, left.mid, left.b.key.public_key)
        assert left.b.holder.stat() == [] and left.a.sealed.readers(left.mid) == ((), -1)


async def test_rows_of_what_was_sealed_do_not_pile_up(tmp_path):
    async with world() as there:
        left = Left(there, tmp_path, info.FILES)
        for number in range(6):
            await left.version(b"%d" % number * 50)
            await left.leave()

        def rows():
            with left.a.library.store.read() as tx:
                return tx.count(SEALED_AS)

        before = rows()
        await left.a.leaving._sweep()
        assert 0 < rows() < before
        left.a.is_online = False
        assert (await left.take()).is_new and await left.read() == b"5" * 50
        # What comes next is sealed as before.
        left.a.is_online = True
        await left.version(b"next")
        await left.leave()
        assert (await left.take()).numbers == [6]


async def test_versions_reach_the_holder_by_themselves(tmp_path, monkeypatch):
    monkeypatch.setattr(leaving, "SETTLE_S", 0.01)
    monkeypatch.setattr(leaving, "AGAIN_S", 0.05)
    async with world() as there:
        left = Left(there, tmp_path, info.FILES)
        await left.version(b"one")
        left.b.is_online = False
        with pytest.raises(PeerError):
            await left.leave()
        there.nursery.start_soon(left.a.leaving.run)
        left.b.is_online = True
        await left.version(b"two")
        while [each.number for each in left.a.leaving.all()] != [1]:
            await trio.sleep(0.01)
        assert (await left.take()).numbers == [1] and await left.read() == b"two"
