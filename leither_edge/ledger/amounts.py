"""Columns of amounts: five bytes each; what does not fit is marked by all ones and follows in full behind the column."""

import struct

NARROW_BYTES = 5
WIDE_BYTES = 7
WIDE = (1 << 40) - 1
_MARK = b"\xff" * NARROW_BYTES


def pack_amounts(amounts):
    """(column of 5 bytes an amount, the wide ones in 7 bytes each) of a list of amounts below 2^56."""
    packed = [amount.to_bytes(NARROW_BYTES, "big") if amount < WIDE else _MARK for amount in amounts]
    return b"".join(packed), b"".join([amount.to_bytes(WIDE_BYTES, "big") for amount in amounts if amount >= WIDE])


def unpack_amounts(column, wide):
    """(list of amounts, bytes of ``wide`` that they took). Raises ValueError when ``wide`` ends too early."""
    halves = struct.unpack(f">{'BI' * (len(column) // NARROW_BYTES)}", column)
    amounts = [high << 32 | low for high, low in zip(halves[::2], halves[1::2], strict=True)]
    taken = 0
    if WIDE in amounts:
        for number, amount in enumerate(amounts):
            if amount == WIDE:
                amounts[number] = int.from_bytes(wide[taken : taken + WIDE_BYTES], "big")
                taken += WIDE_BYTES
                if taken > len(wide) or amounts[number] < WIDE:
                    raise ValueError("a wide amount is missing")
    return amounts, taken
