"""pycose, an implementation that nobody here wrote, verifies what we sign; and we accept what it signs."""

import json
import os
import pathlib

import pytest

from leither_edge.core import cbor, cose
from leither_edge.core.command import encode_answer, encode_command, open_answer, open_command
from leither_edge.core.delegation import encode_pass, open_pass
from leither_edge.core.keyset import encode_keyset, open_rotation
from leither_edge.crypto import sodium
from tests.core import golden
from tests.own_environment import python_of, run

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def pycose():
    """Has pycose do a list of tasks: ([{"do": ...}, ...]) -> [{...}, ...]."""
    # pycose brings its own CBOR library and OpenSSL.
    python = python_of("pycose")
    # Nothing of this project is importable there: an independent judge must not use our code.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    peer = pathlib.Path(__file__).parent / "pycose_peer.py"

    def work(tasks):
        return json.loads(run(str(python), "-I", str(peer), input=json.dumps(tasks), env=environment))

    return work


def key_fields(key):
    return {"seed": key.seed.hex(), "public_key": key.public_key.hex(), "key_id": key.id.hex()}


def test_pycose_verifies_what_we_sign(pycose):
    cases = []
    for name, (signer, command) in golden.COMMANDS.items():
        cases.append((golden.SIGNED_COMMANDS[name], signer, cose.CT_COMMAND, encode_command(command)))
    for name, answer in golden.ANSWERS.items():
        cases.append((golden.SIGNED_ANSWERS[name], golden.DEVICE, cose.CT_ANSWER, encode_answer(answer)))
    for name, given in golden.PASSES.items():
        cases.append((golden.SIGNED_PASSES[name], golden.OWNER, cose.CT_PASS, encode_pass(given)))
    tasks = [{"do": "verify1", "message": data.hex(), "public_key": signer.public_key.hex()} for data, signer, _, _ in cases]
    for result, (_, signer, content_type, payload) in zip(pycose(tasks), cases, strict=True):
        assert result["good"] is True
        assert result["payload"] == payload.hex()
        assert result["fields"] == sorted(cbor.decode(payload))
        # The key id stands in the protected header, under its number 4, and nothing is unprotected.
        assert result["headers"] == {
            "algorithm": -19,
            "protected": {"3": content_type, "4": signer.id.hex()},
            "unprotected": {},
        }


def test_pycose_refuses_what_we_refuse(pycose):
    data = golden.SIGNED_COMMANDS["status"]
    tampered = [data[:-1] + bytes([data[-1] ^ 1]), data.replace(b"status", b"reboot")]
    tasks = [{"do": "verify1", "message": case.hex(), "public_key": golden.OWNER.public_key.hex()} for case in tampered]
    tasks.append({"do": "verify1", "message": data.hex(), "public_key": golden.PHONE.public_key.hex()})
    assert [result["good"] for result in pycose(tasks)] == [False] * 3
    for case in tampered:
        _, message = open_command(case)
        with pytest.raises(cose.BadSignature):
            cose.verify1(message, golden.OWNER.public_key, sodium.verify)


def test_pycose_verifies_our_keysets(pycose):
    tasks = [
        {
            "do": "verify_many",
            "message": golden.SIGNED_KEYSETS[name].hex(),
            "public_keys": [golden.KEYS[key].public_key.hex() for key in golden.KEYSET_SIGNERS[name]],
        }
        for name in golden.KEYSETS
    ]
    for result, (name, keyset) in zip(pycose(tasks), golden.KEYSETS.items(), strict=True):
        assert result["good"] == [True] * len(golden.KEYSET_SIGNERS[name])
        assert result["payload"] == encode_keyset(keyset).hex()
        assert result["headers"] == {"algorithm": None, "protected": {"3": cose.CT_KEYSET}, "unprotected": {}}
        assert result["signers"] == [
            {"algorithm": -19, "protected": {"4": golden.KEYS[key].id.hex()}, "unprotected": {}}
            for key in golden.KEYSET_SIGNERS[name]
        ]


def test_we_accept_what_pycose_signs(pycose):
    tasks, expected = [], []

    def sign1(payload, content_type, key, message):
        tasks.append({"do": "sign1", "payload": payload.hex(), "content_type": content_type, **key_fields(key)})
        expected.append(message)

    for name, (signer, command) in golden.COMMANDS.items():
        sign1(encode_command(command), cose.CT_COMMAND, signer, golden.SIGNED_COMMANDS[name])
    for name, answer in golden.ANSWERS.items():
        sign1(encode_answer(answer), cose.CT_ANSWER, golden.DEVICE, golden.SIGNED_ANSWERS[name])
    for name, given in golden.PASSES.items():
        sign1(encode_pass(given), cose.CT_PASS, golden.OWNER, golden.SIGNED_PASSES[name])
    name = "second owner, a viewer, roots"
    signers = [key_fields(golden.KEYS[key]) for key in golden.KEYSET_SIGNERS[name]]
    payload = encode_keyset(golden.KEYSETS[name])
    tasks.append({"do": "sign_many", "payload": payload.hex(), "content_type": cose.CT_KEYSET, "signers": signers})
    expected.append(golden.SIGNED_KEYSETS[name])

    made = [bytes.fromhex(result["message"]) for result in pycose(tasks)]
    # Ed25519 and the encoding are both deterministic, so the two agree to the byte.
    assert made == expected
    command, message = open_command(made[0])
    cose.verify1(message, golden.OWNER.public_key, sodium.verify)
    assert command == golden.COMMANDS["status"][1]
    count = len(golden.COMMANDS)
    assert open_answer(made[count], golden.DEVICE.public_key, sodium.verify) == golden.ANSWERS["done"]
    count += len(golden.ANSWERS)
    assert open_pass(made[count], golden.OWNER.public_key, sodium.verify) == golden.PASSES["operator everywhere"]
    assert open_rotation(golden.KEYSETS["first"], made[-1], sodium.verify) == golden.KEYSETS[name]


def test_we_refuse_what_a_library_signs_by_default(pycose):
    payload = encode_command(golden.COMMANDS["status"][1])
    task = {"do": "sign1_loosely", "payload": payload.hex(), "content_type": cose.CT_COMMAND, **key_fields(golden.OWNER)}
    (result,) = pycose([task])
    with pytest.raises(cose.CoseError) as refusal:
        open_command(bytes.fromhex(result["message"]))
    assert refusal.value.code == "unprotected"
