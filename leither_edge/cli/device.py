"""A device's signed statement of itself: who it is, asked with a fresh nonce."""

from collections import namedtuple

from leither_edge.cli.failure import Failure, RefusedError, UntrustedError
from leither_edge.cli.output import clean
from leither_edge.cli.transport import TOTAL_S, request_until

NONCE_BYTES = 16
# HTTP's "Insufficient Storage": the device did nothing, since it could not write down that it would.
CANNOT_WRITE = 507
STATEMENT_MAX_BYTES = 4096

# device_id: 20 bytes; public_key: 32 bytes; versions: {text: text}; times in seconds since 1970.
Statement = namedtuple("Statement", "device_id public_key name claimed nonce versions device_time floor keyset_version")


def ask(address, timeout=TOTAL_S, connect_within=None):
    """Ask whoever is at an address for its signed statement, and check it.

    Args:
        address: an Address.
        timeout: seconds.
        connect_within: see request_until().

    Returns:
        Statement, whose signature fits the public key in it.
    """
    from leither_edge.crypto.sodium import random_bytes

    nonce = random_bytes(NONCE_BYTES)
    path, most = f"/device?nonce={nonce.hex()}", STATEMENT_MAX_BYTES * 4
    answer = request_until(address, "GET", path, timeout=timeout, max_bytes=most, connect_within=connect_within)
    if answer.status != 200 or "cbor" not in answer.content_type and "cose" not in answer.content_type:
        raise not_a_device(address, answer)
    return read_statement(answer.body, address, nonce)


def read_statement(data, address, nonce):
    """Check a statement and return it.

    Args:
        data: COSE_Sign1 bytes from the device.
        address: for messages.
        nonce: what we asked with, or None where nothing was asked.
    """
    from leither_edge.core import cbor, cose
    from leither_edge.core.ids import key_id
    from leither_edge.crypto.sodium import verify

    try:
        message = cose.parse_sign1(data, cose.CT_DEVICE, STATEMENT_MAX_BYTES)
        fields = cbor.decode(message.payload, STATEMENT_MAX_BYTES)
        statement = shape(fields)
        cose.verify1(message, statement.public_key, verify)
        if key_id(statement.public_key) != statement.device_id:
            raise ValueError("its id does not belong to its key")
        if nonce is not None and statement.nonce != nonce:
            raise ValueError("it answers another question than ours, so it may be a recording")
    except ValueError as error:
        raise UntrustedError(
            f"What {address} says about itself cannot be believed.",
            f"{clean(error, 300)}.",
            "Check the address; something may sit between you and the device.",
        ) from None
    return statement


def shape(fields):
    """Check names and types of a statement's fields."""
    if not isinstance(fields, dict):
        raise ValueError("it is not a statement")
    device_id, public_key, name, claimed, nonce, versions = (fields.get(i) for i in range(1, 7))
    device_time, floor, keyset_version = (fields.get(i) for i in range(7, 10))
    good = (
        isinstance(device_id, bytes)
        and isinstance(public_key, bytes)
        and len(public_key) == 32
        and isinstance(name, str)
        and isinstance(claimed, bool)
        and (nonce is None or isinstance(nonce, bytes))
        and isinstance(versions, dict)
        and all(type(number) is int and number >= 0 for number in (device_time, floor))
        and (keyset_version is None or type(keyset_version) is int and keyset_version >= 0)
    )
    if not good:
        raise ValueError("a field of it is missing or has the wrong type")
    return Statement(device_id, public_key, clean(name, 64), claimed, nonce, versions, device_time, floor, keyset_version or 0)


def describe(statement):
    """A statement for JSON."""
    from leither_edge.core.ids import id_to_text, public_key_to_text

    return {
        "device_id": id_to_text(statement.device_id),
        "public_key": public_key_to_text(statement.public_key),
        "device_name": statement.name,
        "claimed": statement.claimed,
        "versions": {clean(name, 64): clean(text, 64) for name, text in statement.versions.items()},
        "device_time": statement.device_time,
        "floor": statement.floor,
        "keyset_version": statement.keyset_version,
    }


def expect(statement, device_id, address, name):
    """Refuse a device that is not the one that was pinned or named.

    Args:
        statement: a checked Statement.
        device_id: the expected id's text.
        address: for messages.
        name: what the user calls the device.
    """
    from leither_edge.core.ids import id_to_text

    found = id_to_text(statement.device_id)
    if found != device_id:
        raise UntrustedError(
            f"At {address} is another device than “{name}”.",
            f"Expected {device_id}, found {found}.",
            "Addresses move on a home network: look for the right one, then leither remote move NAME ADDRESS.\n"
            "If the device was reset to factory state, it has a new identity: remove and add it.",
            code="wrong-device",
            details={"expected": device_id, "found": found},
        )


def not_a_device(address, answer):
    """The error for an answer that no device gives."""
    if answer.status == 429 or answer.status == 503:
        return Failure(f"{address} is too busy.", fix="Try again in a moment.", code="busy")
    return Failure(
        f"{address} does not answer like a Leither device.",
        f"It said HTTP {answer.status} and {answer.content_type or 'no content type'}.",
        "Check the address and the port.",
        code="not-a-device",
    )


def unsigned_refusal(address, answer):
    """Turn an HTTP error without a signature into an error; its words are shown, not believed."""
    import json

    code, sentence = "", ""
    if "json" in answer.content_type:
        try:
            body = json.loads(answer.body[:4096])
            body = body.get("error", body) if isinstance(body, dict) else {}
            if isinstance(body, dict):
                code, sentence = clean(body.get("code", ""), 32), clean(body.get("message", body.get("error", "")), 300)
        except (ValueError, RecursionError):
            pass
    elif answer.content_type.startswith("text/plain"):
        sentence = clean(answer.body[:300].decode("utf-8", "replace").strip())
        head, colon, tail = sentence.partition(": ")
        if colon and head.replace("-", "").isalpha() and head.islower():
            code, sentence = head, tail
    if not sentence or not (400 <= answer.status < 500 or answer.status == CANNOT_WRITE):
        return not_a_device(address, answer)
    return RefusedError(
        f"{address} refused.",
        sentence[:1].upper() + sentence[1:],
        code=code or "refused",
        details={"signed": False, "status": answer.status},
    )
