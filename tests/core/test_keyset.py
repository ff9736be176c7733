import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.core import cbor, cose
from leither_edge.core.keyset import (
    Keyset,
    KeysetError,
    check_rotation,
    encode_keyset,
    find_key,
    first_keyset,
    open_rotation,
    owner_keys,
    parse_keyset,
    sign_keyset,
)
from leither_edge.crypto import sodium
from tests.core.golden import DEVICE, KEYS, KEYSETS, OWNER, PHONE, ROOTS, SECOND, SIGNED_KEYSETS
from tests.core.mutation import mutated

FIRST = KEYSETS["first"]
FULL = KEYSETS["second owner, a viewer, roots"]
FULL_MAP = cbor.decode(encode_keyset(FULL))
R1, R2, R3 = (KEYS[f"root_{number}"].id for number in (1, 2, 3))
EVE = KEYS["stranger"]


def code_of(call, *arguments):
    with pytest.raises(KeysetError) as refusal:
        call(*arguments)
    assert str(refusal.value)
    return refusal.value.code


def owners(version, *keys, revoked=(), roots=()):
    return Keyset(DEVICE.id, version, tuple(("owner", key.public_key) for key in keys), revoked, roots)


def test_round_trip():
    for keyset in KEYSETS.values():
        assert parse_keyset(encode_keyset(keyset)) == keyset


def test_lookup():
    assert find_key(FULL, OWNER.id) == ("owner", OWNER.public_key)
    assert find_key(FULL, PHONE.id) is None
    assert owner_keys(FULL) == {OWNER.id: OWNER.public_key, SECOND.id: SECOND.public_key}
    assert owner_keys(FULL._replace(revoked=(OWNER.id,))) == {SECOND.id: SECOND.public_key}


BAD_VALUES = {
    1: [None, bytes(19)],
    2: [None, 0, -1, 1 << 32, True],
    3: [
        None,
        [],
        {},
        [["owner"]],
        [["root", bytes(32)]],
        [["owner", bytes(31)]],
        [["owner", bytes(32), 0]],
        [["owner", bytes(32)], ["viewer", bytes(32)]],
        [[b"owner", bytes(32)]],
        [[["owner"], bytes(32)]],
        [["owner", [0]]],
        [["owner", bytes([number]) * 32] for number in range(17)],
    ],
    4: [None, {}, [bytes(19)], [bytes(20), bytes(20)], [number.to_bytes(20, "big") for number in range(65)], [[]]],
    5: [None, {}, [ROOTS[0]], list(ROOTS[:2]), [ROOTS[0]] * 3, [*ROOTS, bytes(32)], [bytes(31)] * 3, [{}]],
    6: [0],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD_VALUES.items() for value in values])
def test_every_bad_field_is_refused(key, value):
    assert code_of(parse_keyset, cbor.encode({**FULL_MAP, key: value})) == "malformed"


def test_an_owner_must_remain():
    for keyset in (Keyset(DEVICE.id, 1, (("operator", OWNER.public_key),), (), ()), owners(1, OWNER, revoked=(OWNER.id,))):
        assert code_of(encode_keyset, keyset) == "no-owner"
    assert code_of(parse_keyset, cbor.encode({**FULL_MAP, 3: [["viewer", bytes(32)]]})) == "no-owner"


@pytest.mark.parametrize(
    ("old", "new", "signers", "code"),
    [
        # An owner alone may add lesser keys, revoke, and set roots.
        (owners(1, OWNER), owners(2, OWNER), {OWNER.id}, None),
        (owners(1, OWNER), Keyset(DEVICE.id, 2, (*FIRST.keys, ("operator", EVE.public_key)), (PHONE.id,), ROOTS), {OWNER.id}, None),
        (owners(1, OWNER), owners(2, OWNER), set(), "not-signed"),
        (owners(1, OWNER), owners(2, OWNER), {EVE.id}, "not-signed"),
        # A new owner signs with the old one.
        (owners(1, OWNER), owners(2, OWNER, SECOND), {OWNER.id, SECOND.id}, None),
        (owners(1, OWNER), owners(2, SECOND), {OWNER.id, SECOND.id}, None),
        (owners(1, OWNER), owners(2, OWNER, SECOND), {OWNER.id}, "new-owner-unsigned"),
        (owners(1, OWNER), owners(2, OWNER, SECOND), {SECOND.id}, "not-signed"),
        (owners(1, OWNER), owners(2, OWNER, SECOND, EVE), {OWNER.id, SECOND.id}, "new-owner-unsigned"),
        # An owner may revoke itself for another, and revoke another.
        (owners(1, OWNER, SECOND), owners(2, OWNER, SECOND, revoked=(OWNER.id,)), {OWNER.id}, None),
        (owners(1, OWNER, SECOND, revoked=(OWNER.id,)), owners(2, OWNER), {OWNER.id}, "not-signed"),
        (owners(1, OWNER, SECOND, revoked=(OWNER.id,)), owners(2, OWNER, SECOND), {SECOND.id}, "new-owner-unsigned"),
        # A revoked key does not come back, whatever its role, whoever signs, and not by leaving it out of the list either.
        (owners(1, OWNER, revoked=(EVE.id,)), owners(2, OWNER, EVE, revoked=(EVE.id,)), {OWNER.id, EVE.id}, "revoked-key"),
        (owners(1, OWNER, revoked=(EVE.id,)), owners(2, OWNER, EVE), {OWNER.id, EVE.id}, "revoked-key"),
        (
            owners(1, OWNER, revoked=(EVE.id,)),
            Keyset(DEVICE.id, 2, (*FIRST.keys, ("viewer", EVE.public_key)), (EVE.id,), ()),
            {OWNER.id},
            "revoked-key",
        ),
        # Two of three roots may do all of it, with the new owner.
        (owners(1, OWNER, roots=ROOTS), owners(2, SECOND, roots=ROOTS), {R1, R2, SECOND.id}, None),
        (owners(1, OWNER, roots=ROOTS), owners(2, SECOND, roots=ROOTS), {R3, R2, SECOND.id}, None),
        (owners(1, OWNER, roots=ROOTS), owners(2, SECOND, roots=ROOTS), {R1, R2}, "new-owner-unsigned"),
        (owners(1, OWNER, roots=ROOTS), owners(2, SECOND, roots=ROOTS), {R1, SECOND.id}, "not-signed"),
        (owners(1, OWNER, revoked=(R1,), roots=ROOTS), owners(2, SECOND, roots=ROOTS), {R1, R2, SECOND.id}, "not-signed"),
        (owners(1, OWNER), owners(2, SECOND, roots=ROOTS), {R1, R2, SECOND.id}, "not-signed"),
        # Roots change by two of the old ones only; their order is no change.
        (owners(1, OWNER, roots=ROOTS), owners(2, OWNER), {OWNER.id}, "roots-unsigned"),
        (owners(1, OWNER, roots=ROOTS), owners(2, OWNER), {OWNER.id, R1}, "roots-unsigned"),
        (owners(1, OWNER, roots=ROOTS), owners(2, OWNER), {R1, R3}, None),
        (owners(1, OWNER, roots=ROOTS), owners(2, OWNER, roots=ROOTS[::-1]), {OWNER.id}, None),
        # Versions and devices.
        (owners(1, OWNER), owners(1, OWNER), {OWNER.id}, "wrong-version"),
        (owners(1, OWNER), owners(3, OWNER), {OWNER.id}, "wrong-version"),
        (owners(2, OWNER), owners(1, OWNER), {OWNER.id}, "wrong-version"),
        (owners(1, OWNER), owners(2, OWNER)._replace(device_id=bytes(20)), {OWNER.id}, "wrong-device"),
        (owners(1, OWNER), owners(2, OWNER, revoked=(OWNER.id,)), {OWNER.id}, "no-owner"),
    ],
)
def test_rotation(old, new, signers, code):
    if code is None:
        check_rotation(old, new, signers)
    else:
        assert code_of(check_rotation, old, new, signers) == code


def signers(*keys):
    return [(key.id, key.sign) for key in keys]


def test_rotation_by_signed_message():
    old = first_keyset(DEVICE.id, OWNER.public_key)
    new = owners(2, OWNER, SECOND)
    assert open_rotation(old, sign_keyset(new, signers(OWNER, SECOND)), sodium.verify) == new
    # A stranger's signature beside the needed ones changes nothing.
    assert open_rotation(old, sign_keyset(new, signers(EVE, OWNER, SECOND)), sodium.verify) == new
    assert code_of(open_rotation, old, sign_keyset(new, signers(SECOND)), sodium.verify) == "not-signed"
    with pytest.raises(cose.BadSignature):
        open_rotation(old, sign_keyset(new, [(OWNER.id, EVE.sign), (SECOND.id, SECOND.sign)]), sodium.verify)
    by_roots = owners(3, EVE, roots=ROOTS)
    rooted = owners(2, OWNER, roots=ROOTS)
    message = sign_keyset(by_roots, signers(KEYS["root_1"], KEYS["root_3"], EVE))
    assert open_rotation(rooted, message, sodium.verify) == by_roots


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_altered_keysets_are_never_accepted(data):
    original = SIGNED_KEYSETS["second owner, a viewer, roots"]
    altered = mutated(data, original)
    try:
        open_rotation(FIRST, altered, sodium.verify)
    except (cose.CoseError, KeysetError):
        return
    assert sorted(altered) == sorted(original)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_altered_payloads_give_a_keyset_or_a_typed_error(data):
    altered = mutated(data, encode_keyset(FULL))
    try:
        assert encode_keyset(parse_keyset(altered)) == altered
    except KeysetError:
        pass
