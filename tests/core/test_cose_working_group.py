"""The COSE working group's examples: bytes to be signed and signatures hold; the product's strict parser takes none of them.

They use algorithm -8 or ECDSA, and leave the key id unprotected, all of which this product refuses.
"""

import json
import pathlib

import pytest

from leither_edge.core import cbor, cose
from leither_edge.crypto import sodium

VECTORS = json.loads((pathlib.Path(__file__).parent / "vectors" / "cose_wg.json").read_text())
PUBLIC_KEY = bytes.fromhex(VECTORS["keys"]["ed25519"]["public_key"])
SEED = bytes.fromhex(VECTORS["keys"]["ed25519"]["seed"])
EXAMPLES = {example["file"].removesuffix(".json"): example for example in VECTORS["examples"]}

REFUSALS = {
    "eddsa-examples/eddsa-01": "content-type",
    "eddsa-examples/eddsa-02": "header",
    "eddsa-examples/eddsa-sig-01": "unprotected",
    "eddsa-examples/eddsa-sig-02": "unprotected",
    "sign-tests/sign-fail-01": "not-sign",
    "sign-tests/sign-fail-02": "header",
    "sign-tests/sign-fail-03": "header",
    "sign-tests/sign-fail-04": "header",
    "sign-tests/sign-fail-06": "content-type",
    "sign-tests/sign-fail-07": "content-type",
    "sign-tests/sign-pass-01": "content-type",
    "sign-tests/sign-pass-02": "header",
    "sign-tests/sign-pass-03": "not-sign",
    "sign1-tests/sign-fail-01": "not-sign1",
    "sign1-tests/sign-fail-02": "unprotected",
    "sign1-tests/sign-fail-03": "unprotected",
    "sign1-tests/sign-fail-04": "unprotected",
    "sign1-tests/sign-fail-06": "unprotected",
    "sign1-tests/sign-fail-07": "unprotected",
    "sign1-tests/sign-pass-01": "unprotected",
    "sign1-tests/sign-pass-02": "unprotected",
    "sign1-tests/sign-pass-03": "not-sign1",
}
# Signed with external data, or altered after signing, or with an empty header that was re-encoded: other bytes were signed.
OTHER_BYTES = {
    "sign-tests/sign-fail-06",
    "sign-tests/sign-fail-07",
    "sign-tests/sign-pass-01",
    "sign-tests/sign-pass-02",
    "sign1-tests/sign-fail-02",
    "sign1-tests/sign-fail-03",
    "sign1-tests/sign-fail-04",
    "sign1-tests/sign-fail-06",
    "sign1-tests/sign-fail-07",
    "sign1-tests/sign-pass-01",
    "sign1-tests/sign-pass-02",
    "sign-tests/sign-fail-03",
    "sign-tests/sign-fail-04",
}


def is_many(name):
    return name.startswith("sign-tests") or "eddsa-0" in name


def structure_and_signature(name):
    """The bytes to be signed, built by our functions, and the signature of an example."""
    value = cbor.decode(bytes.fromhex(EXAMPLES[name]["message"]))
    value = value.value if isinstance(value, cbor.Tagged) else value
    if is_many(name):
        protected, _, signature = value[3][0]
        return cose.signature_structure(value[0], protected, value[2]), signature
    return cose.signature1_structure(value[0], value[2]), value[3]


def test_every_example_is_judged():
    assert set(EXAMPLES) == set(REFUSALS)


@pytest.mark.parametrize("name", REFUSALS)
def test_the_strict_parser_refuses(name):
    parse = cose.parse_sign if is_many(name) else cose.parse_sign1
    with pytest.raises(cose.CoseError) as refusal:
        parse(bytes.fromhex(EXAMPLES[name]["message"]), cose.CT_COMMAND)
    assert refusal.value.code == REFUSALS[name]


@pytest.mark.parametrize("name", REFUSALS)
def test_bytes_to_be_signed(name):
    built, _ = structure_and_signature(name)
    assert (built.hex() == EXAMPLES[name]["to_be_signed"]) == (name not in OTHER_BYTES)


@pytest.mark.parametrize("name", ["eddsa-examples/eddsa-01", "eddsa-examples/eddsa-sig-01"])
def test_ed25519_signatures(name):
    built, signature = structure_and_signature(name)
    assert sodium.verify(signature, built, PUBLIC_KEY)
    assert sodium.sign(built, SEED) == signature
    assert not sodium.verify(signature, built + b"\0", PUBLIC_KEY)


@pytest.mark.parametrize("name", ["eddsa-examples/eddsa-sig-01", "sign1-tests/sign-fail-03", "sign1-tests/sign-fail-04"])
def test_the_algorithm_is_refused_even_with_the_key_id_protected(name):
    protected, _, payload, _ = cbor.decode(bytes.fromhex(EXAMPLES[name]["message"])).value
    header = {**cbor.decode(protected), 3: cose.CT_COMMAND, 4: bytes(20)}
    data = cbor.encode(cbor.Tagged(18, [cbor.encode(header), {}, payload, bytes(64)]))
    with pytest.raises(cose.CoseError) as refusal:
        cose.parse_sign1(data, cose.CT_COMMAND)
    assert refusal.value.code == "algorithm"
