"""The work that is counted: `python work.py FOLDER`, one JSON object of seconds; run in ARM userlands and on this machine alike.

FOLDER: where a book of 65,536 accounts is, or is made. Around each piece of work stand marks (see count.c), two to a piece.
"""

import json
import os
import random
import resource
import sys
import time

from leither_edge.crypto import sodium
from tests.bench.arm import locks

ACCOUNTS = 65_536
CHANGES = 60
ROUNDS = 5
MARK = 0x4C45
# In the order in which work.py does them; each is done once to warm up, then ROUNDS times.
PIECES = ("checks", "hashes", "root", "write")
# About what a batch of 60 in 65,536 accounts needs; only to have a number for bare hashes.
HASHES = 740


class Marks:
    """Says when a piece begins and ends: to a plugin by a system call that asks for nothing, and to the caller in seconds."""

    def __init__(self):
        self.seconds = {}

    def piece(self, name, work):
        number = PIECES.index(name)
        started = time.perf_counter()
        self._mark(2 * number)
        done = work()
        self._mark(2 * number + 1)
        self.seconds.setdefault(name, []).append(time.perf_counter() - started)
        return done

    def _mark(self, number):
        try:
            os.getpriority(MARK, number)
        except OSError:
            pass


def main(folder):
    locks.do_without()
    marks, chance = Marks(), random.Random(7)
    checks(marks, chance)
    bare_hashes(marks)
    try:
        from tests.bench.ledger_parts.opened_book import loops
    except ImportError as error:
        # The book's part is not there yet.
        print(json.dumps({"seconds": marks.seconds, "loops": None, "missing": str(error)}))
        return
    pulses(marks, chance, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": marks.seconds, "loops": loops(), "peak": peak}))


def checks(marks, chance):
    """60 signatures of messages as long as a transfer."""
    public_key, secret = sodium.keypair_from_seed(chance.randbytes(32))
    messages = [chance.randbytes(200) for _ in range(CHANGES)]
    signatures = [sodium.sign(message, secret) for message in messages]

    def check():
        for message, signature in zip(messages, signatures, strict=True):
            if not sodium.verify(signature, message, public_key):
                raise SystemExit("a good signature was refused")

    for _ in range(ROUNDS + 1):
        marks.piece("checks", check)


def bare_hashes(marks):
    from hashlib import sha256

    record = bytes(range(55))

    def hash_all():
        for _ in range(HASHES):
            sha256(record).digest()

    for _ in range(ROUNDS + 1):
        marks.piece("hashes", hash_all)


def pulses(marks, chance, folder):
    from tests.bench.ledger_parts.made_accounts import changes_of, rising
    from tests.bench.ledger_parts.opened_book import book_at, load

    if not os.path.exists(os.path.join(folder, "data.mdb")):
        load(folder, rising(ACCOUNTS), ACCOUNTS)
    accounts = [account for account, _, _ in rising(ACCOUNTS)]
    with book_at(folder) as (store, tree):
        for _ in range(ROUNDS + 1):
            changes = changes_of(chance, accounts, CHANGES)
            batch = marks.piece("root", lambda changes=changes: tree.prepare(tree.pulse + 1, changes))

            def write(batch=batch):
                with store.write() as tx:
                    tree.write(tx, batch)
                tree.done(batch)

            marks.piece("write", write)


if __name__ == "__main__":
    main(sys.argv[1])
