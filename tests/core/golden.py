"""Builds the golden vectors from fixed seeds. ``python -m tests.core.golden`` writes them to vectors/commands.json.

In JSON, bytes stand as {"bytes": hex}; whole messages and keys are plain hex.
"""

import json
import pathlib

from leither_edge.core import audit, cbor, cose, keyset
from leither_edge.core.command import Answer, Command, sign_answer, sign_command
from leither_edge.core.delegation import Pass, sign_pass
from leither_edge.core.ids import id_to_text, public_key_to_text
from leither_edge.crypto.key_pair import KeyPair

PATH = pathlib.Path(__file__).parent / "vectors" / "commands.json"

KEYS = {
    name: KeyPair(bytes([number]) * 32)
    for number, name in enumerate(("device", "owner", "second_owner", "phone", "stranger", "root_1", "root_2", "root_3"), 1)
}
DEVICE, OWNER, SECOND, PHONE = (KEYS[name] for name in ("device", "owner", "second_owner", "phone"))
ROOTS = tuple(KEYS[f"root_{number}"].public_key for number in (1, 2, 3))
TIME = 1_800_000_000

PASSES = {
    "operator everywhere": Pass(OWNER.id, PHONE.public_key, None, "operator", None, TIME - 100, TIME + 86400, "phone"),
    "viewer, two verbs, one device": Pass(
        OWNER.id, PHONE.public_key, DEVICE.id, "viewer", ("status", "logs"), TIME, TIME + 1, "厨房 phone"
    ),
    "owner": Pass(OWNER.id, PHONE.public_key, DEVICE.id, "owner", None, 0, (1 << 53) - 1, ""),
}
SIGNED_PASSES = {name: sign_pass(given, OWNER.sign) for name, given in PASSES.items()}


def _command(number, signer, sequence, verb, arguments, expires=None, challenge=None, delegation=None, version=1):
    return Command(
        bytes([number]) * 16, DEVICE.id, signer.id, version, sequence, TIME, expires, challenge, verb, arguments, delegation
    )


COMMANDS = {
    "status": (OWNER, _command(1, OWNER, 1, "status", {})),
    "every field": (
        PHONE,
        _command(
            2,
            PHONE,
            (1 << 53) - 1,
            "config-set",
            {
                "name": "Küche 厨房",
                "share": 4096,
                "below": -1,
                "on": True,
                "off": False,
                "none": None,
                "raw": b"\x00\xff",
                "list": [1, [2, {"x": "y"}]],
                "a": 23,
                "bb": 24,
                "big": (1 << 53) - 1,
            },
            expires=TIME + 3600,
            challenge=b"\xc5" * 16,
            delegation=SIGNED_PASSES["operator everywhere"],
            version=4_294_967_295,
        ),
    ),
    "factory reset with a challenge": (OWNER, _command(3, OWNER, 256, "factory-reset", {}, challenge=bytes(range(16)))),
}
SIGNED_COMMANDS = {name: sign_command(command, signer.sign) for name, (signer, command) in COMMANDS.items()}

ANSWERS = {
    "done": Answer(b"\x01" * 16, DEVICE.id, "done", TIME + 1, {"uptime_s": 5, "peers": []}, None, (1, b"\xaa" * 32), TIME),
    "refused": Answer(
        b"\x02" * 16, DEVICE.id, "refused", TIME, {}, {"code": "replay", "message": "sequence 1 is not above 1"}, None, TIME
    ),
    "interrupted": Answer(b"\x03" * 16, DEVICE.id, "interrupted", TIME, {}, None, (7, b"\xbb" * 32), 0),
}
SIGNED_ANSWERS = {name: sign_answer(answer, DEVICE.id, DEVICE.sign) for name, answer in ANSWERS.items()}

KEYSETS = {
    "first": keyset.first_keyset(DEVICE.id, OWNER.public_key),
    "second owner, a viewer, roots": keyset.Keyset(
        DEVICE.id,
        2,
        (("owner", OWNER.public_key), ("owner", SECOND.public_key), ("viewer", KEYS["stranger"].public_key)),
        (PHONE.id,),
        ROOTS,
    ),
}
KEYSET_SIGNERS = {"first": ("owner",), "second owner, a viewer, roots": ("owner", "second_owner")}
SIGNED_KEYSETS = {
    name: keyset.sign_keyset(value, [(KEYS[key].id, KEYS[key].sign) for key in KEYSET_SIGNERS[name]])
    for name, value in KEYSETS.items()
}

REFUSED = {
    # name: (message, content type, code of parse_sign1)
    "a keyset's bytes as a command": (SIGNED_KEYSETS["first"], cose.CT_COMMAND, "not-sign1"),
    "an answer as a command": (SIGNED_ANSWERS["done"], cose.CT_COMMAND, "content-type"),
    "a pass as a command": (SIGNED_PASSES["owner"], cose.CT_COMMAND, "content-type"),
    "algorithm -8": (
        cbor.encode(cbor.Tagged(18, [cbor.encode({1: -8, 3: cose.CT_COMMAND, 4: OWNER.id}), {}, b"", bytes(64)])),
        cose.CT_COMMAND,
        "algorithm",
    ),
    "key id unprotected": (
        cbor.encode(cbor.Tagged(18, [cbor.encode({1: -19, 3: cose.CT_COMMAND}), {4: OWNER.id}, b"", bytes(64)])),
        cose.CT_COMMAND,
        "unprotected",
    ),
    "no key id": (
        cbor.encode(cbor.Tagged(18, [cbor.encode({1: -19, 3: cose.CT_COMMAND}), {}, b"", bytes(64)])),
        cose.CT_COMMAND,
        "key-id",
    ),
    "a header field more": (
        cbor.encode(
            cbor.Tagged(18, [cbor.encode({1: -19, 3: cose.CT_COMMAND, 4: OWNER.id, 5: b""}), {}, b"", bytes(64)])
        ),
        cose.CT_COMMAND,
        "header",
    ),
    "detached payload": (
        cbor.encode(cbor.Tagged(18, [cbor.encode({1: -19, 3: cose.CT_COMMAND, 4: OWNER.id}), {}, None, bytes(64)])),
        cose.CT_COMMAND,
        "payload",
    ),
    "no tag": (SIGNED_COMMANDS["status"][1:], cose.CT_COMMAND, "not-sign1"),
    "a byte more": (SIGNED_COMMANDS["status"] + b"\x00", cose.CT_COMMAND, "malformed"),
    "a length not in its shortest form": (
        b"\xd2\x84\x59\x00" + SIGNED_COMMANDS["status"][3:], cose.CT_COMMAND, "malformed"
    ),
}

CBOR_REFUSED = {
    "indefinite array": ("9fff", "indefinite"),
    "indefinite text": ("7f6161ff", "indefinite"),
    "23 in two bytes": ("1817", "not-shortest"),
    "255 in three bytes": ("1900ff", "not-shortest"),
    "half float": ("f93c00", "float"),
    "double": ("fb3ff199999999999a", "float"),
    "undefined": ("f7", "simple"),
    "simple 32": ("f820", "simple"),
    "reserved length": ("1c", "reserved"),
    "keys out of order": ("a2020001 00".replace(" ", ""), "key-order"),
    "text key before integer key": ("a2616100 0100".replace(" ", ""), "key-order"),
    "key twice": ("a201000101", "duplicate-key"),
    "array as key": ("a18000", "key-type"),
    "text not UTF-8": ("61ff", "utf8"),
    "surrogate in text": ("63eda080", "utf8"),
    "ends early": ("8201", "truncated"),
    "huge array": ("9bffffffffffffffff", "truncated"),
    "two values": ("0000", "trailing"),
    "nine deep": ("818181818181818181" + "80", "too-deep"),
}


def _json(value):
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    return value


def _fields(record):
    return {name: _json(getattr(record, name)) for name in record._fields}


def _audit():
    head, entries = audit.EMPTY, []
    for arguments in (
        (TIME, None, 0, "boot", None, None, "done"),
        (TIME + 1, OWNER.id, 1, "reboot", b"\x11" * 32, None, "accepted"),
        (TIME + 2, OWNER.id, 1, "reboot", b"\x11" * 32, b"\x22" * 32, "done"),
    ):
        data, head = audit.append(head, *arguments)
        entries.append({"fields": _fields(audit.parse_entry(data)), "entry": data.hex(), "hash": head.hash.hex()})
    return entries


def build():
    """The vectors as a JSON value."""
    return {
        "about": "Golden vectors of Leither Edge core. Bytes inside fields are {bytes: hex}; keys, payloads and messages are hex.",
        "keys": {
            name: {
                "seed": key.seed.hex(),
                "public_key": key.public_key.hex(),
                "id": key.id.hex(),
                "id_text": id_to_text(key.id),
                "public_key_text": public_key_to_text(key.public_key),
            }
            for name, key in KEYS.items()
        },
        "commands": [
            {"name": name, "signer": _name_of(signer), "fields": _fields(command), "message": SIGNED_COMMANDS[name].hex()}
            for name, (signer, command) in COMMANDS.items()
        ],
        "answers": [
            {"name": name, "signer": "device", "fields": _fields(answer), "message": SIGNED_ANSWERS[name].hex()}
            for name, answer in ANSWERS.items()
        ],
        "passes": [
            {"name": name, "signer": "owner", "fields": _fields(given), "message": SIGNED_PASSES[name].hex()}
            for name, given in PASSES.items()
        ],
        "keysets": [
            {"name": name, "signers": KEYSET_SIGNERS[name], "fields": _fields(value), "message": SIGNED_KEYSETS[name].hex()}
            for name, value in KEYSETS.items()
        ],
        "audit": _audit(),
        "refused": [
            {"name": name, "message": message.hex(), "content_type": content_type, "code": code}
            for name, (message, content_type, code) in REFUSED.items()
        ],
        "cbor_refused": [{"name": name, "data": data, "code": code} for name, (data, code) in CBOR_REFUSED.items()],
    }


def _name_of(key):
    return next(name for name, candidate in KEYS.items() if candidate is key)


def to_text(vectors):
    return json.dumps(vectors, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(to_text(build()))
