"""Histories held against each other, and versions brought from one library to another."""

from contextlib import contextmanager

import pytest
import trio
import trio.testing

from leither_edge.flow import chain, fetch_rows, syncing
from leither_edge.flow.errors import NoSource
from leither_edge.mimei import history, info, rights
from leither_edge.mimei.errors import Conflict, Forbidden
from leither_edge.observe.counters import Counters

from .people import ANNA, BEN, CARL, NODE, Copying, Direct, library_in, read, write


@pytest.fixture
def world(tmp_path):
    with both(tmp_path) as found:
        yield found


@contextmanager
def both(tmp_path):
    """Anna's library, Ben's, and what syncs Ben's."""
    with library_in(tmp_path / "anna", ANNA) as one, library_in(tmp_path / "ben", BEN) as other:
        yield one, other, one.local_session(ANNA), other.local_session(BEN), Copying(other)


def made(library, session, mid, *texts):
    for text in texts:
        write(library, session, mid, text)
        library.backup(session, mid)


def sync(other, fetcher, session, mid, *sources, **more):
    syncer = syncing.Syncing(other, fetcher, Counters())
    return trio.run(lambda: syncer.sync(session, mid, sources, **more), clock=trio.testing.MockClock(autojump_threshold=0.05))


def shared(one, anna, *texts, data_type=info.FILES):
    mid = one.create(anna, data_type=data_type)
    one.set_right(anna, mid, BEN.id, rights.READ_ONLY)
    made(one, anna, mid, *texts)
    return mid


def test_what_is_missing_comes_and_nothing_else(world):
    one, other, anna, ben, fetcher = world
    mid, source = shared(one, anna, b"one", b"two"), Direct(one, BEN.public_key)
    told = []
    found = sync(other, fetcher, ben, mid, source, progress=told.append)
    assert (found.state, found.number, found.numbers, found.is_new) == (chain.AHEAD, 1, [1], True)
    assert read(other, ben, mid, "last") == b"two" and [facts["stage"] for facts in told][0] == "asking"
    assert {"fetching", "entering"} <= {facts["stage"] for facts in told}
    assert list(fetch_rows.fetching(other.store.read().__enter__())) == []
    # The manifest of the next one comes with the head: one question.
    made(one, anna, mid, b"three")
    source.asked.clear()
    found = sync(other, fetcher, ben, mid, source)
    assert (found.numbers, source.asked) == ([2], ["newest"]) and fetcher.calls[-1][2]
    found = sync(other, fetcher, ben, mid, source)
    assert (found.state, found.numbers, found.fetched) == (chain.SAME, [], None)
    # Which version is the released one follows, too.
    one.release(anna, mid, 2)
    assert sync(other, fetcher, ben, mid, source).numbers == [] and other.info(ben, mid).release == 2
    assert sync(other, fetcher, ben, mid, source).fetched is None
    with_member = other.acting_for(ANNA.public_key)
    other.held.call(lambda tx: history.write_head(tx, mid, history.read_head(tx, mid)._replace(release=None)))
    # Content that was given up here comes again.
    other.delete_versions(with_member, mid, [2])
    assert sync(other, fetcher, ben, mid, source).numbers == [2] and other.fsck(ben) == []


def test_all_versions_where_asked_for(world):
    one, other, anna, ben, fetcher = world
    mid = shared(one, anna, b"one", b"two", b"three")
    one.delete_versions(anna, mid, [1])
    found = sync(other, fetcher, ben, mid, Direct(one, BEN.public_key), which=syncing.ALL)
    assert found.numbers == [0, 2] and read(other, ben, mid, 0) == b"one"


def test_the_newest_of_several_sources_and_those_who_fail(world, tmp_path):
    one, other, anna, ben, fetcher = world
    with library_in(tmp_path / "carl", CARL) as third:
        carl = third.local_session(CARL)
        mid = shared(one, anna, b"one")
        one.set_right(anna, mid, CARL.id, rights.READ_ONLY)
        old, new, gone = Direct(third, BEN.public_key, "old"), Direct(one, BEN.public_key, "new"), Direct(one, BEN.public_key, "gone")
        gone.is_there = False
        sync(third, Copying(third), carl, mid, Direct(one, CARL.public_key))
        third.set_right(third.acting_for(ANNA.public_key), mid, BEN.id, rights.READ_ONLY)
        made(one, anna, mid, b"two")
        found = sync(other, fetcher, ben, mid, gone, old, new)
        assert (found.source, found.number) == ("new", 1)
        assert [source.name for source in fetcher.calls[-1][1]] == ["new", "old"]
        assert sync(other, fetcher, ben, mid, old).state == chain.BEHIND
        with pytest.raises(NoSource) as nobody:
            sync(other, fetcher, ben, mid, gone)
        assert nobody.value.tried == [["gone", "gone is not there."]]
        with pytest.raises(NoSource):
            sync(other, fetcher, ben, mid)


def test_who_may_not_read_gets_nothing(world):
    one, other, anna, ben, fetcher = world
    mid = one.create(anna)
    made(one, anna, mid, b"one")
    with pytest.raises(NoSource):
        sync(other, fetcher, ben, mid, Direct(one, BEN.public_key))
    # Who may read the released version alone is told of no later one.
    one.set_right(anna, mid, "guest", rights.PUBLIC)
    one.release(anna, mid, 0)
    made(one, anna, mid, b"two")
    found = sync(other, fetcher, ben, mid, Direct(one, BEN.public_key))
    assert (found.number, other.info(ben, mid).release) == (0, 0) and read(other, other.guest(), mid, "release") == b"one"
    with pytest.raises(Forbidden):
        sync(other, fetcher, other.guest(), mid, Direct(one, BEN.public_key))


@pytest.mark.parametrize("lead", [1, 9])
def test_forks(world, lead):
    one, other, anna, _, fetcher = world
    also_anna = other.local_session(ANNA)
    mid, source = shared(one, anna, *(b"%d" % number for number in range(lead))), Direct(one, ANNA.public_key)
    sync(other, fetcher, also_anna, mid, source, which=syncing.ALL)
    made(one, anna, mid, b"theirs", b"theirs too")
    made(other, also_anna, mid, *(b"ours %d" % number for number in range(5)))
    before = other.versions(also_anna, mid)
    with pytest.raises(Conflict) as refused:
        sync(other, fetcher, also_anna, mid, source)
    assert refused.value.code == "fork" and other.versions(also_anna, mid) == before
    found = sync(other, fetcher, also_anna, mid, source, on_fork=syncing.KEEP_BOTH)
    assert (found.state, found.numbers) == (chain.FORK, [lead + 1])
    assert read(other, also_anna, mid, "last") == b"theirs too" and read(other, also_anna, found.kept_as) == b"ours 4"
    assert other.fsck(also_anna) == []
    # Or what was here gives way.
    made(one, anna, mid, b"theirs again")
    made(other, also_anna, mid, b"ours again")
    found = sync(other, fetcher, also_anna, mid, source, on_fork=syncing.REPLACE)
    assert (found.numbers, found.kept_as) == ([lead + 2], None) and read(other, also_anna, mid, "last") == b"theirs again"


def test_liars(world):
    one, other, anna, ben, fetcher = world
    mid, elsewhere = shared(one, anna, b"one", b"two"), shared(one, anna, b"else")

    class Other(Direct):
        async def head(self, mid, user=None):
            return await super().head(elsewhere)

    class Short(Direct):
        async def page(self, mid, start, end, user=None):
            return await super().page(mid, start, max(start, end - 1))

    class Shifted(Direct):
        async def page(self, mid, start, end, user=None):
            return await super().page(mid, end, end)

    for liar in (Other, Shifted):
        with pytest.raises(NoSource) as error:
            sync(other, fetcher, ben, mid, liar(one, BEN.public_key))
        assert error.value.tried
    # One that gives less at a time is only slow.
    assert sync(other, fetcher, ben, mid, Short(one, BEN.public_key)).number == 1
    with pytest.raises(NoSource):
        sync(other, fetcher, ben, elsewhere, Direct(one, BEN.public_key), author=CARL.public_key)


def test_nobody_reads_through_the_rights_of_a_node(world):
    one, other, anna, ben, fetcher = world
    mid = shared(one, anna, b"for Ben's node")
    carl, source = other.local_session(CARL), Direct(one, BEN.public_key)
    with pytest.raises(NoSource):
        sync(other, fetcher, carl, mid, source)
    # Nor by what the node was told for itself.
    head = trio.run(source.head, mid)
    with pytest.raises(NoSource):
        sync(other, fetcher, carl, mid, source, heads={source: head})
    one.set_right(anna, mid, CARL.id, rights.READ_ONLY)
    assert sync(other, fetcher, carl, mid, source).numbers == [0]
    # Whom the author lets in reads nothing through a node that is not.
    with pytest.raises(NoSource):
        sync(other, fetcher, carl, mid, Direct(one, NODE.public_key))
