"""That one transaction is in a pulse, against RFC 9162's own recursion."""

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.core.inclusion import PATH_MAX_BYTES
from leither_edge.core.transaction_set import EMPTY_SET, SetError, inclusion, inclusion_root, set_root

IDS = st.sets(st.binary(min_size=32, max_size=32), min_size=1, max_size=70).map(sorted)


def defined_root(ids):
    """MTH of RFC 9162 section 2.1.1."""
    if len(ids) == 1:
        return hashlib.sha256(b"\x00" + ids[0]).digest()
    split = 1 << (len(ids) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + defined_root(ids[:split]) + defined_root(ids[split:])).digest()


def defined_path(ids, number):
    """PATH of RFC 9162 section 2.1.3.1."""
    if len(ids) == 1:
        return b""
    split = 1 << (len(ids) - 1).bit_length() - 1
    if number < split:
        return defined_path(ids[:split], number) + defined_root(ids[split:])
    return defined_path(ids[split:], number - split) + defined_root(ids[:split])


def field_of(call, *arguments):
    with pytest.raises(SetError) as caught:
        call(*arguments)
    assert str(caught.value)
    return caught.value.field


@given(IDS)
def test_root_and_every_path_are_the_defined_ones(ids):
    root = set_root(ids)
    assert root == defined_root(ids)
    for number, transaction in enumerate(ids):
        path = inclusion(ids, number)
        assert path == struct.pack(">II", number, len(ids)) + defined_path(ids, number)
        assert inclusion_root(transaction, path) == root


def test_the_empty_set():
    assert set_root([]) == EMPTY_SET == bytes(32)
    assert field_of(inclusion, [], 0) == "inclusion"


@given(IDS, st.data())
def test_no_other_id_and_no_other_path_lead_to_the_root(ids, data):
    number = data.draw(st.integers(0, len(ids) - 1))
    path = bytearray(inclusion(ids, number))
    transaction = bytearray(ids[number])
    changed = data.draw(st.sampled_from([path, transaction]))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = inclusion_root(bytes(transaction), bytes(path))
    except SetError:
        return
    # A larger count can ask for the same siblings; it is the committee's word on the root that counts, and the id is the same.
    assert found != set_root(ids) or bytes(transaction) == ids[number]


@given(IDS, st.data())
def test_a_path_cut_or_lengthened_is_malformed(ids, data):
    number = data.draw(st.integers(0, len(ids) - 1))
    path = inclusion(ids, number)
    for changed in (path[: data.draw(st.integers(0, len(path) - 1))], path + data.draw(st.binary(min_size=1, max_size=40))):
        assert field_of(inclusion_root, ids[number], changed) == "inclusion"


@given(st.binary(max_size=PATH_MAX_BYTES + 40))
def test_noise_leads_nowhere_or_to_a_hash(noise):
    try:
        assert len(inclusion_root(bytes(32), noise)) == 32
    except SetError as error:
        assert error.field == "inclusion"


def test_the_longest_path_is_taken_and_no_longer_one():
    path = struct.pack(">II", 0, (1 << 32) - 1) + bytes(32 * 32)
    assert len(path) == PATH_MAX_BYTES and len(inclusion_root(bytes(32), path)) == 32
    assert field_of(inclusion_root, bytes(32), path + bytes(32)) == "inclusion"
    assert field_of(inclusion_root, bytes(32), struct.pack(">II", 5, 5)) == "inclusion"
    assert field_of(inclusion_root, bytes(32), bytes(8)) == "inclusion"


def test_ids_stand_in_rising_order_each_once():
    one, two = b"\x01" * 32, b"\x02" * 32
    for ids in ([two, one], [one, one], [one[:31]], [one, two + b"\x00"]):
        assert field_of(set_root, ids) == "transactions"
    for number in (-1, 2):
        assert field_of(inclusion, [one, two], number) == "inclusion"
