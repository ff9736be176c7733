"""Offers as text: whatever comes in, an offer or a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.core.transfer import REASON_MAX_CHARS, TransferError, kind, sign_transfer
from leither_edge.organization import offers
from tests.ledger.club import key

ORGANIZATION, PAYER, PAYEE = key("organization"), key("payer"), key("payee")
SALT = bytes(range(16))


def payment(memo=None, amount=5, salt=SALT):
    memo = offers.memo_bytes(memo, salt)
    terms = offers.payment_terms(ORGANIZATION.id, PAYER.public_key, PAYEE.public_key, amount, bytes(32), 7, memo)
    return sign_transfer(terms, [(PAYER.id, PAYER.sign)]), memo


@given(st.text(min_size=1, max_size=offers.MEMO_MAX_CHARS).filter(lambda text: text.isprintable()))
def test_there_and_back(memo):
    data, memo_data = payment(memo)
    found = offers.read_offer(offers.offer_text(data, memo_data))
    assert found.signed.data == data and found.memo == memo


def test_without_a_memo_nothing_is_shown_and_ids_differ():
    data, memo = payment()
    text = offers.offer_text(data, memo)
    assert "." not in text and offers.read_offer(text).memo is None
    other, _ = payment(salt=bytes(16))
    assert offers.read_offer(text).signed.id != offers.read_offer(offers.offer_text(other)).signed.id


def test_the_three_kinds():
    issue = offers.issue_terms(ORGANIZATION.id, ORGANIZATION.public_key, 9, "why", bytes(32), 7, SALT, bytes(32))
    grant = offers.grant_terms(ORGANIZATION.id, ORGANIZATION.public_key, PAYEE.public_key, 9, "y" * REASON_MAX_CHARS, bytes(32), 7, SALT)
    for terms, signer, wanted in ((issue, ORGANIZATION, "issue"), (grant, ORGANIZATION, "grant")):
        signed = offers.read_offer(offers.to_text(sign_transfer(terms, [(signer.id, signer.sign)]))).signed
        assert kind(signed.transfer) == wanted and signed.transfer.expires == 7 + 3600


@pytest.mark.parametrize("memo", ["", "x" * 281])
def test_memos_out_of_range(memo):
    with pytest.raises(TransferError, match="1 to 280"):
        offers.memo_bytes(memo, SALT)


def test_a_memo_that_was_not_signed():
    data, _ = payment("Lunch")
    for memo in (SALT + b"Dinner", SALT, b"Lunch", b"\xff" * 30):
        with pytest.raises(TransferError) as caught:
            offers.read_offer(offers.to_text(data) + "." + offers.to_text(memo))
        assert caught.value.field == "memo"
    # Signed, but not text.
    bad = SALT + b"\xff\xfe"
    terms = offers.payment_terms(ORGANIZATION.id, PAYER.public_key, PAYEE.public_key, 5, bytes(32), 7, bad)
    with pytest.raises(TransferError, match="UTF-8"):
        offers.read_offer(offers.offer_text(sign_transfer(terms, [(PAYER.id, PAYER.sign)]), bad))


@given(st.text(max_size=200) | st.binary(max_size=400).map(offers.to_text))
def test_any_text_is_read_or_refused(text):
    try:
        offers.read_offer(text)
    except TransferError as error:
        assert error.field and str(error)


@given(st.binary(min_size=1, max_size=100))
def test_base64url(data):
    assert offers.from_text(offers.to_text(data), 100) == data
    with pytest.raises(ValueError):
        offers.from_text(offers.to_text(data) + "=", 100)
    if len(data) > 10:
        with pytest.raises(ValueError):
            offers.from_text(offers.to_text(data), len(data) - 5)
