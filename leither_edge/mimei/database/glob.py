"""Redis's glob patterns over bytes: * ? [a-z] [^a] and a backslash before what is meant literally."""

_SPECIAL = b"*?[\\"


def matches(pattern, text):
    """True if the whole text is what the pattern says. Time is at most their lengths multiplied."""
    p = t = 0
    star = star_t = -1
    while t < len(text):
        if p < len(pattern):
            if pattern[p] == 0x2A:
                star, star_t = p, t
                p += 1
                continue
            is_match, after = _one(pattern, p, text[t])
            if is_match:
                p = after
                t += 1
                continue
        if star < 0:
            return False
        star_t += 1
        p, t = star + 1, star_t
    while p < len(pattern) and pattern[p] == 0x2A:
        p += 1
    return p == len(pattern)


def literal_prefix(pattern):
    """Return the bytes that whatever matches begins with."""
    for at, byte in enumerate(pattern):
        if byte in _SPECIAL:
            return pattern[:at]
    return pattern


def is_everything(pattern):
    """True if it matches any text."""
    return pattern == b"*"


def _one(pattern, p, byte):
    # (whether the pattern's one place at p takes the byte, where the next place is)
    first = pattern[p]
    if first == 0x3F:
        return True, p + 1
    if first == 0x5C and p + 1 < len(pattern):
        return pattern[p + 1] == byte, p + 2
    if first != 0x5B:
        return first == byte, p + 1
    p += 1
    negated = p < len(pattern) and pattern[p] == 0x5E
    if negated:
        p += 1
    found = False
    while True:
        if p >= len(pattern):
            # An open bracket ends with the pattern.
            return found != negated, p
        if pattern[p] == 0x5C and p + 1 < len(pattern):
            p += 1
            found |= pattern[p] == byte
        elif pattern[p] == 0x5D:
            return found != negated, p + 1
        elif p + 2 < len(pattern) and pattern[p + 1] == 0x2D:
            low, high = pattern[p], pattern[p + 2]
            if low > high:
                low, high = high, low
            p += 2
            found |= low <= byte <= high
        else:
            found |= pattern[p] == byte
        p += 1
