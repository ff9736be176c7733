"""A card file as a card reader shows it: its partitions, the files of the FAT ones, and copies to experiment on.

Written apart from what builds the image and from what runs on the device, so that it is a second opinion on the layout.
"""

import shutil
import subprocess
from pathlib import Path

SECTOR_BYTES = 512
_EXTENDED = (0x05, 0x0F, 0x85)
LOGICAL_MAX = 16
SETTINGS, BOOT, ROOT = "p1", {"a": "p2", "b": "p3"}, {"a": "p5", "b": "p6"}
FILE_MAX_BYTES = 256 << 20


class CardError(Exception):
    """The card cannot be read as wanted; the message says why."""


class Card:
    """A card image in a file. path: of the file."""

    def __init__(self, path):
        self.path = Path(path)

    @classmethod
    def copy(cls, image, path, size_mib):
        """A copy with room to grow: the next power of two from ``size_mib`` on, as QEMU wants for an SD card. Holes stay holes."""
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(image), str(path)], check=True)
        path = Path(path)
        path.chmod(0o600)
        size = 1 << (max(size_mib << 20, path.stat().st_size) - 1).bit_length()
        with path.open("r+b") as file:
            file.truncate(size)
        return cls(path)

    def partitions(self):
        """{"p1": (first byte, bytes)} from the MBR and the chain of logical tables, read anew each time. Raises CardError."""
        found = {}
        for number, (kind, first, count) in enumerate(self._table(0), 1):
            if kind in _EXTENDED:
                found.update(self._logical(first))
            if kind:
                found[f"p{number}"] = (first * SECTOR_BYTES, count * SECTOR_BYTES)
        return found

    def read(self, first, count):
        """Bytes of the card."""
        with self.path.open("rb") as file:
            file.seek(first)
            return file.read(count)

    def write(self, first, data):
        """Put bytes on the card."""
        with self.path.open("r+b") as file:
            file.seek(first)
            file.write(data)

    def fill(self, partition, source):
        """Put a file at the start of a partition. Raises CardError if it is too large."""
        first, room = self.partitions()[partition]
        if Path(source).stat().st_size > room:
            raise CardError(f"{Path(source).name} does not fit {partition}: {room} bytes")
        with self.path.open("r+b") as file, Path(source).open("rb") as data:
            file.seek(first)
            shutil.copyfileobj(data, file, 1 << 20)

    def extract(self, partition, path):
        """Write a partition's content to a file."""
        first, count = self.partitions()[partition]
        with self.path.open("rb") as file, Path(path).open("wb") as out:
            file.seek(first)
            while count and (data := file.read(min(count, 1 << 20))):
                out.write(data)
                count -= len(data)

    def names(self, partition):
        """Names of the files in a FAT partition's root folder."""
        listed = self._mtools("mdir", partition, "-b", "::/").decode("utf-8", "replace").splitlines()
        return [name.removeprefix("::/") for name in listed if not name.endswith("/")]

    def get(self, partition, name):
        """Content of a file in a FAT partition. Raises CardError."""
        return self._mtools("mtype", partition, f"::/{name}")

    def put(self, partition, name, data):
        """Write a file into a FAT partition."""
        self._mtools("mcopy", partition, "-o", "-", f"::/{name}", data=data)

    def _mtools(self, program, partition, *arguments, data=None):
        first, _ = self.partitions()[partition]
        command = [program, "-i", f"{self.path}@@{first}", *arguments]
        done = subprocess.run(command, input=data, capture_output=True, env={"MTOOLS_SKIP_CHECK": "1", "PATH": _PATH})
        if done.returncode or len(done.stdout) > FILE_MAX_BYTES:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise CardError(f"{program} {arguments[-1]} on {partition} failed: {said}")
        return done.stdout

    def _table(self, sector):
        data = self.read(sector * SECTOR_BYTES, SECTOR_BYTES)
        if data[510:] != b"\x55\xaa":
            raise CardError(f"there is no partition table in sector {sector}")
        entries = [data[446 + 16 * number :][:16] for number in range(4)]
        return [(entry[4], *(int.from_bytes(entry[at : at + 4], "little") for at in (8, 12))) for entry in entries]

    def _logical(self, extended):
        """The logical partitions: each table names one, and where the next table is, counted from the extended partition's start."""
        found, table = {}, extended
        for number in range(5, 5 + LOGICAL_MAX):
            (kind, first, count), (_, following, more), *_ = self._table(table)
            if kind:
                found[f"p{number}"] = ((table + first) * SECTOR_BYTES, count * SECTOR_BYTES)
            if not more:
                return found
            table = extended + following
        raise CardError("the chain of logical partitions is too long")


_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
