"""How QEMU emulates each profile's board, and what it lacks."""

from image.tests.card import Card
from image.tests.machine import Machine
from image.tests.raspberry_firmware import RaspberryFirmware
from image.tests.uboot_firmware import UbootFirmware
from image.tests.uboot_on_card import UbootOnCard
from leither_edge.profile import load


class RaspberryPiZero(Machine):
    """-M raspi0, a Zero without W: ARM1176, 512 MB, the SD card behind the Pi's own controller, Ethernet over the Pi's own USB controller.

    It counts instructions: the board's timer fires when its counter equals a moment, and on a busy host a moment set a few microseconds
    ahead could pass between two instructions, after which the board sleeps for 71 minutes. That takes twice as long, so that what measures
    time leaves it off (``timed``).

    Lacks the radio, the watchdog's countdown (arming it resets at once: bcm2835_powermgt.c, hence the argument ``leither.watchdog``), the
    light, a clock; and the firmware, which RaspberryFirmware stands for. The power domains are not emulated, their driver would hang.
    """

    kernel_arguments = "console=ttyAMA0,115200 initcall_blacklist=bcm2835_power_driver_init leither.watchdog=off"

    def hardware(self):
        card = f"file={self.card.path},if=sd,format=raw"
        counting = [] if self.timed else ["-icount", "shift=auto"]
        return ["-M", "raspi0", *counting, "-drive", card, *self.network("-device", "usb-net,netdev=net0")]


class VirtualBoard(Machine):
    """-M virt, aarch64: the card behind an SDHCI controller on PCI, virtio Ethernet, a watchdog on PCI. Not the board's own devices."""

    program = "qemu-system-aarch64"
    kernel_arguments = "console=ttyAMA0"
    memory_mib = 1024
    processor = "cortex-a53"

    def hardware(self):
        return [
            "-M", "virt", "-cpu", self.processor, "-m", str(self.memory_mib), "-device", "sdhci-pci",
            "-drive", f"id=card,if=none,file={self.card.path},format=raw", "-device", "sd-card,drive=card",
            *self.network("-device", "virtio-net-pci,netdev=net0"), "-device", "virtio-rng-pci", "-device", "i6300esb",
        ]  # fmt: skip


class OrangePi(Machine):
    """-M orangepi-pc: Allwinner H3, the SD card and Ethernet behind its own controllers; the card's own U-Boot and device tree run.

    It has 1 GiB, so that the kernel is told to use what an Orange Pi R1 has. Lacks the radio with its controller, the second Ethernet
    port and the watchdog, which is also what resets the board: the last line of kernel or U-Boot counts as the reset.
    """

    kernel_arguments = "mem=256M"
    _RESETS = r"reboot: Restarting system|Rebooting in \d+ seconds|^resetting \.\.\."

    def hardware(self):
        return ["-M", "orangepi-pc", "-drive", f"file={self.card.path},if=sd,format=raw", *self.network("-net", "nic,netdev=net0")]

    def has_reset(self):
        if self.process.poll() is None and self.log.wait_for(self._RESETS, 0) is not None:
            self.kill()
            return True
        return super().has_reset()


_UBOOT_ARGUMENTS = "root=PARTUUID=4c454954-0{root} rootfstype=squashfs ro rootwait=30 quiet panic=10 oops=panic"
BOARDS = {
    "pi-zero": (RaspberryPiZero, RaspberryFirmware),
    "router": (OrangePi, lambda: UbootOnCard(lacks=("/soc/mmc@1c10000",))),
    "tv-box": (VirtualBoard, lambda: UbootFirmware(_UBOOT_ARGUMENTS)),
}


def open_machine(profile, image, folder, port=None):
    """A Machine with a copy of an image in its card slot, as large as the smallest card of the profile; off."""
    folder.mkdir(parents=True, exist_ok=True)
    return board_with(profile, Card.copy(image, folder / "card.img", load(profile).partition.card_mib), folder, port)


def board_with(profile, card, folder, port=None):
    """A Machine with a card in its slot; off."""
    machine, firmware = BOARDS[profile]
    return machine(card, folder, firmware(), port)
