"""Golden cases of trees, their proofs and sets of transactions; expected values come from their plain definitions."""

import hashlib

from leither_edge.core.transaction_set import inclusion
from leither_edge.crypto.key_pair import KeyPair
from tests.ledger import naive_tree

NAMES = ("organization", "treasurer", "anna", "bo", "cleo", "stranger", "other", "member_1", "member_2", "member_3", "member_4")
KEYS = {name: KeyPair(bytes([160 + number]) * 32) for number, name in enumerate(NAMES)}
ORGANIZATION, TREASURER, ANNA, BO, CLEO, STRANGER, OTHER = (KEYS[name] for name in NAMES[:7])
MEMBERS = sorted((KEYS[name] for name in NAMES[7:]), key=lambda key: key.public_key)
TIME = 1_800_000_000


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


def trees():
    cases = []
    for name, held in TREES.items():
        root, total = naive_tree.root(held)
        leaves = [(account, *change) for account, change in held.items()]
        paths = [naive_tree.proof(held, account) for account in held]
        cases.append({"name": name, "leaves": leaves, "root": root, "total": total, "proofs": paths})
    return cases
