import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.core import cbor
from leither_edge.core.sum_tree import TOTAL_BOUND
from leither_edge.core.transfer import add_signature, read_transfer, sign_transfer
from leither_edge.crypto import sodium
from leither_edge.ledger.errors import Refused
from leither_edge.ledger.pool import read_signed
from leither_edge.ledger.validation import Situation, nothing_frozen, validate
from tests.ledger.club import TREASURY_ACCOUNT, Club

CLUB = Club(4)
ANCHOR, OLD_ANCHOR = b"\x07" * 32, b"\x08" * 32
ANCHORS = {ANCHOR: 9000, OLD_ANCHOR: 6000}
A, B, C, D = CLUB.accounts


def situation(state, seen=(), total=None, frozen=nothing_frozen, pulse=9001):
    total = sum(state.values()) if total is None else total
    replayed = set(seen).__contains__
    return Situation(CLUB.id, CLUB.treasurer.id, pulse, total, lambda account: state.get(account, 0), ANCHORS.get, replayed, frozen)


def transfer(payers, payees, anchor=ANCHOR, expires=9100, **fields):
    return CLUB.transfer(payers, payees, anchor, expires, **fields)


def only_error(outcome):
    assert outcome.taken == [] and outcome.changes == {} and outcome.issued == 0
    [(_, error)] = outcome.refused
    return error.code, error.field


def test_a_payment_moves_its_amount():
    outcome = validate([transfer({A: 30}, {B: 20, C: 10})], situation({A: 100, B: 1}), sodium.verify)
    assert outcome.changes == {A: 70, B: 21, C: 10} and outcome.issued == 0 and not outcome.refused


def test_an_issue_and_a_grant():
    state = {}
    outcome = validate([transfer({}, {TREASURY_ACCOUNT: 500})], situation(state), sodium.verify)
    assert outcome.changes == {TREASURY_ACCOUNT: 500} and outcome.issued == 500
    outcome = validate([transfer({TREASURY_ACCOUNT: 500}, {A: 499, B: 1})], situation(outcome.changes), sodium.verify)
    assert outcome.changes == {TREASURY_ACCOUNT: 0, A: 499, B: 1} and outcome.issued == 0


@pytest.mark.parametrize(
    "signed, code, field",
    [
        (transfer({A: 5}, {B: 5}, organization=b"o" * 20), "wrong-organization", "organization"),
        (transfer({A: 5}, {B: 5}, expires=9000), "expired", "expires"),
        (transfer({A: 5}, {B: 5}, anchor=b"x" * 32), "anchor", "anchor"),
        (transfer({A: 5}, {B: 5}, expires=12601), "expires-too-far", "expires"),
        (transfer({D: 5}, {B: 5}), "unknown-account", "payers"),
        (transfer({TREASURY_ACCOUNT: 5}, {B: 5}), "unknown-account", "payers"),
        (transfer({A: 101}, {B: 101}), "below-zero", "payers"),
    ],
)
def test_terms_that_are_not_met(signed, code, field):
    assert only_error(validate([signed], situation({A: 100}), sodium.verify)) == (code, field)


def test_an_anchor_is_good_for_an_hour():
    signed = transfer({A: 5}, {B: 5}, anchor=OLD_ANCHOR, expires=9600)
    assert validate([signed], situation({A: 5}, pulse=9600), sodium.verify).taken == [signed]
    late = transfer({A: 5}, {B: 5}, anchor=OLD_ANCHOR, expires=9601)
    assert only_error(validate([late], situation({A: 5}, pulse=9601), sodium.verify)) == ("anchor-too-old", "anchor")


def test_what_was_in_the_book_is_refused_and_so_is_the_same_one_twice():
    signed = transfer({A: 5}, {B: 5})
    assert only_error(validate([signed], situation({A: 100}, seen=[signed.id]), sodium.verify)) == ("replayed", "id")
    outcome = validate([signed, signed], situation({A: 100}), sodium.verify)
    assert outcome.changes == {A: 95, B: 5} and [error.code for _, error in outcome.refused] == ["replayed"]


def test_frozen_funds_stay():
    frozen = {A: 60}.get
    pay = [transfer({A: amount}, {B: amount}) for amount in (40, 41)]
    outcome = validate(pay[:1], situation({A: 100}, frozen=lambda account: frozen(account, 0)), sodium.verify)
    assert outcome.changes == {A: 60, B: 40}
    assert only_error(validate(pay[1:], situation({A: 100}, frozen=lambda account: frozen(account, 0)))) == ("frozen", "payers")


def test_no_book_holds_2_to_the_56():
    state = {A: TOTAL_BOUND - 10}
    assert validate([transfer({}, {TREASURY_ACCOUNT: 9})], situation(state), sodium.verify).issued == 9
    assert only_error(validate([transfer({}, {TREASURY_ACCOUNT: 10})], situation(state))) == ("overflow", "payees")
    both = [transfer({}, {TREASURY_ACCOUNT: amount}) for amount in (4, 6)]
    outcome = validate(both, situation(state), sodium.verify)
    assert len(outcome.taken) == 1 and [error.code for _, error in outcome.refused] == ["overflow"]


def refusal(data):
    try:
        signed = read_signed(data)
    except Refused as error:
        return error.code, error.field
    return only_error(validate([signed], situation({A: 100}), sodium.verify))


def signed_by(terms, *keys):
    return sign_transfer(terms, [(key.id, key.sign) for key in keys])


def resigned(data, change):
    """The message with its list of signatures changed."""
    tagged = cbor.decode(data)
    body, unprotected, payload, signatures = tagged.value
    return cbor.encode(cbor.Tagged(tagged.tag, [body, unprotected, payload, change(signatures)]))


def test_signatures():
    terms = CLUB.terms({A: 5}, {B: 5}, ANCHOR, 9100)
    payer, payee, stranger = CLUB.members[A], CLUB.members[B], CLUB.members[C]
    offer = signed_by(terms, payer)
    whole = add_signature(offer, (payee.id, payee.sign))
    assert validate([read_transfer(whole)], situation({A: 100}), sodium.verify).changes == {A: 95, B: 5}
    assert refusal(offer) == ("signature-missing", "signatures")
    good = read_transfer(whole).message.signatures[0].signature
    assert refusal(whole.replace(good, bytes(64))) == ("bad-signature", "signatures")
    assert refusal(resigned(whole, lambda there: [*there, there[0]])) == ("duplicate-signature", "signatures")
    assert refusal(resigned(whole, lambda there: [])) == ("signature", "signatures")
    assert refusal(whole.replace(payee.id, stranger.id)) == ("keys", "keys")
    assert refusal(resigned(whole, lambda there: [*there, *cbor.decode(signed_by(OTHER, stranger)).value[3]])) == ("stranger", "signatures")
    assert refusal(b"") == ("malformed", "transfer")


OTHER = CLUB.terms({C: 5}, {D: 5}, ANCHOR, 9100)


@pytest.mark.parametrize("change, code, field", [
    ({"deposit": 1}, "deposit", "deposit"),
    ({"payees": ((B, 0),)}, "amount", "payees"),
    ({"payers": ((A, -5),)}, "amount", "payers"),
    ({"payees": ((A, 5),)}, "same-account", "payees"),
    ({"payees": ((B, 6),)}, "unbalanced", "payees"),
])  # fmt: skip
def test_terms_that_no_book_takes_are_refused_even_if_the_reader_let_them_pass(change, code, field):
    signed = transfer({A: 5}, {B: 5})
    signed = signed._replace(transfer=signed.transfer._replace(**change))
    assert only_error(validate([signed], situation({A: 100}))) == (code, field)


AMOUNTS = st.integers(1, 60)
MEMBERS = st.integers(0, 3)
PAYMENTS = st.tuples(st.dictionaries(MEMBERS, AMOUNTS, min_size=1, max_size=2), st.lists(MEMBERS, min_size=1, max_size=2, unique=True))


@st.composite
def batches(draw):
    """Transfers of all kinds, good and bad ones."""
    made = []
    for number in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["issue", "grant", "pay", "pay", "pay"]))
        expires = 9100 + number - draw(st.sampled_from([0, 0, 0, 200, -4000]))
        amount = draw(AMOUNTS)
        if kind == "issue":
            made.append(transfer({}, {TREASURY_ACCOUNT: amount}, expires=expires))
        elif kind == "grant":
            made.append(transfer({TREASURY_ACCOUNT: amount}, {CLUB.accounts[draw(MEMBERS)]: amount}, expires=expires))
        else:
            payers, payees = draw(PAYMENTS)
            given = {CLUB.accounts[member]: amount for member, amount in payers.items()}
            taking = [CLUB.accounts[member] for member in payees if member not in payers]
            total = sum(given.values())
            if not taking or total < len(taking):
                continue
            shares = dict.fromkeys(taking, 1)
            shares[taking[0]] += total - len(taking)
            made.append(transfer(given, shares, expires=expires))
    return made


@given(st.dictionaries(st.sampled_from([*CLUB.accounts, TREASURY_ACCOUNT]), st.integers(1, 100)), batches(), st.randoms())
def test_money_is_never_created_or_lost(state, made, choose):
    outcome = validate(made, situation(state), sodium.verify)
    after = {**state, **outcome.changes}
    assert sum(after.values()) == sum(state.values()) + outcome.issued
    assert all(amount >= 0 for amount in after.values())
    assert all(state.get(account, 0) != amount for account, amount in outcome.changes.items())
    assert [signed.id for signed in outcome.taken] == sorted({signed.id for signed in outcome.taken})
    assert len(outcome.taken) + len(outcome.refused) == len(made)
    # Any order of arrival leads to the same, and so does leaving out what was refused.
    mixed = list(made)
    choose.shuffle(mixed)
    assert validate(mixed, situation(state)).changes == outcome.changes
    again = validate(outcome.taken, situation(state))
    assert again.changes == outcome.changes and again.issued == outcome.issued and not again.refused
    issued = sum(signed.transfer.payees[0][1] for signed in outcome.taken if not signed.transfer.payers)
    assert outcome.issued == issued
