"""Redis's glob patterns over bytes: * ? [a-z] [^a] and a backslash before what is meant literally."""

_SPECIAL = b"*?[\\"


# Steps that cost about as much as looking at one key, and from how many on they are told.
STEPS_A_KEY, _STEPS_TOLD = 32, 1024


def matches(pattern, text, spend=None):
    """True if the whole text is what the pattern says. Time is at most their lengths multiplied.

    Args: spend (count of keys that could have been looked at meanwhile -> None; may raise), told of every long search.
    """
    p = t = steps = 0
    star = star_t = -1
    while t < len(text):
        if p < len(pattern):
            if pattern[p] == 0x2A:
                star, star_t = p, t
                p += 1
                continue
            is_match, after = _one(pattern, p, text[t])
            steps += after - p
            if is_match:
                p = after
                t += 1
                continue
        if star < 0:
            return False
        if steps > _STEPS_TOLD and spend is not None:
            spend(steps // STEPS_A_KEY)
            steps = 0
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
