"""The header's one form of bytes, and the sum that every auditor checks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.core import cbor
from leither_edge.core.cbor_head import HeadError, head, read_bytes, read_head
from leither_edge.core.header import Header, HeaderError, encode_header, read_header
from tests.core.golden_receipt import HEADER, HEADERS
from tests.core.mutation import mutated

AMOUNTS = st.integers(0, (1 << 56) - 1)
LONGEST = 206  # bytes: every number of eight, a group of 21
NUMBERS = st.integers(0, (1 << 64) - 1)


@st.composite
def all_headers(draw):
    sent, total = draw(AMOUNTS), draw(AMOUNTS)
    received = draw(st.integers(0, sent + total))
    hash32 = st.binary(min_size=32, max_size=32)
    id20 = st.binary(min_size=20, max_size=20)
    return Header(
        draw(id20), draw(st.binary(max_size=21)), draw(NUMBERS), draw(hash32), draw(id20), total, draw(NUMBERS), sent, received,
        draw(hash32), total + sent - received, draw(NUMBERS),
    )  # fmt: skip


def field_of(call, *arguments):
    with pytest.raises(HeaderError) as caught:
        call(*arguments)
    assert str(caught.value)
    return caught.value.field


@given(all_headers())
def test_what_is_written_is_cbor_and_is_read_again(header):
    payload = encode_header(header)
    assert payload == cbor.encode({number: value for number, value in enumerate(header, 1)})
    assert read_header(payload) == header
    assert len(payload) <= LONGEST


@given(all_headers(), st.sampled_from(("total", "sent", "received", "issued")), st.integers(1, 1 << 40))
def test_money_is_never_created_or_lost(header, name, more):
    wrong = header._replace(**{name: getattr(header, name) + more})
    assert field_of(encode_header, wrong) == "total"
    assert field_of(read_header, cbor.encode({number: value for number, value in enumerate(wrong, 1)})) == "total"


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in ("pulse", "total", "accounts", "sent", "received", "issued", "time") for value in (-1, 1 << 64)]
    + [("organization", bytes(19)), ("previous", bytes(20)), ("root", bytes(32)), ("transactions", b"")],
)
def test_a_field_that_a_header_cannot_hold_is_named(name, value):
    assert field_of(encode_header, HEADER._replace(**{name: value})) == name


def test_a_group_has_at_most_21_bytes():
    assert field_of(encode_header, HEADER._replace(group=bytes(22))) == "group"


@given(st.sampled_from(sorted(HEADERS)), st.data())
def test_one_header_has_one_form(name, data):
    """What is read is written the same way again, so a signature never covers two readings."""
    changed = mutated(data, encode_header(HEADERS[name]))
    try:
        header = read_header(changed)
    except HeaderError:
        return
    assert encode_header(header) == changed


@given(st.binary(max_size=LONGEST + 20))
def test_noise_is_no_header(noise):
    assert field_of(read_header, noise)


@given(st.sampled_from((0x00, 0x40, 0x60, 0x80, 0xA0, 0xC0)), NUMBERS)
def test_heads_are_the_shortest(kind, number):
    data = head(kind, number)
    assert read_head(data, 0, kind) == (number, len(data))
    if kind == 0:
        assert data == cbor.encode(number)
    for other in {0x00, 0x40, 0x60, 0x80, 0xA0, 0xC0} - {kind}:
        with pytest.raises(HeadError):
            read_head(data, 0, other)
    for cut in range(len(data)):
        with pytest.raises(HeadError):
            read_head(data[:cut], 0, kind)


@given(st.binary(max_size=12), st.integers(0, 12))
def test_a_head_that_is_read_is_the_one_that_would_be_written(data, at):
    for kind in (0x00, 0x40, 0x80):
        try:
            number, end = read_head(data, at, kind)
        except HeadError:
            continue
        assert data[at:end] == head(kind, number)


def test_a_string_longer_than_the_data_is_not_waited_for():
    with pytest.raises(HeadError):
        read_bytes(b"\x5b" + b"\xff" * 8 + b"x", 0)
