"""Slots of boards with U-Boot: variables of its environment say which slot starts, and U-Boot counts the starts on trial.

Variables: ``slot`` the committed one; ``trial`` the one to try; ``upgrade_available`` 1 while a trial is open; ``bootcount`` its starts so
far, counted by U-Boot before each; above ``bootlimit`` U-Boot runs ``altbootcmd``, which starts the committed slot.
"""

from appliance.slots import SLOTS, SlotError, Slots, checked
from appliance.slots.uboot_environment import COPY_BYTES, EncodingError, decode, encode, newest

COPIES_AT = (4 << 20, (4 << 20) + 64 * 1024)


class UBootSlots(Slots):
    """See Slots.

    Args:
        disk: Disk.
        running: slot.
    """

    def __init__(self, disk, running):
        self._disk = disk
        self.running = running
        self._load()

    def try_next(self, slot):
        if checked(slot) == self.committed:
            self._set(slot=slot, trial="", upgrade_available="0", bootcount="0", bootlimit="1")
        else:
            self._set(slot=self.committed, trial=slot, upgrade_available="1", bootcount="0", bootlimit="1")
        return None  # U-Boot reads it from the disk

    def commit(self):
        self._set(slot=self.running, trial="", upgrade_available="0", bootcount="0", bootlimit="1")

    def _load(self):
        copies = []
        for at in COPIES_AT:
            try:
                copies.append(decode(self._disk.read(at, COPY_BYTES)))
            except SlotError:
                copies.append(None)  # a bad spot on the medium is what the other copy is for
        self._used = newest(copies)
        if self._used is None:
            raise SlotError("damaged", "U-Boot's settings on the card are damaged, both copies. Write the image to the card anew.")
        self._flag, self._values = copies[self._used].flag, copies[self._used].values
        self.committed = self._values.get("slot", "a")
        if self.committed not in SLOTS:
            raise SlotError("damaged", "U-Boot's settings on the card name no slot. Write the image to the card anew.")

    def _set(self, **values):
        if all(self._values.get(name, "") == value for name, value in values.items()):
            return
        try:
            data = encode((self._flag + 1) & 0xFF, {**self._values, **values})
        except EncodingError as error:
            raise SlotError("failed", f"U-Boot's settings cannot be changed: {error}.") from None
        self._disk.write(COPIES_AT[1 - self._used], data)
        self._load()
