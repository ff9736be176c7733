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
_HEADS_MADE = 65
_HEADS = tuple(b"%d:" % length for length in range(_HEADS_MADE))


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
    try:
        _write(parts, value, max_depth)
        return b"".join(parts)
    except TypeError:
        # sorted(), len() or join() met a key of another kind: cheaper than to look at each.
        raise BencodeError("key-type", "the keys of a dictionary are bytes") from None


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


# A string of usual length is put as two parts, which join() then copies once: twice as fast as formatting it.


def _write(parts, value, depth):
    kind = type(value)
    if kind is dict:
        if depth <= 0:
            raise BencodeError("too-deep", "the value is nested too deep")
        parts.append(b"d")
        for key in sorted(value):
            item = value[key]
            length = len(key)
            head = _HEADS[length] if length < _HEADS_MADE else b"%d:" % length
            if type(item) is bytes:
                length = len(item)
                parts += head, key, _HEADS[length] if length < _HEADS_MADE else b"%d:" % length, item
            else:
                parts += head, key
                _write(parts, item, depth - 1)
        parts.append(b"e")
    elif kind is int:
        if not INTEGER_MIN <= value <= INTEGER_MAX:
            raise BencodeError("range", "an integer needs more than 64 bits")
        parts.append(b"i%de" % value)
    elif kind is bytes:
        parts += b"%d:" % len(value), value
    elif kind is list or kind is tuple:
        if depth <= 0:
            raise BencodeError("too-deep", "the value is nested too deep")
        parts.append(b"l")
        for item in value:
            if type(item) is bytes:
                length = len(item)
                parts += _HEADS[length] if length < _HEADS_MADE else b"%d:" % length, item
            else:
                _write(parts, item, depth - 1)
        parts.append(b"e")
    elif kind is bytearray or kind is memoryview:
        _write(parts, bytes(value), depth)
    else:
        raise BencodeError("type", f"bencode holds no {kind.__name__}")


# Dictionaries and lists read strings with lengths of one and two digits in place, which nearly all in a packet are: twice as
# fast as a call for each, or as a search for the colon and int(). 58 is the colon; a digit has the code 48 + its value. An index
# behind the end raises IndexError, which decode() translates; so does a string that runs over the end, at the byte behind it.


def _read(data, at, depth):
    """The value at offset ``at``, and the offset behind it."""
    first = data[at]
    if first == 100:
        return _read_dictionary(data, at + 1, depth - 1)
    if first == 108:
        return _read_list(data, at + 1, depth - 1)
    if first == 105:
        return _read_integer(data, at + 1)
    return _read_string(data, at)


def _read_dictionary(data, at, depth):
    if depth < 0:
        raise BencodeError("too-deep", "the bencoded value is nested too deep")
    result = {}
    # As many as there are bytes never come, since each takes two.
    for count in range(len(data)):
        first = data[at]
        if first == 101:
            # Cheaper than to look before each key.
            if len(result) != count:
                raise BencodeError("duplicate-key", "a bencoded dictionary has a key twice")
            return result, at + 1
        if data[at + 1] == 58 and 48 <= first < 58:
            end = at + first - 46
            key = data[at + 2 : end]
        elif 48 <= first < 58:
            key, end = _read_string(data, at)
        else:
            raise BencodeError("key-type", "a key of a bencoded dictionary is not a string")
        first = data[end]
        if 49 <= first < 58:
            second = data[end + 1]
            if second == 58:
                at = end + first - 46
                result[key] = data[end + 2 : at]
            elif data[end + 2] == 58 and 48 <= second < 58:
                # 10 times 48, and 48, less the three bytes of "NN:".
                at = end + 10 * first + second - 525
                result[key] = data[end + 3 : at]
            else:
                result[key], at = _read_string(data, end)
        else:
            result[key], at = _read(data, end, depth)
    raise BencodeError("truncated", "the bencoded value ends too early")


def _read_list(data, at, depth):
    if depth < 0:
        raise BencodeError("too-deep", "the bencoded value is nested too deep")
    result = []
    while True:
        first = data[at]
        if first == 101:
            return result, at + 1
        if data[at + 1] == 58 and 48 <= first < 58:
            end = at + first - 46
            result.append(data[at + 2 : end])
            at = end
        else:
            item, at = _read(data, at, depth)
            result.append(item)


def _read_integer(data, at):
    end = data.find(b"e", at, at + _INTEGER_DIGITS + 1)
    if end < 0:
        if len(data) - at <= _INTEGER_DIGITS:
            raise BencodeError("truncated", "a bencoded integer ends too early")
        raise BencodeError("range", "a bencoded integer needs more than 64 bits")
    digits = data[at:end]
    try:
        number = int(digits)
    except ValueError:
        raise BencodeError("syntax", "a bencoded integer is not a decimal number") from None
    # Leading zeros, minus zero, and what else int() takes: plus signs, spaces, underscores.
    if b"%d" % number != digits:
        raise BencodeError("syntax", "a bencoded integer is not in its shortest form")
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
