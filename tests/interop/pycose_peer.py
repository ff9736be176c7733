"""The other side of test_pycose: runs in an environment that holds pycose and nothing of this project.

Reads one JSON object from standard input, a list of tasks, and writes the list of results. Bytes are hex.
"""

import json
import sys

import cbor2
from pycose import algorithms, headers
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.keys.keyops import SignOp, VerifyOp
from pycose.messages import CoseMessage, Sign1Message, SignMessage
from pycose.messages.signer import CoseSignature


@algorithms.CoseAlgorithm.register_attribute()
class FullySpecifiedEd25519(algorithms.EdDSA):
    """RFC 9864's number for what pycose knows as -8 with an Ed25519 key; the mathematics is pycose's own."""

    identifier = -19
    fullname = "ED25519"


def verify_key(task):
    return OKPKey(crv=Ed25519, x=bytes.fromhex(task["public_key"]), optional_params={"KEY_OPS": [VerifyOp]})


def sign_key(task):
    return OKPKey(
        crv=Ed25519,
        x=bytes.fromhex(task["public_key"]),
        d=bytes.fromhex(task["seed"]),
        optional_params={"KEY_OPS": [SignOp, VerifyOp]},
    )


def stated(part):
    """What a message's headers say, protected and unprotected apart."""

    def plain(header):
        return {str(key.identifier): value.hex() if isinstance(value, bytes) else value for key, value in header.items()}

    protected = {key: value for key, value in part.phdr.items() if key is not headers.Algorithm}
    algorithm = part.phdr.get(headers.Algorithm)
    return {"algorithm": algorithm and algorithm.identifier, "protected": plain(protected), "unprotected": plain(part.uhdr)}


def verify1(task):
    message = CoseMessage.decode(bytes.fromhex(task["message"]))
    assert isinstance(message, Sign1Message)
    message.key = verify_key(task)
    return {
        "good": message.verify_signature(),
        "payload": message.payload.hex(),
        "headers": stated(message),
        "fields": sorted(cbor2.loads(message.payload)),
    }


def verify_many(task):
    message = CoseMessage.decode(bytes.fromhex(task["message"]))
    assert isinstance(message, SignMessage)
    good = []
    for signer, public_key in zip(message.signers, task["public_keys"], strict=True):
        signer.key = verify_key({"public_key": public_key})
        good.append(signer.verify_signature())
    return {
        "good": good,
        "payload": message.payload.hex(),
        "headers": stated(message),
        "signers": [stated(signer) for signer in message.signers],
    }


def protected_of(task):
    kid = {headers.KID: bytes.fromhex(task["key_id"])}
    content_type = {headers.ContentType: task["content_type"]} if task.get("content_type") else {}
    return {headers.Algorithm: FullySpecifiedEd25519, **content_type, **kid}


def sign1(task):
    message = Sign1Message(phdr=protected_of(task), uhdr={}, payload=bytes.fromhex(task["payload"]))
    message.key = sign_key(task)
    return {"message": message.encode().hex()}


def sign1_loosely(task):
    """As a library does it when left to itself: algorithm -8, the key id unprotected."""
    message = Sign1Message(
        phdr={headers.Algorithm: algorithms.EdDSA, headers.ContentType: task["content_type"]},
        uhdr={headers.KID: bytes.fromhex(task["key_id"])},
        payload=bytes.fromhex(task["payload"]),
    )
    message.key = sign_key(task)
    return {"message": message.encode().hex()}


def sign_many(task):
    signers = []
    for signer in task["signers"]:
        signature = CoseSignature(phdr=protected_of(signer), uhdr={})
        signature.key = sign_key(signer)
        signers.append(signature)
    message = SignMessage(
        phdr={headers.ContentType: task["content_type"]}, uhdr={}, payload=bytes.fromhex(task["payload"]), signers=signers
    )
    return {"message": message.encode().hex()}


TASKS = {task.__name__: task for task in (verify1, verify_many, sign1, sign1_loosely, sign_many)}

if __name__ == "__main__":
    json.dump([TASKS[task["do"]](task) for task in json.load(sys.stdin)], sys.stdout)
