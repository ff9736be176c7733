"""What a book takes on disk as it lives: loaded, grown by random accounts, changed pulse after pulse."""

import random
from collections import namedtuple

from tests.bench.ledger_parts.made_accounts import changes_of, rising
from tests.bench.ledger_parts.opened_book import Written, book_at, file_bytes, load, pulse

CHANGES = 60

Sizes = namedtuple("Sizes", "loaded grown lived per_pulse most_in_pulse pulse_s hash_s")
# Bytes an account: after bulk load, after growth, after the pulses. Bytes written a pulse (mean, most).
# Seconds of each pulse, and of its new root alone.


def measure(folder, count, grown, pulses):
    """Sizes of a book of `count` accounts, the last `grown` of which came at random, 60 a pulse; then `pulses` of 60 changes."""
    chance = random.Random(3)
    accounts = [account for account, _, _ in rising(count)]
    later = set(chance.sample(accounts, grown))
    load(folder, (record for record in rising(count) if record[0] not in later), count - grown)
    with book_at(folder) as (store, tree):
        loaded = file_bytes(folder) / tree.accounts
        coming = sorted(later)
        chance.shuffle(coming)
        for at in range(0, grown, CHANGES):
            pulse(store, tree, dict.fromkeys(coming[at : at + CHANGES], 5_000_000))
        after_growth = file_bytes(folder) / tree.accounts
        times, written = [], []
        for _ in range(pulses):
            count_written = Written()
            times.append(pulse(store, tree, changes_of(chance, accounts, CHANGES)))
            written.append(count_written.bytes())
        lived = file_bytes(folder) / tree.accounts
    return Sizes(
        loaded, after_growth, lived, sum(written) / pulses, max(written),
        [sum(both) for both in times], [hashed for hashed, _ in times],
    )  # fmt: skip
