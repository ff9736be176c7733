"""What the Raspberry Pi's firmware does before the kernel runs, as far as slots go; QEMU starts a kernel directly and has none of it.

Source: Raspberry Pi documentation, "autoboot.txt", "config.txt" (filters) and "cmdline.txt"; see also tryboot there.
"""

from image.tests.boot_plan import BootPlan
from image.tests.card import BOOT, SETTINGS, CardError

# The mailbox property by which the kernel asks for a trial boot, as QEMU's log names a property it does not know.
TRIAL_MARK = b"unhandled tag 0x00038064"
AUTOBOOT_BYTES = 512
CONFIG_MAX_BYTES = 64 * 1024


class RaspberryFirmware:
    """Chooses the boot partition and reads kernel, device tree and arguments from it.

    filters: the config.txt sections that hold for the board, besides [all].
    """

    def __init__(self, filters=("pi0",)):
        self._filters = {"all", *filters}

    def plan(self, card, folder, trial, arguments=""):
        """The BootPlan for a start of ``card``; its files are put into ``folder``. Raises CardError.

        trial: whether the system before asked for a trial; arguments: the kernel's, besides those on the card.
        """
        slot = self.chosen(card, trial)
        partition = BOOT[slot]
        settings = config_values(_text(card.get(partition, "config.txt")), self._filters)
        kernel = folder / "kernel"
        kernel.write_bytes(card.get(partition, settings.get("kernel", "kernel.img")))
        tree = folder / "device-tree"
        tree.write_bytes(card.get(partition, settings.get("device_tree") or _missing("device_tree")))
        memory_file = None
        if settings.get("initramfs"):
            memory_file = folder / "initramfs"
            memory_file.write_bytes(card.get(partition, settings["initramfs"].split()[0]))
        line = _text(card.get(partition, settings.get("cmdline", "cmdline.txt"))).split("\n")[0].strip()
        return BootPlan(slot, trial and slot != self.committed(card), kernel, tree, memory_file, f"{line} {arguments}".strip())

    def committed(self, card):
        """The slot that starts when nothing else is asked for."""
        return self.chosen(card, False)

    def chosen(self, card, trial):
        """The slot that autoboot.txt names. Raises CardError."""
        data = card.get(SETTINGS, "autoboot.txt")
        # The firmware ignores a file of more than one sector.
        if len(data) > AUTOBOOT_BYTES:
            raise CardError(f"autoboot.txt has {len(data)} bytes; the firmware reads at most {AUTOBOOT_BYTES}")
        values = config_values(_text(data), {"all", "tryboot"} if trial else {"all"})
        if values.get("tryboot_a_b") != "1":
            raise CardError("autoboot.txt does not set tryboot_a_b=1, so that a trial would look for tryboot.txt")
        for slot, partition in BOOT.items():
            if values.get("boot_partition") == partition[1:]:
                return slot
        raise CardError(f"autoboot.txt names boot_partition={values.get('boot_partition')}, which is no slot's")


def config_values(text, filters):
    """{key: value} of config.txt or autoboot.txt: the last one counts among the sections that hold."""
    values, holds = {}, True
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            holds = line[1:].partition("]")[0].lower() in filters
        elif holds and line:
            key, equals, value = line.partition("=")
            if not equals:  # "initramfs NAME followkernel" is written without one
                key, _, value = line.partition(" ")
            values[key.strip()] = value.strip()
    return values


def _text(data):
    if len(data) > CONFIG_MAX_BYTES:
        raise CardError(f"a boot file of {len(data)} bytes is no text")
    return data.decode("utf-8", "replace")


def _missing(key):
    raise CardError(f"config.txt sets no {key}, so that the firmware would choose by the board's revision")
