"""Which blocks of a card image must be written, as bmap-tools 2.0 XML: a writer that knows it skips the rest and checks what it wrote.

    python -m image.report.block_map --image sdcard.img --profile NAME --out sdcard.img.bmap

Left out is only what nobody reads before it is written: slot B's root, and the space behind slot A's squashfs. The zeros of the file
systems are written: a card that held an older image of ours has an ext4 journal with the same identity in the same place, and a
stale transaction there could be replayed.
Source: bmap-tools, description of the block map format 2.0.
"""

import argparse
import hashlib
import struct
import sys
from pathlib import Path

from image import layout
from leither_edge.profile import ProfileError, load

from .source import ReportError, write_text

BLOCK_BYTES = 4096
_CHECKSUM_PLACE = "0" * 64
_SQUASHFS_MAGIC = b"hsqs"


def squashfs_bytes(superblock):
    """Bytes a squashfs takes, from its first 48; None if it is none."""
    if len(superblock) < 48 or superblock[:4] != _SQUASHFS_MAGIC:
        return None
    return struct.unpack_from("<Q", superblock, 40)[0]


def unread(partitions, root_bytes):
    """[(first byte, end byte)] that need not be written.

    partitions: layout.partitions; root_bytes: of slot A's squashfs, None where there is none, which keeps the whole slot.
    """
    where = {name: (first, first + size) for name, first, size in partitions}
    ranges = [where["p6"]]
    if root_bytes is not None and root_bytes <= where["p5"][1] - where["p5"][0]:
        ranges.insert(0, (where["p5"][0] + root_bytes, where["p5"][1]))
    return ranges


def mapped(image_bytes, skipped):
    """[(first block, last block)] to write. skipped: byte ranges in order; only whole blocks of them are left out."""
    blocks, at, found = -(-image_bytes // BLOCK_BYTES), 0, []
    for first, end in skipped:
        first, end = min(-(-first // BLOCK_BYTES), blocks), min(end // BLOCK_BYTES, blocks)
        if first < end:
            if at < first:
                found.append((at, first - 1))
            at = end
    if at < blocks:
        found.append((at, blocks - 1))
    return found


def xml(image_bytes, rows):
    """The document. rows: [(first block, last block, sha256 of their bytes)]."""
    lines = [
        '<?xml version="1.0" ?>',
        '<bmap version="2.0">',
        f"    <ImageSize> {image_bytes} </ImageSize>",
        f"    <BlockSize> {BLOCK_BYTES} </BlockSize>",
        f"    <BlocksCount> {-(-image_bytes // BLOCK_BYTES)} </BlocksCount>",
        f"    <MappedBlocksCount> {sum(last - first + 1 for first, last, _ in rows)} </MappedBlocksCount>",
        "    <ChecksumType> sha256 </ChecksumType>",
        f"    <BmapFileChecksum> {_CHECKSUM_PLACE} </BmapFileChecksum>",
        "    <BlockMap>",
        *(f'        <Range chksum="{digest}"> {first}-{last} </Range>' for first, last, digest in rows),
        "    </BlockMap>",
        "</bmap>",
        "",
    ]
    text = "\n".join(lines)
    # The document's own sum is taken with zeros in its place.
    return text.replace(_CHECKSUM_PLACE, hashlib.sha256(text.encode()).hexdigest(), 1)


def digest_of(file, first, last):
    """sha256 of some blocks of an open image."""
    digest, left = hashlib.sha256(), (last - first + 1) * BLOCK_BYTES
    file.seek(first * BLOCK_BYTES)
    while left and (chunk := file.read(min(left, 1 << 20))):
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest()


def block_map(path, limits):
    """The document for an image. limits: section [partition] of its profile. Raises ReportError."""
    partitions = layout.partitions(limits)
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            if size < layout.image_bytes(limits):
                raise ReportError(f"{path} has {size} bytes, a card of this profile {layout.image_bytes(limits)}: build it again.")
            file.seek(next(first for name, first, _ in partitions if name == "p5"))
            ranges = mapped(size, unread(partitions, squashfs_bytes(file.read(48))))
            return xml(size, [(first, last, digest_of(file, first, last)) for first, last in ranges])
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}.") from None


def main(words):
    """Write the document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--profile", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(words)
    try:
        limits = load(options.profile)
    except ProfileError as error:
        raise ReportError(str(error)) from None
    write_text(options.out, block_map(options.image, limits.partition))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ReportError as error:
        sys.exit(f"leither: {error}")
