"""A block map: which parts of an image hold something, so that the rest need not be written.

The format of bmap-tools, version 2, with SHA-256. The XML is untrusted: no document type, no depth, no more than a bounded size.
"""

import hashlib
import re
from collections import namedtuple
from xml.parsers import expat

BLOCK_MAP_MAX_BYTES = 8 << 20
_DEPTH_MAX = 3
_TEXT_MAX = 4096
_NUMBER = re.compile(r"[0-9]{1,19}")
_RANGE = re.compile(r"([0-9]{1,19})(?:\s*-\s*([0-9]{1,19}))?")
_DIGEST = re.compile(r"[0-9a-f]{64}")

# start, end: bytes; digest: SHA-256 in hexadecimal, or None.
Range = namedtuple("Range", "start end digest")
# image_size: bytes; ranges: tuple of Range in order, none touching another.
BlockMap = namedtuple("BlockMap", "image_size ranges")


class BlockMapError(ValueError):
    """The block map cannot be used; the message is a part of a sentence, why."""


def parse_block_map(data):
    """The BlockMap in the bytes of a .bmap file. Raises BlockMapError."""
    if len(data) > BLOCK_MAP_MAX_BYTES:
        raise BlockMapError(f"it has more than {BLOCK_MAP_MAX_BYTES:,} bytes")
    said = _Document(data)
    if not re.fullmatch(r"2\.[0-9]{1,3}", said.version or ""):
        raise BlockMapError("it is not of version 2")
    if said.texts.get("ChecksumType") != "sha256":
        raise BlockMapError("its checksums are not sha256")
    _check_own(data, said.texts.get("BmapFileChecksum"))
    size, block = said.number("ImageSize"), said.number("BlockSize")
    if not size or not 512 <= block <= 1 << 24 or said.number("BlocksCount") != -(-size // block):
        raise BlockMapError("its sizes do not fit together")
    ranges, mapped, last = [], 0, -1
    for text, digest in said.ranges:
        match = _RANGE.fullmatch(text)
        first, final = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
        if not last < first <= final < -(-size // block):
            raise BlockMapError("its ranges are not in order, or lie outside of the image")
        if digest is not None and not _DIGEST.fullmatch(digest):
            raise BlockMapError("a checksum in it is none")
        ranges.append(Range(first * block, min((final + 1) * block, size), digest))
        mapped, last = mapped + final + 1 - first, final
    if mapped != said.number("MappedBlocksCount"):
        raise BlockMapError("it lacks some of its ranges")
    return BlockMap(size, tuple(ranges))


def _check_own(data, checksum):
    """The map's checksum of itself, which counts with zeros in its own place."""
    if checksum is None or not _DIGEST.fullmatch(checksum):
        raise BlockMapError("it has no checksum of itself")
    if hashlib.sha256(data.replace(checksum.encode(), b"0" * 64, 1)).hexdigest() != checksum:
        raise BlockMapError("it is damaged: its own checksum does not match")


class _Document:
    """What stands in the XML. version: text or None; texts: {element: text}; ranges: [(text, digest or None)]."""

    def __init__(self, data):
        self.version = None
        self.texts = {}
        self.ranges = []
        self._path = []
        self._text = ""
        self._digest = None
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._no_doctype
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = self._start, self._end, self._data
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            raise BlockMapError(f"its XML is broken: {expat.ErrorString(error.code)} in line {error.lineno}") from None
        except (UnicodeError, LookupError):
            raise BlockMapError("its XML is broken") from None

    def number(self, name):
        text = self.texts.get(name, "")
        if not _NUMBER.fullmatch(text):
            raise BlockMapError(f"{name} is missing in it, or no number")
        return int(text)

    def _no_doctype(self, *_):
        raise BlockMapError("its XML has a document type")

    def _start(self, name, attributes):
        self._path.append(name)
        self._text = ""
        if len(self._path) > _DEPTH_MAX or self._path[0] != "bmap":
            raise BlockMapError("its XML is no block map")
        if len(self._path) == 1:
            self.version = attributes.get("version")
        self._digest = attributes.get("chksum")

    def _data(self, text):
        if len(self._text) + len(text) > _TEXT_MAX and text.strip():
            raise BlockMapError("its XML is no block map")
        self._text = (self._text + text)[:_TEXT_MAX]

    def _end(self, name):
        text, self._text = self._text.strip(), ""
        if self._path == ["bmap", "BlockMap", "Range"]:
            self.ranges.append((text, self._digest))
        elif len(self._path) == 2 and self.texts.setdefault(name, text) != text:
            raise BlockMapError(f"{name} stands in it twice")
        self._path.pop()
