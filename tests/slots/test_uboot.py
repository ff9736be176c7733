"""U-Boot's environment against mkenvimage and fw_setenv: their bytes (committed) and, where they are installed, the programs."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.slots import SlotError
from appliance.slots.uboot import COPIES_AT, UBootSlots
from appliance.slots.uboot_environment import COPY_BYTES, HEAD_BYTES, Copy, EncodingError, decode, encode, newest
from tests.slots.boot_loaders import SCRIPT, NoBoot, UBoot, script_values
from tests.slots.cards import MemoryDisk, uboot_card

GOLDEN = Path(__file__).parent / "golden"
VALUES = {
    "bootdelay": "0", "slot": "a", "upgrade_available": "0", "bootcount": "0", "bootlimit": "1", "bootcmd": "run boot_${slot}; reset",
}  # fmt: skip
TRIED = {"trial": "b", "upgrade_available": "1"}


def golden(name):
    """A copy as that program wrote it; the filling is left out in the file."""
    return (GOLDEN / f"{name}.env").read_bytes().ljust(COPY_BYTES, b"\0")


def test_mkenvimages_bytes():
    copy = decode(golden("mkenvimage"))
    assert copy.values == VALUES and copy.flag == 1
    assert encode(1, VALUES) == golden("mkenvimage")


def test_fw_setenvs_bytes():
    """It was run twice on a card with two equal copies: first the trial, then the count."""
    copies = [decode(golden(f"fw_setenv-{which}")) for which in ("first", "second")]
    assert [copy.values.get("trial") for copy in copies] == ["b", "b"]
    latest = copies[newest(copies)]
    assert latest.values == {**VALUES, **TRIED} and latest.flag == 3
    assert decode(encode(3, latest.values)).values == latest.values


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="=\0"), min_size=1, max_size=20)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=200)


@given(st.integers(0, 255), st.dictionaries(NAMES, TEXTS, max_size=20))
def test_what_is_written_is_read(flag, values):
    copy = decode(encode(flag, values))
    assert (copy.flag, copy.values) == (flag, values)


@given(st.binary(max_size=300), st.booleans())
def test_noise_is_read_or_not_whole(noise, right_sum):
    from binascii import crc32

    data = noise.ljust(COPY_BYTES, b"\0")
    if right_sum:
        data = crc32(data[HEAD_BYTES:]).to_bytes(4, "little") + data[4:]
        assert decode(data).flag == data[4]
    elif any(noise):
        assert decode(data) is None
    assert decode(noise) is None


def test_an_environment_without_an_end_is_not_whole():
    from binascii import crc32

    body = b"a" * (COPY_BYTES - HEAD_BYTES)
    assert decode(crc32(body).to_bytes(4, "little") + b"\1" + body) is None


@given(st.integers(0, COPY_BYTES - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at, change):
    data = bytearray(encode(7, VALUES))
    data[at] ^= change
    copy = decode(bytes(data))
    assert copy is None or (at == 4 and copy.values == VALUES)  # the sum does not cover the flag


@pytest.mark.parametrize("values", [{"": "x"}, {"a=b": "x"}, {"a": "x\0"}, {"a": "x" * COPY_BYTES}])
def test_what_cannot_be_written_is_refused(values):
    with pytest.raises(EncodingError):
        encode(0, values)


@pytest.mark.parametrize("flags, used", [((1, 1), 0), ((1, 2), 1), ((2, 1), 0), ((255, 0), 1), ((0, 255), 0), ((254, 255), 1), ((0, 1), 1)])
def test_the_newer_copy_counts(flags, used):
    assert newest([Copy(flag, {}) for flag in flags]) == used
    assert newest([Copy(flags[0], {}), None]) == 0 and newest([None, Copy(flags[1], {})]) == 1 and newest([None, None]) is None


def test_the_older_copy_is_written_and_the_flag_wraps():
    disk = uboot_card(VALUES, flags=(254, 253))
    slots = UBootSlots(disk, "a")
    for turn, (at, flag) in enumerate([(1, 255), (0, 0), (1, 1), (0, 2)]):
        before = disk.read(COPIES_AT[1 - at], COPY_BYTES)
        slots.try_next("b" if turn % 2 == 0 else "a")
        assert decode(disk.read(COPIES_AT[at], COPY_BYTES)).flag == flag
        assert disk.read(COPIES_AT[1 - at], COPY_BYTES) == before


@pytest.mark.parametrize("which", [0, 1])
def test_one_bad_copy_is_replaced(which):
    disk = uboot_card(VALUES, flags=(5, 5))
    disk.broken = {COPIES_AT[which] // 512 + 3}
    slots = UBootSlots(disk, "a")
    disk.broken = set()
    slots.try_next("b")
    assert decode(disk.read(COPIES_AT[which], COPY_BYTES)).values["trial"] == "b"


def test_without_a_whole_copy_it_says_what_to_do():
    with pytest.raises(SlotError, match="Write the image") as caught:
        UBootSlots(MemoryDisk(), "a")
    assert caught.value.code == "damaged"
    with pytest.raises(SlotError, match="name no slot"):
        UBootSlots(uboot_card({"slot": "c"}), "a")


def test_other_variables_are_kept():
    disk = uboot_card(script_values())
    UBootSlots(disk, "a").try_next("b")
    UBootSlots(disk, "b").commit()
    slots = UBootSlots(disk, "b")
    expected = {**script_values(), "slot": "b"}
    assert slots._values == expected


@pytest.mark.parametrize("readable, expected", [("ab", "b"), ("a", "a")])
def test_a_slot_without_a_kernel_is_left_by_itself(readable, expected):
    disk = uboot_card(script_values())
    UBootSlots(disk, "a").try_next("b")
    loader = UBoot(disk, readable)
    assert loader.start() == expected
    if expected == "a":
        assert UBoot(disk).start() == "a" and UBootSlots(disk, "a")._values["upgrade_available"] == "0"


def test_a_trial_of_nothing_ends_in_the_old_slot():
    disk = uboot_card({**script_values(), "upgrade_available": "1"})
    assert UBoot(disk).start() == "a"


def test_without_any_kernel_nothing_starts():
    with pytest.raises(NoBoot):
        UBoot(uboot_card(script_values()), ()).start()


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed here")


@pytest.mark.interop
@needs("mkenvimage")
def test_mkenvimage_takes_the_script(tmp_path):
    subprocess.run(["mkenvimage", "-r", "-s", "0x4000", "-p", "0", "-o", tmp_path / "env.bin", SCRIPT], check=True, capture_output=True)
    copy = decode((tmp_path / "env.bin").read_bytes())
    expected = [line for line in SCRIPT.read_text().splitlines() if line and not line.startswith("#")]
    assert copy.values == dict(line.split("=", 1) for line in expected)


@pytest.mark.interop
@needs("fw_setenv")
def test_fw_setenv_and_we_take_turns(tmp_path):
    card, settings = tmp_path / "card", tmp_path / "fw_env.config"
    with open(card, "wb") as file:
        file.truncate(5 << 20)
        for at in COPIES_AT:
            file.seek(at)
            file.write(encode(1, VALUES))
    settings.write_text("".join(f"{card} {at:#x} {COPY_BYTES:#x}\n" for at in COPIES_AT))

    def printed():
        done = subprocess.run(["fw_printenv", "-c", settings], check=True, capture_output=True, text=True)
        return dict(line.split("=", 1) for line in done.stdout.splitlines())

    from appliance.slots.disk import Disk

    for turn in range(260):  # beyond the wrap of the flag
        slots = UBootSlots(Disk(str(card)), "a")
        slots.try_next("b" if turn % 2 == 0 else "a")
        if turn % 20 == 0:
            assert printed() == {**VALUES, **TRIED}
            subprocess.run(["fw_setenv", "-c", settings, "note", str(turn)], check=True, capture_output=True)
            assert UBootSlots(Disk(str(card)), "a")._values["note"] == str(turn)
            subprocess.run(["fw_setenv", "-c", settings, "note"], check=True, capture_output=True)
