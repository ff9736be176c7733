"""Heads of deterministic CBOR, for readers of one fixed form that have no room for all of CBOR (RFC 8949 section 3)."""

UNSIGNED, BYTES, TEXT, ARRAY, MAP, TAG = 0x00, 0x40, 0x60, 0x80, 0xA0, 0xC0
# The smallest number that needs one, two, four and eight bytes after the head.
_LEAST = (24, 1 << 8, 1 << 16, 1 << 32)


class HeadError(ValueError):
    """The data is not in the one form that is read here."""


def head(kind, number):
    """Bytes of a head: kind is the major type in its three bits, number its argument below 2^64."""
    if number < 24:
        return bytes((kind | number,))
    size = 0
    while number >> (8 << size):
        size += 1
    return bytes((kind | 24 + size,)) + number.to_bytes(1 << size, "big")


def read_head(data, at, kind):
    """(number, offset after it) of the head of a kind at an offset. Raises HeadError: another kind, not the shortest, cut short."""
    try:
        first = data[at] ^ kind
        at += 1
        if first < 24:
            return first, at
        if first < 28:
            # Byte by byte: slices would leave a small heap full of holes.
            end = at + (1 << (first - 24))
            number = 0
            while at < end:
                number = number << 8 | data[at]
                at += 1
            if number >= _LEAST[first - 24]:
                return number, at
    except IndexError:
        pass
    raise HeadError("not the expected CBOR")


def read_bytes(data, at, kind=BYTES):
    """(bytes of a string, offset after it). Raises HeadError."""
    size, at = read_head(data, at, kind)
    if at + size > len(data):
        raise HeadError("not the expected CBOR")
    return data[at : at + size], at + size
