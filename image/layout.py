#!/usr/bin/env python3
"""The card's partitions, from the hardware profile: the one place that knows where each begins.

    byte 0        MBR
    8 KiB         boot loader (boards with U-Boot), up to 4 MiB
    4 MiB         U-Boot environment, and its second copy 64 KiB on (16 KiB each)
    8 MiB         p1  FAT       what a person may edit: leither.toml; which slot starts: autoboot.txt
                  p2  FAT       kernel, device trees, firmware of slot A
                  p3  FAT       the same of slot B
                  p4  extended, to the end of the card
                      p5  squashfs  root of slot A
                      p6  squashfs  root of slot B
                      p7  ext4      STATE
                      p8  ext4      DATA, last, because it grows to the card at the first start

Run as a program it prints the genimage configuration of a profile.
"""

import argparse
import sys
from pathlib import Path

MIB = 1 << 20
FIRST_BYTE = 8 * MIB
ENVIRONMENT_BYTES = (4 * MIB, 4 * MIB + 64 * 1024)
# Each logical partition has its table one mebibyte before it, so that each begins on a multiple of the erase block.
LOGICAL_GAP = MIB
DISK_SIGNATURE = 0x4C454954
FAT_SERIALS = {"p1": "4C454931", "p2": "4C454932", "p3": "4C454933"}


def partitions(limits):
    """(name, first byte, bytes) of each partition on the card as it is flashed; p4 spans p5 to p8.

    limits: section [partition] of a profile, sizes in MiB.
    """
    placed, at = [], FIRST_BYTE
    for name, size_mib in (("p1", limits.settings_mib), ("p2", limits.boot_mib), ("p3", limits.boot_mib)):
        placed.append((name, at, size_mib * MIB))
        at += size_mib * MIB
    extended = at
    logical = []
    for name, size_mib in (
        ("p5", limits.slot_mib), ("p6", limits.slot_mib), ("p7", limits.state_mib), ("p8", limits.data_min_mib),
    ):
        at += LOGICAL_GAP
        logical.append((name, at, size_mib * MIB))
        at += size_mib * MIB
    return [*placed, ("p4", extended, at - extended), *logical]


def image_bytes(limits):
    """Size of the card image."""
    return max(first + size for _, first, size in partitions(limits))


def cluster_sectors(size):
    """Sectors a cluster of a FAT16 partition of ``size`` bytes: the fewest, since FAT16 needs 4,085 clusters and has 65,524."""
    sectors = 1
    while size // (512 * sectors) > 65_000:
        sectors *= 2
    return sectors


def fat_text(limits, boot_files, settings_files):
    """genimage's configuration of the three FAT partitions.

    boot_files: (file, name) on p2, in the images folder; settings_files: the same on p1, the card's file first so that it lies
    in one piece.
    """
    where = {name: (first, size) for name, first, size in partitions(limits)}
    lines = []
    for name, files in (("p1", settings_files), ("p2", boot_files), ("p3", [("slot-b.txt", "readme.txt")])):
        lines += [
            f"image {name}.vfat {{",
            "\tvfat {",
            f'\t\tlabel = "{ {"p1": "LEITHER", "p2": "BOOT-A", "p3": "BOOT-B"}[name] }"',
            f'\t\textraargs = "-i {FAT_SERIALS[name]} -F 16 -s {cluster_sectors(where[name][1])}"',
            *(f'\t\tfile {_quoted(target)} {{\n\t\t\timage = {_quoted(source)}\n\t\t}}' for source, target in files),
            "\t}",
            f"\tsize = {where[name][1]}",
            "}",
        ]
    return "\n".join([*lines, ""])


def card_text(limits, loader=()):
    """genimage's configuration of the card, from partitions that are made.

    loader: (file, first byte, hole or None) of what lies before the partitions, nothing where the firmware is on p1.
    """
    where = {name: (first, size) for name, first, size in partitions(limits)}
    lines = [
        "image sdcard.img {",
        "\thdimage {",
        '\t\tpartition-table-type = "mbr"',
        "\t\textended-partition = 4",
        f"\t\tdisk-signature = 0x{DISK_SIGNATURE:08x}",
        f"\t\talign = {LOGICAL_GAP}",
        "\t}",
    ]
    for number, (image, first, hole) in enumerate(loader):
        lines += [f"\tpartition loader-{number} {{", "\t\tin-partition-table = false"]
        lines += [f"\t\toffset = {first}", f"\t\timage = {_quoted(image)}"]
        lines += [f"\t\tholes = {{{_quoted(hole)}}}"] if hole else []
        lines += ["\t}"]
    contents = (
        ("p1", "0x0e", "p1.vfat"), ("p2", "0x0e", "p2.vfat"), ("p3", "0x0e", "p3.vfat"),
        ("p5", "0x83", "rootfs.squashfs"), ("p6", "0x83", None), ("p7", "0x83", "state.ext4"), ("p8", "0x83", "data.ext4"),
    )
    for name, kind, image in contents:
        first, size = where[name]
        lines += [f"\tpartition {name} {{", f"\t\tpartition-type = {kind}", f"\t\toffset = {first}", f"\t\tsize = {size}"]
        lines += [f"\t\timage = {_quoted(image)}"] if image else []
        lines += ["\t}"]
    return "\n".join([*lines, "}", ""])


def _quoted(text):
    return f'"{text}"'


def pairs(text):
    """(source, target) of each line ``source [target]`` of a board's list of files."""
    found = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words:
            found.append((words[0], words[-1] if len(words) > 1 else Path(words[0]).name))
    return found


def loader_parts(text):
    """(file, first byte, hole) of each line ``file first-byte [hole-begin hole-end]``, and the two copies of the environment."""
    parts = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words:
            hole = f"({words[2]}; {words[3]})" if len(words) == 4 else None
            parts.append((words[0], int(words[1]), hole))
    return parts + [("uboot-env.bin", first, None) for first in ENVIRONMENT_BYTES]


def main():
    """Print the configuration."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("profile", type=Path, help="a file of hw_profiles")
    parser.add_argument("--board", type=Path, required=True, help="the board's folder")
    parser.add_argument("--part", choices=("fat", "card"), required=True, help="the FAT partitions, or the card made of all of them")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from leither_edge.profile import load

    limits = load(str(options.profile))
    if options.part == "card":
        loader = options.board / "loader"
        sys.stdout.write(card_text(limits.partition, loader_parts(loader.read_text()) if loader.exists() else ()))
        return
    settings = [("leither.toml", "leither.toml"), *pairs((options.board / "settings-files").read_text())]
    sys.stdout.write(fat_text(limits.partition, pairs((options.board / "boot-files").read_text()), settings))


if __name__ == "__main__":
    main()
