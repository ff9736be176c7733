import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.core import cbor, cose
from leither_edge.core.answer import AnswerError, encode_answer, open_answer, parse_answer, sign_answer
from leither_edge.crypto import sodium
from tests.core.golden import ANSWERS, DEVICE, OWNER, SIGNED_ANSWERS
from tests.core.mutation import mutated

DONE, REFUSED = ANSWERS["done"], ANSWERS["refused"]
FULL_MAP = {**cbor.decode(encode_answer(DONE)), 6: {"code": "replay", "message": "no"}}


def code_of(call, *arguments):
    with pytest.raises(AnswerError) as refusal:
        call(*arguments)
    assert str(refusal.value)
    return refusal.value.code


def test_round_trip():
    for answer in ANSWERS.values():
        assert parse_answer(encode_answer(answer)) == answer
        assert open_answer(sign_answer(answer, DEVICE.id, DEVICE.sign), DEVICE.public_key, sodium.verify) == answer


def test_only_the_device_answers():
    with pytest.raises(cose.BadSignature):
        open_answer(SIGNED_ANSWERS["done"], OWNER.public_key, sodium.verify)
    assert code_of(sign_answer, DONE, OWNER.id, OWNER.sign) == "malformed"
    # Another device of the same owner answers in this one's name.
    forged = cose.sign1(encode_answer(DONE), cose.CT_ANSWER, OWNER.id, OWNER.sign)
    assert code_of(open_answer, forged, OWNER.public_key, sodium.verify) == "wrong-device"


BAD_VALUES = {
    1: [None, bytes(15), "x" * 16],
    2: [None, bytes(19)],
    3: [None, "", "accepted", "Done", 1, b"done", ["done"]],
    4: [None, -1, 1 << 53, True],
    5: [None, [], {1: 1}],
    6: [None, {}, {"code": "x"}, {"code": "X", "message": ""}, {"code": "x", "message": 1}, {"code": "x", "message": "y" * 1025}],
    7: [None, [], [0, bytes(32)], [1, bytes(31)], [1, bytes(32), 0], {}, bytes(32)],
    8: [None, -1],
    9: [0],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD_VALUES.items() for value in values])
def test_every_bad_field_is_refused(key, value):
    assert code_of(parse_answer, cbor.encode({**FULL_MAP, key: value})) == "malformed"


@pytest.mark.parametrize("key", [1, 2, 3, 4, 5, 8])
def test_every_missing_field_is_refused(key):
    assert code_of(parse_answer, cbor.encode({name: value for name, value in FULL_MAP.items() if name != key})) == "malformed"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(SIGNED_ANSWERS)), st.data())
def test_altered_answers_are_never_accepted(name, data):
    altered = mutated(data, SIGNED_ANSWERS[name])
    try:
        open_answer(altered, DEVICE.public_key, sodium.verify)
    except (cose.CoseError, AnswerError):
        return
    assert altered == SIGNED_ANSWERS[name]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_altered_payloads_give_an_answer_or_a_typed_error(data):
    altered = mutated(data, cbor.encode(FULL_MAP))
    try:
        answer = parse_answer(altered)
    except AnswerError:
        return
    assert encode_answer(answer) == altered
