"""The models of what runs before the kernel, on cards made here: they must be right before anything is concluded from them."""

import os
import subprocess

import pytest

from image.tests.card import Card, CardError
from image.tests.line_log import LINE_MAX_BYTES, LINES_MAX, LineLog
from image.tests.raspberry_firmware import RaspberryFirmware, config_values
from image.tests.uboot_firmware import COPIES, UbootFirmware, read_environment, write_environment

AUTOBOOT = b"[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n"
CONFIG = b"kernel=zImage # the usual one\n[pi0]\ndevice_tree=zero.dtb\n[pi02]\ndevice_tree=two.dtb\n[all]\n"
SECTOR = 512


@pytest.fixture
def card(tmp_path):
    """A card with the product's table: p1 to p3 FAT with boot files, p5 to p8 behind a chain of logical tables."""
    path = tmp_path / "card.img"
    path.write_bytes(bytes(24 << 20))
    made = Card(path)

    def entry(kind, first, size):
        return bytes(4) + bytes([kind]) + bytes(3) + (first // SECTOR).to_bytes(4, "little") + (size // SECTOR).to_bytes(4, "little")

    mib = 1 << 20
    primary = [entry(0x0E, at * mib, 2 * mib) for at in (8, 10, 12)] + [entry(0x05, 14 * mib, 10 * mib)]
    made.write(446, b"".join(primary) + b"\x55\xaa")
    for number in range(4):
        table = (14 + 2 * number) * mib
        following = entry(0x05, (2 + 2 * number) * mib, 2 * mib) if number < 3 else bytes(16)
        made.write(table + 446, entry(0x83, mib, mib) + following + bytes(32) + b"\x55\xaa")
    for name in ("p1", "p2", "p3"):
        first, size = made.partitions()[name]
        subprocess.run(["mformat", "-i", f"{path}@@{first}", "-T", str(size // SECTOR), "-h", "16", "-s", "32", "::"], check=True)
    made.put("p1", "autoboot.txt", AUTOBOOT.ljust(512, b"\n"))
    for name, slot in (("p2", b"a"), ("p3", b"b")):
        root = b"5" if slot == b"a" else b"6"
        line = b"root=PARTUUID=4c454954-0" + root + b" ro\n"
        for file, data in {"config.txt": CONFIG, "zImage": b"kernel " + slot, "zero.dtb": b"tree", "cmdline.txt": line}.items():
            made.put(name, file, data)
    return made


def test_the_table_is_followed_to_its_end(card):
    mib = 1 << 20
    found = card.partitions()
    assert [found[f"p{number}"] for number in (5, 6, 7, 8)] == [(at * mib, mib) for at in (15, 17, 19, 21)]
    card.write((14 + 6) * mib + 446 + 16, bytes(4) + b"\x05" + bytes(3) + bytes(4) + (2048).to_bytes(4, "little"))
    with pytest.raises(CardError, match="too long"):
        card.partitions()


@pytest.mark.parametrize("trial, slot, root", [(False, "a", "5"), (True, "b", "6")])
def test_the_raspberrys_firmware_chooses_a_slot(card, tmp_path, trial, slot, root):
    plan = RaspberryFirmware().plan(card, tmp_path, trial)
    assert (plan.slot, plan.is_trial, plan.command_line) == (slot, trial, f"root=PARTUUID=4c454954-0{root} ro")
    assert plan.kernel.read_bytes() == b"kernel " + slot.encode() and plan.device_tree.read_bytes() == b"tree"


@pytest.mark.parametrize(
    "text, why", [(AUTOBOOT.ljust(513), "513 bytes"), (b"boot_partition=2\n", "tryboot_a_b"), (b"tryboot_a_b=1\n", "no slot")]
)
def test_a_choice_that_the_firmware_would_ignore_is_an_error(card, text, why):
    card.put("p1", "autoboot.txt", text)
    with pytest.raises(CardError, match=why):
        RaspberryFirmware().committed(card)


def test_sections_of_config_txt():
    text = "a=1\n[pi4]\na=2\n[PI0]\nb = 3 # four\n[all]\ninitramfs file followkernel\n"
    assert config_values(text, {"all", "pi0"}) == {"a": "1", "b": "3", "initramfs": "file followkernel"}


def test_uboots_environment_alternates_and_survives_a_torn_write(card):
    assert read_environment(card) == {}
    for number in range(300):  # beyond the wrap of the flag
        write_environment(card, {"slot": "a", "number": str(number)})
        assert read_environment(card)["number"] == str(number)
    write_environment(card, {"slot": "b"})
    newest = next(at for at in COPIES if b"slot=b" in card.read(at, 64))
    card.write(newest + 100, b"torn")
    assert read_environment(card) == {"slot": "a", "number": "299"}


def test_uboot_tries_a_slot_once(card, tmp_path):
    firmware = UbootFirmware("root={root}")
    write_environment(card, {"slot": "a", "trial": "b", "upgrade_available": "1", "bootcount": "0", "bootlimit": "1"})
    plan = firmware.plan(card, tmp_path)
    assert (plan.slot, plan.is_trial, plan.command_line) == ("b", True, "root=6")
    plan = firmware.plan(card, tmp_path)
    assert (plan.slot, plan.is_trial, plan.command_line) == ("a", False, "root=5")


def test_a_log_stays_small_and_sees_everything(tmp_path):


    receiver, sender = os.pipe()
    log = LineLog(receiver, watch=b"rare")
    with os.fdopen(sender, "wb") as file:
        file.write(b"rare\n" + b"x\n" * (LINES_MAX + 10) + b"y" * (3 * LINE_MAX_BYTES) + b"\nlast")
    log.join()
    assert log.watched and log.wait_for("^last$", 1) and log.wait_for("never", 1) is None
    kept = log.since(0)
    assert len(kept) == LINES_MAX and max(len(line.text) for line in kept) <= LINE_MAX_BYTES
