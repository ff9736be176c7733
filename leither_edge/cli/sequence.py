"""The numbers that a key puts on its commands: each larger than the last, also after a crash or a restored backup."""

import time

# The largest number a device reads exactly.
SEQUENCE_MAX = 2**53 - 1


def next_sequence(home, issuer, at_least=0, now_ms=None):
    """Return a number this key has never used, durably taken before it is returned.

    Starting from the time in milliseconds keeps a laptop restored from a backup ahead of what it sent before.

    Args:
        home: the tool's folder.
        issuer: the key id's text.
        at_least: a lower bound, when the device told of a higher one.
        now_ms: the clock, in milliseconds since 1970.
    """
    now_ms = int(time.time() * 1000) if now_ms is None else now_ms
    with home.locked(f"sequence-{issuer}"):
        last = home.read_json("sequences", f"{issuer}.json", default={}).get("last", 0)
        last = last if isinstance(last, int) and 0 <= last < SEQUENCE_MAX else 0
        number = max(last + 1, now_ms, at_least)
        home.write_json({"last": number}, "sequences", f"{issuer}.json")
    return number
