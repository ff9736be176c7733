"""What a transfer must say by itself, and who must have signed it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.core import cbor, cose
from leither_edge.core.accounts import ESCROW, TREASURY, system_account
from leither_edge.core.transfer import (
    GRANT,
    ISSUE,
    PARTIES_MAX,
    REASON_MAX_CHARS,
    TRANSFER,
    TRANSFER_MAX_BYTES,
    Transfer,
    TransferError,
    add_signature,
    check_signatures,
    encode_transfer,
    kind,
    missing,
    needed,
    read_transfer,
    sign_transfer,
)
from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from tests.core.mutation import mutated

PEOPLE = sorted((KeyPair(bytes([100 + number]) * 32) for number in range(10)), key=lambda key: key.id)
ANNA, BO, CLEO, TREASURER, EVE = PEOPLE[:5]
ORGANIZATION = KeyPair(b"\x64" * 31 + b"\x01").id
BOX = system_account(TREASURY)


def keys(*people):
    return tuple(sorted(person.public_key for person in people))


def side(*pairs):
    return tuple(sorted((account if isinstance(account, bytes) else account.id, amount) for account, amount in pairs))


def make(payers, payees, signers, **more):
    made = Transfer(ORGANIZATION, side(*payers), side(*payees), keys(*signers), b"\x0a" * 32, 3600, 0, None, None, None)
    return made._replace(**more)


PAY = make([(ANNA, 30)], [(BO, 30)], [ANNA, BO], memo_hash=b"\x0b" * 32)
SPLIT = make([(ANNA, 10), (BO, 5)], [(CLEO, 12), (EVE, 3)], [ANNA, BO, CLEO, EVE])
DUES = make([(ANNA, 7)], [(BOX, 7)], [ANNA, TREASURER])
GIVEN = make([(BOX, 9)], [(ANNA, 4), (BO, 5)], [ANNA, BO, TREASURER], reason="Küche 厨房", evidence=b"\x0c" * 32)
OWN = make([(BOX, 9)], [(TREASURER, 9)], [TREASURER], reason="wages")
NEW = make([], [(BOX, 1000)], [TREASURER], reason="the first points")
ALL = {"pay": PAY, "split": SPLIT, "dues": DUES, "grant": GIVEN, "grant to the treasurer": OWN, "issue": NEW}
BY_ID = {person.id: person for person in PEOPLE}


def signer(person):
    return person.id, person.sign


def signed_by_all(transfer):
    return sign_transfer(transfer, [signer(BY_ID[kid]) for kid in sorted(needed(transfer, TREASURER.id))])


def refusal(call, *arguments, **more):
    """(code, field) that a call is refused with."""
    with pytest.raises(TransferError) as caught:
        call(*arguments, **more)
    assert str(caught.value)
    return caught.value.code, caught.value.field


@pytest.mark.parametrize("name", ALL)
def test_what_everyone_signed_is_read_and_good(name):
    signed = read_transfer(signed_by_all(ALL[name]))
    assert signed.transfer == ALL[name]
    assert missing(signed, TREASURER.id) == []
    check_signatures(signed, TREASURER.id, sodium.verify)


def test_sides_tell_the_kind_and_who_signs():
    assert [kind(transfer) for transfer in (PAY, SPLIT, DUES, GIVEN, OWN, NEW)] == [TRANSFER, TRANSFER, TRANSFER, GRANT, GRANT, ISSUE]
    assert needed(NEW, TREASURER.id) == {TREASURER.id} == needed(OWN, TREASURER.id)
    assert needed(GIVEN, TREASURER.id) == {TREASURER.id, ANNA.id, BO.id}
    assert needed(DUES, TREASURER.id) == {TREASURER.id, ANNA.id}
    assert needed(PAY, TREASURER.id) == {ANNA.id, BO.id}


def test_an_offer_is_signed_step_by_step_and_keeps_its_id():
    offer = sign_transfer(SPLIT, [signer(ANNA)])
    first = read_transfer(offer).id
    for person, left in ((CLEO, {BO, EVE}), (BO, {EVE}), (EVE, set())):
        signed = read_transfer(offer)
        check_signatures(signed, TREASURER.id, sodium.verify, offer=True)
        assert refusal(check_signatures, signed, TREASURER.id, sodium.verify) == ("signature-missing", "signatures")
        offer = add_signature(offer, signer(person))
        assert missing(read_transfer(offer), TREASURER.id) == sorted(other.id for other in left)
    signed = read_transfer(offer)
    check_signatures(signed, TREASURER.id, sodium.verify)
    assert signed.id == first


@given(st.permutations(range(4)))
def test_the_order_of_signatures_changes_nothing(order):
    people = [ANNA, BO, CLEO, EVE]
    data = sign_transfer(SPLIT, [signer(people[order[0]])])
    for number in order[1:]:
        data = add_signature(data, signer(people[number]))
    signed = read_transfer(data)
    check_signatures(signed, TREASURER.id, sodium.verify)
    assert signed.id == read_transfer(signed_by_all(SPLIT)).id


def test_no_stranger_signs_and_nobody_twice():
    offer = sign_transfer(PAY, [signer(ANNA)])
    assert refusal(add_signature, offer, signer(EVE)) == ("stranger", "signatures")
    assert refusal(sign_transfer, PAY, [signer(EVE)]) == ("stranger", "signatures")
    assert refusal(add_signature, offer, signer(ANNA)) == ("duplicate-signature", "signatures")
    assert refusal(sign_transfer, PAY, [signer(BO), signer(BO)]) == ("duplicate-signature", "signatures")
    payload = encode_transfer(PAY)
    for people, wanted in (((ANNA, BO, EVE), "stranger"), ((ANNA, EVE), "stranger"), ((ANNA,), "signature-missing")):
        signed = read_transfer(cose.sign(payload, cose.CT_TRANSFER, [signer(person) for person in people]))
        assert refusal(check_signatures, signed, TREASURER.id, sodium.verify) == (wanted, "signatures")
    tag, (body, unprotected, _, entries) = 98, cbor.decode(offer).value
    doubled = cbor.encode(cbor.Tagged(tag, [body, unprotected, payload, entries * 2]))
    assert refusal(read_transfer, doubled) == ("duplicate-signature", "signatures")
    nobody = cbor.encode(cbor.Tagged(tag, [body, unprotected, payload, []]))
    assert refusal(read_transfer, nobody) == ("signature", "signatures")


def test_a_forged_signature_is_found_in_an_offer_too():
    for people, offer in (([(ANNA.id, EVE.sign)], True), ([signer(ANNA), (BO.id, ANNA.sign)], False)):
        signed = read_transfer(sign_transfer(PAY, people))
        assert refusal(check_signatures, signed, TREASURER.id, sodium.verify, offer=offer) == ("bad-signature", "signatures")


def test_only_the_treasurer_of_the_certificate_signs_for_the_treasury():
    for transfer in (NEW, GIVEN, DUES):
        signed = read_transfer(signed_by_all(transfer))
        assert refusal(check_signatures, signed, EVE.id, sodium.verify) == ("stranger", "signatures")
    # Eve's own key in the place of the treasurer's, and all signatures good.
    forged = NEW._replace(keys=keys(EVE))
    signed = read_transfer(sign_transfer(forged, [signer(EVE)]))
    assert refusal(check_signatures, signed, TREASURER.id, sodium.verify) == ("stranger", "signatures")


BAD = {
    "nobody pays a member": (PAY._replace(payers=()), "issue", "payees"),
    "nobody pays the treasury and a member": (NEW._replace(payees=side((ANNA, 1), (BOX, 1))), "issue", "payees"),
    "nobody is paid": (PAY._replace(payees=()), "malformed", "payees"),
    "the treasury and a member pay": (GIVEN._replace(payers=side((CLEO, 4), (BOX, 5))), "grant", "payers"),
    "payer equal to payee": (PAY._replace(payees=PAY.payers), "same-account", "payees"),
    "a payer among payees": (SPLIT._replace(payees=side((ANNA, 12), (CLEO, 3))), "same-account", "payees"),
    "the treasury to itself": (GIVEN._replace(payees=side((BOX, 9))), "same-account", "payees"),
    "more given": (PAY._replace(payers=side((ANNA, 31))), "unbalanced", "payees"),
    "more taken": (PAY._replace(payees=side((BO, 31))), "unbalanced", "payees"),
    "zero paid": (PAY._replace(payers=side((ANNA, 0))), "amount", "payers"),
    "zero taken": (PAY._replace(payees=side((BO, 0))), "amount", "payees"),
    "less than zero": (PAY._replace(payers=side((ANNA, -1)), payees=side((BO, -1))), "amount", "payers"),
    "2^53": (PAY._replace(payers=side((ANNA, 1 << 53)), payees=side((BO, 1 << 53))), "amount", "payers"),
    "2^64 issued": (NEW._replace(payees=side((BOX, 1 << 64))), "amount", "payees"),
    "an amount that is true": (PAY._replace(payers=side((ANNA, True)), payees=side((BO, True))), "amount", "payers"),
    "an account twice": (SPLIT._replace(payers=side((ANNA, 7), (ANNA, 8))), "malformed", "payers"),
    "accounts falling": (SPLIT._replace(payers=SPLIT.payers[::-1]), "malformed", "payers"),
    "a short account": (PAY._replace(payers=((ANNA.id[:19], 30),)), "malformed", "payers"),
    "a payee without a key": (PAY._replace(payees=side((system_account(ESCROW, b"x"), 30))), "keys", "keys"),
    "a key missing": (PAY._replace(keys=keys(ANNA)), "keys", "keys"),
    "a key of nobody": (PAY._replace(keys=keys(ANNA, BO, EVE)), "keys", "keys"),
    "two keys beside the treasury": (NEW._replace(keys=keys(TREASURER, EVE)), "keys", "keys"),
    "a grant without its payee's key": (GIVEN._replace(keys=keys(ANNA, TREASURER)), "keys", "keys"),
    "keys falling": (PAY._replace(keys=PAY.keys[::-1]), "malformed", "keys"),
    "a key twice": (PAY._replace(keys=PAY.keys[:1] * 2), "malformed", "keys"),
    "no keys": (PAY._replace(keys=()), "malformed", "keys"),
    "nine keys": (PAY._replace(keys=keys(*PEOPLE[:9])), "malformed", "keys"),
    "nine payers": (make([(person, 1) for person in PEOPLE[:9]], [(PEOPLE[9], 9)], PEOPLE[:8]), "malformed", "payers"),
    "an issue without a reason": (NEW._replace(reason=None), "reason", "reason"),
    "a grant without a reason": (GIVEN._replace(reason=None), "reason", "reason"),
    "an empty reason": (NEW._replace(reason=""), "malformed", "reason"),
    "a long reason": (NEW._replace(reason="x" * (REASON_MAX_CHARS + 1)), "malformed", "reason"),
    "a transfer with a reason": (PAY._replace(reason="rent"), "reason", "reason"),
    "a transfer with evidence": (PAY._replace(evidence=bytes(32)), "evidence", "evidence"),
    "a deposit": (PAY._replace(deposit=1), "deposit", "deposit"),
    "a deposit below zero": (PAY._replace(deposit=-1), "malformed", "deposit"),
    "an organization of 19 bytes": (PAY._replace(organization=bytes(19)), "malformed", "organization"),
    "an anchor of 20 bytes": (PAY._replace(anchor=bytes(20)), "malformed", "anchor"),
    "an expiry below zero": (PAY._replace(expires=-1), "malformed", "expires"),
    "a memo hash of 31 bytes": (PAY._replace(memo_hash=bytes(31)), "malformed", "memo_hash"),
}


def payload_of(transfer):
    """The payload that such a transfer would have, whether or not it may be written."""
    return cbor.encode({
        number: [list(pair) if isinstance(pair, tuple) else pair for pair in value] if isinstance(value, tuple) else value
        for number, value in enumerate(transfer, 1)
        if value is not None
    })


@pytest.mark.parametrize("name", BAD)
def test_what_no_book_takes_is_neither_written_nor_read(name):
    transfer, code, field = BAD[name]
    assert refusal(encode_transfer, transfer) == (code, field)
    try:
        data = cose.sign(payload_of(transfer), cose.CT_TRANSFER, [signer(ANNA)])
    except cbor.CborError:
        return  # An integer that CBOR does not hold.
    assert refusal(read_transfer, data) == (code, field)


def test_a_field_more_or_less_is_refused():
    whole = cbor.decode(encode_transfer(PAY))
    for number, name in ((1, "organization"), (2, "payers"), (3, "payees"), (4, "keys"), (5, "anchor"), (6, "expires"), (7, "deposit")):
        less = {key: value for key, value in whole.items() if key != number}
        assert refusal(read_transfer, cose.sign(cbor.encode(less), cose.CT_TRANSFER, [signer(ANNA)])) == ("malformed", name)
    for more in ({11: 0}, {"a": 0}):
        data = cose.sign(cbor.encode({**whole, **more}), cose.CT_TRANSFER, [signer(ANNA)])
        assert refusal(read_transfer, data) == ("malformed", None)


def test_another_kind_of_message_is_no_transfer():
    payload = encode_transfer(PAY)
    assert refusal(read_transfer, cose.sign(payload, cose.CT_KEYSET, [signer(ANNA)])) == ("content-type", "transfer")
    assert refusal(read_transfer, cose.sign1(payload, cose.CT_TRANSFER, *signer(ANNA))) == ("not-sign", "transfer")
    assert refusal(read_transfer, bytes(TRANSFER_MAX_BYTES + 1)) == ("too-large", "transfer")


def test_the_largest_transfer_fits():
    people = [KeyPair(bytes([200 + number]) * 32) for number in range(PARTIES_MAX)]
    treasurer, payees = people[0], people[1:]
    transfer = make(
        [(BOX, 7 * ((1 << 53) // 7 - 1))], [(person, (1 << 53) // 7 - 1) for person in payees], people,
        reason="\U0001f4b6" * REASON_MAX_CHARS, evidence=bytes(32), memo_hash=bytes(32), expires=(1 << 53) - 1,
    )  # fmt: skip
    data = sign_transfer(transfer, [signer(people[0])])
    for person in payees:
        data = add_signature(data, signer(person))
    check_signatures(read_transfer(data), treasurer.id, sodium.verify)
    assert len(data) <= TRANSFER_MAX_BYTES


GOOD = {name: signed_by_all(transfer) for name, transfer in ALL.items()}


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_a_changed_byte_is_refused(name, data):
    message = bytearray(GOOD[name])
    at = data.draw(st.integers(0, len(message) - 1))
    message[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(TransferError):
        check_signatures(read_transfer(bytes(message)), TREASURER.id, sodium.verify)


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_what_passes_after_mutation_is_what_was_signed(name, data):
    try:
        signed = read_transfer(mutated(data, GOOD[name]))
        check_signatures(signed, TREASURER.id, sodium.verify)
    except TransferError:
        return
    assert signed.transfer == ALL[name]


@given(st.binary(max_size=300))
def test_noise_is_no_transfer(noise):
    with pytest.raises(TransferError):
        read_transfer(noise)
