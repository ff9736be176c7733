"""Content that says of itself whether it is whole."""

import random

SIZES = (0, 100, 3_000, 5_000, 300_000, 1_500_000, 3_000_000)
HEAD_BYTES = 8


def content(number):
    """The bytes of file `number`: the number first, then bytes that follow from it."""
    dice = random.Random(number)
    return number.to_bytes(HEAD_BYTES, "big") + dice.randbytes(dice.choice(SIZES))


def number_of(data):
    """Which file these bytes are. AssertionError where they are none."""
    number = int.from_bytes(data[:HEAD_BYTES], "big")
    assert data == content(number), "a file is not what was put"
    return number
