"""The disks of this computer, as /sys and /proc tell, and which of them may be overwritten."""

import os
import re
import stat
from collections import namedtuple

from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.output import clean

SECTOR_BYTES = 512
LARGE_BYTES = 10**12
UNITS = ("bytes", "kB", "MB", "GB", "TB")
# Made by the kernel, or no disks: never offered.
NOT_OFFERED = re.compile(r"(loop|ram|zram|dm-|md|sr|fd|nbd|nvme)|mmcblk[0-9]+(boot|rpmb)")
SYSTEM_PLACES = ("/", "/boot", "/boot/efi", "/boot/firmware", "/efi", "/usr", "/var", "/home", "/nix")
FIX_LIST = "See which disks there are: leither card list"

# path: as given; name: of the kernel; size: bytes; model: for people; kind: "usb", "sd", "file" or "other"; removable, read_only,
# system: bool; uses: tuple of sentences, who uses it now; device: (major, minor), None for a file.
Disk = namedtuple("Disk", "path name size model kind removable read_only system uses device")


def size_text(size):
    """A size as it is printed on cards: decimal."""
    power = min(sum(size >= 1000**power for power in (1, 2, 3, 4)), len(UNITS) - 1)
    value = size / 1000**power
    return f"{value:.1f} {UNITS[power]}" if power and value < 100 else f"{value:.0f} {UNITS[power]}"


class Machine:
    """What the kernel says of disks and of who uses them.

    Args:
        sys: where sysfs is mounted.
        proc: where procfs is mounted.
    """

    def __init__(self, sys="/sys", proc="/proc"):
        self._sys, self._proc = sys, proc
        self._parent = {}  # name of a partition: its disk
        self._names = {}  # "major:minor": name
        for disk in _listed(os.path.join(sys, "block")):
            folder = os.path.join(sys, "block", disk)
            self._names[_read(folder, "dev")] = disk
            for part in _listed(folder):
                if os.path.exists(os.path.join(folder, part, "partition")):
                    self._parent[part] = disk
                    self._names[_read(folder, part, "dev")] = part
        self._names.pop("", None)
        self._uses = {}
        self._system = set()
        self._read_mounts()
        self._read_swaps()
        self._read_holders()

    def disks(self):
        """Every disk that a card could be, as Disk, the likely ones first."""
        names = [name for name in _listed(os.path.join(self._sys, "block")) if not NOT_OFFERED.match(name)]
        found = [self._disk(name, f"/dev/{name}") for name in names]
        return sorted((disk for disk in found if disk.size), key=lambda disk: (bool(refusal(disk)), disk.name))

    def find(self, path):
        """The Disk at a path: a block device, or a regular file in place of one. Raises Failure."""
        try:
            found = os.stat(path)
        except OSError as error:
            raise UsageError(f"{path} cannot be found.", error.strerror, FIX_LIST, code="no-disk") from None
        if stat.S_ISREG(found.st_mode):
            return Disk(path, os.path.basename(path), found.st_size, "a file", "file", False, not os.access(path, os.W_OK), False, (), None)
        if not stat.S_ISBLK(found.st_mode):
            raise UsageError(f"{path} is not a disk.", fix=FIX_LIST, code="not-a-disk")
        name = self._names.get(f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}")
        if name is None:
            raise Failure(f"{path} is not known to this computer's kernel.", fix=FIX_LIST, code="no-disk")
        if name in self._parent:
            disk = self._parent[name]
            raise UsageError(
                f"{path} is a partition, and a card is taken whole.",
                fix=f"If it is the right disk, name it whole: /dev/{disk}",
                code="partition",
            )
        return self._disk(name, path)

    def _disk(self, name, path):
        folder = os.path.join(self._sys, "block", name)
        where = os.path.realpath(folder)
        kind = "other"
        if "/usb" in where:
            kind = "usb"
        elif "/mmc_host" in where and _read(folder, "device", "type") != "MMC":
            # A chip that is soldered in says MMC, a card says SD.
            kind = "sd"
        vendor, model = _read(folder, "device", "vendor"), _read(folder, "device", "model") or _read(folder, "device", "name")
        size = _read(folder, "size")
        major, _, minor = _read(folder, "dev").partition(":")
        return Disk(
            path, name, int(size) * SECTOR_BYTES if size.isdecimal() else 0, " ".join(f"{vendor} {model}".split()) or "unnamed",
            kind, _read(folder, "removable") == "1", _read(folder, "ro") == "1", name in self._system,
            tuple(self._uses.get(name, ())), (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None,
        )  # fmt: skip

    def _bases(self, name, depth=0):
        """The disks on which a disk, partition or volume lies."""
        disk = self._parent.get(name, name)
        lower = _listed(os.path.join(self._sys, "block", disk, "slaves")) if depth < 16 else []
        return {base for part in lower for base in self._bases(part, depth + 1)} | {disk}

    def _used(self, name, sentence, system=False):
        for base in self._bases(name):
            self._uses.setdefault(base, []).append(sentence)
            if system:
                self._system.add(base)

    def _read_mounts(self):
        for line in _lines(os.path.join(self._proc, "self", "mountinfo")):
            before, _, after = line.partition(" - ")
            fields, source = before.split(" "), after.split(" ")[1:2]
            if len(fields) < 5:
                continue
            name = self._names.get(fields[2]) or self._named_in_dev(source[0] if source else "")
            if name is not None:
                place = clean(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]), 200)
                self._used(name, f"/dev/{name} is mounted at {place}", place in SYSTEM_PLACES)

    def _read_swaps(self):
        for line in _lines(os.path.join(self._proc, "swaps"))[1:]:
            name = self._named_in_dev(line.split(" ")[0].split("\t")[0])
            if name is not None:
                self._used(name, f"/dev/{name} is swap space")

    def _read_holders(self):
        for name in set(self._names.values()):
            disk = self._parent.get(name)
            folder = os.path.join(self._sys, "block", *((disk, name) if disk else (name,)))
            for holder in _listed(os.path.join(folder, "holders")):
                title = _read(self._sys, "block", holder, "dm", "name") or holder
                self._used(name, f"/dev/{name} is part of the volume {clean(title, 100)}")

    def _named_in_dev(self, path):
        if not path.startswith("/dev/"):
            return None
        name = os.path.basename(os.path.realpath(path))
        return name if name in self._parent or name in self._names.values() else None


def refusal(disk, needed=0, really=False):
    """Why a disk is not overwritten, as a Failure, or None.

    Args:
        disk: Disk.
        needed: bytes that must fit.
        really: the user takes the blame for a disk that does not look like a card.
    """
    at = f"{disk.path} ({disk.model}, {size_text(disk.size)})"
    if disk.system:
        return Failure(f"{at} holds this computer's system.", _sentences(disk.uses), FIX_LIST, code="system-disk")
    if disk.uses:
        mounted = " ".join(sorted({use.split(" ")[0] for use in disk.uses if " is mounted at " in use}))
        fix = f"Eject it in the file manager, or: umount {mounted}" if mounted else FIX_LIST
        return Failure(f"{at} is in use.", _sentences(disk.uses), fix, code="in-use")
    if not disk.size:
        return Failure(f"There is no card in {disk.path}.", fix="Put one in, and try again.", code="no-card")
    if disk.read_only:
        why = "You may not write to it." if disk.kind == "file" else "Many cards have a small switch at the side."
        return Failure(f"{at} is protected against writing.", why, code="read-only")
    if disk.size < needed:
        return Failure(
            f"{at} is too small.", f"The image takes {size_text(needed)}.", "Take a larger card: 8 GB are good.", code="too-small"
        )
    if really:
        return None
    if disk.kind == "file":
        return Failure(
            f"{disk.path} is a file, not a disk.", fix="If you want an image with your settings in it, add --really.", code="file"
        )
    if disk.kind == "other" and not disk.removable:
        return Failure(
            f"{at} does not look like a card.", "It is built in: neither a card reader nor USB.",
            f"{FIX_LIST}\nIf you are really sure, add --really.", code="not-removable",
        )  # fmt: skip
    if disk.size > LARGE_BYTES:
        return Failure(
            f"{at} is very large for a card.", "It may be a disk with your backups.", "If you are really sure, add --really.", code="large"
        )
    return None


def _sentences(uses):
    shown = "".join(f"{use}.\n" for use in uses[:4])
    return shown + (f"And {len(uses) - 4} more." if len(uses) > 4 else "")


def _listed(folder):
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _read(*path):
    try:
        with open(os.path.join(*path), "rb") as file:
            return clean(file.read(256).decode("utf-8", "replace").strip(), 100)
    except OSError:
        return ""


def _lines(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 22).splitlines()
    except OSError as error:
        raise Failure(
            f"{path} cannot be read.", error.strerror, "Without it nobody knows which disks are in use.", code="no-proc"
        ) from None
