"""What a proof shows, and what it cannot be bent to show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.core import sum_tree
from leither_edge.core.multi_proof import verify_many
from leither_edge.core.proof import STEP_BYTES, ProofError, verify
from leither_edge.core.sum_tree import LEAF_BYTES, TOTAL_BOUND, TreeError
from tests.ledger import naive_tree

# Few distinct bytes, so that ids share long and short prefixes.
ACCOUNTS = st.one_of(
    st.binary(min_size=20, max_size=20),
    st.lists(st.sampled_from(b"\x00\x01\x80\xff"), min_size=20, max_size=20).map(bytes),
    st.integers(0, 300).map(lambda number: number.to_bytes(20, "big")),
)
STATES = st.dictionaries(ACCOUNTS, st.tuples(st.integers(0, (1 << 64) - 1), st.integers(1, 1 << 40)), max_size=40)


@given(STATES, st.lists(ACCOUNTS, max_size=8))
def test_a_proof_tells_what_every_account_holds(state, others):
    root, total = naive_tree.root(state)
    for account in [*state, *others]:
        assert verify(naive_tree.proof(state, account), account, root, total) == state.get(account, (None, 0))


@given(STATES, st.lists(ACCOUNTS, min_size=1, max_size=8), st.data())
def test_one_proof_tells_what_many_hold(state, others, data):
    root, total = naive_tree.root(state)
    asked = others + (data.draw(st.lists(st.sampled_from(sorted(state)), max_size=20)) if state else [])
    proof = naive_tree.multi_proof(state, asked)
    assert verify_many(proof, asked, root, total) == [state.get(account, (None, 0)) for account in asked]


@given(STATES.filter(bool), st.data())
def test_no_byte_of_a_proof_can_be_changed(state, data):
    root, total = naive_tree.root(state)
    account = data.draw(st.one_of(st.sampled_from(sorted(state)), ACCOUNTS))
    for make, check in (
        (naive_tree.proof(state, account), lambda proof: verify(proof, account, root, total)),
        (naive_tree.multi_proof(state, [account]), lambda proof: verify_many(proof, [account], root, total)),
    ):
        at = data.draw(st.integers(0, len(make) - 1))
        changed = bytearray(make)
        changed[at] ^= data.draw(st.integers(1, 255))
        with pytest.raises(ProofError):
            check(bytes(changed))
        with pytest.raises(ProofError):
            check(make[:at])


@given(st.binary(max_size=400), st.binary(min_size=20, max_size=20))
def test_noise_is_no_proof(noise, root):
    account = bytes(20)
    for check in (lambda: verify(noise, account, root, 1), lambda: verify_many(noise, [account], root, 1)):
        with pytest.raises(ProofError):
            check()


STATE = {bytes([number]) * 20: (number, number + 1) for number in range(16)}


def wrong(change):
    """The field that a changed proof of the account 0505... is refused for."""
    account = b"\x05" * 20
    root, total = naive_tree.root(STATE)
    proof = naive_tree.proof(STATE, account)
    steps = [proof[at : at + STEP_BYTES] for at in range(LEAF_BYTES, len(proof), STEP_BYTES)]
    with pytest.raises(ProofError) as caught:
        verify(proof[:LEAF_BYTES] + b"".join(change(steps)), account, root, total)
    return caught.value.field


def test_what_is_wrong_is_named():
    assert wrong(lambda steps: [steps[0], *steps]) == "depth", "a repeated depth"
    assert wrong(lambda steps: [bytes([step[0], 1 - step[1]]) + step[2:] for step in steps]) == "side"
    assert wrong(lambda steps: steps[1:]) == "root", "a missing sibling"
    assert wrong(lambda steps: steps[::-1]) == "depth"
    assert wrong(lambda steps: [steps[0][:2] + bytes(7) + steps[0][9:], *steps[1:]]) == "sum"
    assert wrong(lambda steps: [steps[0][:2] + b"\xff" * 7 + steps[0][9:], *steps[1:]]) == "sum", "more than a tree can hold"
    assert wrong(lambda steps: [b"\xff" + steps[0][1:], *steps[1:]]) == "depth"
    assert wrong(lambda steps: [*steps, steps[-1][:5]]) == "length"


def test_the_proof_of_another_account_shows_nothing():
    root, total = naive_tree.root(STATE)
    for one in STATE:
        for other in STATE:
            if one != other:
                with pytest.raises(ProofError) as caught:
                    verify(naive_tree.proof(STATE, one), other, root, total)
                assert caught.value.field == "account"


def test_a_total_is_part_of_what_is_shown():
    root, total = naive_tree.root(STATE)
    account = b"\x05" * 20
    for check in (
        lambda: verify(naive_tree.proof(STATE, account), account, root, total + 1),
        lambda: verify_many(naive_tree.multi_proof(STATE, [account]), [account], root, total + 1),
    ):
        with pytest.raises(ProofError) as caught:
            check()
        assert caught.value.field == "total"


def test_records_refuse_what_a_tree_cannot_hold():
    account = bytes(20)
    for field, make in (
        ("amount", lambda: sum_tree.leaf(1, 0, account)),
        ("amount", lambda: sum_tree.leaf(1, -5, account)),
        ("amount", lambda: sum_tree.leaf(1, TOTAL_BOUND, account)),
        ("pulse", lambda: sum_tree.leaf(-1, 1, account)),
        ("account", lambda: sum_tree.leaf(1, 1, bytes(19))),
        ("depth", lambda: sum_tree.branch(160, 1, bytes(20), 1, bytes(20))),
        ("sum", lambda: sum_tree.branch(0, TOTAL_BOUND - 1, bytes(20), 1, bytes(20))),
        ("leaf", lambda: sum_tree.read_leaf(bytes(35))),
    ):
        with pytest.raises(TreeError) as caught:
            make()
        assert caught.value.field == field
