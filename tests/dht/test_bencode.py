"""Bencode: what it holds, what it refuses, and that both halves agree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from leither_edge.dht import bencode
from leither_edge.dht.bencode import BencodeError, decode, encode

from .packets import recorded

VALUES = some.recursive(
    some.integers(bencode.INTEGER_MIN, bencode.INTEGER_MAX) | some.binary(max_size=150),
    lambda inner: some.lists(inner, max_size=5) | some.dictionaries(some.binary(max_size=12), inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_what_is_written_is_read_back(value):
    assert decode(encode(value), max_bytes=1 << 20, max_depth=40) == value


@settings(max_examples=300, deadline=None)
@given(some.binary(max_size=60) | some.text("idle0123456789:-ab", max_size=30).map(str.encode))
def test_what_is_read_is_written_back_unless_unsorted(data):
    try:
        value = decode(data)
    except BencodeError:
        return
    assert len(encode(value)) == len(data) and decode(encode(value)) == value


@pytest.mark.parametrize("name", recorded())
def test_the_packets_of_libtorrent_are_written_back_byte_by_byte(name):
    packet = recorded()[name]
    assert encode(decode(packet)) == packet


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (0, b"i0e"),
        (-7, b"i-7e"),
        (2**63 - 1, b"i9223372036854775807e"),
        (-(2**63), b"i-9223372036854775808e"),
        (b"", b"0:"),
        (b"x" * 65, b"65:" + b"x" * 65),
        (b"x" * 300, b"300:" + b"x" * 300),
        ([], b"le"),
        ({}, b"de"),
        ([[], {b"": b""}], b"lled0:0:ee"),
        ({b"b" * 100: [b"y" * 70], b"a": -1}, b"d1:ai-1e100:%bl70:%bee" % (b"b" * 100, b"y" * 70)),
    ],
)
def test_each_form(value, data):
    assert encode(value) == data and decode(data) == value


def test_keys_are_sorted_as_bytes_and_read_in_any_order():
    assert encode({b"b": 1, b"aa": 2, b"a": 3, b"\xff": 4, b"": 5}) == b"d0:i5e1:ai3e2:aai2e1:bi1e1:\xffi4ee"
    assert decode(b"d1:bi1e1:ai2ee") == {b"a": 2, b"b": 1}


def test_other_bytes_like_values_are_taken():
    assert encode([bytearray(b"ab"), memoryview(b"c"), (1,)]) == b"l2:ab1:cli1eee"
    assert decode(bytearray(b"2:ab")) == decode(memoryview(b"2:ab")) == b"ab"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        *[(data, "truncated") for data in (b"", b"i", b"i1", b"i-", b"1", b"1:", b"12:abc", b"d", b"l", b"d1:a", b"d1:ai1e", b"l1:a",
                                           b"d1:a5:abc", b"l9:abce", b"d9:abe", b"d1:a20:abce", b"12", b"d12")],
        *[(data, "syntax") for data in (b"x", b"e", b"ie", b"i-e", b"i+1e", b"i 1e", b"i1_0e", b"i01e", b"i-0e", b"i-01e", b"i1.5e",
                                        b"01:a", b"00:", b"-1:a", b":", b"1x", b"d1:a01:xe", b"d1:a1x:e", b"l01:ae", b"d01:ai1ee",
                                        b"d1:axe", b"1a:", b"d1:a12x:e", b"d1:a\x3a:e", b"l/:e")],
        *[(data, "range") for data in (b"i9223372036854775808e", b"i-9223372036854775809e", b"i" + b"1" * 30 + b"e")],
        *[(data, "key-type") for data in (b"di1e1:ae", b"dlei1ee", b"ddei1ee", b"d-1:ai1ee", b"d/:i1ee")],
        *[(data, "trailing") for data in (b"i1ei2e", b"de ", b"1:ab", b"lee", b"0:x")],
        *[(data, "duplicate-key") for data in (b"d1:ai1e1:ai2ee", b"d0:1:x0:1:ye", b"d1:bi1e1:ai1e1:bi1ee")],
        (b"l" * 11 + b"e" * 11, "too-deep"),
        (b"d1:a" * 11 + b"i1e" + b"e" * 11, "too-deep"),
        (b"l" * 2048, "too-deep"),
        (b"2046:" + b"x" * 2046, "too-large"),
    ],
)  # fmt: skip
def test_other_bytes_are_refused(data, code):
    with pytest.raises(BencodeError) as caught:
        decode(data)
    assert caught.value.code == code


def test_the_bounds_themselves_are_taken():
    assert decode(b"2043:" + b"x" * 2043) == b"x" * 2043
    deep = decode(b"l" * 10 + b"e" * 10)
    assert encode(deep) == b"l" * 10 + b"e" * 10


def test_a_length_beyond_all_bounds_costs_nothing():
    for data in (b"9" * 2000 + b":", b"d" + b"9" * 2000 + b":", b"d1:a" + b"9" * 2000, b"l" + b"9" * 2000 + b":"):
        with pytest.raises(BencodeError):
            decode(data)


def itself():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "code"),
    [(None, "type"), (1.5, "type"), ("text", "type"), (True, "type"), ({b"a": None}, "type"), (2**63, "range"), (-(2**63) - 1, "range"),
     ({1: b""}, "key-type"), ({"a": b""}, "key-type"), ({b"a": 1, "b": 2}, "key-type"), ({(b"a",): 1}, "key-type"),
     (itself(), "too-deep"), ("text".join, "type")],
)  # fmt: skip
def test_other_values_are_not_written(value, code):
    with pytest.raises(BencodeError) as caught:
        encode(value)
    assert caught.value.code == code


def test_only_bytes_are_read():
    with pytest.raises(BencodeError):
        decode("i1e")
