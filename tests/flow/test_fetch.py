"""Fetching from nodes: missing blocks only, each checked; cuts, lies, silence."""

import random

import pytest
import trio
import trio.testing

from leither_edge.flow import fetch_rows
from leither_edge.flow.errors import NoSource
from leither_edge.flow.fetch import Fetcher
from leither_edge.flow.providers import ChannelProvider
from leither_edge.mimei import info, rights
from leither_edge.mimei.blocks.digest_set import DigestSet, new_key
from leither_edge.mimei.files.build import build
from leither_edge.mimei.files.label_profile import V1_2025
from leither_edge.mimei.ipld.walk import must_be_whole, walk
from leither_edge.mimei.quota import Writing
from tests.flow.fault_giver import lying
from tests.flow.nodes_of_blocks import MIB, Flow, givers
from tests.peer.kept_library import open_kept

USER = b"u" * 20


@pytest.fixture
def pair(tmp_path):
    with open_kept(tmp_path / "giver") as giver, open_kept(tmp_path / "taker") as taker:
        yield giver, taker


def add_file(library, size, seed=1):
    """The label of a file of made-up bytes."""
    chance = random.Random(seed)
    pieces = [chance.randbytes(min(MIB, size - at)) for at in range(0, size, MIB)]
    with Writing(library, USER) as writing:
        root = build(writing, V1_2025, pieces)[0]
        writing.finish()
    return root


def is_whole(library, root):
    with Writing(library, USER) as writing:
        must_be_whole(writing, root, DigestSet(new_key(library.random_bytes)))
    return True


def run(main, threshold_s=0.01):
    """The result of main, on a clock that jumps where all wait. Args: threshold_s (of real time that they wait before)."""
    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=threshold_s))


def copy(source, target, root, keep=lambda number: True):
    """Puts blocks of one library into another. Args: keep (function of a block's place: whether it is copied)."""
    with Writing(target, USER) as writing:
        for number, (label, data) in enumerate(walk(source.blocks, [root])):
            if keep(number):
                writing.put(label, data)
        writing.finish()


def test_a_file_comes_whole_and_once(pair):
    giver, taker = pair
    root = add_file(giver, 5 * MIB + 17)
    told = []

    async def main():
        async with givers(giver) as (node,):
            return await Fetcher(taker).fetch([root], [node.provider()], USER, progress=lambda *facts: told.append(facts))

    found = run(main)
    assert is_whole(taker, root)
    assert found.blocks == 7 and found.twice_bytes == 0 and found.by_provider == {"node 1": found.bytes}
    assert told[-1][0] == told[-1][1] == found.bytes


def test_only_what_is_missing_comes(pair):
    giver, taker = pair
    root = add_file(giver, 5 * MIB + 17)
    copy(giver, taker, root, lambda number: number in (0, 2, 3))

    async def main():
        async with givers(giver) as (node,):
            found = await Fetcher(taker).fetch([root], [node.provider()], USER)
            again = await Fetcher(taker).fetch([root], [node.provider()], USER)
            return found, again, node.connects

    found, again, connects = run(main)
    assert is_whole(taker, root)
    assert (found.blocks, again.blocks, connects) == (4, 0, 1)


def test_two_give_together(pair, tmp_path):
    giver, taker = pair
    root = add_file(giver, 9 * MIB)
    with open_kept(tmp_path / "second") as second:
        copy(giver, second, root)

        async def main():
            async with givers(giver, second) as nodes:
                for node in nodes:
                    node.wrap = lambda stream: Flow(stream, rate=4 * MIB)
                return await Fetcher(taker).fetch([root], [node.provider() for node in nodes], USER)

        found = run(main)
    assert is_whole(taker, root)
    assert set(found.by_provider) == {"node 1", "node 2"} and min(found.by_provider.values()) > 2 * MIB
    assert found.twice_bytes == 0


def test_each_gives_what_it_has(pair, tmp_path):
    giver, taker = pair
    root = add_file(giver, 6 * MIB)
    with open_kept(tmp_path / "second") as second, open_kept(tmp_path / "third") as third:
        copy(giver, second, root, lambda number: number % 2)
        copy(giver, third, root, lambda number: number % 2 == 0)

        async def main():
            async with givers(second, third) as nodes:
                return await Fetcher(taker).fetch([root], [node.provider() for node in nodes], USER)

        assert run(main).twice_bytes == 0
    assert is_whole(taker, root)


def test_a_cut_block_goes_on_at_its_offset_elsewhere(pair, tmp_path):
    giver, taker = pair
    root = add_file(giver, 2 * MIB + 9)
    with open_kept(tmp_path / "second") as second:
        copy(giver, second, root)

        async def main():
            async with givers(giver, second) as (one, two):
                one.wrap = lambda stream: Flow(stream, end_after=MIB // 2)
                two.is_online = False

                async def more():
                    two.is_online = True
                    return [two.provider()]

                async def connect_once():
                    channel = await one.connect()
                    one.is_online = False
                    return channel

                return await Fetcher(taker).fetch([root], [ChannelProvider(one.key, one.name, connect_once)], USER, more=more)

        found = run(main)
    assert is_whole(taker, root)
    assert found.twice_bytes == 0 and 0 < found.by_provider["node 1"] < MIB


def test_who_sends_wrong_bytes_is_named_and_not_asked_again(pair, tmp_path):
    giver, taker = pair
    root = add_file(giver, 8 * MIB)
    with open_kept(tmp_path / "second") as second:
        copy(giver, second, root)

        async def main():
            async with givers(giver, second) as (one, liar):
                liar.service.find = lying(liar.service.find)
                fetcher = Fetcher(taker, counters=taker.counters)
                found = await fetcher.fetch([root], [liar.provider(), one.provider()], USER)
                before = liar.connects
                other = add_file(giver, MIB, seed=2)
                again = await fetcher.fetch([other], [liar.provider(), one.provider()], USER)
                return found, again, liar.connects - before

        found, again, asked_again = run(main)
        assert is_whole(taker, root)
        with taker.store.read() as tx:
            rows = list(fetch_rows.shunned(tx))
        # The row stays; forgiven, it is asked again.
        assert taker.held.call(lambda tx: fetch_rows.forgive(tx, rows[0][0]))
    assert found.shunned == again.shunned == ["node 2"] and not asked_again
    assert [row[1] for row in rows] == ["node 2"] and taker.counters.get("fetch_wrong_blocks") == 1


def test_whose_part_was_wrong_is_found_once_the_block_came_whole(pair, tmp_path):
    giver, taker = pair
    root = add_file(giver, MIB - 5)
    with open_kept(tmp_path / "second") as second:
        copy(giver, second, root)

        async def main():
            async with givers(giver, second) as (one, liar):
                liar.service.find = lying(liar.service.find)
                liar.wrap = lambda stream: Flow(stream, end_after=MIB // 2)
                liar_online = iter([True])

                async def connect_once():
                    liar.is_online = next(liar_online, False)
                    return await liar.connect()

                async def more():
                    return [one.provider()]

                return await Fetcher(taker).fetch([root], [ChannelProvider(liar.key, liar.name, connect_once)], USER, more=more)

        found = run(main)
    assert is_whole(taker, root)
    assert found.shunned == ["node 2"] and found.by_provider == {"node 1": found.bytes}


def test_one_that_stops_is_left_and_its_block_goes_on(pair, tmp_path):
    giver, taker = pair
    root = add_file(giver, 6 * MIB)
    with open_kept(tmp_path / "second") as second:
        copy(giver, second, root)

        async def main():
            async with givers(giver, second) as (one, silent):
                one.wrap = lambda stream: Flow(stream, rate=2 * MIB)
                silent.wrap = lambda stream: Flow(stream, stop_after=MIB // 2)
                return await Fetcher(taker).fetch([root], [silent.provider(), one.provider()], USER)

        found = run(main)
    assert is_whole(taker, root)
    # What it had sent was of use.
    assert found.by_provider["node 2"] and found.twice_bytes == 0


def test_no_sync_waits_for_the_slowest(pair, tmp_path):
    giver, taker = pair
    root = add_file(giver, 12 * MIB)
    with open_kept(tmp_path / "second") as second:
        copy(giver, second, root)

        async def main():
            async with givers(giver, second) as (one, slow):
                one.wrap = lambda stream: Flow(stream, rate=4 * MIB)
                slow.wrap = lambda stream: Flow(stream, rate=MIB // 16)
                return await Fetcher(taker).fetch([root], [slow.provider(), one.provider()], USER)

        found = run(main)
    assert is_whole(taker, root)
    # The quick one has all in three seconds, where a block of the slow one takes sixteen.
    assert found.by_provider.get("node 2", 0) < MIB and found.twice_bytes < MIB


def test_what_came_stays_and_is_charged_where_nobody_has_the_rest(pair, tmp_path):
    giver, taker = pair
    root = add_file(giver, 4 * MIB)
    with open_kept(tmp_path / "second") as second:
        copy(giver, second, root, lambda number: number < 3)

        async def main():
            async with givers(second) as (node,):
                fetcher = Fetcher(taker)
                with pytest.raises(NoSource, match="has the block"):
                    await fetcher.fetch([root], [node.provider()], USER)

        run(main)
    for _ in taker.collecting():
        pass
    assert sum(taker.blocks.has(label) for label, _ in walk(giver.blocks, [root])) == 3
    assert taker.usage(taker.acting_for(bytes(32)))[0] == 0
    with taker.store.read() as tx:
        assert [row[:2] for row in fetch_rows.fetching(tx, USER)] == [(USER, root)]
    taker.held.call(lambda tx: fetch_rows.end_fetch(tx, USER, [root]))
    for _ in taker.collecting():
        pass
    assert not taker.blocks.has(root)


def test_nobody_reached_is_said_with_reasons(pair):
    giver, taker = pair
    root = add_file(giver, MIB)

    async def main():
        async with givers(giver) as (node,):
            node.is_online = False
            with pytest.raises(NoSource) as caught:
                await Fetcher(taker).fetch([root], [node.provider()], USER)
            return caught.value

    error = run(main, 0.001)
    assert error.tried == [["node 1", "The node is switched off."]]


def test_a_cut_of_the_whole_process_costs_seconds_at_most(pair):
    giver, taker = pair
    root = add_file(giver, 6 * MIB)

    async def main():
        async with givers(giver) as (node,):
            with trio.CancelScope() as scope:
                node.wrap = lambda stream: Flow(stream, rate=2 * MIB)
                await Fetcher(taker).fetch([root], [node.provider()], USER, lambda done, *_: done > MIB and scope.cancel())
            node.wrap = None
            return await Fetcher(taker).fetch([root], [node.provider()], USER)

    assert 0 < run(main).blocks < 7
    assert is_whole(taker, root)


def test_a_stranger_gets_what_a_version_reaches_that_he_may_read(pair):
    giver, taker = pair
    giver.labels_open = False
    author = giver.local_session(giver.node_key)
    mid = giver.create(author, mark="film", data_type=info.FILE, right={rights.GUEST: rights.PUBLIC})
    giver.put_file(author, mid, "", [random.Random(1).randbytes(3 * MIB)])
    giver.backup(author, mid)
    giver.release(author, mid, 0)
    giver.put_file(author, mid, "", [random.Random(2).randbytes(MIB)])
    giver.backup(author, mid)
    public, private = (version.root for version in giver.versions(author, mid))

    async def main():
        async with givers(giver, is_friend=False) as (node,):
            fetcher = Fetcher(taker)
            found = await fetcher.fetch([public], [node.provider([mid])], USER)
            for roots, mids in (([public], []), ([private], [mid])):
                taker.held.call(lambda tx: [tx.delete(table, key) for table in taker_tables() for key in list(tx.keys(table))])
                with pytest.raises(NoSource, match="has the block"):
                    await fetcher.fetch(roots, [node.provider(mids)], USER)
            giver.set_right(author, mid, rights.GUEST, rights.READ_ONLY)
            return found, await fetcher.fetch([private], [node.provider([mid])], USER)

    first, second = run(main)
    assert first.blocks == 4 and second.blocks


def taker_tables():
    """The tables of what is kept as blocks."""
    from leither_edge.mimei.blocks.rows import BLOCKS

    return (BLOCKS,)
