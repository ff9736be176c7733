"""One proof of many accounts: what it shows, and that it agrees with the proofs of each alone."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leither_edge.core.multi_proof import LEAVES_MAX, MULTI_PROOF_MAX_BYTES, climb_many, verify_many
from leither_edge.core.proof import ProofError, verify
from leither_edge.core.sum_tree import leaf
from tests.core.mutation import mutated
from tests.core.test_proof import ACCOUNTS, STATES
from tests.ledger import naive_tree

ASKED = st.lists(ACCOUNTS, min_size=1, max_size=8)
STATE = {bytes([number]) * 20: (number, number + 1) for number in range(16)}
ROOT, TOTAL = naive_tree.root(STATE)


def field_of(proof, accounts, root=ROOT, total=TOTAL):
    with pytest.raises(ProofError) as caught:
        verify_many(proof, accounts, root, total)
    assert str(caught.value)
    return caught.value.field


@given(STATES, ASKED, st.data())
def test_many_together_are_what_each_is_alone(state, others, data):
    root, total = naive_tree.root(state)
    asked = others + (data.draw(st.lists(st.sampled_from(sorted(state)), max_size=20)) if state else [])
    alone = [verify(naive_tree.proof(state, account), account, root, total) for account in asked]
    proof = naive_tree.multi_proof(state, asked)
    assert verify_many(proof, asked, root, total) == alone
    assert len(proof) <= sum(len(naive_tree.proof(state, account)) + 1 for account in asked)


@given(STATES.filter(bool), ASKED, ACCOUNTS)
def test_a_proof_says_nothing_of_an_account_that_it_does_not_reach(state, asked, other):
    """Or what it says is true."""
    root, total = naive_tree.root(state)
    proof = naive_tree.multi_proof(state, asked)
    try:
        assert verify_many(proof, [other], root, total) == [state.get(other, (None, 0))]
    except ProofError as error:
        assert error.field == "account" and naive_tree.multi_proof(state, [*asked, other]) != proof


@given(STATES.filter(bool), ASKED, st.data())
def test_what_passes_after_mutation_is_true(state, asked, data):
    root, total = naive_tree.root(state)
    proof = mutated(data, naive_tree.multi_proof(state, asked))
    try:
        found = verify_many(proof, asked, root, total)
    except ProofError as error:
        assert error.field
        return
    assert found == [state.get(account, (None, 0)) for account in asked]


@given(STATES.filter(bool), ASKED, st.data())
def test_no_byte_can_be_changed(state, asked, data):
    root, total = naive_tree.root(state)
    proof = bytearray(naive_tree.multi_proof(state, asked))
    proof[data.draw(st.integers(0, len(proof) - 1))] ^= data.draw(st.integers(1, 255))
    assert field_of(bytes(proof), asked, root, total)


@given(st.binary(max_size=400))
def test_noise_is_no_proof(noise):
    assert field_of(noise, [bytes(20)])
    assert field_of(b"\x00" + leaf(1, 1, bytes(20)) + noise, [bytes(20)])


@given(STATES, STATES, ASKED)
def test_a_proof_of_another_tree_is_refused(state, other, asked):
    assume(naive_tree.root(state) != naive_tree.root(other))
    assert field_of(naive_tree.multi_proof(state, asked), asked, *naive_tree.root(other))


def test_a_repeated_question_is_answered_twice():
    account = b"\x05" * 20
    assert verify_many(naive_tree.multi_proof(STATE, [account]), [account, account], ROOT, TOTAL) == [STATE[account]] * 2


def test_what_is_asked_must_be_askable():
    proof = naive_tree.multi_proof(STATE, [b"\x05" * 20])
    assert field_of(proof, [b"\x05" * 19]) == "account"
    assert field_of(proof, [b"\x00" + b"\x05" * 20]) == "account"
    assert field_of(proof, [b"\x05" * 20], bytes(32)) == "root"
    assert field_of(proof, [b"\x05" * 20], ROOT, -1) == "root"
    assert field_of(proof, [b"\x05" * 20], ROOT, 1 << 56) == "root"


def test_the_tree_of_no_account():
    assert verify_many(b"", [bytes(20)] * 2, bytes(20), 0) == [(None, 0)] * 2
    assert field_of(b"", [bytes(20)]) == "length"
    assert field_of(b"", [bytes(20)], bytes(20), 1) == "length"


def test_as_many_leaves_as_allowed_and_no_more():
    state = {number.to_bytes(20, "big"): (1, 1) for number in range(LEAVES_MAX + 1)}
    root, total = naive_tree.root(state)
    asked = sorted(state)
    assert field_of(naive_tree.multi_proof(state, asked), asked, root, total) == "length"
    asked = asked[:-1]
    assert verify_many(naive_tree.multi_proof(state, asked), asked, root, total) == [(1, 1)] * LEAVES_MAX
    assert field_of(bytes(MULTI_PROOF_MAX_BYTES + 1), asked, root, total) == "length"


def test_the_longest_chain_below_the_most_leaves():
    state = {number.to_bytes(20, "big"): (1, 1) for number in range(LEAVES_MAX)}
    proof = naive_tree.multi_proof(state, sorted(state))
    proof += b"".join(bytes([2, depth]) + (1).to_bytes(7, "big") + bytes(20) for depth in range(149, -1, -1))
    leaves, _, total = climb_many(proof)
    assert len(leaves) == LEAVES_MAX and total == LEAVES_MAX + 150
    assert field_of(proof + bytes([2, 0]) + (1).to_bytes(7, "big") + bytes(20), [bytes(20)]) == "depth"
