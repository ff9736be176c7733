"""The numbers that a key puts on its commands: each larger than the last, also after a crash or a restored backup."""

import time

# The largest number a device reads exactly.
SEQUENCE_MAX = 2**53 - 1
# A device may tell of a higher number than ours, but not carry us away: numbers follow the milliseconds since 1970.
AHEAD_MAX_MS = 20 * 365 * 86400 * 1000


def next_sequence(home, issuer, device, at_least=0, now_ms=None):
    """Return a number this key has never used with this device, durably taken before it is returned.

    Each device has numbers of its own: what one of them tells cannot spoil the key for the others.

    Starting from the time in milliseconds keeps a laptop restored from a backup ahead of what it sent before.

    Args:
        home: the tool's folder.
        issuer: the key id's text.
        device: the device id's text.
        at_least: a lower bound, when the device told of a higher one.
        now_ms: the clock, in milliseconds since 1970.
    """
    now_ms = int(time.time() * 1000) if now_ms is None else now_ms
    name = f"{issuer}.{device}"
    at_least = min(at_least, now_ms + AHEAD_MAX_MS)
    with home.locked(f"sequence-{name}"):
        last = home.read_json("sequences", f"{name}.json", default={}).get("last", 0)
        last = last if isinstance(last, int) and 0 <= last < SEQUENCE_MAX else 0
        number = max(last + 1, now_ms, at_least)
        home.write_json({"last": number}, "sequences", f"{name}.json")
    return number
