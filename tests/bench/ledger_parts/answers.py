"""Time of what is asked of a book: balances and proofs, of now and of past pulses; and what keeping the past takes."""

import random
import statistics
import time
from collections import namedtuple

from leither_edge.core.proof import verify
from tests.bench.ledger_parts import sizes
from tests.bench.ledger_parts.made_accounts import changes_of, rising
from tests.bench.ledger_parts.opened_book import book_at, file_bytes, load, pulse

WINDOW = 604_800

Answers = namedtuple("Answers", "balance proof verify proof_bytes past_balance past_proof bytes_per_change")
# Seconds each, medians; bytes of disk that history takes for each change.


def measure(folder, count, pulses, rounds):
    """Answers of a book of `count` accounts after pulses of 60 changes, all of which it keeps."""
    chance = random.Random(4)
    accounts = [account for account, _, _ in rising(count)]
    load(folder, rising(count), count, WINDOW)
    with book_at(folder, WINDOW) as (store, tree):
        loaded = file_bytes(folder)
        roots = {}
        for _ in range(pulses):
            pulse(store, tree, changes_of(chance, accounts, sizes.CHANGES))
            roots[tree.pulse] = tree.root, tree.total
        bytes_per_change = (file_bytes(folder) - loaded) / (pulses * sizes.CHANGES)
        asked = [(chance.choice(accounts), chance.choice(sorted(roots)[:-1])) for _ in range(rounds)]
        balance = _median(tree.get, [(account,) for account, _ in asked])
        proof = _median(tree.proof, [(account,) for account, _ in asked])
        proofs = [tree.proof(account) for account, _ in asked]
        checks = [(made, account, tree.root, tree.total) for made, (account, _) in zip(proofs, asked, strict=True)]
        past_balance = _median(lambda account, at: tree.at(at).get(account), asked)
        past_proof = _median(lambda account, at: tree.at(at).proof(account), asked)
        for account, at in asked:
            then = tree.at(at)
            assert verify(then.proof(account), account, *roots[at]) == then.get(account)
    lengths = statistics.mean(len(made) for made in proofs)
    return Answers(balance, proof, _median(verify, checks), lengths, past_balance, past_proof, bytes_per_change)


def _median(function, calls):
    times = []
    for arguments in calls:
        started = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - started)
    return statistics.median(times)
