"""Groups: where the tree is cut never shows in a hash, and no page outgrows its bound."""

import functools
import random
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.core.sum_tree import TreeError
from leither_edge.ledger.account_tree import TABLES, AccountTree
from leither_edge.ledger.bulk_load import load
from leither_edge.ledger.group_page import decode_group, encode_group, side_of
from leither_edge.ledger.group_view import ENTRIES_MAX, TOP, GroupView
from leither_edge.storage import open_store


def book(folder, accounts):
    store = open_store(folder, 1 << 26, TABLES)
    for _ in load(store, sorted((account, 1, 1 + account[3]) for account in accounts), 1, len(accounts)):
        pass
    return store, AccountTree(store)


def pulse(store, tree, changes):
    batch = tree.prepare(tree.pulse + 1, changes)
    with store.write() as tx:
        tree.write(tx, batch)
    tree.done(batch)


def check(tree, view):
    """Every group is small enough, the pages hold every account once, and the top's root is the tree's."""
    seen = []
    for prefix in view.prefixes():
        group = view.group(prefix)
        assert len(group.leaves) + len(group.children) == view.entries(prefix) <= ENTRIES_MAX
        page = encode_group(group)
        assert decode_group(page) == group and len(page) <= 12 * 1024
        seen += [leaf[16:] for leaf in group.leaves]
        assert all(view.prefix_of(leaf[16:]) == prefix for leaf in group.leaves)
        assert all(child.prefix in view.prefixes() for child in group.children)
    assert sorted(seen) == [account for account, _, _ in tree.records()]
    assert side_of(view.group(TOP)) == (tree.total, tree.root)


@pytest.mark.parametrize("number", [0, 1, 256, 257, 3000])
@pytest.mark.parametrize("shared", [b"", b"\x80\x01\x02"])
def test_the_root_is_the_trees_wherever_it_is_cut(tmp_path, number, shared):
    chance = random.Random(number)
    store, tree = book(tmp_path, {shared + chance.randbytes(20 - len(shared)) for _ in range(number)})
    with store:
        view = GroupView(tree)
        check(tree, view)
        assert (len(view.prefixes()) > 1) == (number > ENTRIES_MAX)


def test_groups_follow_the_pulses_and_are_taken_back(tmp_path):
    chance = random.Random(5)
    accounts = [chance.randbytes(20) for _ in range(900)]
    store, tree = book(tmp_path, accounts[:200])
    with store:
        view = GroupView(tree)
        for at in range(200, 900, 50):
            came = accounts[at : at + 50]
            pulse(store, tree, dict.fromkeys(came, 9))
            view.follow(came, [])
        check(tree, view)
        most = len(view.prefixes())
        assert most > 1
        for at in range(0, 850, 50):
            went = accounts[at : at + 50]
            pulse(store, tree, dict.fromkeys(went, 0))
            view.follow([], went)
        check(tree, view)
        assert len(view.prefixes()) == 1


def test_a_group_at_its_bound_does_not_go_back_and_forth(tmp_path):
    chance = random.Random(6)
    accounts = [chance.randbytes(20) for _ in range(257)]
    store, tree = book(tmp_path, accounts)
    with store:
        view = GroupView(tree)
        before = view.prefixes()
        for _ in range(5):
            pulse(store, tree, {accounts[0]: 0})
            view.follow([], accounts[:1])
            pulse(store, tree, {accounts[0]: 4})
            view.follow(accounts[:1], [])
        assert view.prefixes() == before


@pytest.mark.parametrize("others", [0, 60])
def test_a_child_that_has_emptied_is_taken_back_however_full_the_group_above_is(tmp_path, others):
    chance = random.Random(1)
    accounts = [chance.randbytes(20) for _ in range(260)]
    store, tree = book(tmp_path, accounts)
    with store:
        view = GroupView(tree)
        (child,) = set(view.prefixes()) - {TOP}
        went = [account for account in accounts if view.prefix_of(account) == child]
        # Others that come in the same pulse have the group above cut again.
        came = [account for account in (chance.randbytes(20) for _ in range(others)) if view.prefix_of(account) != child]
        pulse(store, tree, dict.fromkeys(went, 0) | dict.fromkeys(came, 3))
        view.follow(came, went)
        assert child not in view.prefixes()
        check(tree, view)


@functools.cache
def a_page():
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        store, tree = book(folder, [chance.randbytes(20) for _ in range(600)])
        with store:
            return encode_group(GroupView(tree).group(TOP))


@given(st.data())
def test_a_wrong_page_is_refused_or_has_another_root(data):
    page = a_page()
    at = data.draw(st.integers(0, len(page) - 1))
    wrong = page[:at] + bytes([page[at] ^ data.draw(st.integers(1, 255))]) + page[at + 1 :]
    try:
        group = decode_group(wrong)
    except TreeError as error:
        assert error.field
        return
    good = decode_group(page)
    if side_of(group) == side_of(good):
        # Of a child the sum and the synopsis are in the page's root; its pulse and all of its prefix are known with its own page.
        assert group.leaves == good.leaves
        assert [child[2:] for child in group.children] == [child[2:] for child in good.children]


@given(st.binary(max_size=400))
def test_noise_is_refused_with_a_field(noise):
    try:
        decode_group(b"\x01\x00" + noise)
    except TreeError as error:
        assert error.field
