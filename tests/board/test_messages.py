"""Packets between node and supervisor."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.board.messages import MESSAGE_MAX_BYTES, MessageError, decode, encode, failure, is_text, request, success

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), JSON_VALUES, max_size=5))
@settings(max_examples=100, deadline=None)
def test_what_is_encoded_is_decoded(message):
    assert decode(encode(message)) == message


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\u0dbeatrnlsfN-+1.e ', max_size=200).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_message_or_a_typed_error(packet):
    try:
        assert type(decode(packet)) is dict
    except MessageError as error:
        assert error.code == "malformed"


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\xff",
        b"[]",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":' + b"9" * 50_000 + b"}",
        '{"a":1}'.encode("utf-16"),
    ],
)
def test_malformed(packet):
    with pytest.raises(MessageError) as caught:
        decode(packet)
    assert caught.value.code == "malformed"


def test_oversized_both_ways():
    with pytest.raises(MessageError) as caught:
        decode(b" " * (MESSAGE_MAX_BYTES + 1))
    assert caught.value.code == "oversized"
    with pytest.raises(MessageError) as caught:
        encode({"a": "x" * MESSAGE_MAX_BYTES})
    assert caught.value.code == "oversized"
    assert decode(b'{"a":"' + b"x" * (MESSAGE_MAX_BYTES - 8) + b'"}')


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", float("nan")])
def test_what_json_cannot_carry(value):
    with pytest.raises(MessageError):
        encode({"a": value})


def test_the_error_never_repeats_the_packet():
    with pytest.raises(MessageError) as caught:
        decode(b'{"passphrase":"correct horse"')
    assert "horse" not in str(caught.value)


def test_lone_surrogates_are_no_text():
    assert is_text("é" * 16, 32)
    assert not is_text("é" * 17, 32)
    assert not is_text("\ud800", 32)
    assert not is_text(5, 32)


def test_the_forms():
    assert json.loads(request(1, "info", {})) == {"id": 1, "verb": "info", "args": {}}
    assert json.loads(success(1, None)) == {"id": 1, "ok": True, "result": None}
    assert json.loads(failure(None, "busy", "Wait.")) == {"id": None, "ok": False, "error": {"code": "busy", "message": "Wait."}}
