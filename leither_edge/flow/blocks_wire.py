"""What goes over a stream of `blocks.get`: wants one way, blocks the other, in the order of the wants.

    want      length of the label (1), label, offset in the block (4)
    cancel    0 (1), which want (4): the first of a stream is 0; one that is answered already stays answered
    answer    what came of it (1), bytes of the whole block (4); where it is GIVEN: the bytes from the offset on, then GOOD or SPOILT (1)

Numbers stand with their most significant byte first. The last byte says whether the giver's own medium still had what it once wrote, so
that a worn card is not taken for a liar. Without I/O; sizes are bounded by the form itself.
"""

import struct
from collections import namedtuple

from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.ipld import cid as cids

# A label of SHA-256 with the longest codec that is taken.
LABEL_MAX = 40
# Wants that wait in the giver, for one stream.
WANTS_MAX = 256

GIVEN, MISSING, CANCELLED = range(3)
GOOD, SPOILT = range(2)
ANSWER = struct.Struct(">BI")
_NUMBER = struct.Struct(">I")

Want = namedtuple("Want", "label offset")
# number: of the want that is given up.
Cancel = namedtuple("Cancel", "number")


class BadWire(Exception):
    """What came over the stream has not the form it must have. Args: sentence."""

    code = "bad-form"


def want(label, offset=0):
    """The bytes of a want."""
    return bytes((len(label),)) + label + _NUMBER.pack(offset)


def cancel(number):
    """The bytes that give a want up."""
    return b"\0" + _NUMBER.pack(number)


def answer(what, size=0):
    """The bytes before a block, or in place of one."""
    return ANSWER.pack(what, size)


def read_answer(data):
    """(GIVEN, MISSING or CANCELLED; bytes of the whole block) of ANSWER.size bytes. Raises BadWire."""
    what, size = ANSWER.unpack(data)
    if what > CANCELLED:
        raise BadWire("An answer to a want is of a kind that there is not.")
    if size > cids.BLOCK_MAX or (size and what != GIVEN):
        raise BadWire(f"An answer to a want tells of {size} bytes, where a block has at most {cids.BLOCK_MAX}.")
    return what, size


class Wants:
    """Takes what an asker sends, in pieces of any size."""

    __slots__ = ("_rest",)

    def __init__(self):
        self._rest = b""

    def feed(self, data):
        """[Want or Cancel] that became whole. Raises BadWire."""
        rest, at, found = self._rest + bytes(data), 0, []
        while at < len(rest):
            length = rest[at]
            end = at + 1 + length + _NUMBER.size
            if length > LABEL_MAX:
                raise BadWire(f"A want names a label of {length} bytes, where the longest has {LABEL_MAX}.")
            if end > len(rest):
                break
            number = _NUMBER.unpack_from(rest, end - _NUMBER.size)[0]
            found.append(Want(_label(rest[at + 1 : at + 1 + length]), number) if length else Cancel(number))
            at = end
        self._rest = rest[at:]
        return found

    def finish(self):
        """Says that the asker sends no more. Raises BadWire: the last want is cut short."""
        if self._rest:
            raise BadWire("The last want is cut short.")


def _label(data):
    try:
        label, end = cids.parse(data)
    except (MimeiError, IndexError):
        raise BadWire("A want names no label.") from None
    if end != len(data) or cids.digest(label) is None:
        raise BadWire("A want names a label that no block has.")
    return label
