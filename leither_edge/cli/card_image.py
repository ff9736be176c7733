"""A card image: sdcard.img or sdcard.img.xz with what lies beside it, read as a stream and checked before any card is touched."""

import hashlib
import json
import lzma
import os
import re
from collections import namedtuple

from leither_edge.card.block_map import BLOCK_MAP_MAX_BYTES, BlockMapError, parse_block_map
from leither_edge.card.location import LocationError, find_card_file, read_card_file, replacement
from leither_edge.card.partitions import PartitionError, first_partition
from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.prompt import read_limited

CHUNK_BYTES = 1 << 20
READ_BYTES = 1 << 18
XZ_MEMORY_MAX_BYTES = 256 << 20  # xz -9 wants 65 MiB
# Where the first partition may end, and what may be in use up to there: it is kept in memory while the image is checked.
BEGINNING_MAX_BYTES = 1 << 30
BEGINNING_KEPT_MAX_BYTES = 128 << 20
BLOCK_BYTES = 4096
BESIDE_MAX_BYTES = 1 << 20
XZ_MAGIC = b"\xfd7zXZ\0"
PACKED = {b"\x1f\x8b": "gzip", b"PK": "zip", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd", b"7z": "7-Zip"}
DIGEST = re.compile(r"[0-9a-f]{64}")
FETCH = "Get the image again, with its checksum."

# size, sha256: unpacked; download_size, download_sha256: as it lies there; file: FatFile of leither.toml; text: its bytes;
# ranges: [(start, end)] to be written; mapped: whether a block map said so; checked: whether a checksum beside it was compared.
Examined = namedtuple("Examined", "size sha256 download_size download_sha256 file text ranges mapped checked")


class Image:
    """An image file. size: bytes of the file; is_packed; facts: what the .json beside it says; block_map: BlockMap or None.

    Args:
        path: of sdcard.img or sdcard.img.xz.

    Raises:
        Failure: it is not there, or it or something beside it is no good.
    """

    def __init__(self, path):
        self.path = path
        try:
            with open(path, "rb") as file:
                begin = file.read(512)
                self.size = os.fstat(file.fileno()).st_size
        except OSError as error:
            raise UsageError(f"The image {path} cannot be read.", error.strerror, code="no-image") from None
        self.is_packed = begin.startswith(XZ_MAGIC)
        for magic, name in PACKED.items():
            if begin.startswith(magic):
                raise UsageError(f"{path} is packed with {name}.", "An image is taken as it is, or packed with xz.", "Unpack it first.")
        if not self.size:
            raise Failure(f"{path} is empty.", fix=FETCH, code="bad-image")
        self.facts = self._read_facts()
        self.block_map = self._read_block_map()

    def chunks(self, advance=None, download=None):
        """The unpacked bytes in pieces of CHUNK_BYTES, the last one shorter.

        Args:
            advance: called with the number of bytes read from the file.
            download: hash that gets the bytes as they lie in the file.
        """
        pending = bytearray()
        for piece in self._unpacked(advance, download):
            pending += piece
            while len(pending) >= CHUNK_BYTES:
                yield bytes(pending[:CHUNK_BYTES])
                del pending[:CHUNK_BYTES]
        if pending:
            yield bytes(pending)

    def _unpacked(self, advance, download):
        try:
            with open(self.path, "rb") as file:
                yield from (_xz(file, advance, download) if self.is_packed else _pieces(file, advance, download))
        except OSError as error:
            raise Failure(f"The image {self.path} cannot be read.", error.strerror, code="bad-image") from None
        except EOFError:
            raise Failure(f"{self.path} is cut short.", "It ends in the middle.", FETCH, code="bad-image") from None
        except (lzma.LZMAError, MemoryError) as error:
            raise Failure(f"{self.path} cannot be unpacked.", f"{error}.".replace("..", "."), FETCH, code="bad-image") from None

    def _beside(self, ending):
        """Path of the file with this ending beside the image, with or without .xz before it; None if there is none."""
        bases = [self.path] + ([self.path[:-3]] if self.path.endswith(".xz") else [])
        return next((base + ending for base in bases if os.path.isfile(base + ending)), None)

    def _read_facts(self):
        path = self._beside(".json")
        if path is None:
            return {}
        try:
            said = json.loads(read_limited(path, BESIDE_MAX_BYTES, "Image description"))
            if not isinstance(said, dict):
                raise ValueError("it is not a JSON object")
            for name in ("extract_size", "image_download_size"):
                if type(said.get(name, 0)) is not int or said.get(name, 0) < 0:
                    raise ValueError(f"{name} is not a number of bytes")
            for name in ("extract_sha256", "image_download_sha256"):
                if name in said and not (isinstance(said[name], str) and DIGEST.fullmatch(said[name])):
                    raise ValueError(f"{name} is not a SHA-256")
            return said
        except (ValueError, RecursionError) as error:
            raise Failure(f"{path} is damaged.", str(error), FETCH, code="bad-metadata") from None

    def _read_block_map(self):
        path = self._beside(".bmap")
        if path is None:
            return None
        try:
            return parse_block_map(read_limited(path, BLOCK_MAP_MAX_BYTES, "Block map"))
        except BlockMapError as error:
            fix = "Get it again, or move it away to write the whole image."
            raise Failure(f"The block map {path} is not used.", f"{error}.", fix, code="bad-block-map") from None

    def expected_digest(self):
        """The SHA-256 of the file in its .sha256, in sha256sum's form, or None."""
        path = self.path + ".sha256"
        if not os.path.isfile(path):
            return None
        name = os.path.basename(self.path)
        for line in read_limited(path, BESIDE_MAX_BYTES, "Checksum").decode("utf-8", "replace").splitlines():
            digest, _, file = line.partition(" ")
            if DIGEST.fullmatch(digest.lower()) and file.strip().lstrip("*") in ("", name):
                return digest.lower()
        raise Failure(f"{path} has no checksum of {name}.", fix=FETCH, code="bad-metadata")


def examine(image, advance, limit=None):
    """Read a whole image and check it against everything known of it, so that a bad one never costs a card.

    Args:
        image: Image.
        advance: called with the number of bytes read from the file.
        limit: bytes of the card, None where there is none.

    Returns:
        Examined.

    Raises:
        Failure: it is damaged, not the expected one, too large, or no Leither Edge image.
    """
    whole, download, beginning = hashlib.sha256(), hashlib.sha256(), Beginning()
    parts = PartDigests(image.block_map)
    size = 0
    for chunk in image.chunks(advance, download):
        whole.update(chunk)
        parts.add(size, chunk)
        beginning.add(size, chunk)
        size += len(chunk)
        if limit is not None and size > limit:
            raise Failure("The card is too small for this image.", fix="Take a larger card: 8 GB are good.", code="too-small")
    _compare(image, size, whole.hexdigest(), download.hexdigest())
    parts.check(image.path, size)
    try:
        file = find_card_file(beginning.read, size)
        text = read_card_file(beginning.read, file)
    except LocationError as error:
        raise Failure(f"{image.path} is not an image of Leither Edge: {error}.", code="not-our-image") from None
    ranges = [(part.start, part.end) for part in image.block_map.ranges] if image.block_map else [(0, size)]
    for at, data in replacement(file, text):
        if not any(start <= at and at + len(data) <= end for start, end in ranges):
            raise Failure(f"The block map of {image.path} leaves out leither.toml.", fix="Move it away.", code="bad-block-map")
    checked = image.expected_digest() is not None or bool({"extract_sha256", "image_download_sha256"} & set(image.facts))
    return Examined(size, whole.hexdigest(), image.size, download.hexdigest(), file, text, ranges, image.block_map is not None, checked)


def _compare(image, size, whole, download):
    facts = image.facts
    for name, found, what in (
        ("image_download_size", image.size, "has another size than its description says"),
        ("image_download_sha256", download, "has another checksum than its description says"),
        ("extract_size", size, "has another size, unpacked, than its description says"),
        ("extract_sha256", whole, "has another checksum, unpacked, than its description says"),
    ):
        # The description of a packed image says nothing of the unpacked file's own bytes.
        if name in facts and facts[name] != found and (image.is_packed or not name.startswith("image_download")):
            raise Failure(f"{image.path} {what}.", "It is damaged, or another version.", FETCH, code="wrong-checksum")
    expected = image.expected_digest()
    if expected not in (None, download):
        raise Failure(f"{image.path} has another checksum than {image.path}.sha256 says.", "It is damaged.", FETCH, code="wrong-checksum")


class Beginning:
    """Keeps what is in use of an image from its start to the end of its first partition."""

    def __init__(self):
        self._blocks = {}
        self._end = None

    def add(self, offset, chunk):
        """Take the next piece, which starts at ``offset``. Raises Failure if the first partition is out of all proportion."""
        if self._end is None:
            try:
                self._end = sum(first_partition(lambda at, count: chunk[at : at + count], 1 << 62))
            except PartitionError:
                self._end = 0  # find_card_file says it
        if offset >= self._end:
            return
        for at in range(0, len(chunk), BLOCK_BYTES):
            block = chunk[at : at + BLOCK_BYTES]
            if block.count(0) != len(block):
                self._blocks[offset + at] = block
        if offset > BEGINNING_MAX_BYTES or len(self._blocks) * BLOCK_BYTES > BEGINNING_KEPT_MAX_BYTES:
            raise Failure("The first partition of this image is too large for one of Leither Edge.", code="not-our-image")

    def read(self, offset, count):
        """Bytes at an offset; zeros where nothing was kept."""
        pieces = []
        while count:
            start = offset - offset % BLOCK_BYTES
            block = self._blocks.get(start, b"").ljust(BLOCK_BYTES, b"\0")
            piece = block[offset - start : offset - start + count]
            pieces.append(piece)
            offset, count = offset + len(piece), count - len(piece)
        return b"".join(pieces)


class PartDigests:
    """Compares the ranges of a block map with the image as it passes by."""

    def __init__(self, block_map):
        self._map = block_map
        self._parts = [part for part in (block_map.ranges if block_map else ()) if part.digest]
        self._number, self._hash, self._wrong = 0, hashlib.sha256(), 0

    def add(self, offset, chunk):
        """Take the next piece, which starts at ``offset``."""
        end = offset + len(chunk)
        while self._number < len(self._parts) and self._parts[self._number].start < end:
            part = self._parts[self._number]
            self._hash.update(memoryview(chunk)[max(part.start - offset, 0) : part.end - offset])
            if part.end > end:
                return
            self._wrong += self._hash.hexdigest() != part.digest
            self._number, self._hash = self._number + 1, hashlib.sha256()

    def check(self, path, size):
        """Raise Failure if the map is of another image."""
        if self._map is not None and (self._wrong or self._number != len(self._parts) or self._map.image_size != size):
            fix = "Get both again, or move the block map away to write the whole image."
            raise Failure(f"{path} and its block map do not belong together.", fix=fix, code="bad-block-map")


def _pieces(file, advance, download):
    while piece := file.read(READ_BYTES):
        if advance:
            advance(len(piece))
        if download:
            download.update(piece)
        yield piece


def _xz(file, advance, download):
    """Unpack one or several xz streams, with zeros after each as the format allows. Raises LZMAError, EOFError."""
    unpack = None
    for piece in _pieces(file, advance, download):
        while piece or (unpack is not None and not unpack.needs_input):
            if unpack is None:
                piece = piece.lstrip(b"\0")
                if not piece:
                    break
                unpack = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_MAX_BYTES)
            yield unpack.decompress(piece, CHUNK_BYTES)
            piece = b""
            if unpack.eof:
                piece, unpack = unpack.unused_data, None
    if unpack is not None:
        raise EOFError
