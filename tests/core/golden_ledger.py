"""Builds the ledger's golden vectors from fixed seeds. ``python -m tests.core.golden_ledger`` writes them to vectors/ledger.json.

What is expected comes from tests/ledger/naive_tree.py and hashlib where it can, so that core is not its own judge.
"""

import hashlib
import json
import pathlib

from leither_edge.core import cbor, cose
from leither_edge.core.accounts import TREASURY, system_account
from leither_edge.core.transfer import Transfer, check_signatures, encode_transfer, kind, missing, read_transfer, sign_transfer
from leither_edge.crypto import sodium
from tests.core.golden_receipt import certificates, headers, receipts, signed_headers
from tests.core.golden_tree import (
    ANNA,
    BO,
    CLEO,
    KEYS,
    ORGANIZATION,
    OTHER,
    STRANGER,
    TREASURER,
    leaves_and_branches,
    multi_proofs,
    proofs,
    transaction_sets,
    trees,
)
from tests.core.ledger_vectors import run

PATH = pathlib.Path(__file__).parent / "vectors" / "ledger.json"

ABOUT = {
    "bytes": "hex",
    "numbers": "decimal text, since some are above 2^53; a depth is a JSON number",
    "error": "a case that has it is refused, with this field named; one that has none is good",
    "good_signatures": "SHA-256 of signature, public key and message one after the other, of every Ed25519 signature that any case asks"
    " about and that is good; for a runtime without Ed25519. All others are bad.",
    "keys": "seed, public key and id of those who sign",
    "leaf": "pulse, amount, account -> record, hash",
    "branch": "depth, left_sum, left_hash, right_sum, right_hash -> record, hash",
    "tree": "leaves [[account, pulse, amount], ...] -> root, total, proofs: of each leaf's account in that order",
    "proof": "proof, account, root, total -> pulse (null where absent), amount",
    "multi_proof": "proof, accounts, root, total -> found [[pulse or null, amount], ...] in the order of accounts",
    "header": "payload -> its twelve fields and hash",
    "transaction_set": "ids in rising order -> root, paths: of each id in that order",
    "inclusion": "transaction, path -> root",
    "certificate": "message, organization (id) -> its five fields; payload",
    "signed_header": "message, certificate (message), organization (id) -> payload",
    "transfer": "message, treasurer (key id), offer (true: some may be missing) -> id, transfer_kind, missing (key ids); code beside error",
    "receipt": "receipt, organization (id) -> account, pulse, time, amount, changed (null where absent), transaction (empty for none)",
}

BOX = system_account(TREASURY)


def _transfer(payers, payees, people, **more):
    keys = tuple(sorted(key.public_key for key in people))
    made = Transfer(ORGANIZATION.id, tuple(sorted(payers)), tuple(sorted(payees)), keys, b"\x44" * 32, 3677, 0, None, None, None)
    return made._replace(**more)


ISSUE = _transfer([], [(BOX, 10_000)], [TREASURER], reason="first points of the club", evidence=b"\x55" * 32)
GRANT = _transfer([(BOX, 300)], [(ANNA.id, 100), (BO.id, 200)], [ANNA, BO, TREASURER], reason="Küche 厨房")
PAY = _transfer([(ANNA.id, 30)], [(BO.id, 30)], [ANNA, BO], memo_hash=b"\x66" * 32)
DUES = _transfer([(ANNA.id, 7)], [(BOX, 7)], [ANNA, TREASURER])


def raw_transfer(changes, signers=(ANNA, BO), transfer=PAY):
    plain = cbor.decode(encode_transfer(transfer))
    plain.update(changes)
    payload = cbor.encode({key: value for key, value in plain.items() if value is not None})
    return cose.sign(payload, cose.CT_TRANSFER, [(key.id, key.sign) for key in signers])


def transfers():
    cases = []
    for name, transfer, people, offer in (
        ("an issue", ISSUE, (TREASURER,), False),
        ("a grant", GRANT, (TREASURER, ANNA, BO), False),
        ("a grant that is offered", GRANT, (TREASURER,), True),
        ("a transfer", PAY, (ANNA, BO), False),
        ("a transfer signed in another order", PAY, (BO, ANNA), False),
        ("a transfer that is offered", PAY, (ANNA,), True),
        ("dues", DUES, (ANNA, TREASURER), False),
    ):
        data = sign_transfer(transfer, [(key.id, key.sign) for key in people])
        signed = read_transfer(data)
        check_signatures(signed, TREASURER.id, sodium.verify, offer)
        cases.append({
            "name": name, "message": data, "treasurer": TREASURER.id, "offer": offer,
            "id": hashlib.sha256(encode_transfer(transfer)).digest(), "transfer_kind": kind(transfer),
            "missing": missing(signed, TREASURER.id),
        })  # fmt: skip
    message = raw_transfer({})
    entries = cbor.decode(message).value
    doubled = cbor.encode(cbor.Tagged(98, [*entries[:3], [entries[3][0], *entries[3]]]))
    stranger_treasurer = raw_transfer({4: [STRANGER.public_key]}, (STRANGER,), ISSUE)
    grant = {"transfer": GRANT, "signers": (TREASURER, ANNA, BO)}
    issue = {"transfer": ISSUE, "signers": (TREASURER,)}
    anna, bo = ANNA.id, BO.id
    for name, data, code, error in (
        ("a missing signature", raw_transfer({}, (ANNA,)), "signature-missing", "signatures"),
        ("the payer's signature missing", raw_transfer({}, (BO,)), "signature-missing", "signatures"),
        ("a doubled signature", doubled, "duplicate-signature", "signatures"),
        ("a stranger's signature", raw_transfer({}, (ANNA, BO, STRANGER)), "stranger", "signatures"),
        ("an issue signed by a stranger", stranger_treasurer, "stranger", "signatures"),
        ("a grant without the treasurer", raw_transfer({}, (ANNA, BO), GRANT), "signature-missing", "signatures"),
        ("a changed signature", message[:-1] + bytes([message[-1] ^ 1]), "bad-signature", "signatures"),
        ("another organization than was signed", message.replace(ORGANIZATION.id, OTHER.id), "bad-signature", "signatures"),
        ("payer equal to payee", raw_transfer({3: [[anna, 30]]}), "same-account", "payees"),
        ("amount zero", raw_transfer({2: [[anna, 0]], 3: [[bo, 0]]}), "amount", "payers"),
        ("amount below zero", raw_transfer({2: [[anna, -1]], 3: [[bo, -1]]}), "amount", "payers"),
        ("amount 2^53", raw_transfer({2: [[anna, 1 << 53]], 3: [[bo, 1 << 53]]}), "amount", "payers"),
        ("more taken than given", raw_transfer({3: [[bo, 31]]}), "unbalanced", "payees"),
        ("nobody pays a member", raw_transfer({2: []}), "issue", "payees"),
        ("nobody is paid", raw_transfer({3: []}), "malformed", "payees"),
        ("an account twice", raw_transfer({2: [[anna, 15], [anna, 15]]}), "malformed", "payers"),
        ("the treasury and a member pay", raw_transfer({2: sorted([[BOX, 100], [CLEO.id, 200]])}, **grant), "grant", "payers"),
        ("an issue without a reason", raw_transfer({9: None}, **issue), "reason", "reason"),
        ("a grant without a reason", raw_transfer({9: None}, **grant), "reason", "reason"),
        ("a transfer with a reason", raw_transfer({9: "rent"}), "reason", "reason"),
        ("a transfer with evidence", raw_transfer({10: bytes(32)}), "evidence", "evidence"),
        ("a deposit", raw_transfer({7: 1}), "deposit", "deposit"),
        ("keys of others", raw_transfer({4: sorted([ANNA.public_key, CLEO.public_key])}), "keys", "keys"),
        ("keys falling", raw_transfer({4: list(PAY.keys[::-1])}), "malformed", "keys"),
        ("an anchor of 20 bytes", raw_transfer({5: bytes(20)}), "malformed", "anchor"),
        ("no expiry", raw_transfer({6: None}), "malformed", "expires"),
        ("another content type", cose.sign(encode_transfer(PAY), cose.CT_HEADER, [(anna, ANNA.sign)]), "content-type", "transfer"),
    ):
        cases.append({"name": name, "message": data, "treasurer": TREASURER.id, "offer": False, "code": code, "error": error})
    return cases


_asked = set()


def _verify(signature, message, public_key):
    """libsodium's check, and a note of what it found good."""
    good = sodium.verify(signature, message, public_key)
    if good:
        _asked.add(digest(signature, message, public_key))
    return good


def digest(signature, message, public_key):
    """How a good signature is listed."""
    return hashlib.sha256(signature + public_key + message).hexdigest()


def _json(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {key: item if key == "depth" else _json(item) for key, item in value.items()}
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def build():
    """The vectors as a JSON value."""
    leaf, branch = leaves_and_branches()
    sets, inclusions = transaction_sets()
    sections = {
        "leaf": leaf, "branch": branch, "tree": trees(), "proof": proofs(), "multi_proof": multi_proofs(), "header": headers(),
        "transaction_set": sets, "inclusion": inclusions, "certificate": certificates(), "signed_header": signed_headers(),
        "transfer": transfers(), "receipt": receipts(),
    }  # fmt: skip
    sections = _json(sections)
    _asked.clear()
    for section, cases in sections.items():
        for case in cases:
            run(section, case, _verify)
    keys = {name: {"seed": key.seed, "public_key": key.public_key, "id": key.id} for name, key in KEYS.items()}
    return {"about": ABOUT, "keys": _json(keys), "good_signatures": sorted(_asked), **sections}


def to_text(vectors):
    """JSON with a case a line, so that a change shows which ones it touches."""
    parts = []
    for name, section in vectors.items():
        if isinstance(section, list):
            body = "[\n" + ",\n".join("  " + json.dumps(case, ensure_ascii=False) for case in section) + "\n ]"
        else:
            body = json.dumps(section, indent=1, ensure_ascii=False).replace("\n", "\n ")
        parts.append(f" {json.dumps(name)}: {body}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    PATH.write_text(to_text(build()))
