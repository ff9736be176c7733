"""Readers, holders and pushers of backups who mean ill: none gets what is not his, nor more room than he was allowed."""

import pytest
import trio

from leither_edge.flow import blocks_wire as wire
from leither_edge.flow.backup import forms, held_rows
from leither_edge.flow.errors import BadAnswer
from leither_edge.flow.tables import HELD_BYTES
from leither_edge.mimei import info
from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_cbor
from leither_edge.mimei.ipld.block_hash import digest_of
from leither_edge.mimei.sealed import head as heads
from leither_edge.mimei.snapshot import making
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer.errors import PeerError
from tests.mimei.library.people import ANNA, write

from .nodes import OWNER, befriend, world
from .test_backup import backed_up, fill


async def opened(node, holder, key, scope=None):
    """A channel over which a reader's key has opened what is held for it."""
    channel = await node.connect(holder.key.public_key)
    signature = key.sign(forms.open_message(holder.key.id, channel.hash))
    await channel.call(forms.OPEN, {"key": key.public_key, "signature": signature, "scope": scope, "number": None, "node": None})
    return channel


async def asked(channel, label):
    """The bytes of a block, asked for by backup.get; None where it is not given."""
    async with channel.open(forms.GET) as stream:
        await stream.send(wire.want(label))
        what, size = wire.read_answer(await stream.receive_exactly(wire.ANSWER.size))
        return bytes(await stream.receive_exactly(size)) if what == wire.GIVEN else None


async def private(node):
    """(label of a version's manifest, of its root) of what a node has for itself alone."""

    def work():
        library = node.library
        anna = library.local_session(ANNA)
        mid = library.create(anna, "private", "", "diary", info.FILE)
        write(library, anna, mid, b"nobody else's")
        library.backup(anna, mid)
        return library.versions(anna, mid)[0]

    found = await trio.to_thread.run_sync(work)
    return found.manifest, found.root


async def test_who_opened_a_backup_gets_nothing_else_of_the_holder(tmp_path):
    async with world() as there:
        a, b, pushed = await backed_up(there, tmp_path)
        manifest, root = await private(b)
        channel = await opened(there.add(tmp_path / "c", 13), b, OWNER)
        assert await asked(channel, pushed.snapshot.sealed_root)
        assert await asked(channel, manifest) is None and await asked(channel, root) is None


async def test_a_restore_that_goes_on_may_begin_anywhere_below(tmp_path):
    async with world() as there:
        a, b, pushed = await backed_up(there, tmp_path)
        found, todo = [], [pushed.snapshot.sealed_root]
        while todo:
            label = todo.pop()
            found.append(label)
            if cids.codec(label) != cids.RAW:
                todo += dag_cbor.links(a.sealed.get(label))
        channel = await opened(there.add(tmp_path / "c", 13), b, OWNER)
        assert len(found) > 5 and await asked(channel, found[-1]) and await asked(channel, found[2])


async def test_a_holder_does_not_tell_what_else_is_there(tmp_path):
    async with world() as there:
        a, b, pushed = await backed_up(there, tmp_path)
        manifest, root = await private(b)
        channel = await a.connect(b.key.public_key)
        labels = [pushed.snapshot.sealed_root, manifest, root]
        found = (await channel.call(forms.PROVE, {"labels": labels, "salt": bytes(16)}))["proofs"]
        assert found == [digest_of(bytes(16) + a.sealed.get(labels[0])), b"", b""]


async def test_a_backup_that_is_named_is_by_that_node(tmp_path):
    async with world() as there:
        a, b, pushed = await backed_up(there, tmp_path)
        c = there.add(tmp_path / "c", 13)
        # The holder makes a record of its own under the other's name, for a key that anybody knows.
        await fill(b)
        made = making.make_snapshot(b.library, b.sealed, [OWNER.public_key])
        number, epochs = b.sealed.next_number(b.key.id)
        data = heads.make_head(b.library.node_key, a.key.id, 99, epochs, made.root, made.sealed_root, 5, 6)
        head = heads.open_head(data)
        held = held_rows.Held(a.key.id, 99, head.root, 5, 6, True, 0, [OWNER.id], data)
        b.library.held.call(lambda tx: held_rows.write_held(tx, b.key.id, held))
        b.holder._readable = lambda reader, scope, number, node: ([forms.Found(a.key.id, 99, 5, 6)], held)
        with pytest.raises(BadAnswer):
            await c.bringing.restore(b.key.public_key, OWNER, scope=a.key.id)


async def test_pushes_that_never_end_count_too(tmp_path):
    async with world() as there:
        a, b = there.add(tmp_path / "a", 11), there.add(tmp_path / "b", 12, held_mib=2)
        befriend(a, b)
        # 2 MiB are lent, one peer may have three quarters of them: one scope fits, three do not.
        anna = a.library.local_session(ANNA)
        token = trio.lowlevel.current_trio_token()
        for number in range(5):
            mid = a.library.create(anna, "big", "", str(number), info.FILE)
            await trio.to_thread.run_sync(write, a.library, anna, mid, b"%d" % number * 1_300_000)
            await trio.to_thread.run_sync(a.library.backup, anna, mid)
            real, large = a.sealed.get, []

            def get(label, real=real, large=large):
                # The second of two large blocks is withheld, and the channel cut.
                data = real(label)
                if len(data) > 100_000:
                    large.append(label)
                if len(large) > 1:
                    trio.from_thread.run(there.cut, trio_token=token)
                return data

            a.sealed.get = get
            try:
                await a.leaving.leave(anna, mid, b.key.public_key)
            except PeerError:
                pass
            a.sealed.get = real
            await there.cut()
            while b.holder._pushing:
                await trio.sleep(0.01)
        with b.library.store.read() as tx:
            found = held_rows.held_of(tx, a.key.id)
        total = held_rows.count_bytes(b.library, [held.root for held in found])
        # Those that were broken off give way to the next; a block more may have been on its way.
        assert 0 < total < b.holder.allowed(a.key.id) + (1 << 20) + 8192


async def test_records_of_what_is_held_take_room_too(tmp_path):
    async with world() as there:
        a, b, pushed = await backed_up(there, tmp_path)
        with b.library.store.read() as tx:
            [held] = held_rows.held_of(tx, a.key.id)
            counted = tx.get(HELD_BYTES, a.key.id)
        assert counted >= held_rows.count_bytes(b.library, [held.root]) + len(held.head)


async def test_what_was_forgotten_during_a_push_does_not_come_back(tmp_path):
    async with world() as there:
        a, b = there.add(tmp_path / "a", 11), there.add(tmp_path / "b", 12)
        befriend(a, b)
        await fill(a)
        real, token = a.sealed.get, trio.lowlevel.current_trio_token()
        forgotten = []

        def get(label):
            if not forgotten:
                forgotten.append(label)
                trio.from_thread.run(b.holder.forget, a.key.id, trio_token=token)
            return real(label)

        a.sealed.get = get
        with pytest.raises((PeerError, MimeiError)):
            await a.keeping.push(b.key.public_key)
        assert b.holder.stat() == []


async def test_an_opening_is_good_at_one_holder_alone(tmp_path):
    async with world() as there:
        a, b, _ = await backed_up(there, tmp_path)
        channel = await there.add(tmp_path / "c", 13).connect(b.key.public_key)
        with pytest.raises(Refused):
            elsewhere = OWNER.sign(forms.open_message(a.key.id, channel.hash))
            await channel.call(forms.OPEN, {"key": OWNER.public_key, "signature": elsewhere, "scope": None, "number": None})
