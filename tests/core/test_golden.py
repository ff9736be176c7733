"""The pinned bytes: what is signed today verifies tomorrow, and in every other implementation."""

import json

import pytest

from leither_edge.core import audit, cbor, cose
from leither_edge.core.command import open_answer, open_command
from leither_edge.core.delegation import open_pass
from leither_edge.core.keyset import parse_keyset
from leither_edge.crypto import sodium
from tests.core import golden

VECTORS = json.loads(golden.PATH.read_text())


def test_the_vectors_are_those_that_the_code_makes():
    assert golden.to_text(golden.build()) == golden.PATH.read_text()


def key(name):
    return bytes.fromhex(VECTORS["keys"][name]["public_key"])


@pytest.mark.parametrize("case", VECTORS["commands"], ids=lambda case: case["name"])
def test_commands(case):
    command, message = open_command(bytes.fromhex(case["message"]))
    cose.verify1(message, key(case["signer"]), sodium.verify)
    assert golden._fields(command) == case["fields"]


@pytest.mark.parametrize("case", VECTORS["answers"], ids=lambda case: case["name"])
def test_answers(case):
    answer = open_answer(bytes.fromhex(case["message"]), key(case["signer"]), sodium.verify)
    assert golden._fields(answer) == case["fields"]


@pytest.mark.parametrize("case", VECTORS["passes"], ids=lambda case: case["name"])
def test_passes(case):
    given = open_pass(bytes.fromhex(case["message"]), key(case["signer"]), sodium.verify)
    assert golden._fields(given) == case["fields"]


@pytest.mark.parametrize("case", VECTORS["keysets"], ids=lambda case: case["name"])
def test_keysets(case):
    message = cose.parse_sign(bytes.fromhex(case["message"]), cose.CT_KEYSET)
    keys = {bytes.fromhex(entry["id"]): bytes.fromhex(entry["public_key"]) for entry in VECTORS["keys"].values()}
    signers = {bytes.fromhex(VECTORS["keys"][name]["id"]) for name in case["signers"]}
    assert cose.verified_keys(message, keys, sodium.verify) == signers
    assert golden._fields(parse_keyset(message.payload)) == case["fields"]


def test_audit_chain():
    entries = [bytes.fromhex(entry["entry"]) for entry in VECTORS["audit"]]
    assert audit.verify_chain(entries).hash.hex() == VECTORS["audit"][-1]["hash"]


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_refused(case):
    with pytest.raises(cose.CoseError) as refusal:
        cose.parse_sign1(bytes.fromhex(case["message"]), case["content_type"])
    assert refusal.value.code == case["code"]


@pytest.mark.parametrize("case", VECTORS["cbor_refused"], ids=lambda case: case["name"])
def test_cbor_refused(case):
    with pytest.raises(cbor.CborError) as refusal:
        cbor.decode(bytes.fromhex(case["data"]))
    assert refusal.value.code == case["code"]
