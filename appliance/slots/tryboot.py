"""Slots of the Raspberry Pi: its firmware reads autoboot.txt on the first partition and knows a start on trial (tryboot).

The file keeps its place and size; only its one sector is written, through the disk, because the partition is mounted read-only.
"""

from appliance.slots import SlotError, Slots, checked, other
from appliance.slots.autoboot import AutobootError, choice, text
from appliance.slots.fat import FatError, find_first_sector
from appliance.slots.partition_table import ENTRY_BYTES, SECTOR_BYTES, SIGNATURE, TABLE_AT

FILE = "AUTOBOOT.TXT"
# reboot(2) hands this to the kernel, whose firmware driver passes it on: partition 0 (choose by the file), on trial.
TRIAL_ARGUMENT = "0 tryboot"


class TrybootSlots(Slots):
    """See Slots.

    Args:
        disk: Disk.
        running: slot.
    """

    def __init__(self, disk, running):
        self._disk = disk
        self.running = running
        self.committed, self._trial = self._read()

    def try_next(self, slot):
        if checked(slot) == self.committed:
            return None
        if self._trial != slot:
            self._write(self.committed)
        return TRIAL_ARGUMENT

    def commit(self):
        if self.is_trial or self._trial != other(self.running):
            self._write(self.running)

    def _read(self):
        offset, size = self._find()
        try:
            return choice(self._disk.read(offset, size))
        except AutobootError as error:
            raise SlotError("damaged", f"The choice of the system in autoboot.txt is damaged: {error}.") from None

    def _write(self, committed):
        offset, size = self._find()
        try:
            data = text(committed, size)
        except AutobootError as error:
            raise SlotError("damaged", f"autoboot.txt cannot be rewritten: {error}.") from None
        sector = data + self._disk.read(offset + size, SECTOR_BYTES - size)
        self._disk.write(offset, sector)
        self.committed, self._trial = self._read()

    def _find(self):
        table = self._disk.read(0, SECTOR_BYTES)
        entry = table[TABLE_AT : TABLE_AT + ENTRY_BYTES]
        if len(table) != SECTOR_BYTES or table[510:] != SIGNATURE or not entry[4]:
            raise SlotError("damaged", f"The disk {self._disk.path} has no first partition.")
        start, count = (int.from_bytes(entry[at : at + 4], "little") * SECTOR_BYTES for at in (8, 12))
        try:
            offset, size = find_first_sector(self._disk.read, start, count, FILE)
        except FatError as error:
            raise SlotError("damaged", f"autoboot.txt on the first partition cannot be found: {error}.") from None
        if size > SECTOR_BYTES or offset % SECTOR_BYTES:
            raise SlotError("damaged", f"autoboot.txt has {size} bytes; the firmware reads at most {SECTOR_BYTES}.")
        return offset, size
