"""Golden cases of headers, certificates, signed headers and receipts."""

import hashlib

from leither_edge.core import cbor, cose
from leither_edge.core.committee import Certificate, encode_certificate, sign_certificate, sign_header
from leither_edge.core.header import Header, encode_header
from leither_edge.core.receipt import Receipt, encode_receipt, verify_receipt
from leither_edge.core.transaction_set import inclusion, set_root
from leither_edge.crypto import sodium
from tests.core.golden_tree import ANNA, BO, CLEO, CLOSE, IDS, MEMBERS, ORGANIZATION, OTHER, STRANGER, TIME, TREASURER, TWENTY, steps_of
from tests.ledger import naive_tree

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
        {"name": "a group of 22 bytes", "payload": cbor.encode({**plain, 2: bytes(22)}), "error": "group"},
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
        shown = verify_receipt(data, ORGANIZATION.id, sodium.verify)
        cases.append({
            "name": name, "receipt": data, "organization": ORGANIZATION.id, "account": parts.account, "pulse": shown.pulse,
            "time": shown.time, "amount": shown.amount, "changed": shown.changed, "transaction": shown.transaction or b"",
        })  # fmt: skip
    whole = receipt_of()
    data = encode_receipt(whole)
    proof = whole.proof
    steps = steps_of(proof)
    grouped = sign_header(HEADER._replace(group=b"\x80"), signing(*MEMBERS))
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
        ("of one group alone", raw_receipt(whole._replace(header=grouped)), "group"),
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
