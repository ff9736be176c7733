#!/usr/bin/env python3
"""Make the small files of the boot partitions: the card's file, the choice of the slot, each slot's kernel arguments."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
from appliance.slots.uboot_environment import encode  # noqa: E402

CARD_BYTES = 4096
AUTOBOOT_BYTES = 512

CARD = """\
# Settings for this device, read whenever it starts. `leither card settings` writes them, or any editor.
# Without them the device starts all the same and prints its claim token on the screen and the serial console.
#
# [claim]
# token = "..."
#
# [wifi]
# ssid = "Home"
# passphrase = "..."
"""

SLOT_B = "The kernel of slot B comes here with the first update.\n"

AUTOBOOT = """\
[all]
tryboot_a_b=1
boot_partition=2
[tryboot]
boot_partition=3
"""


def padded(text, size):
    """Text of exactly ``size`` bytes: what follows is empty lines, so that it can be overwritten in place."""
    data = text.encode()
    if len(data) > size:
        raise SystemExit(f"A file of {size} bytes cannot hold {len(data)}.")
    return data + b"\n" * (size - len(data))


def environment(*texts):
    """U-Boot's variables of the lines ``name=value``, a later text's before an earlier one's."""
    values = {}
    for text in texts:
        for line in text.splitlines():
            name, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                values[name] = value
    return values


def main(images, board):
    """Write the files into the images folder."""
    (images / "leither.toml").write_bytes(padded(CARD, CARD_BYTES))
    (images / "slot-b.txt").write_text(SLOT_B)
    if (board / "cmdline.txt").exists():
        (images / "autoboot.txt").write_bytes(padded(AUTOBOOT, AUTOBOOT_BYTES))
        folder = images / "rpi-firmware"
        folder.mkdir(exist_ok=True)
        text = (board / "cmdline.txt").read_text()
        for slot, partition in (("a", 5), ("b", 6)):
            (folder / f"cmdline-{slot}.txt").write_text(text.replace("@ROOT@", str(partition)))


    if (board / "uboot-env.txt").exists():
        common = Path(__file__).with_name("uboot-env.txt").read_text()
        (images / "uboot-env.bin").write_bytes(encode(1, environment(common, (board / "uboot-env.txt").read_text())))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
