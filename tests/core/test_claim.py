import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.core import cbor, cose
from leither_edge.core.claim import CLAIM_MAX_BYTES, BadClaim, Claim, open_claim, sign_claim, token_hash
from leither_edge.crypto import sodium
from tests.core.golden import DEVICE, OWNER, PHONE, TIME
from tests.core.mutation import mutated

TOKEN = "T7KQ20000ABBBBBCCCCC"
CLAIM = Claim(DEVICE.id, OWNER.public_key, TIME, token_hash(DEVICE.id, OWNER.public_key, TOKEN))
SIGNED = sign_claim(CLAIM, OWNER.sign)
FULL_MAP = {1: CLAIM.device_id, 2: CLAIM.public_key, 3: CLAIM.issued, 4: CLAIM.token_hash}


def code_of(data):
    with pytest.raises(BadClaim) as refusal:
        open_claim(data, sodium.verify)
    assert str(refusal.value)
    return refusal.value.code


def signed(payload, key=OWNER):
    return cose.sign1(payload, cose.CT_CLAIM, key.id, key.sign)


def test_round_trip():
    assert open_claim(SIGNED, sodium.verify) == CLAIM and len(SIGNED) <= CLAIM_MAX_BYTES
    assert TOKEN.encode() not in SIGNED


def test_the_hash_is_for_one_device_key_and_token():
    others = [(PHONE.id, OWNER.public_key, TOKEN), (DEVICE.id, PHONE.public_key, TOKEN), (DEVICE.id, OWNER.public_key, TOKEN[:-1])]
    assert CLAIM.token_hash not in [token_hash(*other) for other in others]


@pytest.mark.parametrize(
    ("key", "value"),
    [(1, bytes(19)), (1, None), (2, bytes(31)), (2, ""), (3, -1), (3, "soon"), (3, True), (4, bytes(31)), (4, None), (5, 1)],
)
def test_every_bad_field_is_refused(key, value):
    assert code_of(signed(cbor.encode({**FULL_MAP, key: value}))) == "malformed"


@pytest.mark.parametrize("key", FULL_MAP)
def test_every_missing_field_is_refused(key):
    assert code_of(signed(cbor.encode({name: value for name, value in FULL_MAP.items() if name != key}))) == "malformed"


def test_another_key_or_kind_is_refused():
    assert code_of(signed(cbor.encode(FULL_MAP), PHONE)) == "bad-signature"
    assert code_of(cose.sign1(cbor.encode(FULL_MAP), cose.CT_PASS, OWNER.id, OWNER.sign)) == "malformed"
    assert code_of(signed(cbor.encode([1]))) == "malformed"
    assert code_of(bytes(CLAIM_MAX_BYTES + 1)) == "too-large"


@settings(max_examples=200)
@given(st.data())
def test_a_mutated_claim_is_refused_by_its_own_error(data):
    message = mutated(data, SIGNED)
    if message != SIGNED:
        code_of(message)
