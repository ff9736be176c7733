"""A receipt shows one balance to who knows the organization's id, and cannot be made to show another."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.core import cbor
from leither_edge.core.committee import Certificate, sign_certificate, sign_header
from leither_edge.core.header import Header
from leither_edge.core.proof import PROOF_MAX_BYTES
from leither_edge.core.receipt import RECEIPT_MAX_BYTES, Receipt, ReceiptError, encode_receipt, read_receipt, verify_receipt
from leither_edge.core.sum_tree import TreeError
from leither_edge.core.transaction_set import inclusion, set_root
from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from tests.core.golden_receipt import HELD, raw_receipt, receipt_of
from tests.core.golden_tree import ANNA, BO, IDS, ORGANIZATION, OTHER
from tests.core.mutation import mutated
from tests.core.test_proof import ACCOUNTS, STATES
from tests.ledger import naive_tree

PEOPLE = sorted((KeyPair(bytes([80 + number]) * 32) for number in range(8)), key=lambda key: key.public_key)
WHOLE = receipt_of()
DATA = encode_receipt(WHOLE)
SHOWN = verify_receipt(DATA, ORGANIZATION.id, sodium.verify)


def true(shown):
    """That what is shown is so: of the same account the same, and of another what the book has, which is nothing where it is unknown."""
    changed, amount = HELD.get(shown.account, (None, 0))
    return shown == SHOWN._replace(account=shown.account, amount=amount, changed=changed)


def field_of(call, *arguments):
    with pytest.raises(TreeError) as caught:
        call(*arguments)
    assert str(caught.value)
    return caught.value.field


@st.composite
def books(draw):
    """(state, ids of the pulse, signed header, certificate's message, Header)."""
    state = draw(STATES)
    ids = sorted(draw(st.sets(st.binary(min_size=32, max_size=32), max_size=9)))
    root, total = naive_tree.root(state)
    first = draw(st.integers(0, 1 << 40))
    pulse = first + draw(st.integers(0, 1 << 20))
    header = Header(ORGANIZATION.id, b"", pulse, bytes(32), root, total, len(state), 0, 0, set_root(ids), total, 1_800_000_000)
    people = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=8, unique=True))
    signers = draw(st.lists(st.sampled_from(people), min_size=1, unique=True))
    keys = tuple(sorted(key.public_key for key in people))
    certificate = Certificate(ORGANIZATION.public_key, first, draw(st.integers(1, len(signers))), keys, PEOPLE[0].public_key)
    message = sign_header(header, [(key.public_key, key.sign) for key in signers])
    return state, ids, message, sign_certificate(certificate, ORGANIZATION.sign), header


@given(books(), ACCOUNTS, st.data())
def test_a_receipt_shows_what_the_book_says(book, stranger, data):
    state, ids, message, certificate, header = book
    account = data.draw(st.sampled_from(sorted(state) + [stranger]))
    parts = Receipt(account, naive_tree.proof(state, account), message, certificate, b"", b"")
    if ids:
        number = data.draw(st.integers(0, len(ids) - 1))
        parts = parts._replace(transaction=ids[number], inclusion=inclusion(ids, number))
    receipt = encode_receipt(parts)
    assert receipt == cbor.encode([1, *parts]) and read_receipt(receipt) == parts
    shown = verify_receipt(receipt, ORGANIZATION.id, sodium.verify)
    changed, amount = state.get(account, (None, 0))
    assert shown == (header.pulse, header.time, amount, changed, parts.transaction or None, header, account)
    assert field_of(verify_receipt, receipt, OTHER.id, sodium.verify) == "organization"


@given(st.data())
def test_no_byte_of_a_receipt_can_be_changed(data):
    changed = bytearray(DATA)
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        shown = verify_receipt(bytes(changed), ORGANIZATION.id, sodium.verify)
    except TreeError as error:
        assert error.field
        return
    # Another account's absence is shown by the same proof. How many transactions there were RFC 9162 does not bind.
    start = DATA.index(WHOLE.inclusion)
    assert (3 <= at < 23 or start + 4 <= at < start + 8) and true(shown)


@given(st.data())
def test_what_passes_after_mutation_is_true(data):
    try:
        shown = verify_receipt(mutated(data, DATA), ORGANIZATION.id, sodium.verify)
    except TreeError:
        return
    assert true(shown)


def test_a_receipt_cut_anywhere_is_refused():
    for end in range(len(DATA)):
        assert field_of(verify_receipt, DATA[:end], ORGANIZATION.id, sodium.verify) == "receipt"


@given(st.binary(max_size=400))
def test_noise_is_no_receipt(noise):
    for data in (noise, b"\x87\x01" + noise, DATA[:23] + noise):
        assert field_of(verify_receipt, data, ORGANIZATION.id, sodium.verify)


@given(st.sampled_from(("proof", "header", "certificate", "inclusion")), st.data())
def test_no_part_of_a_receipt_can_be_noise(part, data):
    noise = data.draw(st.one_of(st.binary(max_size=200), st.just(None).map(lambda _: mutated(data, getattr(WHOLE, part)))))
    try:
        shown = verify_receipt(raw_receipt(WHOLE._replace(**{part: noise})), ORGANIZATION.id, sodium.verify)
    except TreeError:
        return
    assert shown == SHOWN


def test_the_longest_receipt_is_taken_and_a_longer_one_is_not():
    parts = WHOLE._replace(proof=bytes(PROOF_MAX_BYTES), header=bytes(1024), certificate=bytes(512), inclusion=bytes(8 + 32 * 32))
    assert len(encode_receipt(parts)) <= RECEIPT_MAX_BYTES
    room = RECEIPT_MAX_BYTES - len(encode_receipt(WHOLE._replace(header=bytes(10_000)))) + 10_000
    assert len(encode_receipt(WHOLE._replace(header=bytes(room)))) == RECEIPT_MAX_BYTES
    for call, wrong in (
        (encode_receipt, WHOLE._replace(header=bytes(room + 1))),
        (read_receipt, raw_receipt(WHOLE._replace(header=bytes(room + 1)))),
    ):
        with pytest.raises(ReceiptError) as caught:
            call(wrong)
        assert caught.value.field == "receipt"


@pytest.mark.parametrize(
    "wrong",
    [{"account": bytes(19)}, {"account": b""}, {"transaction": b""}, {"transaction": bytes(31)}, {"inclusion": b""}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_a_receipt_cannot_hold_is_not_written(wrong):
    assert field_of(encode_receipt, WHOLE._replace(**wrong)) == "receipt"


def test_the_order_of_accusation_is_that_of_trust():
    """A receipt wrong in every part is refused for the first that is looked at, and nothing more is computed."""
    wrong = WHOLE._replace(proof=b"", inclusion=bytes(8), header=b"x")
    assert field_of(verify_receipt, raw_receipt(wrong._replace(certificate=b"")), ORGANIZATION.id, sodium.verify) == "certificate"
    assert field_of(verify_receipt, raw_receipt(wrong), ORGANIZATION.id, sodium.verify) == "header"
    assert field_of(verify_receipt, raw_receipt(wrong._replace(header=WHOLE.header)), ORGANIZATION.id, sodium.verify) == "length"
    assert field_of(verify_receipt, raw_receipt(WHOLE._replace(inclusion=bytes(8))), ORGANIZATION.id, sodium.verify) == "inclusion"


def test_one_account_cannot_use_anothers_receipt():
    assert field_of(verify_receipt, raw_receipt(WHOLE._replace(account=BO.id)), ORGANIZATION.id, sodium.verify) == "account"
    assert verify_receipt(DATA, ORGANIZATION.id, sodium.verify).account == ANNA.id
    assert SHOWN.transaction == IDS[7][3]


def test_a_receipt_is_verified_without_all_of_cbor_and_cose():
    program = "import sys, leither_edge.core.receipt; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.rpartition(".")[2] for name in done.stdout.split() if name.startswith("leither_edge.core.")}
    assert loaded == {"receipt", "signed_header", "inclusion", "header", "proof", "sum_tree", "cbor_head", "sha256"}
