"""A receipt of any size for measuring: one account of a book, a committee, a transaction among sixty of its pulse.

The same bytes each time: keys and siblings come from fixed seeds.
"""

import hashlib
import random
from collections import namedtuple

import pysodium

from leither_edge.core import committee, receipt, transaction_set
from leither_edge.core.header import Header
from leither_edge.core.ids import key_id
from leither_edge.core.sum_tree import branch, leaf, side, synopsis

Case = namedtuple("Case", ("name", "depth", "members", "threshold"))
# A path of 16 branches is that of a book with 65,536 accounts, one of 20 of a million.
CASES = (
    Case("65,536 accounts, 1 bookkeeper", 16, 1, 1),
    Case("65,536 accounts, 3 of 4 bookkeepers", 16, 4, 3),
    Case("1,048,576 accounts, 5 of 7 bookkeepers", 20, 7, 5),
)
TRANSACTIONS = 60


def _pair(number):
    public, secret = pysodium.crypto_sign_seed_keypair(bytes((number,)) * 32)
    return public, lambda message: pysodium.crypto_sign_detached(message, secret)


def _proof(rng, depth):
    """(account, proof, root, total) of an account below ``depth`` branches."""
    account = rng.randbytes(20)
    proof, total = leaf(5, 700, account), 700
    root = synopsis(proof)
    for at in reversed(range(depth)):
        held, there = rng.randrange(1, 1 << 40), rng.randbytes(20)
        right = side(account, at)
        proof += bytes((at, right)) + held.to_bytes(7, "big") + there
        root = synopsis(branch(at, held, there, total, root) if right else branch(at, total, root, held, there))
        total += held
    return account, proof, root, total


def build(case):
    """(receipt's bytes, organization's id) of a Case."""
    rng = random.Random(case.depth)
    organization_key, sign_certificate = _pair(1)
    signers = sorted(_pair(2 + number) for number in range(case.members))
    keys = tuple(public for public, _ in signers)
    certificate = committee.Certificate(organization_key, 0, case.threshold, keys, _pair(100)[0])
    account, proof, root, total = _proof(rng, case.depth)
    ids = sorted(rng.randbytes(32) for _ in range(TRANSACTIONS))
    applied = transaction_set.set_root(ids)
    previous = rng.randbytes(32)
    header = Header(key_id(organization_key), b"", 1000, previous, root, total, 1 << case.depth, 0, 0, applied, total, 1800000000)
    parts = receipt.Receipt(
        account, proof, committee.sign_header(header, signers[: case.threshold]), committee.sign_certificate(certificate, sign_certificate),
        ids[7], transaction_set.inclusion(ids, 7),
    )  # fmt: skip
    return receipt.encode_receipt(parts), key_id(organization_key)


def write(case, folder):
    """Writes receipt.bin, organization.bin and calls.bin for the program receipt_heap; gives the receipt's length in bytes."""
    data, organization = build(case)
    calls = []

    def verify(signature, message, key):
        pysodium.crypto_sign_verify_detached(signature, message, key)
        calls.append(hashlib.sha256(signature + key + message).digest())
        return True

    receipt.verify_receipt(data, organization, verify)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "receipt.bin").write_bytes(data)
    (folder / "organization.bin").write_bytes(organization)
    (folder / "calls.bin").write_bytes(b"".join(calls))
    return len(data)
