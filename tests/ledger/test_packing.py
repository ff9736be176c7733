import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.core.transfer import sign_transfer
from leither_edge.ledger.packing import pack, unpack
from tests.ledger.club import TREASURY_ACCOUNT, Club, key

CLUB = Club(8)
ANCHORS = [bytes([number]) * 32 for number in range(3)]
A, B, C = CLUB.accounts[:3]
MESSAGES = [
    *[CLUB.transfer({A: 5 + number}, {B: 5 + number}, ANCHORS[number % 3 // 2], 100 + number).data for number in range(8)],
    CLUB.transfer({}, {TREASURY_ACCOUNT: 500}, ANCHORS[0], 100, reason="опыт" * 50).data,
    CLUB.transfer({TREASURY_ACCOUNT: 3}, {B: 1, C: 2}, ANCHORS[0], 100, evidence=bytes(32)).data,
    CLUB.transfer({A: 1, B: 2}, {account: 1 for account in CLUB.accounts[2:5]}, ANCHORS[2], 1 << 40, memo_hash=ANCHORS[2]).data,
    CLUB.transfer({A: 1}, {B: 1}, ANCHORS[0], 100, organization=key("other").id).data,
    b"", b"\x00", b"any bytes" * 300,
]  # fmt: skip


def test_all_forms_come_back():
    assert list(unpack(pack(MESSAGES, CLUB.id), CLUB.id)) == MESSAGES
    assert list(unpack(pack([], CLUB.id), CLUB.id)) == []


def test_a_third_is_saved():
    messages = [CLUB.transfer({A: 5 + number}, {B: 5 + number}, ANCHORS[0], 100).data for number in range(30)]
    assert len(pack(messages, CLUB.id)) < 0.66 * sum(map(len, messages))


@given(st.lists(st.tuples(st.sampled_from(MESSAGES), st.integers(0, 5000), st.integers(0, 255)), max_size=8))
def test_a_message_of_any_other_form_comes_back_too(changes):
    messages = [data[: at % max(1, len(data))] + bytes([byte]) + data[at % max(1, len(data)) + 1 :] for data, at, byte in changes]
    assert list(unpack(pack(messages, CLUB.id), CLUB.id)) == messages


def test_an_offer_in_another_order_of_signatures():
    transfer = CLUB.terms({A: 1}, {B: 1}, ANCHORS[0], 50)
    signers = [(signer.id, signer.sign) for signer in CLUB.signers(transfer)]
    messages = [sign_transfer(transfer, signers[:1]), sign_transfer(transfer, signers[::-1])]
    assert list(unpack(pack(messages, CLUB.id), CLUB.id)) == messages


def test_what_is_cut_or_changed_raises_nothing_else():
    data, choose = pack(MESSAGES, CLUB.id), random.Random(1)
    for _ in range(300):
        at = choose.randrange(len(data))
        for bad in (data[:at], data[:at] + bytes([choose.randrange(256)]) + data[at + 1 :]):
            try:
                list(unpack(bad, CLUB.id))
            except ValueError:
                pass
    with pytest.raises(ValueError):
        list(unpack(b"\x07" + data, CLUB.id))
