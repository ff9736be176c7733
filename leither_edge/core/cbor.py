"""Deterministic CBOR (RFC 8949 section 4.2.1), and nothing but it: what decodes here encodes to the same bytes.

Kept: 64-bit integers, byte and text strings, arrays, maps with integer, text or byte keys, tags, false, true, null.
Refused: floats, undefined, other simple values, indefinite lengths, integers and lengths not in their shortest form,
map keys out of bytewise order, and equal keys.
"""

import struct
from collections import namedtuple

MAX_BYTES = 65536
MAX_DEPTH = 8

Tagged = namedtuple("Tagged", ("tag", "value"))

try:
    str(b"\xed\xa0\x80", "utf-8")
    _DECODER_IS_STRICT = False
except UnicodeError:
    _DECODER_IS_STRICT = True


class CborError(ValueError):
    """Not deterministic CBOR, or not a value that it can hold.

    Args: code (a short word for programs), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def encode(value, max_depth=MAX_DEPTH):
    """The one encoding of ``value``. Raises CborError: type, range, key-type, utf8, too-deep."""
    out = bytearray()
    _write(out, value, max_depth)
    return bytes(out)


def decode(data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_items=None):
    """The value that ``data`` (bytes) encodes.

    Args: max_bytes bounds the input, max_depth the arrays, maps and tags within one another, max_items what all arrays and maps hold
    together (None: as many as there are bytes; an empty map is one byte of input, and sixty of memory).
    Raises CborError: too-large, too-many, too-deep, truncated, trailing, not-shortest, indefinite, float, simple, reserved, utf8,
    key-type, key-order, duplicate-key.
    """
    if not isinstance(data, bytes):
        data = _as_bytes(data)
    if len(data) > max_bytes:
        raise CborError("too-large", f"{len(data)} bytes of CBOR where at most {max_bytes} are taken")
    value, end = _read(data, 0, max_depth, [len(data) if max_items is None else max_items])
    if end != len(data):
        raise CborError("trailing", f"{len(data) - end} bytes follow the CBOR value")
    return value


def _as_bytes(data):
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    raise CborError("type", "CBOR is read from bytes")


def _write_head(out, kind, number):
    if number < 24:
        out.append(kind | number)
    elif number < 0x100:
        out.append(kind | 24)
        out.append(number)
    elif number < 0x10000:
        out.append(kind | 25)
        out.extend(struct.pack(">H", number))
    elif number < 0x100000000:
        out.append(kind | 26)
        out.extend(struct.pack(">I", number))
    elif number < 0x10000000000000000:
        out.append(kind | 27)
        out.extend(struct.pack(">Q", number))
    else:
        raise CborError("range", "an integer needs more than 64 bits")


def _write(out, value, depth):
    if value is None:
        out.append(0xF6)
    elif value is True:
        out.append(0xF5)
    elif value is False:
        out.append(0xF4)
    elif isinstance(value, int):
        if value >= 0:
            _write_head(out, 0x00, value)
        else:
            _write_head(out, 0x20, -1 - value)
    elif isinstance(value, bytes):
        _write_head(out, 0x40, len(value))
        out.extend(value)
    elif isinstance(value, str):
        try:
            text = value.encode()
        except UnicodeError:
            raise CborError("utf8", "a text holds half a surrogate pair") from None
        if not _DECODER_IS_STRICT and not is_utf8(text):
            raise CborError("utf8", "a text holds half a surrogate pair")
        _write_head(out, 0x60, len(text))
        out.extend(text)
    elif depth <= 0:
        raise CborError("too-deep", "the value is nested too deep")
    elif isinstance(value, Tagged):
        if isinstance(value.tag, bool) or not isinstance(value.tag, int) or value.tag < 0:
            raise CborError("range", "a tag is a number from 0")
        _write_head(out, 0xC0, value.tag)
        _write(out, value.value, depth - 1)
    elif isinstance(value, (list, tuple)):
        _write_head(out, 0x80, len(value))
        for item in value:
            _write(out, item, depth - 1)
    elif isinstance(value, dict):
        _write_map(out, value, depth)
    elif isinstance(value, (bytearray, memoryview)):
        _write(out, bytes(value), depth)
    else:
        raise CborError("type", f"CBOR here holds no {type(value).__name__}")


def _write_map(out, value, depth):
    pairs = []
    for key, item in value.items():
        if isinstance(key, bool) or not isinstance(key, (int, str, bytes)):
            raise CborError("key-type", "a map key is an integer, a text or bytes")
        encoded = bytearray()
        _write(encoded, key, 0)
        pairs.append((bytes(encoded), item))
    pairs.sort(key=_first)
    _write_head(out, 0xA0, len(pairs))
    for encoded, item in pairs:
        out.extend(encoded)
        _write(out, item, depth - 1)


def _first(pair):
    return pair[0]


def _read(data, at, depth, left):
    """The value at offset ``at``, and the offset behind it. Args: left ([how many more values arrays and maps may hold])."""
    size = len(data)
    if at >= size:
        raise CborError("truncated", "the CBOR value ends too early")
    first = data[at]
    at += 1
    kind = first >> 5
    number = first & 31
    if kind == 7:
        if number == 22:
            return None, at
        if number == 21:
            return True, at
        if number == 20:
            return False, at
        raise _simple_error(number)
    if number > 23:
        number, at = _read_long(data, at, number)
    if kind == 0:
        return number, at
    if kind == 1:
        return -1 - number, at
    if kind < 4:
        end = at + number
        if end > size:
            raise CborError("truncated", "a CBOR string ends too early")
        text = data[at:end]
        if kind == 2:
            return text, end
        try:
            value = str(text, "utf-8")
        except UnicodeError:
            raise CborError("utf8", "a CBOR text is not valid UTF-8") from None
        if not _DECODER_IS_STRICT and not is_utf8(text):
            raise CborError("utf8", "a CBOR text is not valid UTF-8")
        return value, end
    if depth <= 0:
        raise CborError("too-deep", "the CBOR value is nested too deep")
    depth -= 1
    if kind == 4:
        # Every item takes a byte at least, so a count beyond the input is refused before any work is done for it.
        if number > size - at:
            raise CborError("truncated", "a CBOR array ends too early")
        _take(left, number)
        items = []
        for _ in range(number):
            item, at = _read(data, at, depth, left)
            items.append(item)
        return items, at
    if kind == 5:
        if number > (size - at) // 2:
            raise CborError("truncated", "a CBOR map ends too early")
        _take(left, 2 * number)
        return _read_map(data, at, depth, number, left)
    value, at = _read(data, at, depth, left)
    return Tagged(number, value), at


def _take(left, count):
    left[0] -= count
    if left[0] < 0:
        raise CborError("too-many", "the CBOR arrays and maps hold more than is taken")


def _read_map(data, at, depth, count, left):
    result = {}
    previous = b""
    for _ in range(count):
        start = at
        if start < len(data) and data[start] >= 0x80:
            raise CborError("key-type", "a CBOR map key is an integer, a text or bytes")
        key, at = _read(data, at, 0, left)
        encoded = data[start:at]
        if encoded <= previous:
            if encoded == previous:
                raise CborError("duplicate-key", "a CBOR map has a key twice")
            raise CborError("key-order", "the keys of a CBOR map are not sorted")
        previous = encoded
        result[key], at = _read(data, at, depth, left)
    return result, at


_LONG = {24: (1, ">B", 24), 25: (2, ">H", 0x100), 26: (4, ">I", 0x10000), 27: (8, ">Q", 0x100000000)}


def _read_long(data, at, form):
    """A number that stands in 1, 2, 4 or 8 bytes of its own."""
    if form not in _LONG:
        if form == 31:
            raise CborError("indefinite", "CBOR of indefinite length is not taken")
        raise CborError("reserved", "a reserved CBOR length form")
    width, layout, least = _LONG[form]
    end = at + width
    if end > len(data):
        raise CborError("truncated", "a CBOR number ends too early")
    number = struct.unpack(layout, data[at:end])[0]
    if number < least:
        raise CborError("not-shortest", "a CBOR number is not in its shortest form")
    return number, end


def _simple_error(number):
    if 25 <= number <= 27:
        return CborError("float", "CBOR floats are not taken")
    if number == 31:
        return CborError("indefinite", "CBOR of indefinite length is not taken")
    if 28 <= number <= 30:
        return CborError("reserved", "a reserved CBOR simple value")
    return CborError("simple", "of the CBOR simple values only false, true and null are taken")


# First byte from .. to, how many bytes follow, range of the first that follows (Unicode's table 3-7).
_UTF8 = (
    (0xC2, 0xDF, 1, 0x80, 0xBF),
    (0xE0, 0xE0, 2, 0xA0, 0xBF),
    (0xE1, 0xEC, 2, 0x80, 0xBF),
    (0xED, 0xED, 2, 0x80, 0x9F),
    (0xEE, 0xEF, 2, 0x80, 0xBF),
    (0xF0, 0xF0, 3, 0x90, 0xBF),
    (0xF1, 0xF3, 3, 0x80, 0xBF),
    (0xF4, 0xF4, 3, 0x80, 0x8F),
)


def is_utf8(text):
    """True if the bytes are UTF-8 (RFC 3629); for MicroPython, whose decoder lets overlong forms and surrogates pass."""
    at = 0
    size = len(text)
    while at < size:
        first = text[at]
        at += 1
        if first < 0x80:
            continue
        row = _utf8_row(first)
        if row is None:
            return False
        following, second_low, second_high = row
        if at + following > size or not second_low <= text[at] <= second_high:
            return False
        for offset in range(at + 1, at + following):
            if not 0x80 <= text[offset] <= 0xBF:
                return False
        at += following
    return True


def _utf8_row(first):
    for row in _UTF8:
        if row[0] <= first <= row[1]:
            return row[2:]
    return None
