"""Versions made elsewhere, taken one after the other: cur moves along where it holds nothing of its own; forks are refused or give way."""

import pytest

from leither_edge.mimei import history, info, rights
from leither_edge.mimei.errors import Conflict, Forbidden
from leither_edge.mimei.ipld import car
from leither_edge.mimei.manifest import BadManifest
from leither_edge.mimei.quota import Writing
from leither_edge.mimei.taking import read_chain, whole_numbers

from .people import ANNA, BEN, CARL, opened, read, write

EVERY = pytest.mark.parametrize("data_type", info.DATA_TYPES, ids=info.TYPE_NAMES.values())


@pytest.fixture
def two(tmp_path):
    """The library where versions are made, and the one that takes them."""
    with opened(tmp_path / "one") as one, opened(tmp_path / "two") as two:
        yield one, two


def made(library, session, mid, *texts):
    for text in texts:
        write(library, session, mid, text)
        library.backup(session, mid)


def take(one, other, anna, ben, mid, version="last", **more):
    """What is new, the manifests above those that are known alone."""
    with other.store.read() as tx:
        row = tx.get(history.HEADS, mid)
    known = None if row is None or more.get("is_replacing") else history.Head(*row).manifest
    with Writing(other, ben.user_id) as writing:
        roots = []
        for label, data in car.read(one.export_car(anna, mid, version), None, None, roots.extend):
            writing.put(label, data)
        chain = read_chain(writing, roots[0], 100, known)
        return other.take_versions(ben, writing, chain, whole_numbers(writing, chain, other.blocks.leases.key), **more)


@EVERY
def test_cur_moves_along(two, data_type):
    one, other = two
    anna, ben = one.local_session(ANNA), other.local_session(BEN)
    mid = one.create(anna, data_type=data_type)
    made(one, anna, mid, b"one", b"two")
    taken = take(one, other, anna, ben, mid)
    assert (taken.numbers, taken.is_new, taken.is_cur_moved) == ([1], True, True)
    made(one, anna, mid, b"three", b"four")
    heard = []
    other.listeners.append(lambda mid, number: heard.append(number))
    taken = take(one, other, anna, ben, mid)
    assert (taken.numbers, taken.is_new, taken.is_cur_moved, heard) == ([3], False, True, [3])
    assert [read(other, ben, mid, version) for version in ("last", "cur")] == [b"four", b"four"]
    made(one, anna, mid, b"five")
    assert take(one, other, anna, ben, mid).is_cur_moved and read(other, ben, mid) == b"five"
    assert other.fsck(ben) == []
    taken = take(one, other, anna, ben, mid, "all", is_replacing=True)
    assert taken.numbers == [0, 2] and not taken.is_cur_moved and read(other, ben, mid, 2) == b"three"


@EVERY
def test_what_was_changed_here_stays(two, data_type):
    one, other = two
    anna, also_anna = one.local_session(ANNA), other.local_session(ANNA)
    mid = one.create(anna, data_type=data_type)
    made(one, anna, mid, b"one")
    take(one, other, anna, also_anna, mid)
    write(other, also_anna, mid, b"mine")
    made(one, anna, mid, b"two")
    taken = take(one, other, anna, also_anna, mid)
    assert (taken.numbers, taken.is_cur_moved) == ([1], False)
    assert [read(other, also_anna, mid, version) for version in ("last", "cur")] == [b"two", b"mine"]


@EVERY
def test_a_fork_is_refused_or_gives_way(two, data_type):
    one, other = two
    anna, also_anna = one.local_session(ANNA), other.local_session(ANNA)
    mid = one.create(anna, data_type=data_type)
    made(one, anna, mid, b"one")
    take(one, other, anna, also_anna, mid)
    made(one, anna, mid, b"theirs")
    made(other, also_anna, mid, b"ours", b"ours too")
    other.release(also_anna, mid, 2)
    with pytest.raises(Conflict) as refused:
        take(one, other, anna, also_anna, mid, is_replacing=False)
    assert refused.value.code == "fork"
    taken = take(one, other, anna, also_anna, mid, is_replacing=True)
    assert (taken.numbers, taken.replaced) == ([1], [1, 2])
    assert read(other, also_anna, mid, "last") == b"theirs" and other.info(also_anna, mid).release is None
    assert other.fsck(also_anna) == []
    made(other, also_anna, mid, b"goes on")
    assert [version.number for version in other.versions(also_anna, mid)] == [0, 1, 2]


def test_release_and_guests_as_at_the_source(two):
    one, other = two
    anna, ben = one.local_session(ANNA), other.local_session(BEN)
    mid = one.create(anna)
    made(one, anna, mid, b"one", b"two")
    take(one, other, anna, ben, mid, 0, release=0, guest=rights.ALL)
    assert read(other, other.guest(), mid, "release") == b"one"
    with pytest.raises(Forbidden):
        write(other, other.guest(), mid, b"no")
    take(one, other, anna, ben, mid, release=7, guest=0)
    assert other.info(ben, mid).release == 0
    with pytest.raises(Forbidden):
        read(other, other.guest(), mid, "release")


def test_who_may_not(two):
    one, other = two
    anna, ben, carl = one.local_session(ANNA), other.local_session(BEN), other.local_session(CARL)
    mid = one.create(anna)
    made(one, anna, mid, b"one")
    other.check_taking(ben, mid)
    take(one, other, anna, ben, mid)
    made(one, anna, mid, b"two")
    with pytest.raises(Forbidden):
        other.check_taking(carl, mid)
    with pytest.raises(Forbidden):
        take(one, other, anna, carl, mid)
    with pytest.raises(Conflict):
        other.check_taking(ben, mid, info.STREAM)
    other.delete(ben, mid)
    with Writing(other, ben.user_id) as writing:
        chain = read_chain(one.blocks, one.versions(anna, mid)[-1].manifest, 100)
        with pytest.raises(BadManifest):
            other.take_versions(ben, writing, chain[1:], [1])

