"""Numbers as Redis reads and writes them."""

from .replies import NOT_FLOAT, NOT_INTEGER, NOT_POSITIVE, SYNTAX, Refusal

I64_MIN, I64_MAX = -(1 << 63), (1 << 63) - 1
INFINITY = float("inf")
# A larger number is infinite.
_LONG_DOUBLE_BITS = 16384


def integer(text, error=NOT_INTEGER):
    """Return a whole number of 64 bits written the one short way. Raises Refusal."""
    try:
        if len(text) <= 20:
            number = int(text)
            if b"%d" % number == text and I64_MIN <= number <= I64_MAX:
                return number
    except ValueError:
        pass
    raise Refusal(error)


def how_many(words):
    """Return the count behind the key of a command that takes things out: None where it is not said. Raises Refusal."""
    if len(words) > 3:
        raise Refusal(SYNTAX)
    if len(words) < 3:
        return None
    count = integer(words[2], NOT_POSITIVE)
    if count < 0:
        raise Refusal(NOT_POSITIVE)
    return count


def double(text, error=NOT_FLOAT):
    """Return a double as C's strtod reads it, nan refused. Raises Refusal."""
    number = _read(text, error)
    if number in (INFINITY, -INFINITY) and b"inf" not in text.lower():
        raise Refusal(error)
    return number


def _read(text, error):
    try:
        # What Python takes and C does not: underscores and space around it.
        if text and b"_" not in text and not text[:1].isspace() and not text[-1:].isspace():
            number = float.fromhex(text.decode()) if b"x" in text.lower() else float(text)
            if number == number:
                return number
    except (ValueError, OverflowError):
        pass
    raise Refusal(error)


def double_text(number):
    """Return the text of a double: 17 digits, as Redis 7.0 writes it."""
    return b"%.17g" % number if number - number == 0 else (b"inf" if number > 0 else b"-inf")


def add_long_doubles(a, b):
    """Return the text of a + b of two decimal texts, as C's 80-bit long double adds and Redis prints it (17 places, no zeros at the end).

    Raises Refusal when one is no number, ArithmeticError when the sum is not finite.
    """
    sum_m, sum_e = _add(_long_double(a), _long_double(b))
    if sum_m.bit_length() + sum_e > _LONG_DOUBLE_BITS:
        raise ArithmeticError
    negative, magnitude = sum_m < 0, abs(sum_m) * 10**17
    if sum_e >= 0:
        scaled = magnitude << sum_e
    else:
        scaled = _half_even(magnitude, 1 << -sum_e)
    digits = b"%d" % scaled
    digits = digits.rjust(18, b"0")
    text = (digits[:-17] + b"." + digits[-17:]).rstrip(b"0").rstrip(b".")
    return b"-" + text if negative and text != b"0" else text


def _long_double(text):
    # (mantissa of at most 64 bits, exponent of two)
    _read(text, NOT_FLOAT)
    lower = text.lower()
    if b"inf" in lower:
        raise ArithmeticError
    if b"x" in lower:
        m, d = float.fromhex(lower.decode()).as_integer_ratio()
        return m, 1 - d.bit_length()
    mantissa, _, exponent = lower.partition(b"e")
    whole, _, places = mantissa.partition(b".")
    tens = int(exponent or b"0") - len(places)
    if len(whole) + len(places) > 5000 or abs(tens) > 10000:
        raise Refusal(NOT_FLOAT)
    number = int(whole + places)
    mantissa, exponent = _rounded(number * 10**tens, 1) if tens >= 0 else _rounded(number, 10**-tens)
    if mantissa.bit_length() + exponent > _LONG_DOUBLE_BITS:
        raise Refusal(NOT_FLOAT)
    return mantissa, exponent


def _rounded(number, divisor):
    if not number:
        return 0, 0
    sign = -1 if number < 0 else 1
    number = abs(number)
    exponent = number.bit_length() - divisor.bit_length() - 64
    while True:
        mantissa = _half_even(number << max(0, -exponent), divisor << max(0, exponent))
        if mantissa.bit_length() <= 64:
            return sign * mantissa, exponent
        exponent += 1


def _add(a, b):
    low = min(a[1], b[1])
    m, e = _rounded((a[0] << a[1] - low) + (b[0] << b[1] - low), 1)
    return m, e + low


def _half_even(number, divisor):
    quotient, rest = divmod(number, divisor)
    return quotient + (rest * 2 > divisor or (rest * 2 == divisor and quotient & 1))
