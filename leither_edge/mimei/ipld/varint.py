"""Unsigned varints: seven bits a byte, the lowest first (multiformats' unsigned-varint, and protobuf's, which is laxer)."""

from leither_edge.mimei.errors import BadBlock

_BYTES_MAX = 9


def write(number):
    """The bytes of a whole number from 0."""
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def size(number):
    """How many bytes ``write(number)`` has."""
    return (number.bit_length() + 6) // 7 or 1


def read(data, at=0):
    """(number, offset behind it). Raises BadBlock: cut short, over 63 bits, not the shortest form."""
    try:
        number = data[at]
        if number < 0x80:
            return number, at + 1
        number &= 0x7F
        for shift in range(7, 7 * _BYTES_MAX, 7):
            at += 1
            byte = data[at]
            if byte < 0x80:
                if not byte:
                    raise BadBlock("A number is not written in its shortest form, so the data was not made by a sound program.")
                return number | byte << shift, at + 1
            number |= (byte & 0x7F) << shift
    except IndexError:
        raise BadBlock("The data ends in the middle of a number: it was cut short.") from None
    raise BadBlock("A number has more than 63 bits.")
