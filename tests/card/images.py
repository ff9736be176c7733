"""Card images in miniature: an MBR and a FAT partition made by mkfs.fat and mtools, and noise where the systems would lie."""

import hashlib
import random
import shutil
import struct
import subprocess

MIB = 1 << 20
PLACEHOLDER = b"# Written by the flashing step.\n".ljust(4096, b"\n")


def mbr(*partitions):
    """A sector with a partition table. partitions: (type, first sector, sectors)."""
    table = b"".join(struct.pack("<B3xB3xII", 0, kind, start, count) for kind, start, count in partitions)
    return bytes(446) + table.ljust(64, b"\0") + b"\x55\xaa"


def fat(folder, mib, bits, files, extra=()):
    """The bytes of a FAT file system. files: {name: bytes}; extra: arguments of mkfs.fat."""
    path = folder / f"fat{bits}"
    path.write_bytes(bytes(mib * MIB))
    # Only root has it in the path.
    program = shutil.which("mkfs.fat") or "/usr/sbin/mkfs.fat"
    subprocess.run([program, "-F", str(bits), "-n", "LEITHER", *extra, path], check=True, capture_output=True)
    for name, data in files.items():
        (folder / "content").write_bytes(data)
        subprocess.run(["mcopy", "-o", "-i", path, folder / "content", f"::{name}"], check=True, capture_output=True)
    return path.read_bytes()


def card_image(folder, *, mib=12, bits=16, fat_mib=5, files=None, kind=0x0C):
    """The bytes of a whole image: a FAT partition at 1 MiB, a hole, and noise in the second half."""
    files = {"autoboot.txt": b"#".ljust(512), "leither.toml": PLACEHOLDER} if files is None else files
    extra = ("-s", "1") if bits == 16 else ()
    image = bytearray(mib * MIB)
    image[:512] = mbr((kind, 2048, fat_mib * MIB // 512), (0x83, (mib - 2) * 2048, 4096))
    image[MIB : (1 + fat_mib) * MIB] = fat(folder, fat_mib, bits, files, extra)
    image[(mib - 2) * MIB :] = random.Random(7).randbytes(2 * MIB)
    return bytes(image)


def block_map(image, ranges, block=4096, digests=True):
    """The bytes of a block map in bmap-tools' form. ranges: (first block, last block)."""
    rows, mapped = [], 0
    for first, last in ranges:
        digest = hashlib.sha256(image[first * block : (last + 1) * block]).hexdigest()
        chksum = f' chksum="{digest}"' if digests else ""
        rows.append(f"        <Range{chksum}> {first}-{last} </Range>" if last > first else f"        <Range{chksum}> {first} </Range>")
        mapped += last + 1 - first
    text = (
        f"""<?xml version="1.0" ?>
<!-- made for a test -->
<bmap version="2.0">
    <ImageSize> {len(image)} </ImageSize>
    <BlockSize> {block} </BlockSize>
    <BlocksCount> {-(-len(image) // block)} </BlocksCount>
    <MappedBlocksCount> {mapped} </MappedBlocksCount>
    <ChecksumType> sha256 </ChecksumType>
    <BmapFileChecksum> {"0" * 64} </BmapFileChecksum>
    <BlockMap>
"""
        + "\n".join(rows)
        + "\n    </BlockMap>\n</bmap>\n"
    )
    return sealed(text)


def sealed(text):
    """A block map with its own checksum filled in."""
    return text.replace("0" * 64, hashlib.sha256(text.encode()).hexdigest(), 1).encode()


def mapped_blocks(image, block=4096):
    """Ranges of the blocks that are not zero, with at most 16 blocks to a range, as a map of many ranges has."""
    ranges = []
    for number in range(0, len(image) // block):
        if any(image[number * block : (number + 1) * block]):
            if ranges and ranges[-1][1] == number - 1 and number - ranges[-1][0] < 400:
                ranges[-1] = (ranges[-1][0], number)
            else:
                ranges.append((number, number))
    return ranges
