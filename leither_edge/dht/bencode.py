"""Bencode (BEP 3), strict and bounded: integers of 64 bits, byte strings, lists and dictionaries with byte keys.

Refused: leading zeros, minus zero, equal keys, bytes behind the value. Keys out of order are read, since peers send them;
what is written is always sorted, so a value is canonical exactly if its encoding gives back the same bytes.
"""

MAX_BYTES = 2048
MAX_DEPTH = 10
INTEGER_MAX = (1 << 63) - 1
INTEGER_MIN = -(1 << 63)

# The digits of INTEGER_MIN with its sign.
_INTEGER_DIGITS = 20


class BencodeError(ValueError):
    """Not bencode within the bounds, or not a value that it can hold.

    Args: code (a short word for programs), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def encode(value, max_depth=MAX_DEPTH):
    """The one sorted encoding of a value. Raises BencodeError: type, range, key-type, too-deep."""
    parts = []
    _write(parts.append, value, max_depth)
    return b"".join(parts)


def decode(data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH):
    """The value that ``data`` (bytes) encodes: int, bytes, list, or dict with bytes keys.

    Args: max_bytes bounds the input, max_depth the lists and dictionaries within one another.
    Raises BencodeError: too-large, too-deep, truncated, trailing, syntax, range, key-type, duplicate-key, type.
    """
    if type(data) is not bytes:
        data = _as_bytes(data)
    if len(data) > max_bytes:
        raise BencodeError("too-large", f"{len(data)} bytes of bencode where at most {max_bytes} are taken")
    try:
        value, end = _read(data, 0, max_depth)
    except IndexError:
        raise BencodeError("truncated", "the bencoded value ends too early") from None
    if end != len(data):
        raise BencodeError("trailing", f"{len(data) - end} bytes follow the bencoded value")
    return value


def _as_bytes(data):
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise BencodeError("type", "bencode is read from bytes")


def _write(put, value, depth):
    kind = type(value)
    if kind is bytes:
        put(b"%d:%b" % (len(value), value))
    elif kind is int:
        if not INTEGER_MIN <= value <= INTEGER_MAX:
            raise BencodeError("range", "an integer needs more than 64 bits")
        put(b"i%de" % value)
    elif depth <= 0:
        raise BencodeError("too-deep", "the value is nested too deep")
    elif kind is dict:
        put(b"d")
        try:
            keys = sorted(value)
        except TypeError:
            raise BencodeError("key-type", "the keys of a dictionary are bytes") from None
        for key in keys:
            if type(key) is not bytes:
                raise BencodeError("key-type", "the keys of a dictionary are bytes")
            item = value[key]
            if type(item) is bytes:
                put(b"%d:%b%d:%b" % (len(key), key, len(item), item))
            else:
                put(b"%d:%b" % (len(key), key))
                _write(put, item, depth - 1)
        put(b"e")
    elif kind is list or kind is tuple:
        put(b"l")
        for item in value:
            _write(put, item, depth - 1)
        put(b"e")
    elif kind is bytearray or kind is memoryview:
        _write(put, bytes(value), depth)
    else:
        raise BencodeError("type", f"bencode holds no {kind.__name__}")


# The loops below read lengths digit by digit and strings in place: for the one or two digits that packets have, this is
# faster than a search for the colon and int(). An index behind the end raises IndexError, which decode() translates.


def _read(data, at, depth):
    """The value at offset ``at``, and the offset behind it."""
    first = data[at]
    if first == 100:
        if depth <= 0:
            raise BencodeError("too-deep", "the bencoded value is nested too deep")
        return _read_dictionary(data, at + 1, depth - 1)
    if first == 108:
        if depth <= 0:
            raise BencodeError("too-deep", "the bencoded value is nested too deep")
        return _read_list(data, at + 1, depth - 1)
    if first == 105:
        return _read_integer(data, at + 1)
    return _read_string(data, at)


def _read_dictionary(data, at, depth):
    result = {}
    size = len(data)
    while True:
        first = data[at]
        if first == 101:
            return result, at + 1
        if 49 <= first <= 57:
            length = first - 48
            at += 1
            digit = data[at]
            while digit != 58:
                if not 48 <= digit <= 57 or length > size:
                    raise BencodeError("syntax", "a length in bencode is not a number")
                length = length * 10 + digit - 48
                at += 1
                digit = data[at]
            at += 1
            end = at + length
            key = data[at:end]
            at = end
        elif first == 48:
            key, at = _read_string(data, at)
        else:
            raise BencodeError("key-type", "a key of a bencoded dictionary is not a string")
        if key in result:
            raise BencodeError("duplicate-key", "a bencoded dictionary has a key twice")
        # Behind a key that ran over the end there is no byte, so the next line tells that, too.
        first = data[at]
        if 49 <= first <= 57:
            length = first - 48
            at += 1
            digit = data[at]
            while digit != 58:
                if not 48 <= digit <= 57 or length > size:
                    raise BencodeError("syntax", "a length in bencode is not a number")
                length = length * 10 + digit - 48
                at += 1
                digit = data[at]
            at += 1
            end = at + length
            result[key] = data[at:end]
            at = end
        else:
            result[key], at = _read(data, at, depth)


def _read_list(data, at, depth):
    result = []
    while True:
        first = data[at]
        if first == 101:
            return result, at + 1
        if 48 <= first <= 57:
            item, at = _read_string(data, at)
        else:
            item, at = _read(data, at, depth)
        result.append(item)


def _read_integer(data, at):
    end = data.find(b"e", at, at + _INTEGER_DIGITS + 1)
    digits = data[at:end] if end >= 0 else b""
    bare = digits[1:] if digits[:1] == b"-" else digits
    if not bare.isdigit():
        if end < 0 and len(data) - at <= _INTEGER_DIGITS:
            raise BencodeError("truncated", "a bencoded integer ends too early")
        raise BencodeError("syntax", "a bencoded integer is not a decimal number of at most 64 bits")
    if bare[0] == 48 and digits != b"0":
        raise BencodeError("syntax", "a bencoded integer begins with a zero")
    number = int(digits)
    if not INTEGER_MIN <= number <= INTEGER_MAX:
        raise BencodeError("range", "a bencoded integer needs more than 64 bits")
    return number, end + 1


def _read_string(data, at):
    length = data[at] - 48
    if not 0 <= length <= 9:
        raise BencodeError("syntax", "what stands where a bencoded value begins is none")
    at += 1
    digit = data[at]
    if length == 0 and digit != 58:
        raise BencodeError("syntax", "a length in bencode begins with a zero")
    size = len(data)
    while digit != 58:
        if not 48 <= digit <= 57 or length > size:
            raise BencodeError("syntax", "a length in bencode is not a number")
        length = length * 10 + digit - 48
        at += 1
        digit = data[at]
    at += 1
    end = at + length
    if end > size:
        raise BencodeError("truncated", "a bencoded string ends too early")
    return data[at:end], end
