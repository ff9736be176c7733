"""Who may sign headers, and headers that they signed: read by heads of CBOR alone, and held against COSE's own reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.core import cbor, cose
from leither_edge.core.committee import (
    Certificate,
    CommitteeError,
    encode_certificate,
    read_certificate,
    read_signed_header,
    sign_certificate,
    sign_header,
)
from leither_edge.core.header import encode_header
from leither_edge.core.sum_tree import TreeError
from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from tests.core.golden_receipt import (
    CERTIFICATE,
    CERTIFICATE_MESSAGE,
    HEADER,
    HEADER_MESSAGE,
    IN_ORDER,
    raw_header,
    signing,
)
from tests.core.golden_tree import MEMBERS, ORGANIZATION, OTHER, STRANGER
from tests.core.mutation import mutated

POOL = sorted((KeyPair(bytes([60 + number]) * 32) for number in range(8)), key=lambda key: key.public_key)


def field_of(call, *arguments):
    with pytest.raises(CommitteeError) as caught:
        call(*arguments)
    assert str(caught.value)
    return caught.value.field


@st.composite
def certificates(draw):
    people = draw(st.lists(st.sampled_from(POOL), min_size=1, max_size=8, unique=True))
    keys = tuple(sorted(key.public_key for key in people))
    pulse, threshold, treasurer = draw(st.integers(0, (1 << 64) - 1)), draw(st.integers(1, len(keys))), draw(st.sampled_from(POOL))
    return Certificate(ORGANIZATION.public_key, pulse, threshold, keys, treasurer.public_key)


@given(certificates())
def test_a_certificate_is_a_cose_message_and_is_read_again(certificate):
    message = sign_certificate(certificate, ORGANIZATION.sign)
    plain = cose.parse_sign1(message, cose.CT_COMMITTEE)
    cose.verify1(plain, ORGANIZATION.public_key, sodium.verify)
    assert plain.payload == encode_certificate(certificate)
    assert read_certificate(message, ORGANIZATION.id, sodium.verify) == certificate
    assert field_of(read_certificate, message, OTHER.id, sodium.verify) == "organization"


@given(st.lists(st.sampled_from(MEMBERS), min_size=2, max_size=4, unique=True))
def test_a_header_is_a_cose_message_whoever_signs_it(people):
    message = sign_header(HEADER, signing(*people))
    plain = cose.parse_sign(message, cose.CT_HEADER)
    assert cose.verified_keys(plain, {key.id: key.public_key for key in people}, sodium.verify) == {key.id for key in people}
    assert read_signed_header(message, CERTIFICATE, sodium.verify) == (HEADER, encode_header(HEADER))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("organization_key", {"organization_key": bytes(31)}),
        ("from_pulse", {"from_pulse": -1}),
        ("from_pulse", {"from_pulse": 1 << 64}),
        ("threshold", {"threshold": 0}),
        ("threshold", {"threshold": 5}),
        ("threshold", {"threshold": True}),
        ("committee", {"committee": ()}),
        ("committee", {"committee": CERTIFICATE.committee[::-1]}),
        ("committee", {"committee": CERTIFICATE.committee[:1] * 2}),
        ("committee", {"committee": (bytes(31),)}),
        ("committee", {"committee": (None,)}),
        ("committee", {"committee": tuple(bytes([number]) * 32 for number in range(9))}),
        ("treasurer", {"treasurer": bytes(20)}),
    ],
)
def test_what_a_certificate_cannot_say_is_not_written(field, wrong):
    assert field_of(encode_certificate, CERTIFICATE._replace(**wrong)) == field


def test_nobody_signs_a_header_twice_or_in_anothers_name():
    with pytest.raises(cose.CoseError) as caught:
        sign_header(HEADER, signing(MEMBERS[0], MEMBERS[0]))
    assert caught.value.code == "duplicate-signature"
    for entries in (
        [IN_ORDER[0], IN_ORDER[0]],
        [IN_ORDER[0], IN_ORDER[1], IN_ORDER[1]],
        [IN_ORDER[0], (STRANGER.id, STRANGER)],
        [IN_ORDER[0], (MEMBERS[1].id, STRANGER)],
        [IN_ORDER[0], IN_ORDER[2], IN_ORDER[1]],
    ):
        assert field_of(read_signed_header, raw_header(entries), CERTIFICATE, sodium.verify) == "signatures"


def test_the_committee_of_another_certificate_does_not_count():
    other = CERTIFICATE._replace(committee=tuple(key.public_key for key in POOL[:3]))
    assert field_of(read_signed_header, HEADER_MESSAGE, other, sodium.verify) == "signatures"


def test_no_signature_is_checked_of_what_is_refused_anyway():
    def never(signature, message, public_key):
        raise AssertionError("a signature was checked")

    assert field_of(read_certificate, CERTIFICATE_MESSAGE, OTHER.id, never) == "organization"
    for entries, certificate, field in (
        (IN_ORDER[:1], CERTIFICATE, "threshold"),
        (IN_ORDER, CERTIFICATE._replace(from_pulse=78), "pulse"),
        (IN_ORDER, CERTIFICATE._replace(organization_key=OTHER.public_key), "organization"),
    ):
        assert field_of(read_signed_header, raw_header(entries), certificate, never) == field


@given(st.data())
def test_no_byte_of_a_certificate_can_be_changed(data):
    changed = bytearray(CERTIFICATE_MESSAGE)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    assert field_of(read_certificate, bytes(changed), ORGANIZATION.id, sodium.verify)


@given(st.data())
def test_no_byte_of_a_signed_header_can_be_changed(data):
    changed = bytearray(HEADER_MESSAGE)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(TreeError) as caught:
        read_signed_header(bytes(changed), CERTIFICATE, sodium.verify)
    assert caught.value.field


def anything_goes(signature, message, public_key):
    return True


@given(st.data())
def test_what_is_read_by_heads_alone_cose_reads_the_same(data):
    """With every signature taken for good, so that only the form is judged."""
    changed = mutated(data, CERTIFICATE_MESSAGE)
    try:
        certificate = read_certificate(changed, ORGANIZATION.id, anything_goes)
    except CommitteeError:
        pass
    else:
        assert cose.parse_sign1(changed, cose.CT_COMMITTEE).payload == encode_certificate(certificate)
    changed = mutated(data, HEADER_MESSAGE)
    try:
        header, payload = read_signed_header(changed, CERTIFICATE, anything_goes)
    except TreeError:
        pass
    else:
        assert cose.parse_sign(changed, cose.CT_HEADER).payload == payload == encode_header(header)


def test_what_the_signature_covers_is_what_cose_says():
    asked = []

    def verify(signature, message, public_key):
        asked.append((signature, message))
        return True

    read_certificate(CERTIFICATE_MESSAGE, ORGANIZATION.id, verify)
    read_signed_header(HEADER_MESSAGE, CERTIFICATE, verify)
    plain = cose.parse_sign1(CERTIFICATE_MESSAGE, cose.CT_COMMITTEE)
    signatures = cose.parse_sign(HEADER_MESSAGE, cose.CT_HEADER).signatures
    assert asked == [(plain.signature, plain.to_be_signed)] + [(entry.signature, entry.to_be_signed) for entry in signatures]


@given(st.binary(max_size=600))
def test_noise_is_neither(noise):
    assert field_of(read_certificate, noise, ORGANIZATION.id, anything_goes)
    assert field_of(read_signed_header, noise, CERTIFICATE, anything_goes)


def test_lengths_beyond_the_data_are_refused():
    for message in (CERTIFICATE_MESSAGE, HEADER_MESSAGE):
        payload = cbor.decode(message).value[2]
        at = message.index(payload)
        huge = message[: at - 2] + b"\x5b" + b"\xff" * 8 + message[at:]
        reader = read_certificate if message is CERTIFICATE_MESSAGE else read_signed_header
        known = ORGANIZATION.id if message is CERTIFICATE_MESSAGE else CERTIFICATE
        assert field_of(reader, huge, known, anything_goes) in ("certificate", "header")
