import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.core import cbor, cose
from leither_edge.core.cose import BadSignature, CoseError
from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from tests.core.mutation import mutated

ANNA, BEN, EVE = (KeyPair(bytes([number]) * 32) for number in (1, 2, 3))
MESSAGE = cose.sign1(b"hello", cose.CT_COMMAND, ANNA.id, ANNA.sign)
MESSAGES = cose.sign(b"hello", cose.CT_KEYSET, [(ANNA.id, ANNA.sign), (BEN.id, BEN.sign)])
KEYS = {ANNA.id: ANNA.public_key, BEN.id: BEN.public_key}


def code_of(call, *arguments):
    with pytest.raises(CoseError) as refusal:
        call(*arguments)
    assert str(refusal.value)
    return refusal.value.code


def test_the_form_on_the_wire():
    tagged = cbor.decode(MESSAGE)
    assert tagged.tag == 18
    protected, unprotected, payload, signature = tagged.value
    assert cbor.decode(protected) == {1: -19, 3: "application/leither-command+cbor", 4: ANNA.id}
    assert (unprotected, payload, len(signature)) == ({}, b"hello", 64)
    tagged = cbor.decode(MESSAGES)
    assert tagged.tag == 98
    body, unprotected, payload, signatures = tagged.value
    assert (cbor.decode(body), unprotected, payload) == ({3: "application/leither-keyset+cbor"}, {}, b"hello")
    assert [cbor.decode(entry[0]) for entry in signatures] == [{1: -19, 4: ANNA.id}, {1: -19, 4: BEN.id}]


def test_sign_and_verify():
    message = cose.parse_sign1(MESSAGE, cose.CT_COMMAND)
    assert (message.payload, message.key_id) == (b"hello", ANNA.id)
    cose.verify1(message, ANNA.public_key, sodium.verify)
    assert code_of(cose.verify1, message, BEN.public_key, sodium.verify) == "bad-signature"
    message = cose.parse_sign(MESSAGES, cose.CT_KEYSET)
    assert cose.verified_keys(message, KEYS, sodium.verify) == set(KEYS)
    assert cose.verified_keys(message, {BEN.id: BEN.public_key, EVE.id: EVE.public_key}, sodium.verify) == {BEN.id}
    assert cose.verified_keys(message, {}, sodium.verify) == set()


def test_a_key_under_another_keys_id_proves_nothing():
    forged = cose.parse_sign1(cose.sign1(b"x", cose.CT_COMMAND, ANNA.id, EVE.sign), cose.CT_COMMAND)
    for key in (ANNA, EVE):
        with pytest.raises(BadSignature):
            cose.verify1(forged, key.public_key, sodium.verify)
    forged = cose.parse_sign(cose.sign(b"x", cose.CT_KEYSET, [(ANNA.id, EVE.sign)]), cose.CT_KEYSET)
    with pytest.raises(BadSignature):
        cose.verified_keys(forged, KEYS, sodium.verify)
    with pytest.raises(BadSignature):
        cose.verified_keys(forged, {ANNA.id: EVE.public_key}, sodium.verify)


def test_content_types_keep_kinds_apart():
    kinds = [value for name, value in vars(cose).items() if name.startswith("CT_")]
    assert len(set(kinds)) == len(kinds) == 14
    for kind in kinds:
        one = cose.sign1(b"", kind, ANNA.id, ANNA.sign)
        many = cose.sign(b"", kind, [(ANNA.id, ANNA.sign)])
        for other in kinds:
            if other == kind:
                cose.parse_sign1(one, other)
                cose.parse_sign(many, other)
            else:
                assert code_of(cose.parse_sign1, one, other) == "content-type"
                assert code_of(cose.parse_sign, many, other) == "content-type"


def test_a_signature_of_one_structure_never_serves_the_other():
    one = cose.parse_sign1(MESSAGE, cose.CT_COMMAND)
    entry = [cose._signer_protected(ANNA.id), {}, one.signature]
    body = cose._body_protected(cose.CT_COMMAND)
    many = cose.parse_sign(cbor.encode(cbor.Tagged(98, [body, {}, b"hello", [entry]])), cose.CT_COMMAND)
    with pytest.raises(BadSignature):
        cose.verified_keys(many, KEYS, sodium.verify)


PROTECTED = cose._protected(cose.CT_COMMAND, ANNA.id)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ([PROTECTED, {}, b"", bytes(64)], "not-sign1"),
        (cbor.Tagged(98, [PROTECTED, {}, b"", bytes(64)]), "not-sign1"),
        (cbor.Tagged(18, {}), "malformed"),
        (cbor.Tagged(18, [PROTECTED, {}, b""]), "malformed"),
        (cbor.Tagged(18, [PROTECTED, {}, b"", bytes(64), 1]), "malformed"),
        (cbor.Tagged(18, [PROTECTED, {4: ANNA.id}, b"", bytes(64)]), "unprotected"),
        (cbor.Tagged(18, [PROTECTED, [], b"", bytes(64)]), "unprotected"),
        (cbor.Tagged(18, [PROTECTED, None, b"", bytes(64)]), "unprotected"),
        (cbor.Tagged(18, [PROTECTED, {}, None, bytes(64)]), "payload"),
        (cbor.Tagged(18, [PROTECTED, {}, "text", bytes(64)]), "payload"),
        (cbor.Tagged(18, [PROTECTED, {}, b"", bytes(63)]), "signature"),
        (cbor.Tagged(18, [PROTECTED, {}, b"", None]), "signature"),
        (cbor.Tagged(18, [cbor.decode(PROTECTED), {}, b"", bytes(64)]), "header"),
        (cbor.Tagged(18, [b"", {}, b"", bytes(64)]), "header"),
        (cbor.Tagged(18, [b"\xa0", {}, b"", bytes(64)]), "algorithm"),
        (cbor.Tagged(18, [b"\x80", {}, b"", bytes(64)]), "header"),
    ],
)
def test_forms_of_sign1_that_are_refused(message, code):
    assert code_of(cose.parse_sign1, cbor.encode(message), cose.CT_COMMAND) == code


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({1: -8, 3: cose.CT_COMMAND, 4: ANNA.id}, "algorithm"),
        ({1: -7, 3: cose.CT_COMMAND, 4: ANNA.id}, "algorithm"),
        ({3: cose.CT_COMMAND, 4: ANNA.id}, "algorithm"),
        ({1: -19, 4: ANNA.id}, "content-type"),
        ({1: -19, 3: 60, 4: ANNA.id}, "content-type"),
        ({1: -19, 3: cose.CT_COMMAND}, "key-id"),
        ({1: -19, 3: cose.CT_COMMAND, 4: ANNA.id[:-1]}, "key-id"),
        ({1: -19, 3: cose.CT_COMMAND, 4: ANNA.id + b"\0"}, "key-id"),
        ({1: -19, 3: cose.CT_COMMAND, 4: "text"}, "key-id"),
        ({1: -19, 2: [4], 3: cose.CT_COMMAND, 4: ANNA.id}, "header"),
        ({1: -19, 3: cose.CT_COMMAND, 4: ANNA.id, 258: "x"}, "header"),
        ({1: -19, 3: cose.CT_COMMAND, 4: ANNA.id, "x": ANNA.id}, "header"),
    ],
)
def test_protected_headers_that_are_refused(header, code):
    protected = cbor.encode(header)
    signature = ANNA.sign(cose.signature1_structure(protected, b""))
    data = cbor.encode(cbor.Tagged(18, [protected, {}, b"", signature]))
    assert code_of(cose.parse_sign1, data, cose.CT_COMMAND) == code


def test_a_header_in_another_encoding_is_refused():
    for protected in (PROTECTED.replace(b"\x01\x32", b"\x01\x38\x12"), b"\xbf" + PROTECTED[1:] + b"\xff", PROTECTED + b"\0"):
        data = cbor.encode(cbor.Tagged(18, [protected, {}, b"", bytes(64)]))
        assert code_of(cose.parse_sign1, data, cose.CT_COMMAND) == "header"


BODY, SIGNER = cose._body_protected(cose.CT_KEYSET), cose._signer_protected(ANNA.id)


@pytest.mark.parametrize(
    ("body", "entries", "code"),
    [
        (BODY, [], "signature"),
        (BODY, b"", "signature"),
        (BODY, [[SIGNER, {}]], "signature"),
        (BODY, [{}], "signature"),
        (BODY, [[SIGNER, {1: 2}, bytes(64)]], "unprotected"),
        (BODY, [[SIGNER, {}, bytes(65)]], "signature"),
        (BODY, [[None, {}, bytes(64)]], "header"),
        (BODY, [[b"", {}, bytes(64)]], "header"),
        (BODY, [[cbor.encode({1: -8, 4: ANNA.id}), {}, bytes(64)]], "algorithm"),
        (BODY, [[cbor.encode({1: -19}), {}, bytes(64)]], "key-id"),
        (BODY, [[cbor.encode({1: -19, 3: "x", 4: ANNA.id}), {}, bytes(64)]], "header"),
        (BODY, [[SIGNER, {}, bytes(64)]] * 2, "duplicate-signature"),
        (BODY, [[SIGNER, {}, bytes(64)]] * 9, "too-many-signatures"),
        (cbor.encode({1: -19, 3: cose.CT_KEYSET}), [[SIGNER, {}, bytes(64)]], "header"),
        (b"", [[SIGNER, {}, bytes(64)]], "header"),
        (b"\xa0", [[SIGNER, {}, bytes(64)]], "content-type"),
    ],
)
def test_forms_of_sign_that_are_refused(body, entries, code):
    data = cbor.encode(cbor.Tagged(98, [body, {}, b"", entries]))
    assert code_of(cose.parse_sign, data, cose.CT_KEYSET) == code


def test_sizes_are_bounded():
    assert code_of(cose.parse_sign1, MESSAGE, cose.CT_COMMAND, len(MESSAGE) - 1) == "too-large"
    assert code_of(cose.parse_sign, MESSAGES, cose.CT_KEYSET, len(MESSAGES) - 1) == "too-large"
    assert code_of(cose.sign1, b"", cose.CT_COMMAND, ANNA.id, lambda message: b"short") == "signature"
    assert code_of(cose.sign, b"", cose.CT_COMMAND, [(ANNA.id, ANNA.sign)] * 2) == "duplicate-signature"
    assert code_of(cose.sign, b"", cose.CT_COMMAND, []) == "signature"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_altered_messages_are_never_accepted(data):
    altered = mutated(data, MESSAGE)
    try:
        cose.verify1(cose.parse_sign1(altered, cose.CT_COMMAND), ANNA.public_key, sodium.verify)
    except CoseError:
        pass
    else:
        assert altered == MESSAGE
    altered = mutated(data, MESSAGES)
    try:
        good = cose.verified_keys(cose.parse_sign(altered, cose.CT_KEYSET), KEYS, sodium.verify)
    except CoseError:
        pass
    else:
        # Exchanging two whole signatures leaves both good; nothing else does.
        assert good != set(KEYS) or sorted(altered) == sorted(MESSAGES)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_junk_is_refused_with_a_typed_error(data):
    for parse in (cose.parse_sign1, cose.parse_sign):
        with pytest.raises(CoseError):
            parse(data, cose.CT_COMMAND)
