"""The card's own U-Boot, where QEMU runs it as the board would: it chooses the slot by our script, and says so on the serial console."""

from image.tests.card import BOOT
from image.tests.uboot_firmware import committed, read_environment, write_environment

SAYS_LIMIT_S = 120
_EDITS = " && fdt addr ${fdt_addr_r} && fdt resize 64"
# What the script of the image says before it loads a kernel.
_SAYS = r"Starting from boot partition (\d)"


class UbootOnCard:
    """Leaves everything to what is on the card.

    lacks: nodes of the device tree that QEMU does not emulate and whose drivers would wait for ever.
    """

    def __init__(self, lacks=()):
        self._without = "".join(f" && fdt set {node} status disabled" for node in lacks)

    def plan(self, card, _folder, _trial, arguments=""):
        """The LoaderStart; the kernel's further arguments, and what QEMU lacks, are put into U-Boot's environment. Raises CardError."""
        values = read_environment(card)
        changed = {**values, "more_arguments": arguments}
        if _EDITS not in values.get("load_tree", ""):
            changed["load_tree"] = values.get("load_tree", "") + _EDITS + self._without
        if changed != values:
            write_environment(card, changed)
        return LoaderStart(committed(card))

    def committed(self, card):
        """The slot that starts when no trial is under way."""
        return committed(card)


class LoaderStart:
    """A start by the card's own loader. ``log``: the LineLog of the serial console. The names are those of BootPlan."""

    kernel = device_tree = initramfs = command_line = log = None

    def __init__(self, committed_slot):
        self._committed = committed_slot

    @property
    def slot(self):
        """The slot that U-Boot has said it starts; the committed one when the power was cut before it said so."""
        line = self.log.wait_for(_SAYS, SAYS_LIMIT_S)
        if line is None:
            return self._committed
        return next(slot for slot, partition in BOOT.items() if line.text.rstrip().endswith(partition[1:]))

    @property
    def is_trial(self):
        """Whether it is not the slot that is committed."""
        return self.slot != self._committed
