"""What U-Boot and our boot script do before the kernel runs, for machines started without U-Boot.

The environment lies twice on the disk; of those whose checksum is right the one with the newer flag counts, and a change is written
over the older. Source: U-Boot documentation, "Environment", redundant environment in raw MMC (env/common.c: a flag byte that wraps).
"""

import zlib

from image.tests.boot_plan import BootPlan
from image.tests.card import BOOT, CardError

COPIES = (4 << 20, (4 << 20) + 64 * 1024)
COPY_BYTES = 16 * 1024
_HEAD_BYTES = 5
KERNELS = ("Image", "zImage")


class UbootFirmware:
    """Chooses the slot by counting trial starts.

    arguments: the kernel's, with {root} for the number of the root partition. QEMU makes the device tree.
    """

    def __init__(self, arguments):
        self._arguments = arguments

    def plan(self, card, folder, trial=False, arguments=""):
        """The BootPlan for a start; a trial is counted on the card first. Raises CardError."""
        values = read_environment(card)
        slot = self.committed(card)
        on_trial = values.get("trial", "") in BOOT and values.get("upgrade_available") == "1"
        if on_trial:
            count = int(values.get("bootcount", "0")) + 1
            write_environment(card, {**values, "bootcount": str(count)})
            on_trial = count <= int(values.get("bootlimit", "1"))
            slot = values["trial"] if on_trial else slot
        names = card.names(BOOT[slot])
        name = next((name for name in KERNELS if name in names), None)
        if name is None:
            raise CardError(f"slot {slot} has no kernel: {', '.join(names) or 'no file at all'}")
        kernel = folder / "kernel"
        kernel.write_bytes(card.get(BOOT[slot], name))
        line = self._arguments.format(root={"a": 5, "b": 6}[slot])
        return BootPlan(slot, on_trial, kernel, None, None, f"{line} {arguments}".strip())

    def committed(self, card):
        """The slot that starts when no trial is under way."""
        return committed(card)


def committed(card):
    """The slot that the environment in force names. Raises CardError."""
    slot = read_environment(card).get("slot", "a")
    if slot not in BOOT:
        raise CardError(f"U-Boot's environment names slot {slot[:20]!r}")
    return slot


def read_environment(card):
    """{name: value} of the copy in force; empty when neither is whole, as on a new card."""
    found = _copies(card)
    return max(found, key=_age(found))[2] if found else {}


def write_environment(card, values):
    """Write over the copy that is not in force."""
    found = _copies(card)
    flag, at = 1, COPIES[0]
    if found:
        used = max(found, key=_age(found))
        flag, at = (used[0] + 1) & 0xFF, next(copy for copy in COPIES if copy != used[1])
    body = b"".join(f"{name}={value}\0".encode() for name, value in values.items()) + b"\0"
    if len(body) > COPY_BYTES - _HEAD_BYTES:
        raise CardError("the environment is too large")
    body = body.ljust(COPY_BYTES - _HEAD_BYTES, b"\0")
    card.write(at, zlib.crc32(body).to_bytes(4, "little") + bytes([flag]) + body)


def _copies(card):
    """[(flag, offset, values)] of the copies whose checksum is right."""
    found = []
    for at in COPIES:
        data = card.read(at, COPY_BYTES)
        body = data[_HEAD_BYTES:]
        if len(data) == COPY_BYTES and zlib.crc32(body) == int.from_bytes(data[:4], "little"):
            pairs = body.partition(b"\0\0")[0].decode("utf-8", "replace").split("\0")
            found.append((data[4], at, dict(pair.split("=", 1) for pair in pairs if "=" in pair)))
    return found


def _age(found):
    """A key by which the newer copy is the largest: 0 follows 255."""
    wrapped = {copy[0] for copy in found} == {0, 255}
    return lambda copy: (copy[0] == 0 if wrapped else copy[0], -copy[1])
