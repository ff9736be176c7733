"""Builds the ledger's golden vectors from fixed seeds. ``python -m tests.core.golden_ledger`` writes them to vectors/ledger.json.

What is expected comes from tests/ledger/naive_tree.py and hashlib where it can, so that core is not its own judge.
"""

import hashlib
import json
import pathlib

from leither_edge.core import cbor, cose
from leither_edge.core.accounts import TREASURY, system_account
from leither_edge.core.committee import Certificate, encode_certificate, sign_certificate, sign_header
from leither_edge.core.header import Header, encode_header
from leither_edge.core.receipt import Receipt, encode_receipt, verify_receipt
from leither_edge.core.transaction_set import inclusion, set_root
from leither_edge.core.transfer import Transfer, check_signatures, encode_transfer, kind, missing, read_transfer, sign_transfer
from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from tests.core.ledger_vectors import run
from tests.ledger import naive_tree

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

NAMES = ("organization", "treasurer", "anna", "bo", "cleo", "stranger", "other", "member_1", "member_2", "member_3", "member_4")
KEYS = {name: KeyPair(bytes([160 + number]) * 32) for number, name in enumerate(NAMES)}
ORGANIZATION, TREASURER, ANNA, BO, CLEO, STRANGER, OTHER = (KEYS[name] for name in NAMES[:7])
MEMBERS = sorted((KEYS[name] for name in NAMES[7:]), key=lambda key: key.public_key)
TIME = 1_800_000_000
BOX = system_account(TREASURY)


def account_number(number):
    return hashlib.sha256(b"account %d" % number).digest()[:20]


def state(size):
    """{account: (pulse, amount)} of so many accounts."""
    return {account_number(number): (number * 1000, 10**number % (1 << 50) + number) for number in range(size)}


# Ids that part at the last bit, at the first, and in the middle.
CLOSE = {
    bytes(20): (1, 1),
    bytes(19) + b"\x01": (2, 2),
    b"\x00" * 10 + b"\x80" + bytes(9): ((1 << 64) - 1, 3),
    b"\xff" * 20: (4, (1 << 55)),
    ANNA.id: (70, 500),
}
TREES = {"no account": {}, **{f"{size} accounts": state(size) for size in (1, 2, 3, 20)}, "close ids": CLOSE}
TWENTY = state(20)
TWENTY_ROOT, TWENTY_TOTAL = naive_tree.root(TWENTY)
HOLDER = account_number(7)


def steps_of(proof):
    return [proof[at : at + 29] for at in range(36, len(proof), 29)]


def proofs():
    good = []
    for name, held in TREES.items():
        root, total = naive_tree.root(held)
        for account in [*list(held)[-3:], b"\x55" * 20, account_number(99)]:
            pulse, amount = held.get(account, (None, 0))
            good.append({
                "name": f"{name}: {account.hex()[:6]} {'is absent' if pulse is None else 'holds something'}",
                "proof": naive_tree.proof(held, account), "account": account, "root": root, "total": total,
                "pulse": pulse, "amount": amount,
            })  # fmt: skip
    whole = naive_tree.proof(TWENTY, HOLDER)
    leaf, steps = whole[:36], steps_of(whole)
    below = steps[0][0] + 1
    extra = [bytes([below, int(naive_tree.bits(HOLDER)[below])]) + steps[0][2:], *steps]
    swapped = [bytes([step[0], 1 - step[1]]) + step[2:] for step in steps]
    neighbour = next(account for account in TWENTY if account != HOLDER)
    joined = lambda parts: leaf + b"".join(parts)  # noqa: E731
    bad = {
        "a repeated depth": (joined([steps[0], *steps]), "depth"),
        "steps from root to leaf": (joined(steps[::-1]), "depth"),
        "depth 160": (joined([b"\xa0" + steps[0][1:], *steps[1:]]), "depth"),
        "swapped sides": (joined(swapped), "side"),
        "one side swapped": (joined([*steps[:-1], swapped[-1]]), "side"),
        "side 2": (joined([steps[0][:1] + b"\x02" + steps[0][2:], *steps[1:]]), "side"),
        "an extra sibling": (joined(extra), "root"),
        "a missing sibling": (joined(steps[1:]), "root"),
        "the top sibling missing": (joined(steps[:-1]), "root"),
        "no sibling": (leaf, "root"),
        "a sibling that holds nothing": (joined([steps[0][:2] + bytes(7) + steps[0][9:], *steps[1:]]), "sum"),
        "a sibling that holds more than any tree": (joined([steps[0][:2] + b"\xff" * 7 + steps[0][9:], *steps[1:]]), "sum"),
        "a sibling that holds one more": (joined([steps[0][:8] + bytes([steps[0][8] ^ 1]) + steps[0][9:], *steps[1:]]), "root"),
        "another sibling hash": (joined([steps[0][:-1] + bytes([steps[0][-1] ^ 1]), *steps[1:]]), "root"),
        "a leaf of amount zero": (leaf[:8] + bytes(8) + leaf[16:] + whole[36:], "amount"),
        "a leaf of 2^56": (leaf[:8] + (1 << 56).to_bytes(8, "big") + leaf[16:] + whole[36:], "amount"),
        "another amount": (leaf[:15] + bytes([leaf[15] ^ 1]) + leaf[16:] + whole[36:], "root"),
        "another pulse": (leaf[:7] + bytes([leaf[7] ^ 1]) + leaf[8:] + whole[36:], "root"),
        "a byte less": (whole[:-1], "length"),
        "a byte more": (whole + b"\x00", "length"),
        "a leaf cut short": (leaf[:35], "length"),
        "nothing, of a tree that holds something": (b"", "length"),
        "another account's": (naive_tree.proof(TWENTY, neighbour), "account"),
        "161 steps": (leaf + steps[0] * 161, "length"),
    }
    for name, (proof, error) in bad.items():
        good.append({"name": name, "proof": proof, "account": HOLDER, "root": TWENTY_ROOT, "total": TWENTY_TOTAL, "error": error})
    same = {"proof": whole, "account": HOLDER, "root": TWENTY_ROOT, "total": TWENTY_TOTAL}
    return good + [
        {"name": "another total", **same, "total": TWENTY_TOTAL + 1, "error": "total"},
        {"name": "a total of 2^56", **same, "total": 1 << 56, "error": "root"},
        {"name": "another root", **same, "root": b"\x01" * 20, "error": "root"},
        {"name": "a root of 32 bytes", **same, "root": b"\x01" * 32, "error": "root"},
        {"name": "an account of 19 bytes", **same, "account": HOLDER[:19], "error": "root"},
    ]


def multi_proofs():
    cases = []
    for name, held in TREES.items():
        root, total = naive_tree.root(held)
        for asked in ([account_number(0)], [*list(held)[::3], b"\x55" * 20], [b"\x55" * 20, b"\xaa" * 20], list(held)):
            found = [held.get(account, (None, 0)) for account in asked]
            proof = naive_tree.multi_proof(held, asked) if asked else b""
            if asked:
                more = {"proof": proof, "accounts": asked, "root": root, "total": total, "found": found}
                cases.append({"name": f"{name}: {len(asked)} asked", **more})
    pair = sorted([account_number(1), account_number(2)])
    held = state(3)
    root, total = naive_tree.root(held)
    whole = naive_tree.multi_proof(held, list(held))
    one = naive_tree.multi_proof(held, pair[:1])
    leaf = b"\x00" + naive_tree.proof(held, pair[0])[:36]
    step = one[37:66]
    bad = {
        "a join of one": (leaf + b"\x03\x00", "step"),
        "a sibling of nothing": (step + leaf, "step"),
        "a step of kind 4": (leaf + b"\x04" + step[1:], "step"),
        "two roots": (leaf + b"\x00" + b"\xff" * 7 + bytes(8) + b"\x01" + b"\xff" * 20, "step"),
        "ends within a leaf": (leaf[:-1], "leaf"),
        "ends within a sibling": (one[:-1], "length"),
        "ends within a join": (whole[:-1], "length"),
        "the other side": (leaf + bytes([3 - step[0]]) + step[1:] + one[66:], "side"),
        "a sibling that holds nothing": (leaf + step[:2] + bytes(7) + step[9:] + one[66:], "sum"),
        "a sibling that holds more than any tree": (leaf + step[:2] + b"\xff" * 7 + step[9:] + one[66:], "sum"),
        "a missing sibling": (leaf + one[66:], "root"),
        "a repeated depth": (leaf + step + step, "depth"),
        "depth 160": (leaf + step[:1] + b"\xa0" + step[2:], "side"),
        "leaves falling": (leaf * 2, "account"),
        "another depth of a join": (whole[:-1] + bytes([whole[-1] ^ 1]), "depth"),
        "nothing, of a tree that holds something": (b"", "length"),
    }
    for name, (proof, error) in bad.items():
        cases.append({"name": name, "proof": proof, "accounts": pair[:1], "root": root, "total": total, "error": error})
    unsaid = next(account for account in held if account not in pair[:1] and naive_tree.multi_proof(held, [account]) != one)
    same = {"proof": one, "accounts": pair[:1], "root": root, "total": total}
    return cases + [
        {"name": "silent of one account", **same, "accounts": [pair[0], unsaid], "error": "account"},
        {"name": "an account of 21 bytes", **same, "accounts": [b"\x00" + pair[0]], "error": "account"},
        {"name": "another total", **same, "total": total + 1, "error": "total"},
        {"name": "another root", **same, "root": b"\x01" * 20, "error": "root"},
    ]


def leaves_and_branches():
    leaves = [(1, 1, ANNA.id), ((1 << 64) - 1, (1 << 56) - 1, b"\xff" * 20), (0, 1 << 55, bytes(20))]
    leaf_cases = []
    for pulse, amount, account in leaves:
        node = naive_tree.Node(account=account, pulse=pulse, amount=amount)
        leaf_cases.append({"pulse": pulse, "amount": amount, "account": account, "record": node.record, "hash": node.hash})
    for pulse, amount, account, error in (
        (1, 0, ANNA.id, "amount"), (1, -5, ANNA.id, "amount"), (1, 1 << 56, ANNA.id, "amount"), (-1, 1, ANNA.id, "pulse"),
        (1 << 64, 1, ANNA.id, "pulse"), (1, 1, ANNA.id[:19], "account"),
    ):  # fmt: skip
        leaf_cases.append({"pulse": pulse, "amount": amount, "account": account, "error": error})
    branch_cases = []
    for depth, left, right, error in (
        (0, 1, 1, None), (159, (1 << 56) - 2, 1, None), (8, 255, 1 << 40, None), (160, 1, 1, "depth"), (-1, 1, 1, "depth"),
        (0, (1 << 56) - 1, 1, "sum"), (0, 1 << 56, 1, "sum"),
    ):  # fmt: skip
        case = {"depth": depth, "left_sum": left, "left_hash": b"\x11" * 20, "right_sum": right, "right_hash": b"\x22" * 20}
        if error:
            branch_cases.append({**case, "error": error})
            continue
        record = left.to_bytes(7, "big") + b"\x11" * 20 + bytes([depth]) + right.to_bytes(7, "big") + b"\x22" * 20
        branch_cases.append({**case, "record": record, "hash": naive_tree.short_hash(record)})
    return leaf_cases, branch_cases


IDS = [sorted(hashlib.sha256(b"transaction %d" % number).digest() for number in range(size)) for size in range(10)]


def mth(leaves):
    """The root of RFC 9162 by its own recursion."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + mth(leaves[:split]) + mth(leaves[split:])).digest()


def transaction_sets():
    sets = [
        {"ids": ids, "root": mth(ids) if ids else bytes(32), "paths": [inclusion(ids, number) for number in range(len(ids))]} for ids in IDS
    ]
    sets += [
        {"name": "falling", "ids": IDS[3][::-1], "error": "transactions"},
        {"name": "an id twice", "ids": [IDS[3][0]] * 2, "error": "transactions"},
        {"name": "an id of 20 bytes", "ids": [IDS[3][0][:20]], "error": "transactions"},
    ]
    ids = IDS[7]
    path = inclusion(ids, 3)
    cases = [{"name": "fourth of seven", "transaction": ids[3], "path": path, "root": mth(ids)}]
    for name, changed, transaction in (
        ("a sibling missing", path[:-32], ids[3]),
        ("a sibling more", path + path[-32:], ids[3]),
        ("a byte missing", path[:-1], ids[3]),
        ("number beyond the count", path[:3] + b"\x07" + path[4:], ids[3]),
        ("a count of none", path[:7] + b"\x00" + path[8:], ids[3]),
        ("no path", b"", ids[3]),
        ("an id of 31 bytes", path, ids[3][:31]),
        ("longer than any", b"\x00" * 4 + b"\xff" * 4 + bytes(32 * 33), ids[3]),
    ):
        cases.append({"name": name, "transaction": transaction, "path": changed, "error": "inclusion"})
    return sets, cases


HELD = {**TWENTY, ANNA.id: (70, 500), BO.id: (77, 250)}
ROOT, TOTAL = naive_tree.root(HELD)
HEADER = Header(ORGANIZATION.id, b"", 77, b"\x33" * 32, ROOT, TOTAL, len(HELD), 40, 15, set_root(IDS[7]), TOTAL + 25, TIME)
HEADERS = {
    "of twenty-two accounts": HEADER,
    "the first": Header(ORGANIZATION.id, b"", 0, bytes(32), bytes(20), 0, 0, 0, 0, bytes(32), 0, 0),
    "of a group, with large numbers": Header(
        ORGANIZATION.id, b"\x0a" * 21, (1 << 64) - 1, b"\xff" * 32, b"\xfe" * 20, 23, 24, 255, 256, b"\xfd" * 32, 22, (1 << 32)
    ),
}
FIELDS = ("organization", "group", "pulse", "previous", "root", "total", "accounts", "sent", "received", "transactions", "issued", "time")


def headers():
    cases = []
    for name, header in HEADERS.items():
        payload = encode_header(header)
        assert payload == cbor.encode({number: value for number, value in enumerate(header, 1)})
        cases.append({"name": name, "payload": payload, **dict(zip(FIELDS, header, strict=True)), "hash": hashlib.sha256(payload).digest()})
    plain = {number: value for number, value in enumerate(HEADER, 1)}
    for number, field in enumerate(FIELDS, 1):
        wrong = bytes(19) if isinstance(plain[number], int) else plain[number] + bytes(22)
        if field != "group":
            cases.append({"name": f"{field} of another form", "payload": cbor.encode({**plain, number: wrong}), "error": field})
        if field != "time":
            less = {key: value for key, value in plain.items() if key != number}
            cases.append({"name": f"no {field}", "payload": cbor.encode(less), "error": field})
    payload = encode_header(HEADER)
    cases += [
        {"name": "more than was issued", "payload": cbor.encode({**plain, 6: TOTAL + 1}), "error": "total"},
        {"name": "less than was issued", "payload": cbor.encode({**plain, 6: TOTAL - 1}), "error": "total"},
        {"name": "a group of 22 bytes", "payload": cbor.encode({**plain, 2: bytes(22)}), "error": "time"},
        {"name": "a field more", "payload": cbor.encode({**plain, 13: 0}), "error": "time"},
        {"name": "a byte more", "payload": payload + b"\x00", "error": "time"},
        {"name": "a byte less", "payload": payload[:-1], "error": "time"},
        {"name": "a pulse not in its shortest form", "payload": payload.replace(b"\x03\x18\x4d", b"\x03\x19\x00\x4d"), "error": "pulse"},
        {"name": "a map of unknown length", "payload": b"\xbf" + payload[1:] + b"\xff", "error": "header"},
        {"name": "an array", "payload": b"\x8c" + payload[1:], "error": "header"},
        {"name": "nothing", "payload": b"", "error": "header"},
    ]
    return cases


CERTIFICATE = Certificate(ORGANIZATION.public_key, 5, 2, tuple(key.public_key for key in MEMBERS), TREASURER.public_key)
CERTIFICATE_MESSAGE = sign_certificate(CERTIFICATE, ORGANIZATION.sign)


def raw_certificate(changes, signer=ORGANIZATION, kid=ORGANIZATION.id, content_type=cose.CT_COMMITTEE):
    """A certificate with other fields than may be written, signed all the same."""
    plain = cbor.decode(encode_certificate(CERTIFICATE))
    plain.update(changes)
    payload = cbor.encode({key: value for key, value in plain.items() if value is not None})
    return cose.sign1(payload, content_type, kid, signer.sign)


def certificates():
    message, keys = CERTIFICATE_MESSAGE, list(CERTIFICATE.committee)
    one = CERTIFICATE._replace(from_pulse=(1 << 64) - 1, threshold=1, committee=CERTIFICATE.committee[:1])
    cases = []
    for name, certificate in (("four, two of them sign", CERTIFICATE), ("one", one)):
        data = {"message": sign_certificate(certificate, ORGANIZATION.sign), "payload": encode_certificate(certificate)}
        cases.append({"name": name, **data, "organization": ORGANIZATION.id, **certificate._asdict()})
    for name, data, error in (
        ("another organization's", raw_certificate({1: OTHER.public_key}, OTHER, OTHER.id), "organization"),
        ("another organization's key under this one's id", raw_certificate({1: OTHER.public_key}, OTHER), "organization"),
        ("this organization's key under another's id", raw_certificate({}, ORGANIZATION, OTHER.id), "organization"),
        ("signed by another", raw_certificate({}, OTHER), "signature"),
        ("a changed treasurer", message.replace(TREASURER.public_key, STRANGER.public_key), "signature"),
        ("a changed signature", message[:-1] + bytes([message[-1] ^ 1]), "signature"),
        ("another content type", raw_certificate({}, content_type=cose.CT_KEYSET), "certificate"),
        ("threshold 0", raw_certificate({3: 0}), "certificate"),
        ("threshold above the committee", raw_certificate({3: 5}), "certificate"),
        ("nobody", raw_certificate({4: []}), "certificate"),
        ("nine keys", raw_certificate({4: [bytes([number]) * 32 for number in range(9)]}), "certificate"),
        ("keys falling", raw_certificate({4: keys[::-1]}), "certificate"),
        ("a key twice", raw_certificate({4: [keys[0], keys[0]]}), "certificate"),
        ("a key of 31 bytes", raw_certificate({4: [keys[0][:31]]}), "certificate"),
        ("no treasurer", raw_certificate({5: None}), "certificate"),
        ("a field more", raw_certificate({6: 0}), "certificate"),
        ("a byte more", message + b"\x00", "certificate"),
        ("a byte less", message[:-1], "certificate"),
        ("no tag", message[1:], "certificate"),
        ("nothing", b"", "certificate"),
    ):
        cases.append({"name": name, "message": data, "organization": ORGANIZATION.id, "error": error})
    return cases


def signing(*people):
    return [(key.public_key, key.sign) for key in people]


def raw_header(entries, payload=None, content_type=cose.CT_HEADER, extra=()):
    """A header's message with signatures in the order given: [(key id, signing key), ...]."""
    payload = encode_header(HEADER) if payload is None else payload
    body = cbor.encode({3: content_type})
    signatures = []
    for kid, key in entries:
        protected = cbor.encode({1: -19, 4: kid})
        signatures.append([protected, {}, key.sign(cose.signature_structure(body, protected, payload))])
    return cbor.encode(cbor.Tagged(98, [body, {}, payload, signatures + list(extra)]))


def raw_payload(number, value):
    """The payload of the header with one field changed, whether or not it may be written."""
    return cbor.encode({**{key: field for key, field in enumerate(HEADER, 1)}, number: value})


HEADER_MESSAGE = sign_header(HEADER, signing(*MEMBERS[:2]))
EARLY = sign_header(HEADER._replace(pulse=4), signing(*MEMBERS))
ELSEWHERE = sign_header(HEADER._replace(organization=OTHER.id), signing(*MEMBERS))
FOREIGN = raw_certificate({1: OTHER.public_key}, OTHER, OTHER.id)
IN_ORDER = [(key.id, key) for key in MEMBERS]


def signed_headers():
    cases = [
        {"name": name, "message": sign_header(HEADER, signing(*people)), "payload": encode_header(HEADER)}
        for name, people in (("two of four", MEMBERS[:2]), ("two others", MEMBERS[1::2]), ("all four", MEMBERS))
    ]
    message = HEADER_MESSAGE
    for name, data, error in (
        ("one of four", raw_header(IN_ORDER[:1]), "threshold"),
        ("nobody", raw_header([]), "threshold"),
        ("a member twice", raw_header([IN_ORDER[0], IN_ORDER[0]]), "signatures"),
        ("out of order", raw_header(IN_ORDER[1::-1]), "signatures"),
        ("a stranger besides", raw_header([*IN_ORDER[:2], (STRANGER.id, STRANGER)]), "signatures"),
        ("a stranger in a member's name", raw_header([IN_ORDER[0], (MEMBERS[1].id, STRANGER)]), "signatures"),
        ("two good and a bad one", raw_header([*IN_ORDER[:2], (MEMBERS[2].id, STRANGER)]), "signatures"),
        ("another time than was signed", message.replace(TIME.to_bytes(4, "big"), (TIME + 1).to_bytes(4, "big")), "signatures"),
        ("another organization's", ELSEWHERE, "organization"),
        ("before the certificate", EARLY, "pulse"),
        ("a total that does not add up", raw_header(IN_ORDER, raw_payload(6, TOTAL + 1)), "total"),
        ("another content type", raw_header(IN_ORDER, content_type=cose.CT_TRANSFER), "header"),
        ("a signature that is none", raw_header(IN_ORDER, extra=[bytes(94)]), "header"),
        ("a byte more", message + b"\x00", "header"),
        ("a byte less", message[:-1], "header"),
        ("nothing", b"", "header"),
    ):
        cases.append({"name": name, "message": data, "error": error})
    return [{**case, "certificate": CERTIFICATE_MESSAGE, "organization": ORGANIZATION.id} for case in cases]


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
        check_signatures(signed, TREASURER.id, _verify, offer)
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


def receipt_of(account=ANNA.id, held=HELD, number=3, **more):
    parts = Receipt(account, naive_tree.proof(held, account), HEADER_MESSAGE, CERTIFICATE_MESSAGE, b"", b"")
    if number is not None:
        parts = parts._replace(transaction=IDS[7][number], inclusion=inclusion(IDS[7], number))
    return parts._replace(**more)


def raw_receipt(parts, version=1):
    return cbor.encode([version, *parts])


def receipts():
    cases = []
    close_root, close_total = naive_tree.root(CLOSE)
    close = HEADER._replace(root=close_root, total=close_total, accounts=5, issued=close_total + 25, transactions=bytes(32))
    alone = sign_certificate(CERTIFICATE._replace(threshold=1, committee=CERTIFICATE.committee[:1]), ORGANIZATION.sign)
    empty = sign_header(HEADERS["the first"]._replace(pulse=5), signing(*MEMBERS))
    for name, parts in {
        "with a transaction": receipt_of(),
        "without one": receipt_of(number=None),
        "of the last transaction": receipt_of(BO.id, number=6),
        "of an account that holds nothing": receipt_of(CLEO.id, number=None),
        "signed by all four": receipt_of(header=sign_header(HEADER, signing(*MEMBERS))),
        "of a committee of one": receipt_of(certificate=alone, header=sign_header(HEADER, signing(MEMBERS[0])), number=None),
        "with a long proof": receipt_of(bytes(20), CLOSE, None, header=sign_header(close, signing(*MEMBERS[1:]))),
        "of an empty book": receipt_of(proof=b"", number=None, header=empty),
    }.items():
        data = encode_receipt(parts)
        shown = verify_receipt(data, ORGANIZATION.id, _verify)
        cases.append({
            "name": name, "receipt": data, "organization": ORGANIZATION.id, "account": parts.account, "pulse": shown.pulse,
            "time": shown.time, "amount": shown.amount, "changed": shown.changed, "transaction": shown.transaction or b"",
        })  # fmt: skip
    whole = receipt_of()
    data = encode_receipt(whole)
    proof = whole.proof
    steps = steps_of(proof)
    empty_set = sign_header(HEADER._replace(transactions=bytes(32)), signing(*MEMBERS))
    swapped = proof[:36] + b"".join(bytes([step[0], 1 - step[1]]) + step[2:] for step in steps)
    for name, bad, error in (
        ("version 2", raw_receipt(whole, 2), "receipt"),
        ("six elements", raw_receipt(whole[:-1]), "receipt"),
        ("eight elements", raw_receipt((*whole, b"")), "receipt"),
        ("an account of 19 bytes", raw_receipt(whole._replace(account=ANNA.id[:19])), "receipt"),
        ("a transaction without a path", raw_receipt(whole._replace(inclusion=b"")), "receipt"),
        ("a path without a transaction", raw_receipt(whole._replace(transaction=b"")), "receipt"),
        ("a transaction id of 20 bytes", raw_receipt(whole._replace(transaction=bytes(20))), "receipt"),
        ("a text for the proof", raw_receipt(whole._replace(proof="x")), "receipt"),
        ("a length not in its shortest form", b"\x87\x01\x58\x14" + data[3:], "receipt"),
        ("an array of unknown length", b"\x9f" + data[1:] + b"\xff", "receipt"),
        ("a byte more", data + b"\x00", "receipt"),
        ("a byte less", data[:-1], "receipt"),
        ("nothing", b"", "receipt"),
        ("another organization's certificate", raw_receipt(whole._replace(certificate=FOREIGN)), "organization"),
        ("a certificate signed by another", raw_receipt(whole._replace(certificate=raw_certificate({}, OTHER))), "signature"),
        ("no certificate", raw_receipt(whole._replace(certificate=b"")), "certificate"),
        ("too few signatures", raw_receipt(whole._replace(header=raw_header(IN_ORDER[:1]))), "threshold"),
        ("a doubled signature", raw_receipt(whole._replace(header=raw_header([IN_ORDER[0]] * 2))), "signatures"),
        ("a stranger's signature", raw_receipt(whole._replace(header=raw_header([IN_ORDER[0], (STRANGER.id, STRANGER)]))), "signatures"),
        ("a header before the certificate", raw_receipt(whole._replace(header=EARLY)), "pulse"),
        ("another organization's header", raw_receipt(whole._replace(header=ELSEWHERE)), "organization"),
        ("another's account", raw_receipt(whole._replace(account=BO.id)), "account"),
        ("another's proof", raw_receipt(whole._replace(proof=naive_tree.proof(HELD, BO.id))), "account"),
        ("another pulse's proof", raw_receipt(whole._replace(proof=naive_tree.proof(CLOSE, ANNA.id))), "root"),
        ("a repeated depth", raw_receipt(whole._replace(proof=proof[:65] + proof[36:])), "depth"),
        ("swapped sides", raw_receipt(whole._replace(proof=swapped)), "side"),
        ("a missing sibling", raw_receipt(whole._replace(proof=proof[:36] + proof[65:])), "root"),
        ("a larger amount", raw_receipt(whole._replace(proof=proof[:8] + (501).to_bytes(8, "big") + proof[16:])), "root"),
        ("no proof", raw_receipt(whole._replace(proof=b"")), "length"),
        ("a transaction that the pulse has not", raw_receipt(whole._replace(transaction=b"\x77" * 32)), "transaction"),
        ("another transaction's path", raw_receipt(whole._replace(transaction=IDS[7][4])), "transaction"),
        ("a path cut short", raw_receipt(whole._replace(inclusion=whole.inclusion[:-32])), "inclusion"),
        ("a transaction of a pulse that has none", raw_receipt(whole._replace(header=empty_set)), "transaction"),
    ):
        cases.append({"name": name, "receipt": bad, "organization": ORGANIZATION.id, "error": error})
    cases.append({"name": "asked of another organization", "receipt": data, "organization": OTHER.id, "error": "organization"})
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


def _trees():
    cases = []
    for name, held in TREES.items():
        root, total = naive_tree.root(held)
        leaves = [(account, *change) for account, change in held.items()]
        paths = [naive_tree.proof(held, account) for account in held]
        cases.append({"name": name, "leaves": leaves, "root": root, "total": total, "proofs": paths})
    return cases


def build():
    """The vectors as a JSON value."""
    leaf, branch = leaves_and_branches()
    sets, inclusions = transaction_sets()
    sections = {
        "leaf": leaf, "branch": branch, "tree": _trees(), "proof": proofs(), "multi_proof": multi_proofs(), "header": headers(),
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
