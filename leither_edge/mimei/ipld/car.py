"""CAR files: blocks in a row, each with its label; version 1 out and in, version 2 in (the CAR specifications of IPLD).

What is read is checked block by block against its label; nothing of a file that lies is given on after the lie.
"""

from leither_edge.mimei.errors import BadBlock, TooLarge

from . import cid as cids
from . import dag_cbor, varint

HEADER_MAX = 64 << 10
_PRAGMA = b"\x0a\xa1\x67version\x02"
_V2_HEADER = 40
# A label's longest form before the block.
_LABEL_MAX = 256


def header(roots):
    """The bytes that begin a file of version 1. Args: roots ([label])."""
    body = dag_cbor.encode({"roots": [dag_cbor.Link(root) for root in roots], "version": 1})
    return varint.write(len(body)) + body


def section(cid, data):
    """The bytes before a block in a file of version 1, its length and label; the block follows them."""
    return varint.write(len(cid) + len(data)) + cid


def write(roots, pairs):
    """Yields a file of version 1 in pieces. Args: roots ([label]), pairs (iterable of (label, bytes))."""
    yield header(roots)
    for cid, data in pairs:
        # Content that stands in its label needs no section.
        if cids.inline(cid) is None:
            yield section(cid, data)
            yield data


class Reader:
    """Takes a file in pieces of any size and gives its blocks as they are whole.

    Args: count_max (blocks), bytes_max (of all blocks together); None for no bound. .roots is None until the header has come.
    """

    def __init__(self, count_max=None, bytes_max=None):
        self.roots = None
        self.count = self.bytes = 0
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._rest = bytearray()
        self._passed = 0
        self._take = self._take_header
        # Of version 2: where the inner file begins and ends in the bytes of the outer one.
        self._skip = 0
        self._end = None

    def feed(self, data):
        """Yields (label, bytes) of each block that has become whole; exhaust it before more is fed. Raises BadBlock, TooLarge."""
        rest = self._rest
        rest += data
        while True:
            if self._skip:
                passed = min(self._skip, len(rest))
                self._drop(passed)
                self._skip -= passed
            if self._skip or self._at_end() or not rest:
                break
            taken = self._take(rest)
            if taken is None:
                break
            if taken:
                yield taken
        if self._at_end():
            # An index of version 2 may follow; we find blocks without it.
            rest.clear()

    def finish(self):
        """Says that the file ends here. Raises BadBlock: it was cut short."""
        if self.roots is None or self._rest or self._skip or self._end is not None and not self._at_end():
            raise BadBlock("The CAR file is cut short. Fetch it again.")

    def _at_end(self):
        return self._end is not None and self._passed >= self._end

    def _drop(self, count):
        del self._rest[:count]
        self._passed += count

    def _length(self, rest, most, what):
        """(length, offset behind it) at the beginning, None if it has not come yet."""
        if rest[0] >= 0x80 and len(rest) < 9 and all(byte >= 0x80 for byte in rest):
            return None
        length, at = varint.read(rest)
        if length > most:
            raise TooLarge(f"{what} in the CAR file has {length} bytes where at most {most} are taken.")
        if self._end is not None and self._passed + at + length > self._end:
            raise BadBlock("The CAR file's inner part is shorter than its contents.")
        return (length, at) if len(rest) >= at + length else None

    def _take_header(self, rest):
        if rest[: len(_PRAGMA)] == _PRAGMA and self._end is None:
            if len(rest) >= len(_PRAGMA) + _V2_HEADER:
                self._begin_inner(rest)
                return ()
            return None
        found = self._length(rest, HEADER_MAX, "The header")
        if found is None:
            return None
        length, at = found
        value = dag_cbor.decode(bytes(rest[at : at + length]))
        if not isinstance(value, dict) or value.keys() != {"roots", "version"} or value["version"] != 1 or value["version"] is True:
            raise BadBlock("The file is no CAR file of version 1 or 2.")
        roots = value["roots"]
        if not isinstance(roots, list) or not all(isinstance(root, dag_cbor.Link) for root in roots):
            raise BadBlock("The CAR file's roots are not labels.")
        self.roots = [root.cid for root in roots]
        self._drop(at + length)
        self._take = self._take_block
        return ()

    def _begin_inner(self, rest):
        at = len(_PRAGMA) + 16
        start = int.from_bytes(rest[at : at + 8], "little")
        size = int.from_bytes(rest[at + 8 : at + 16], "little")
        least = len(_PRAGMA) + _V2_HEADER
        if start < least or not size:
            raise BadBlock("The CAR file's header of version 2 points to no inner part.")
        self._end = start + size
        self._skip = start

    def _take_block(self, rest):
        found = self._length(rest, cids.BLOCK_MAX + _LABEL_MAX, "A block")
        if found is None:
            return None
        length, at = found
        end = at + length
        cid, start = cids.parse(rest[at : min(end, at + _LABEL_MAX)])
        data = bytes(memoryview(rest)[at + start : end])
        if len(data) > cids.BLOCK_MAX:
            raise TooLarge(f"A block has at most {cids.BLOCK_MAX} bytes.")
        cids.check(cid, data)
        self.count += 1
        self.bytes += len(data)
        if self._count_max is not None and self.count > self._count_max:
            raise TooLarge(f"The CAR file has more than {self._count_max} blocks.")
        if self._bytes_max is not None and self.bytes > self._bytes_max:
            raise TooLarge(f"The blocks of the CAR file have more than {self._bytes_max} bytes.")
        self._drop(end)
        return cid, data


def read(pieces, count_max=None, bytes_max=None, on_roots=None):
    """Yields (label, bytes) of a file that comes in pieces (iterable of bytes).

    Args: count_max, bytes_max (as Reader), on_roots (called once with [label] before the first block). Raises BadBlock, TooLarge.
    """
    reader = Reader(count_max, bytes_max)
    told = on_roots is None
    for piece in pieces:
        for block in reader.feed(piece):
            if not told:
                on_roots(reader.roots)
                told = True
            yield block
    reader.finish()
    if not told:
        on_roots(reader.roots)
