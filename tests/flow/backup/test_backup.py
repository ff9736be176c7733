"""A friend's node holds a backup that it cannot read, and an empty node becomes what was lost."""

import pytest
import trio

from leither_edge.flow.backup import bringing, forms, held_rows, keeping
from leither_edge.mimei import info
from leither_edge.mimei.blocks.rows import BLOCKS
from leither_edge.mimei.errors import BadInput, NotFound
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.sealed.tables import SEALED, SEALED_AS
from leither_edge.mimei.snapshot.described import describe, differences
from leither_edge.mimei.snapshot.tables import SNAPSHOTS
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer.errors import PeerError
from tests.mimei.library.people import ANNA, write
from tests.mimei.snapshot.test_snapshot import Source

from .nodes import OWNER, befriend, world

SECRET = b"words that the holder must never see "


async def fill(node, everything=False):
    """Puts content there: 1.5 MB of a file, a folder, and what else there may be."""

    def work():
        library = node.library
        anna = library.local_session(ANNA)
        if everything:
            source = Source.__new__(Source)
            source.library, source.sealed, source.anna = library, node.sealed, anna
            source.fill()
            # As large as a block may be, some seal in parts.
            large = cids.BLOCK_MAX * b"!"
            label = cids.of(cids.RAW, large)
            library.blocks.put(label, large)
            library.pin(anna, label, "large")
        else:
            mid = library.create(anna, "app", "ext", f"mark {info.FILES}", info.FILES)
            write(library, anna, mid, b"text 1" * 40)
            library.backup(anna, mid)
        mid = library.create(anna, "big", "", "big", info.FILE)
        write(library, anna, mid, SECRET * 40_000)
        library.backup(anna, mid)

    await trio.to_thread.run_sync(work)


async def described(node):
    return await trio.to_thread.run_sync(describe, node.library)


async def backed_up(there, folder, everything=False):
    """(node a, node b, keeping.Pushed), b holding a's backup."""
    a, b = there.add(folder / "a", 11), there.add(folder / "b", 12)
    befriend(a, b)
    await fill(a, everything)
    await a.keeping.add(b.key.public_key, "b")
    pushed = await a.keeping.push(b.key.public_key)
    return a, b, pushed


async def test_what_was_lost_comes_back_from_a_friend(tmp_path):
    async with world() as there:
        a, b, pushed = await backed_up(there, tmp_path, True)
        before = await described(a)
        assert pushed.snapshot.versions == 9 and pushed.bytes > 3_400_000
        [kept] = a.keeping.holders()
        assert (kept.number, kept.bytes, kept.error, a.keeping.behind(kept)) == (0, pushed.bytes, "", 0)
        a.is_online = False
        c = there.add(tmp_path / "c", 13)
        told = []
        brought = await c.bringing.restore(b.key.public_key, OWNER, progress=told.append)
        assert (brought.mimei, brought.versions, brought.kept) == (6, 9, [])
        assert list(differences(before, await described(c))) == []
        assert told[-1]["doing"] == "Rebuilding" and any(facts.get("done") for facts in told)
        # The holder saw nothing of it.
        b.library.held.flush_now()
        for path in (tmp_path / "b").rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                assert SECRET not in data and b"text 1text 1" not in data and b"not backed up yet" not in data


async def test_a_change_costs_what_is_new(tmp_path):
    async with world() as there:
        a, b, first = await backed_up(there, tmp_path)
        anna = a.library.local_session(ANNA)
        mid = info.mid_of(ANNA.id, "app", "ext", f"mark {info.FILES}")
        await trio.to_thread.run_sync(write, a.library, anna, mid, b"one line more")
        await trio.to_thread.run_sync(a.library.backup, anna, mid)
        second = await a.keeping.push(b.key.public_key)
        assert (await a.keeping.push(b.key.public_key)).snapshot == second.snapshot
        assert 0 < second.sent < 30_000
        # The row of each, with its record, counts, too.
        assert 400 < second.bytes - first.bytes - second.sent == first.bytes - first.sent < 1000
        there.clock.now += 2 * 86400
        await trio.to_thread.run_sync(a.library.set_tags, anna, mid, ["later"])
        third = await a.keeping.push(b.key.public_key)
        await trio.to_thread.run_sync(a.library.set_tags, anna, mid, ["later still"])
        # What was dropped meanwhile counts no more.
        assert (await a.keeping.push(b.key.public_key)).bytes < third.bytes
        held = await a.keeping.stat_of(b.key.public_key)
        # Of each day the newest one stays.
        assert (held.number, held.snapshots, held.allowed) == (3, 2, 48 << 20)


async def test_a_collection_leaves_what_is_held(tmp_path):
    async with world() as there:
        a, b, _ = await backed_up(there, tmp_path)
        before = await described(a)
        removed = await trio.to_thread.run_sync(lambda: b.library.blocks.collect(b.library.roots).run())
        assert removed == (0, 0)
        asked, same = await a.keeping.check(b.key.public_key)
        assert asked == same > 2
        await a.keeping.remove(b.key.public_key)
        assert b.holder.stat() == [] and a.keeping.holders() == []
        removed = await trio.to_thread.run_sync(lambda: b.library.blocks.collect(b.library.roots).run())
        assert removed[1] > 1_400_000 and await described(a) == before
        # What was deleted here since then is kept by nothing any more.
        with a.library.store.read() as tx:
            assert [tx.count(table) for table in (SNAPSHOTS, SEALED, SEALED_AS)] == [0, 0, 0]


async def test_a_check_asks_for_nothing_that_is_gone_here(tmp_path):
    async with world() as there:
        a, b, _ = await backed_up(there, tmp_path)
        anna = a.library.local_session(ANNA)
        mid = info.mid_of(ANNA.id, "app", "ext", "changing")
        await trio.to_thread.run_sync(lambda: a.library.create(anna, "app", "ext", "changing", info.FILES))
        for number in range(6):
            # Each is pushed, dropped, and the next one takes its place.
            await trio.to_thread.run_sync(write, a.library, anna, mid, b"%d" % number * 5000)
            await a.keeping.push(b.key.public_key)
        for node in (a, b):
            await trio.to_thread.run_sync(lambda node=node: node.library.blocks.collect(node.library.roots).run())
        for _ in range(4):
            asked, same = await a.keeping.check(b.key.public_key)
            assert asked == same > 2 and a.keeping.holders()[0].error == ""


async def test_a_check_finds_what_is_missing(tmp_path):
    async with world() as there:
        a, b, _ = await backed_up(there, tmp_path)
        b.library.held.call(lambda tx: held_rows.drop_held(tx, a.key.id, held_rows.held_of(tx, a.key.id)))
        await trio.to_thread.run_sync(lambda: b.library.blocks.collect(lambda: []).run())
        asked, same = await a.keeping.check(b.key.public_key)
        assert asked > 2 and same == 0 and f"{asked} of {asked}" in a.keeping.holders()[0].error


@pytest.mark.parametrize("is_spoilt", [False, True])
async def test_what_a_check_missed_is_sent_again(tmp_path, is_spoilt):
    async with world() as there:
        a, b, first = await backed_up(there, tmp_path)
        files = [path for path in (tmp_path / "b" / "blocks").rglob("*") if path.is_file()]
        assert len(files) == 2
        if is_spoilt:
            for path in files:
                path.write_bytes(path.read_bytes()[:-1] + b"\0")
        else:
            # As a card that lost some of its pages.
            keys = b.library.held.call(lambda tx: list(tx.keys(BLOCKS)))
            b.library.held.call(lambda tx: [tx.delete(BLOCKS, key) for key in keys])
        while True:
            asked, same = await a.keeping.check(b.key.public_key)
            if same < asked:
                break
        assert (await a.keeping.push(b.key.public_key)).snapshot == first.snapshot
        asked, same = await a.keeping.check(b.key.public_key)
        assert asked == same and not a.keeping.holders()[0].error
        c = there.add(tmp_path / "c", 13)
        await c.bringing.restore(b.key.public_key, OWNER)
        assert list(differences(await described(a), await described(c))) == []


async def test_a_stranger_gets_nothing(tmp_path):
    async with world() as there:
        a, b, _ = await backed_up(there, tmp_path)
        c = there.add(tmp_path / "c", 13)
        with pytest.raises(NotFound):
            await c.bringing.restore(b.key.public_key, ANNA)
        channel = await c.connect(b.key.public_key)
        good = OWNER.sign(forms.open_message(b.key.id, channel.hash))
        other = OWNER.sign(forms.open_message(b.key.id, b"x" * 32))
        for key, signature in ((OWNER.public_key, other), (ANNA.public_key, good), (OWNER.public_key, bytes(64))):
            with pytest.raises(Refused) as caught:
                await channel.call(forms.OPEN, {"key": key, "signature": signature, "scope": None, "number": None})
            assert caught.value.code == "bad-signature"
        with pytest.raises(Refused) as caught:
            async with channel.open(forms.GET):
                pass
        assert caught.value.code == "forbidden"
        for _ in range(8):
            with pytest.raises(Refused) as caught:
                await channel.call(forms.OPEN, {"key": OWNER.public_key, "signature": bytes(64), "scope": None, "number": None})
        assert caught.value.code == "too-many"
        for method in (forms.STAT, forms.DROP):
            with pytest.raises(Refused) as caught:
                await channel.call(method)
            assert caught.value.code == "not-a-friend"


async def test_only_whom_the_owner_lets_in_is_held(tmp_path):
    async with world() as there:
        a, b = there.add(tmp_path / "a", 11), there.add(tmp_path / "b", 12)
        await fill(a)
        with pytest.raises(Refused) as caught:
            await a.keeping.push(b.key.public_key)
        assert caught.value.code == "not-a-friend"
        await there.cut()
        befriend(a, b)
        b.friends.clear()
        b.friends.add(a.key.id)
        channel = await a.connect(b.key.public_key)
        b.friends.clear()
        with pytest.raises(Refused) as caught:
            async with channel.open(forms.PUSH, {"head": b""}):
                pass
        assert caught.value.code == "not-allowed"


async def test_a_record_of_another_node_is_refused(tmp_path):
    async with world() as there:
        a, b, pushed = await backed_up(there, tmp_path)
        c = there.add(tmp_path / "c", 13)
        befriend(c, b)
        channel = await c.connect(b.key.public_key)
        for head, code in ((pushed.snapshot.head, "bad-sealed-head"), (b"\xd2junk", "bad-sealed-head"), (5, "bad-question")):
            with pytest.raises(Refused) as caught:
                async with channel.open(forms.PUSH, {"head": head}):
                    pass
            assert caught.value.code == code


async def test_what_does_not_fit_is_refused_and_what_was_there_stays(tmp_path):
    async with world() as there:
        a, b = there.add(tmp_path / "a", 11), there.add(tmp_path / "b", 12, held_mib=1)
        befriend(a, b)
        await fill(a)
        await a.keeping.add(b.key.public_key, "b")
        with pytest.raises(PeerError) as caught:
            await a.keeping.push(b.key.public_key)
        assert caught.value.code == "quota" and "0.8 MB" in str(caught.value)
        assert a.keeping.holders()[0].error == str(caught.value)
        assert b.holder.stat() == []
        anna = a.library.local_session(ANNA)
        await trio.to_thread.run_sync(a.library.delete, anna, info.mid_of(ANNA.id, "big", "", "big"))
        pushed = await a.keeping.push(b.key.public_key)
        assert pushed.bytes < 1 << 20 and b.holder.stat()[0][3].number == 1


async def test_a_push_that_is_cut_goes_on_where_it_was(tmp_path):
    async with world() as there:
        a, b = there.add(tmp_path / "a", 11), there.add(tmp_path / "b", 12)
        befriend(a, b)
        await fill(a)
        served = []
        real = a.sealed.get

        def get(label):
            served.append(label)
            return real(label)

        a.sealed.get = get
        async with trio.open_nursery() as nursery:

            async def cutting():
                while len(served) < 5:
                    await trio.sleep(0.005)
                await there.cut()

            nursery.start_soon(cutting)
            with pytest.raises(PeerError):
                await a.keeping.push(b.key.public_key)
        pushed = await a.keeping.push(b.key.public_key)
        assert b.holder.stat()[0][3].number == 0 and pushed.bytes > 1_400_000


async def test_a_restore_whose_holder_goes_away_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(bringing, "PAUSE_S", 0.01)
    async with world() as there:
        a, b, _ = await backed_up(there, tmp_path)
        before = await described(a)
        c = there.add(tmp_path / "c", 13)
        cuts = 0

        def progress(facts):
            nonlocal cuts
            if facts.get("doing") == "Restoring" and cuts < 3:
                cuts += 1
                there.nursery.start_soon(there.cut)

        await c.bringing.restore(b.key.public_key, OWNER, progress=progress)
        assert cuts and list(differences(before, await described(c))) == []


async def test_one_key_with_several_nodes_says_which(tmp_path):
    async with world() as there:
        a, b, _ = await backed_up(there, tmp_path)
        d, c = there.add(tmp_path / "d", 14), there.add(tmp_path / "c", 13)
        befriend(d, b)
        await d.keeping.push(b.key.public_key)
        with pytest.raises(BadInput):
            await c.bringing.restore(b.key.public_key, OWNER)
        assert {row.scope for row in await c.bringing.found(b.key.public_key, OWNER)} == {a.key.id, d.key.id}
        brought = await c.bringing.restore(b.key.public_key, OWNER, scope=d.key.id)
        assert (brought.mimei, brought.scope) == (0, d.key.id)


async def test_an_empty_node_does_not_replace_what_it_lost(tmp_path):
    async with world() as there:
        a, b, first = await backed_up(there, tmp_path)
        a.close()
        del there.nodes[a.key.public_key]
        await there.cut()
        again = there.add(tmp_path / "again", 11)
        befriend(again, b)
        await again.keeping.add(b.key.public_key, "b")
        with pytest.raises(Refused) as caught:
            # An empty node must not put its emptiness in the place of what was lost.
            await again.keeping.push(b.key.public_key)
        assert caught.value.code == "outdated"


async def test_after_a_restore_with_the_same_key_little_is_sent(tmp_path):
    async with world() as there:
        a, b, first = await backed_up(there, tmp_path)
        a.close()
        del there.nodes[a.key.public_key]
        again = there.add(tmp_path / "again", 11)
        befriend(again, b)
        await there.cut()
        await again.bringing.restore(b.key.public_key, again.key)
        await again.keeping.add(b.key.public_key, "b")
        second = await again.keeping.push(b.key.public_key)
        assert second.bytes - first.bytes < 100_000 and again.keeping.holders()[0].number == 1


async def test_a_running_node_keeps_its_holders_up_to_date(tmp_path, monkeypatch):
    assert keeping.SETTLE_S + keeping.LOOK_S < 60, "a version is with its holders within a minute"
    for name in ("SETTLE_S", "LOOK_S", "RETRY_MIN_S"):
        monkeypatch.setattr(keeping, name, 0.02)
    async with world() as there:
        a, b, _ = await backed_up(there, tmp_path)
        there.nursery.start_soon(a.keeping.run)
        anna = a.library.local_session(ANNA)
        mid = info.mid_of(ANNA.id, "app", "ext", f"mark {info.FILES}")

        async def change(text):
            await trio.to_thread.run_sync(write, a.library, anna, mid, text)
            await trio.to_thread.run_sync(a.library.backup, anna, mid)

        async def until(condition):
            while not condition(a.keeping.holders()[0]):
                await trio.sleep(0.01)

        await change(b"one line more")
        await until(lambda kept: not a.keeping.behind(kept))
        b.is_online = False
        await there.cut()
        await change(b"and another")
        await until(lambda kept: "switched off" in kept.error)
        assert a.keeping.behind(a.keeping.holders()[0]) == 1
        b.is_online = True
        await until(lambda kept: not kept.error and not a.keeping.behind(kept))


def test_which_snapshots_stay():
    day = held_rows.DAY_S

    def held(number, time):
        return held_rows.Held(b"", number, b"", time, 0, True, 0, [], b"")

    kept = []
    for number in range(24 * 60):
        kept.append(held(number, 1_800_000_000 // day * day + number * 3600))
        gone = held_rows.to_drop(kept)
        kept = [one for one in kept if one not in gone]
    ages = [(kept[-1].time - one.time) // day for one in kept]
    assert len(ages) <= 11 and ages[-7:] == [6, 5, 4, 3, 2, 1, 0] and 14 < ages[0] < 30
