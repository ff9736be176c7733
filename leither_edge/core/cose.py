"""COSE_Sign1 and COSE_Sign (RFC 9052), held to one form.

One algorithm, Ed25519 under its fully specified number (RFC 9864). The key id and a content type stand in the protected
header and nothing else does; the unprotected header is empty; the payload is attached; there is no external data. The
content type keeps each kind of signed thing apart: a command never passes as a keyset.
"""

from collections import namedtuple

from leither_edge.core import cbor
from leither_edge.core.ids import ID_BYTES, key_id

ALG_ED25519 = -19
SIGNATURE_BYTES = 64
TAG_SIGN1 = 18
TAG_SIGN = 98
MAX_SIGNATURES = 8

CT_COMMAND = "application/leither-command+cbor"
CT_ANSWER = "application/leither-answer+cbor"
CT_PASS = "application/leither-pass+cbor"
CT_KEYSET = "application/leither-keyset+cbor"
CT_CLAIM = "application/leither-claim+cbor"
CT_DEVICE = "application/leither-device+cbor"
CT_AUDIT = "application/leither-audit+cbor"
CT_TRANSFER = "application/leither-transfer+cbor"
CT_COMMITTEE = "application/leither-committee+cbor"
CT_HEADER = "application/leither-header+cbor"
CT_QUESTION = "application/leither-question+cbor"
CT_MANIFEST = "application/leither-manifest+cbor"
CT_CHANNEL_KEY = "application/leither-channel-key+cbor"
CT_SEALED_HEAD = "application/leither-sealed-head+cbor"

_ALGORITHM, _CONTENT_TYPE, _KEY_ID = 1, 3, 4

Sign1 = namedtuple("Sign1", ("payload", "key_id", "protected", "signature", "to_be_signed"))
Sign = namedtuple("Sign", ("payload", "signatures"))
Signature = namedtuple("Signature", ("key_id", "signature", "to_be_signed"))


class CoseError(ValueError):
    """Not a signed message of this product's form.

    Args: code (a short word for programs), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class BadSignature(CoseError):
    """The form is right, but the signature is not good, or is another key's."""


def sign1(payload, content_type, key_id, sign):
    """A COSE_Sign1 message.

    Args: payload (bytes), content_type (text), key_id (20 bytes), sign (message -> 64 bytes).
    """
    protected = _protected(content_type, key_id)
    signature = _signed(sign, signature1_structure(protected, payload))
    return cbor.encode(cbor.Tagged(TAG_SIGN1, [protected, {}, payload, signature]))


def to_be_signed1(payload, content_type, key_id):
    """What the key signs in a COSE_Sign1 message. Args: as for sign1."""
    return signature1_structure(_protected(content_type, key_id), payload)


def parse_sign1(data, content_type, max_bytes=cbor.MAX_BYTES):
    """Reads a COSE_Sign1 message; the signature is not checked here.

    Raises CoseError: malformed, too-large, not-sign1, header, algorithm, content-type, key-id, unprotected, payload, signature.
    """
    protected, payload, signature = _read_message(data, TAG_SIGN1, "not-sign1", max_bytes)
    if not isinstance(signature, bytes) or len(signature) != SIGNATURE_BYTES:
        raise CoseError("signature", "a signature has 64 bytes")
    kid = protected[-ID_BYTES:]
    if len(kid) != ID_BYTES or protected != _protected(content_type, kid):
        raise _header_error(protected, (_ALGORITHM, _CONTENT_TYPE, _KEY_ID), content_type)
    return Sign1(payload, kid, protected, signature, signature1_structure(protected, payload))


def verify1(message, public_key, verify):
    """Checks a parsed COSE_Sign1 message against a key. Raises BadSignature.

    Args: message (Sign1), public_key (32 bytes), verify ((signature, message, public_key) -> bool).
    """
    if key_id(public_key) != message.key_id:
        raise BadSignature("bad-signature", "the message is signed by another key")
    if not verify(message.signature, message.to_be_signed, public_key):
        raise BadSignature("bad-signature", "the signature is not good")


def sign(payload, content_type, signers):
    """A COSE_Sign message with a signature of each signer.

    Args: payload (bytes), content_type (text), signers ([(key id, message -> 64 bytes), ...], at least one, each key once).
    """
    body = _body_protected(content_type)
    signatures = []
    for kid, sign_message in signers:
        protected = _signer_protected(kid)
        signature = _signed(sign_message, signature_structure(body, protected, payload))
        signatures.append([protected, {}, signature])
    message = cbor.encode(cbor.Tagged(TAG_SIGN, [body, {}, payload, signatures]))
    parse_sign(message, content_type, len(message), len(signatures))
    return message


def parse_sign(data, content_type, max_bytes=cbor.MAX_BYTES, max_signatures=MAX_SIGNATURES):
    """Reads a COSE_Sign message; the signatures are not checked here.

    Raises CoseError: as parse_sign1, not-sign, too-many-signatures, duplicate-signature.
    """
    body, payload, entries = _read_message(data, TAG_SIGN, "not-sign", max_bytes)
    if body != _body_protected(content_type):
        raise _header_error(body, (_CONTENT_TYPE,), content_type)
    if not isinstance(entries, list) or not entries:
        raise CoseError("signature", "the message carries no signature")
    if len(entries) > max_signatures:
        raise CoseError("too-many-signatures", f"{len(entries)} signatures where at most {max_signatures} are taken")
    signatures = []
    seen = set()
    for entry in entries:
        if not isinstance(entry, list) or len(entry) != 3:
            raise CoseError("signature", "a signature is an array of three")
        protected, unprotected, signature = entry
        if unprotected != {}:
            raise CoseError("unprotected", "the unprotected header must be an empty map")
        if not isinstance(signature, bytes) or len(signature) != SIGNATURE_BYTES:
            raise CoseError("signature", "a signature has 64 bytes")
        if not isinstance(protected, bytes):
            raise CoseError("header", "the protected header is not a byte string")
        kid = protected[-ID_BYTES:]
        if len(kid) != ID_BYTES or protected != _signer_protected(kid):
            raise _header_error(protected, (_ALGORITHM, _KEY_ID), None)
        if kid in seen:
            raise CoseError("duplicate-signature", "a key has signed twice")
        seen.add(kid)
        signatures.append(Signature(kid, signature, signature_structure(body, protected, payload)))
    return Sign(payload, signatures)


def verified_keys(message, public_keys, verify):
    """The ids of the known keys that signed. Raises BadSignature if a known key's signature is not good.

    Args: message (Sign), public_keys ({key id: 32 bytes}; signatures of other keys are passed over), verify as for verify1.
    """
    good = set()
    for entry in message.signatures:
        public_key = public_keys.get(entry.key_id)
        if public_key is None:
            continue
        if key_id(public_key) != entry.key_id or not verify(entry.signature, entry.to_be_signed, public_key):
            raise BadSignature("bad-signature", "one of the signatures is not good")
        good.add(entry.key_id)
    return good


def signature1_structure(protected, payload):
    """What a COSE_Sign1 signature covers (RFC 9052 section 4.4), without external data."""
    return cbor.encode(["Signature1", protected, b"", payload])


def signature_structure(body_protected, signer_protected, payload):
    """What one signature of a COSE_Sign covers (RFC 9052 section 4.4), without external data."""
    return cbor.encode(["Signature", body_protected, signer_protected, b"", payload])


def _protected(content_type, kid):
    return cbor.encode({_ALGORITHM: ALG_ED25519, _CONTENT_TYPE: content_type, _KEY_ID: kid})


def _body_protected(content_type):
    return cbor.encode({_CONTENT_TYPE: content_type})


def _signer_protected(kid):
    return cbor.encode({_ALGORITHM: ALG_ED25519, _KEY_ID: kid})


def _signed(sign_message, to_be_signed):
    signature = sign_message(to_be_signed)
    if len(signature) != SIGNATURE_BYTES:
        raise CoseError("signature", "a signature has 64 bytes")
    return signature


def _read_message(data, tag, wrong_tag, max_bytes):
    """The protected header, the payload and the fourth element of a message."""
    try:
        message = cbor.decode(data, max_bytes)
    except cbor.CborError as error:
        code = "too-large" if error.code == "too-large" else "malformed"
        raise CoseError(code, f"not a signed message: {error}") from None
    if not isinstance(message, cbor.Tagged) or message.tag != tag:
        raise CoseError(wrong_tag, f"not a signed message: CBOR tag {tag} is missing")
    if not isinstance(message.value, list) or len(message.value) != 4:
        raise CoseError("malformed", "a signed message is an array of four")
    protected, unprotected, payload, last = message.value
    if unprotected != {}:
        raise CoseError("unprotected", "the unprotected header must be an empty map")
    if not isinstance(payload, bytes):
        raise CoseError("payload", "the payload must stand in the message as bytes")
    if not isinstance(protected, bytes):
        raise CoseError("header", "the protected header is not a byte string")
    return protected, payload, last


def _header_error(protected, wanted, content_type):
    """Says what is wrong with a protected header that is not the expected one."""
    try:
        header = cbor.decode(protected, max_bytes=1024, max_depth=2)
    except cbor.CborError as error:
        return CoseError("header", f"the protected header is malformed: {error}")
    if not isinstance(header, dict):
        return CoseError("header", "the protected header is not a map")
    if _ALGORITHM in wanted and header.get(_ALGORITHM) != ALG_ED25519:
        return CoseError("algorithm", "the algorithm must be Ed25519, number -19, in the protected header")
    if _CONTENT_TYPE in wanted and header.get(_CONTENT_TYPE) != content_type:
        return CoseError("content-type", f"this is not a message of type {content_type}")
    if _KEY_ID in wanted and (not isinstance(header.get(_KEY_ID), bytes) or len(header[_KEY_ID]) != ID_BYTES):
        return CoseError("key-id", "a key id of 20 bytes must stand in the protected header")
    return CoseError("header", "the protected header has a field that is not known here")
