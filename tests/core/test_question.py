"""A signed question: one form, one key, bounded, and never taken for another message."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.core import cbor, cose
from leither_edge.core.question import QUESTION_MAX_BYTES, TARGET_MAX_CHARS, BadQuestion, Question, open_question, sign_question
from leither_edge.core.sha256 import sha256
from leither_edge.crypto import sodium
from tests.core.golden_tree import ANNA, BO, ORGANIZATION
from tests.core.mutation import mutated

QUESTION = Question(ORGANIZATION.id, "GET", "/ledger/receipts/AAAA?at=3", 1_800_000_000, ANNA.public_key)
SIGNED = sign_question(QUESTION, ANNA.sign)
FULL_MAP = dict(enumerate(QUESTION, 1))


def code_of(data):
    with pytest.raises(BadQuestion) as refusal:
        open_question(data, sodium.verify)
    assert str(refusal.value)
    return refusal.value.code


def signed(payload, key=ANNA, content_type=cose.CT_QUESTION):
    return cose.sign1(payload, content_type, key.id, key.sign)


def test_round_trip_and_bytes():
    assert open_question(SIGNED, sodium.verify) == QUESTION
    assert sha256(SIGNED).hexdigest() == "5574ed7805eb81b21d7ddc49963ecca4b2d6d026614fcb1994538f79f4a33d37"


def test_the_longest_fits_its_bound():
    longest = QUESTION._replace(method="POST", target="/" * TARGET_MAX_CHARS, time=(1 << 53) - 1)
    data = sign_question(longest, ANNA.sign)
    assert len(data) <= QUESTION_MAX_BYTES and open_question(data, sodium.verify) == longest
    assert code_of(data + bytes(QUESTION_MAX_BYTES)) == "too-large"
    assert code_of(signed(cbor.encode({**FULL_MAP, 3: "/" * 600}))) == "too-large"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (1, bytes(19)), (1, None), (2, "PUT"), (2, "get"), (2, 1), (3, ""), (3, "ledger"), (3, "/a b"), (3, "/\n"), (3, "/é"), (3, b"/"),
        (3, "/" * 257), (4, -1), (4, "now"), (4, True), (5, bytes(31)), (5, None), (6, 1),
    ],
)  # fmt: skip
def test_ill_typed_fields(key, value):
    assert code_of(signed(cbor.encode({**FULL_MAP, key: value}))) == "malformed"


@pytest.mark.parametrize("key", FULL_MAP)
def test_missing_fields(key):
    assert code_of(signed(cbor.encode({name: value for name, value in FULL_MAP.items() if name != key}))) == "malformed"


def test_only_the_key_in_it_signs():
    assert code_of(signed(cbor.encode(FULL_MAP), BO)) == "bad-signature"
    assert code_of(cose.sign1(cbor.encode(FULL_MAP), cose.CT_QUESTION, ANNA.id, BO.sign)) == "bad-signature"


@pytest.mark.parametrize("content_type", [cose.CT_CLAIM, cose.CT_COMMAND, cose.CT_COMMITTEE])
def test_another_message_is_no_question(content_type):
    assert code_of(signed(cbor.encode(FULL_MAP), content_type=content_type)) == "malformed"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_changed_bytes_pass(data):
    changed = mutated(data, SIGNED)
    if changed != SIGNED:
        assert code_of(changed) in ("malformed", "too-large", "bad-signature")
