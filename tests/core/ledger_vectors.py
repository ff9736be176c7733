"""Runs one case of vectors/ledger.json against core, in what MicroPython and CPython share: ``run(section, case, verify)``.

Returns the name of the field of the error that was raised, or None; raises AssertionError where a good case gives another result.
"""

from binascii import hexlify, unhexlify

from leither_edge.core.header import header_hash, read_header
from leither_edge.core.multi_proof import verify_many
from leither_edge.core.proof import climb
from leither_edge.core.proof import verify as verify_proof
from leither_edge.core.receipt import verify_receipt
from leither_edge.core.signed_header import read_certificate, read_signed_header
from leither_edge.core.sum_tree import TreeError, branch, leaf, synopsis
from leither_edge.core.transaction_set import inclusion, inclusion_root, set_root

HEADER = ("organization", "group", "pulse", "previous", "root", "total", "accounts", "sent", "received", "transactions", "issued", "time")


def run(section, case, verify):
    """Args: section (its name), case (of the JSON), verify ((signature, message, public key) -> bool)."""
    try:
        if section == "transfer":
            return _transfer(case, verify)
        got = _SECTIONS[section](case, verify)
    except TreeError as error:
        return error.field
    for name in got:
        if "error" not in case:
            assert text(got[name]) == case[name], (section, name, text(got[name]))
    return None


def text(value):
    """A result as it stands in the JSON."""
    if isinstance(value, (bytes, bytearray)):
        return hexlify(value).decode()
    if isinstance(value, (list, tuple)):
        return [text(item) for item in value]
    return value if value is None or isinstance(value, str) else str(value)


def raw(case, name):
    return unhexlify(case[name])


def _leaf(case, verify):
    record = leaf(int(case["pulse"]), int(case["amount"]), raw(case, "account"))
    return {"record": record, "hash": synopsis(record)}


def _branch(case, verify):
    left, right = int(case["left_sum"]), int(case["right_sum"])
    record = branch(case["depth"], left, raw(case, "left_hash"), right, raw(case, "right_hash"))
    return {"record": record, "hash": synopsis(record)}


def _tree(case, verify):
    leaves = []
    for proof in case["proofs"]:
        root, total, pulse, amount, account, depths = climb(unhexlify(proof))
        assert text(root) == case["root"] and text(total) == case["total"]
        leaves.append((account, pulse, amount))
    return {"leaves": leaves}


def _proof(case, verify):
    pulse, amount = verify_proof(raw(case, "proof"), raw(case, "account"), raw(case, "root"), int(case["total"]))
    return {"pulse": pulse, "amount": amount}


def _multi_proof(case, verify):
    accounts = [unhexlify(account) for account in case["accounts"]]
    return {"found": verify_many(raw(case, "proof"), accounts, raw(case, "root"), int(case["total"]))}


def _header(case, verify):
    payload = raw(case, "payload")
    got = dict(zip(HEADER, read_header(payload)))  # noqa: B905
    got["hash"] = header_hash(payload)
    return got


def _transaction_set(case, verify):
    ids = [unhexlify(one) for one in case["ids"]]
    root = set_root(ids)
    paths = [inclusion(ids, number) for number in range(len(ids))]
    for number, path in enumerate(paths):
        assert inclusion_root(ids[number], path) == root
    return {"root": root, "paths": paths}


def _inclusion(case, verify):
    return {"root": inclusion_root(raw(case, "transaction"), raw(case, "path"))}


def _certificate(case, verify):
    names = ("organization_key", "from_pulse", "threshold", "committee", "treasurer")
    return dict(zip(names, read_certificate(raw(case, "message"), raw(case, "organization"), verify)))  # noqa: B905


def _signed_header(case, verify):
    certificate = read_certificate(raw(case, "certificate"), raw(case, "organization"), verify)
    return {"payload": read_signed_header(raw(case, "message"), certificate, verify)[1]}


def _receipt(case, verify):
    shown = verify_receipt(raw(case, "receipt"), raw(case, "organization"), verify)
    return {
        "account": shown.account,
        "pulse": shown.pulse,
        "time": shown.time,
        "amount": shown.amount,
        "changed": shown.changed,
        "transaction": shown.transaction or b"",
    }


def _transfer(case, verify):
    # Here, since these take more memory than a small device has, and the other sections do not need them.
    from leither_edge.core.transfer import TransferError, check_signatures, kind, missing, read_transfer

    treasurer = raw(case, "treasurer")
    try:
        signed = read_transfer(raw(case, "message"))
        check_signatures(signed, treasurer, verify, case["offer"])
    except TransferError as error:
        assert error.code == case.get("code"), error.code
        return error.field
    assert text(signed.id) == case["id"] and kind(signed.transfer) == case["transfer_kind"]
    assert text(missing(signed, treasurer)) == case["missing"]
    return None


_SECTIONS = {
    "leaf": _leaf,
    "branch": _branch,
    "tree": _tree,
    "proof": _proof,
    "multi_proof": _multi_proof,
    "header": _header,
    "transaction_set": _transaction_set,
    "inclusion": _inclusion,
    "certificate": _certificate,
    "signed_header": _signed_header,
    "receipt": _receipt,
}
