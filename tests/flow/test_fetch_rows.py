"""What outlives a fetch: how long, how many, and who is not asked."""

import pytest

from leither_edge.flow import fetch_rows
from tests.peer.kept_library import open_kept

USER, DAY = b"u" * 20, 86400


@pytest.fixture
def library(tmp_path):
    with open_kept(tmp_path / "store") as library:
        yield library


def kept(library, now):
    with library.store.read() as tx:
        return list(fetch_rows.keeper(lambda: now)(tx))


def test_what_nobody_goes_on_with_is_given_up(library):
    library.held.call(lambda tx: fetch_rows.begin_fetch(tx, USER, [b"old", b"new"], 1000))
    library.held.call(lambda tx: fetch_rows.begin_fetch(tx, USER, [b"new"], 1000 + 10 * DAY))
    assert kept(library, 1000 + 10 * DAY) == [(USER, b"new", False), (USER, b"old", False)]
    assert kept(library, 1000 + 15 * DAY) == [(USER, b"new", False)]
    library.held.call(lambda tx: fetch_rows.begin_fetch(tx, b"v" * 20, [b"more"], 1000 + 15 * DAY))
    with library.store.read() as tx:
        assert [label for _, label, _ in fetch_rows.fetching(tx)] == [b"new", b"more"]
        assert [label for _, label, _ in fetch_rows.fetching(tx, USER)] == [b"new"]
    library.held.call(lambda tx: fetch_rows.end_fetch(tx, USER, [b"new", b"never begun"]))
    assert [label for _, label, _ in kept(library, 1000)] == [b"more"]


def test_there_are_never_more_than_so_many(library, monkeypatch):
    monkeypatch.setattr(fetch_rows, "FETCHING_MAX", 3)
    monkeypatch.setattr(fetch_rows, "SHUNNED_MAX", 2)
    for now in range(5):
        library.held.call(lambda tx, now=now: fetch_rows.begin_fetch(tx, USER, [b"label %d" % now], now))
        library.held.call(lambda tx, now=now: fetch_rows.shun(tx, b"key %d" % now, f"node {now}", now))
    assert [label for _, label, _ in kept(library, 5)] == [b"label 2", b"label 3", b"label 4"]
    with library.store.read() as tx:
        assert [name for _, name, *_ in fetch_rows.shunned(tx)] == ["node 3", "node 4"]


def test_who_lies_again_is_shunned_for_longer(library):
    def is_shunned(now):
        with library.store.read() as tx:
            return fetch_rows.is_shunned(tx, b"key", now)

    library.held.call(lambda tx: fetch_rows.shun(tx, b"key", "node", 0))
    assert is_shunned(DAY - 1) and not is_shunned(DAY)
    library.held.call(lambda tx: fetch_rows.shun(tx, b"key", "node", DAY))
    assert is_shunned(3 * DAY - 1) and not is_shunned(3 * DAY)
    for _ in range(20):
        library.held.call(lambda tx: fetch_rows.shun(tx, b"key", "node", 5 * DAY))
    assert is_shunned(34 * DAY) and not is_shunned(35 * DAY)
    assert library.held.call(lambda tx: fetch_rows.forgive(tx, b"key")) and not is_shunned(5 * DAY)
    assert not library.held.call(lambda tx: fetch_rows.forgive(tx, b"key"))
