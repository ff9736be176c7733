import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.core import audit, cbor
from leither_edge.core.audit import EMPTY, NO_ENTRY, AuditError, append, entry_hash, parse_entry, verify_chain
from tests.core.mutation import mutated

ISSUER = b"\x07" * 20


def chain(length, head=EMPTY):
    entries = []
    for number in range(length):
        data, head = append(head, 1000 + number, ISSUER, number, "status", b"\1" * 32, b"\2" * 32, "done")
        entries.append(data)
    return entries, head


def code_of(call, *arguments):
    with pytest.raises(AuditError) as refusal:
        call(*arguments)
    assert str(refusal.value)
    return refusal.value.code


def test_a_whole_chain_and_a_part_of_it():
    entries, head = chain(5)
    assert head.index == 5 and head.hash == entry_hash(entries[-1])
    assert verify_chain(entries) == head
    assert verify_chain(entries[2:], entry_hash(entries[1])) == head
    assert verify_chain(entries[2:], entry_hash(entries[1]), 2) == head
    assert verify_chain([]) == EMPTY
    assert parse_entry(entries[0]).previous == NO_ENTRY


def test_altered_missing_and_exchanged_entries_show():
    entries, _ = chain(5)
    other, _ = chain(1)
    forged = audit.encode_entry(parse_entry(entries[2])._replace(verb="reboot"))
    for broken in (
        entries[1:],
        entries[:2] + entries[3:],
        [entries[1], entries[0]],
        entries[:2] + [forged] + entries[3:],
        entries + other,
    ):
        assert code_of(verify_chain, broken) == "broken-chain"
    assert code_of(verify_chain, entries[2:], entry_hash(entries[1]), 3) == "broken-chain"
    renumbered = audit.encode_entry(parse_entry(entries[1])._replace(index=9))
    assert code_of(verify_chain, [entries[0], renumbered]) == "broken-chain"


FULL_MAP = cbor.decode(chain(1)[0][0])
BAD_VALUES = {
    1: [None, 0, -1, True],
    2: [None, bytes(31)],
    3: [None, -1],
    4: [0, bytes(19)],
    5: [None, -1],
    6: [None, "", "Boot"],
    7: [0, bytes(31)],
    8: [0, bytes(33)],
    9: [None, "good", 1],
    10: [0],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD_VALUES.items() for value in values])
def test_every_bad_field_is_refused(key, value):
    assert code_of(parse_entry, cbor.encode({**FULL_MAP, key: value})) == "malformed"


def test_size_is_bounded():
    assert code_of(parse_entry, bytes(513)) == "too-large"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_mutation_breaks_the_chain(data):
    entries, head = chain(3)
    altered = mutated(data, entries[1])
    try:
        verify_chain([entries[0], altered, entries[2]])
    except AuditError:
        return
    assert altered == entries[1]
