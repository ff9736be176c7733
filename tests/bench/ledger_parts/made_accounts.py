"""Accounts that look like hashes of keys, in rising order, as many as wanted, without ever being all in memory."""

import math
import random

AMOUNT_MAX = 1_000_000_000
LOADED_AT = 1
_TOP = 1 << 64


def rising(count, seed=1):
    """Yield (account, pulse, amount), accounts rising: ids spread as those of `count` random ones are."""
    chance = random.Random(seed)
    # Gaps between sorted random numbers are exponential. A little less than their mean, so that the last id stays below 2^160.
    mean = _TOP / (count + 10 * math.sqrt(count) + 100)
    at = 0.0
    for _ in range(count):
        # At least 2^12 apart: a float has 53 bits of the 64.
        at += max(chance.expovariate(1) * mean, 4096.0)
        yield int(at).to_bytes(8, "big") + chance.randbytes(12), LOADED_AT, chance.randrange(1, AMOUNT_MAX)


def some_of(count, wanted, keep, seed=1):
    """As `rising`, but appends `wanted` of the accounts, drawn at random, to the list `keep` while they go by."""
    numbers = iter(sorted(random.Random(seed + 1).sample(range(count), min(wanted, count))))
    next_kept = next(numbers, None)
    for number, record in enumerate(rising(count, seed)):
        if number == next_kept:
            keep.append(record[0])
            next_kept = next(numbers, None)
        yield record


def changes_of(chance, accounts, count):
    """{account: new amount} of `count` different ones, drawn by `chance` (random.Random)."""
    return {account: chance.randrange(1, AMOUNT_MAX) for account in chance.sample(accounts, count)}
