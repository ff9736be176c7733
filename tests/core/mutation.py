"""Byte mutation of a good message, in the manner of a fuzzer but drawn by Hypothesis, so that a failure shrinks."""

from hypothesis import strategies as st

INTERESTING = (b"\x00", b"\xff", b"\x18\x17", b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x9f", b"\xbf", b"\xf6", b"\xf9\x00\x00")


def mutated(data, message):
    """``message`` after one to three changes: a bit, a byte, a cut, a repeated piece, an inserted piece, a swap.

    Args: data (Hypothesis' draw object), message (bytes).
    """
    draw = data.draw
    out = bytearray(message)
    for _ in range(draw(st.integers(1, 3))):
        if not out:
            break
        at = draw(st.integers(0, len(out) - 1))
        kind = draw(st.integers(0, 6))
        if kind == 0:
            out[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == 1:
            out[at] = draw(st.integers(0, 255))
        elif kind == 2:
            del out[at : at + draw(st.integers(1, 40))]
        elif kind == 3:
            out[at:at] = out[at : at + draw(st.integers(1, 40))]
        elif kind == 4:
            out[at:at] = draw(st.sampled_from(INTERESTING))
        elif kind == 5:
            other = draw(st.integers(0, len(out) - 1))
            out[at], out[other] = out[other], out[at]
        else:
            out += draw(st.binary(min_size=1, max_size=8))
    return bytes(out)
