import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.core import cbor, cose
from leither_edge.core.delegation import PASS_MAX_BYTES, PassError, encode_pass, open_pass, parse_pass, sign_pass
from leither_edge.crypto import sodium
from tests.core.golden import OWNER, PASSES, PHONE, SIGNED_PASSES
from tests.core.mutation import mutated

NARROW = PASSES["viewer, two verbs, one device"]
FULL_MAP = cbor.decode(encode_pass(NARROW))


def refused(call, *arguments):
    with pytest.raises(PassError) as refusal:
        call(*arguments)
    assert refusal.value.code == "bad-pass" and str(refusal.value)
    return True


def test_round_trip():
    for name, given_pass in PASSES.items():
        assert parse_pass(encode_pass(given_pass)) == given_pass
        assert open_pass(SIGNED_PASSES[name], OWNER.public_key, sodium.verify) == given_pass


def test_no_device_and_no_verbs_are_written_as_null():
    value = cbor.decode(encode_pass(PASSES["operator everywhere"]))
    assert set(value) == set(range(1, 9)) and value[3] is None and value[5] is None


BAD_VALUES = {
    1: [None, bytes(19)],
    2: [None, bytes(31)],
    3: [0, bytes(19), ""],
    4: [None, "", "root", "Owner", 1, b"owner"],
    5: [[], "status", ["Status"], [1], ["status", "status"], [str(number) for number in range(33)]],
    6: [None, -1, 1 << 53, FULL_MAP[7], FULL_MAP[7] + 1],
    7: [None, -1, 1 << 53, 0, FULL_MAP[6]],
    8: [None, "x" * 65, b""],
    9: [0],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD_VALUES.items() for value in values])
def test_every_bad_field_is_refused(key, value):
    assert refused(parse_pass, cbor.encode({**FULL_MAP, key: value}))


@pytest.mark.parametrize("key", range(1, 9))
def test_every_missing_field_is_refused(key):
    assert refused(parse_pass, cbor.encode({name: value for name, value in FULL_MAP.items() if name != key}))


def test_who_signs():
    assert refused(open_pass, SIGNED_PASSES["owner"], PHONE.public_key, sodium.verify)
    by_another = cose.sign1(encode_pass(NARROW), cose.CT_PASS, PHONE.id, PHONE.sign)
    assert refused(open_pass, by_another, PHONE.public_key, sodium.verify)


def test_size_is_bounded():
    verbs = tuple(f"{number:032d}" for number in range(32))
    assert refused(sign_pass, NARROW._replace(verbs=verbs), OWNER.sign)
    assert refused(open_pass, bytes(PASS_MAX_BYTES + 1), OWNER.public_key, sodium.verify)


def test_what_is_malformed_is_not_signed_either():
    for change in ({"role": "root"}, {"verbs": ()}, {"not_after": 0}, {"name": "x" * 65}, {"subject": bytes(20)}):
        assert refused(sign_pass, NARROW._replace(**change), OWNER.sign)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(SIGNED_PASSES)), st.data())
def test_altered_passes_are_never_accepted(name, data):
    altered = mutated(data, SIGNED_PASSES[name])
    try:
        open_pass(altered, OWNER.public_key, sodium.verify)
    except PassError:
        return
    assert altered == SIGNED_PASSES[name]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_altered_payloads_give_a_pass_or_a_typed_error(data):
    altered = mutated(data, encode_pass(NARROW))
    try:
        assert encode_pass(parse_pass(altered)) == altered
    except PassError:
        pass
