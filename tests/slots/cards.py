"""A card in memory for the slots: sectors that a cut of power may tear, and files on its first partition."""

import subprocess

from appliance.slots import SlotError
from appliance.slots.uboot import COPIES_AT
from appliance.slots.uboot_environment import COPY_BYTES, encode

SECTOR = 512
P1_START, P1_BYTES = 8 << 20, 16 << 20
AUTOBOOT = b"[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n"
ENVIRONMENT = {"MTOOLS_SKIP_CHECK": "1", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
PADDED = AUTOBOOT.ljust(SECTOR, b"\n")


class PowerCut(BaseException):
    """The power went away in the middle of a write."""


class MemoryDisk:
    """Sectors by number; those never written are zero.

    cut_after: number of sector writes after which the power goes, or None. written: sector writes so far.
    """

    path = "memory"

    def __init__(self, cut_after=None):
        self.sectors = {}
        self.cut_after = cut_after
        self.written = 0
        self.broken = set()

    def read(self, offset, count):
        first, last = offset // SECTOR, -(-(offset + count) // SECTOR)
        if self.broken.intersection(range(first, last)):
            raise SlotError("failed", "bad spot")
        data = b"".join(self.sectors.get(number, bytes(SECTOR)) for number in range(first, last))
        return data[offset - first * SECTOR :][:count]

    def write(self, offset, data):
        assert offset % SECTOR == 0 and len(data) % SECTOR == 0
        for at in range(0, len(data), SECTOR):
            if self.cut_after is not None and self.written >= self.cut_after:
                raise PowerCut
            self.sectors[(offset + at) // SECTOR] = bytes(data[at : at + SECTOR])
            self.written += 1

    def load(self, path):
        """Take the sectors of a file that are not zero."""
        piece_bytes = 256 * SECTOR
        with open(path, "rb") as file:
            first = 0
            while piece := file.read(piece_bytes):
                # A card is mostly holes.
                for at in range(0, len(piece) if piece.strip(b"\0") else 0, SECTOR):
                    if any(data := piece[at : at + SECTOR]):
                        self.sectors[first + at // SECTOR] = data.ljust(SECTOR, b"\0")
                first += 256
        return self

    def copy(self, cut_after=None):
        """The same card, in a machine whose power goes after so many more sector writes."""
        other = MemoryDisk(cut_after)
        other.sectors = dict(self.sectors)
        return other


def format_fat(path, bits, start, size):
    """A FAT file system inside a file, by Debian's mkfs.vfat."""
    subprocess.run(
        ["mkfs.vfat", "-F", str(bits), "--offset", str(start // SECTOR), "-n", "LEITHER", str(path), str(size // 1024)],
        check=True, capture_output=True, env=ENVIRONMENT,
    )  # fmt: skip


def put(path, start, name, data):
    """Put a file on it, by mtools."""
    subprocess.run(["mcopy", "-i", f"{path}@@{start}", "-o", "-", f"::/{name}"], input=data, check=True, env=ENVIRONMENT)


def raspberry_card(path, bits=16, autoboot=PADDED):
    """A card file whose first partition holds autoboot.txt between other files."""
    size = P1_BYTES if bits != 32 else 64 << 20
    with open(path, "wb") as file:
        file.truncate(P1_START + size)
    format_fat(path, bits, P1_START, size)
    entry = bytes(4) + b"\x0e" + bytes(3) + (P1_START // SECTOR).to_bytes(4, "little") + (size // SECTOR).to_bytes(4, "little")
    with open(path, "r+b") as file:
        file.seek(446)
        file.write(entry.ljust(64, b"\0") + b"\x55\xaa")
    put(path, P1_START, "leither.toml", b"# settings\n".ljust(4096, b"\n"))
    put(path, P1_START, "bootcode.bin", b"firmware" * 5000)
    put(path, P1_START, "autoboot.txt", autoboot)
    return path


def uboot_card(values, flags=(1, 1)):
    """A card in memory with both copies of U-Boot's environment as the image build writes them."""
    disk = MemoryDisk()
    for at, flag in zip(COPIES_AT, flags, strict=True):
        disk.write(at, encode(flag, values).ljust(COPY_BYTES))
    disk.written = 0
    return disk
