"""Bytes made wrong: by flips and cuts, and, where they are bencode, by changing what they say and writing it well-formed again."""

from leither_edge.dht import bencode

_PIECES = (b"d", b"l", b"i", b"e", b":", b"0:", b"1:v", b"i-1e", b"20:", b"le", b"de", b"99999999999999999999", b"-", b"2:id", b"1:r",
           b"\0", b"\xff", b"i9223372036854775807e", b"5:nodes", b"6:values", b"4:want", b"3:seq", b"2048:")  # fmt: skip
_SIZES = (0, 1, 2, 4, 5, 6, 7, 18, 19, 20, 21, 25, 26, 32, 38, 40, 64, 65, 128, 129, 1000, 1001)
_NUMBERS = (0, 1, -1, 2, 255, 256, 65535, 65536, bencode.INTEGER_MAX, bencode.INTEGER_MIN, 203, 302)
_DEPTH = 6


def mutated(data, chance, pieces=_PIECES):
    """Some bytes near ``data``. chance: random.Random."""
    raw = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(raw) + 1)
        kind = chance.randrange(7)
        if kind == 0 and raw:
            raw[at % len(raw)] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del raw[at : at + chance.randrange(1, 12)]
        elif kind == 2:
            raw[at:at] = chance.choice(pieces)
        elif kind == 3:
            raw[at:at] = chance.randbytes(chance.randrange(1, 24))
        elif kind == 4:
            raw[at : at + chance.randrange(40)] = raw[chance.randrange(len(raw) + 1) :][:40]
        elif kind == 5:
            raw[at : at + 1] = b"%d" % chance.randrange(100)
        else:
            del raw[at:]
    return bytes(raw[:2100])


def rewritten(data, chance):
    """The bencoded value of ``data`` with something in it changed, well-formed; ``data`` mutated where it is no bencode."""
    try:
        value = bencode.decode(data)
    except bencode.BencodeError:
        return mutated(data, chance)
    for _ in range(chance.randrange(1, 4)):
        value = _changed(value, chance, _DEPTH)
    try:
        return bencode.encode(value)
    except bencode.BencodeError:
        return mutated(data, chance)


def _changed(value, chance, depth):
    if depth and chance.random() < 0.85:
        if isinstance(value, dict) and value:
            key = chance.choice(list(value))
            turn = chance.randrange(10)
            if turn == 0:
                return {other: item for other, item in value.items() if other != key}
            if turn == 1:
                return {**value, chance.choice(_keys): _made(chance)}
            return {**value, key: _changed(value[key], chance, depth - 1)}
        if isinstance(value, list) and value:
            at = chance.randrange(len(value))
            return [*value[:at], _changed(value[at], chance, depth - 1), *value[at + 1 :]]
    if isinstance(value, bytes) and chance.random() < 0.5:
        size = chance.choice(_SIZES)
        return (value + chance.randbytes(size))[:size] if chance.random() < 0.7 else mutated(value, chance)[:1500]
    return _made(chance)


_keys = (b"id", b"t", b"y", b"q", b"a", b"r", b"e", b"v", b"k", b"sig", b"seq", b"salt", b"cas", b"want", b"ip", b"ln", b"ro", b"nodes",
         b"nodes6", b"values", b"token", b"port", b"implied_port", b"info_hash", b"target", b"samples", b"num", b"more")  # fmt: skip


def _made(chance):
    kind = chance.randrange(6)
    if kind == 0:
        return chance.choice(_NUMBERS)
    if kind == 1:
        return [chance.randbytes(chance.choice(_SIZES)) for _ in range(chance.randrange(4))]
    if kind == 2:
        return {chance.choice(_keys): chance.choice(_NUMBERS)}
    if kind == 3:
        return chance.choice(([], {}, b""))
    return chance.randbytes(chance.choice(_SIZES))
