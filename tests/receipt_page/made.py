"""Receipts made by core over the naive tree: good ones of many shapes, and those in which one thing is wrong."""

from collections import namedtuple

from leither_edge.core.accounts import TREASURY, system_account
from leither_edge.core.committee import Certificate, sign_certificate, sign_header
from leither_edge.core.header import Header
from leither_edge.core.ids import key_id
from leither_edge.core.receipt import Receipt, encode_receipt, verify_receipt
from leither_edge.core.sum_tree import TreeError
from leither_edge.core.transaction_set import EMPTY_SET, inclusion, set_root
from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from tests.ledger import naive_tree

ORGANIZATION = KeyPair(bytes([1]) * 32)
OTHER = KeyPair(bytes([2]) * 32)
TREASURER = KeyPair(bytes([3]) * 32)
KEEPERS = sorted((KeyPair(bytes([10 + n]) * 32) for n in range(8)), key=lambda key: key.public_key)
HOLDER = KeyPair(bytes([4]) * 32).id
STRANGER = KeyPair(bytes([5]) * 32).id
# With the others all that a book may hold.
LARGEST = (1 << 56) - 1 - 1_500 - sum(range(100, 140))
BOOK = {HOLDER: (12_344, 1_500), system_account(TREASURY): (7, LARGEST), **{key_id(bytes([n]) * 32): (n, 100 + n) for n in range(40)}}
TIME = 1_790_000_000
IDS = sorted(bytes([n]) * 32 for n in (1, 5, 9, 77, 130))

# A receipt as bytes, and what is told of it in a failed test.
Made = namedtuple("Made", ("name", "data"))


def receipt(account=HOLDER, book=None, committee=3, threshold=2, signers=None, ids=(), number=None, wrong=None, **changes):
    """The bytes of a receipt.

    Args: book ({account: (pulse, amount)}), committee (how many), signers (their numbers), ids of the pulse, number of the receipt's own,
    wrong ({part: function of its value}), changes (fields of the header).
    """
    book = BOOK if book is None else book
    wrong = wrong or {}
    keepers = KEEPERS[:committee]
    root, total = naive_tree.root(book)
    header = Header(
        ORGANIZATION.id, b"", 12_345, bytes(32), root, total, len(book), 0, 0, set_root(ids) if ids else EMPTY_SET, total, TIME
    )._replace(**changes)
    certificate = Certificate(ORGANIZATION.public_key, 100, threshold, tuple(key.public_key for key in keepers), TREASURER.public_key)
    signing = [keepers[n] for n in (range(threshold) if signers is None else signers)]
    parts = {
        "account": account,
        "proof": naive_tree.proof(book, account),
        "header": sign_header(header, [(key.public_key, key.sign) for key in signing]),
        "certificate": sign_certificate(certificate, ORGANIZATION.sign),
        "transaction": b"" if number is None else ids[number],
        "inclusion": b"" if number is None else inclusion(ids, number),
    }
    for part, change in wrong.items():
        parts[part] = change(parts[part])
    return encode_receipt(Receipt(**parts))


def good():
    """[Made, ...] that core takes."""
    shapes = {
        "plain": {},
        "one account": {"book": {HOLDER: (1, 5)}},
        "treasury, the largest amount": {"account": system_account(TREASURY)},
        "absent": {"account": STRANGER},
        "an empty book": {"account": STRANGER, "book": {}},
        "one bookkeeper": {"committee": 1, "threshold": 1},
        "eight of eight": {"committee": 8, "threshold": 8},
        "not the first ones": {"committee": 5, "signers": (1, 4)},
        "more than needed": {"committee": 5, "signers": (0, 2, 3)},
        "from other groups": {"sent": 5, "received": 9, "issued": naive_tree.root(BOOK)[1] - 4},
        "late": {"pulse": (1 << 64) - 1, "time": (1 << 64) - 1},
        "the first pulse": {"pulse": 100},
    }
    made = [Made(name, receipt(**shape)) for name, shape in shapes.items()]
    for count in range(1, len(IDS) + 1):
        made += [Made(f"transaction {n} of {count}", receipt(ids=IDS[:count], number=n)) for n in range(count)]
    return made


def bad():
    """[Made, ...] in which one thing is wrong."""
    other = {**BOOK, HOLDER: (12_344, 1_501)}
    shapes = {
        "too few": {"signers": (0,)},
        "of a group": {"group": bytes([9, 128, 64])},
        "before its time": {"pulse": 99},
        "another organization's header": {"organization": OTHER.id},
        "another book's root": {"root": naive_tree.root(other)[0]},
        "no root": {"root": bytes(20), "total": 0, "issued": 0},
        "another book's total": {"total": 7, "issued": 7},
        "a total without bound": {"total": 1 << 56, "issued": 1 << 56},
        "another's proof": {"wrong": {"account": lambda account: next(iter(set(BOOK) - {HOLDER}))}},
        "more in the proof": {"wrong": {"proof": lambda proof: proof[:8] + (1_600).to_bytes(8, "big") + proof[16:]}},
        "nothing in the proof": {"wrong": {"proof": lambda proof: proof[:8] + bytes(8) + proof[16:]}},
        "a step less": {"wrong": {"proof": lambda proof: proof[:-29]}},
        "a step twice": {"wrong": {"proof": lambda proof: proof + proof[-29:]}},
        "a step first": {"wrong": {"proof": lambda proof: proof[:36] + proof[65:94] + proof[36:65] + proof[94:]}},
        "a side swapped": {"wrong": {"proof": lambda proof: proof[:37] + bytes([proof[37] ^ 1]) + proof[38:]}},
        "a side that is none": {"wrong": {"proof": lambda proof: proof[:37] + bytes([proof[37] ^ 2]) + proof[38:]}},
        "a depth beyond": {"wrong": {"proof": lambda proof: proof[:36] + b"\xff" + proof[37:]}},
        "a sibling of nothing": {"wrong": {"proof": lambda proof: proof[:38] + bytes(7) + proof[45:]}},
        "a sum beyond": {"wrong": {"proof": lambda proof: proof[:38] + b"\xff" * 7 + proof[45:]}},
        "a cut proof": {"wrong": {"proof": lambda proof: proof[:-1]}},
        "no proof": {"wrong": {"proof": lambda proof: b""}},
        "another transaction": {"ids": IDS, "number": 1, "wrong": {"transaction": lambda found: IDS[2]}},
        "a shorter path": {"ids": IDS, "number": 1, "wrong": {"inclusion": lambda path: path[:-32]}},
        "a longer path": {"ids": IDS, "number": 1, "wrong": {"inclusion": lambda path: path + bytes(32)}},
        "a number beyond": {"ids": IDS, "number": 1, "wrong": {"inclusion": lambda path: b"\0\0\0\x09" + path[4:]}},
        "no path's size": {"ids": IDS, "number": 1, "wrong": {"inclusion": lambda path: path[:7]}},
        "a count of zero": {"ids": IDS, "number": 1, "wrong": {"inclusion": lambda path: bytes(8)}},
        "a certificate altered": {"wrong": {"certificate": lambda data: data[:-1] + bytes([data[-1] ^ 1])}},
        "a certificate cut": {"wrong": {"certificate": lambda data: data[:-1]}},
        "the certificate as header": {"wrong": {"header": lambda data: sign_certificate_again()}},
        "a header's signature altered": {"wrong": {"header": lambda data: data[:-1] + bytes([data[-1] ^ 1])}},
        "a signature moved": {"wrong": {"header": lambda data: data[:-190] + data[-95:] + data[-190:-95]}},
        "a signature doubled": {"wrong": {"header": lambda data: data[:-95] + data[-190:-95]}},
        "a stranger's signature": {"committee": 2, "wrong": {"header": lambda data: data[:-95] + stranger_entry(data)}},
    }
    made = [Made(name, receipt(**shape)) for name, shape in shapes.items()]
    plain = receipt()
    made += [
        Made("no byte", b""),
        Made("longer", plain + b"\0"),
        Made("shorter", plain[:-1]),
        Made("another version", plain[:1] + b"\x02" + plain[2:]),
        Made("a head that is not the shortest", b"\x87\x18\x01" + plain[2:]),
        Made("much longer", plain + bytes(12 * 1024)),
        Made("a size beyond", plain[:2] + b"\x5b" + b"\xff" * 8 + plain[3:]),
        Made("no size at all", plain[:2] + b"\x5f" + plain[3:]),
    ]
    return made


def sign_certificate_again():
    """The certificate's message, to stand where the header's should."""
    certificate = Certificate(ORGANIZATION.public_key, 100, 1, (KEEPERS[0].public_key,), TREASURER.public_key)
    return sign_certificate(certificate, ORGANIZATION.sign)


def stranger_entry(data):
    """The last signature of a header's message under the id of a key that is no bookkeeper's."""
    last = data[-95:]
    return last[:8] + OTHER.id + last[28:]


def verdict(data, organization=ORGANIZATION.id):
    """What core says of a receipt, in JSON's types: {"error": the field that is wrong} or what it shows."""
    try:
        shown = verify_receipt(data, organization, sodium.verify)
    except TreeError as error:
        return {"error": error.field}
    return {
        "account": shown.account.hex(),
        "amount": str(shown.amount),
        "changed": None if shown.changed is None else str(shown.changed),
        "pulse": str(shown.pulse),
        "time": str(shown.time),
        "total": str(shown.header.total),
        "transaction": (shown.transaction or b"").hex(),
    }
