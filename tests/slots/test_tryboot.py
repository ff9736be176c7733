"""autoboot.txt and where it lies, against mkfs.vfat and mtools; damaged cards."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.slots import SlotError
from appliance.slots.autoboot import AutobootError, choice, text
from appliance.slots.fat import FatError, find_first_sector
from appliance.slots.tryboot import TrybootSlots
from image.board.common.settings import AUTOBOOT as SHIPPED
from image.board.common.settings import padded
from tests.slots.boot_loaders import NoBoot, raspberry_boots
from tests.slots.cards import AUTOBOOT, ENVIRONMENT, P1_BYTES, P1_START, SECTOR, MemoryDisk, raspberry_card


def mtype(path, name="autoboot.txt"):
    command = ["mtype", "-i", f"{path}@@{P1_START}", f"::/{name}"]
    return subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT).stdout


@pytest.mark.parametrize("bits", [12, 16, 32])
def test_the_file_is_found_and_rewritten_in_place(tmp_path, bits):
    path = raspberry_card(tmp_path / "card.img", bits)
    disk = MemoryDisk().load(path)
    before = dict(disk.sectors)
    slots = TrybootSlots(disk, "b")
    assert slots.committed == "a" and slots.is_trial
    slots.commit()
    assert disk.written == 1, "one sector"
    [number] = [number for number in disk.sectors if disk.sectors[number] != before.get(number)]
    changed = disk.sectors[number]
    assert sum(new != old for new, old in zip(changed, before[number], strict=True)) == 2, "the two digits"
    with open(path, "r+b") as file:
        file.seek(number * SECTOR)
        file.write(changed)
    assert raspberry_boots(mtype(path), False) == "b" and raspberry_boots(mtype(path), True) == "a"
    assert mtype(path, "leither.toml").startswith(b"# settings")
    checked = subprocess.run(["fsck.vfat", "-n", str(_partition(path, tmp_path))], capture_output=True, text=True, env=ENVIRONMENT)
    assert checked.returncode == 0, checked.stdout


def _partition(path, folder):
    part = folder / "p1"
    part.write_bytes(path.read_bytes()[P1_START:])
    return part


def test_what_the_image_ships_is_what_is_written():
    assert text("a", 512) == padded(SHIPPED, 512)


@pytest.mark.parametrize("size", [len(AUTOBOOT), 200, 512])
def test_a_file_of_another_size_is_kept_at_it(tmp_path, size):
    disk = MemoryDisk().load(raspberry_card(tmp_path / "card.img", autoboot=AUTOBOOT.ljust(size, b"\n")))
    TrybootSlots(disk, "b").commit()
    assert TrybootSlots(disk, "b").committed == "b"


@pytest.mark.parametrize(
    "autoboot",
    [b"boot_partition=2\n", AUTOBOOT.ljust(513, b"\n"), b"\0" * 512, b"[all]\ntryboot_a_b=1\nboot_partition=5\n", b"x", AUTOBOOT * 6000],
    ids=["no-ab", "long", "zero", "strange", "x", "huge"],
)
def test_a_choice_the_firmware_would_not_take_is_damaged(tmp_path, autoboot):
    with pytest.raises(SlotError) as caught:
        TrybootSlots(MemoryDisk().load(raspberry_card(tmp_path / "card.img", autoboot=autoboot)), "a")
    assert caught.value.code == "damaged"


def test_a_trial_section_of_somebody_else_is_put_right(tmp_path):
    same = AUTOBOOT.replace(b"=3", b"=2").ljust(512, b"\n")
    disk = MemoryDisk().load(raspberry_card(tmp_path / "card.img", autoboot=same))
    assert TrybootSlots(disk, "a").try_next("b") == "0 tryboot"
    offset, size = find_first_sector(disk.read, P1_START, P1_BYTES, "AUTOBOOT.TXT")
    assert raspberry_boots(disk.read(offset, size), True) == "b"


_LINES = st.sampled_from(
    ["[all]", "[tryboot]", "[pi4]", "tryboot_a_b=1", "boot_partition=2", "boot_partition=3", "boot_partition=2 # x", "# c", "", "a=b"]
)


@given(st.lists(_LINES, max_size=12))
def test_read_as_the_firmware_reads_it(lines):
    data = "\n".join(lines).encode()
    try:
        committed, trial = choice(data)
    except AutobootError:
        with pytest.raises(NoBoot):
            raspberry_boots(data, False)
            raspberry_boots(data, True)
        return
    assert (committed, trial) == (raspberry_boots(data, False), raspberry_boots(data, True))


@given(st.binary(max_size=600))
def test_any_file_is_read_or_refused(data):
    try:
        assert set(choice(data)) <= {"a", "b"}
    except AutobootError:
        pass


@pytest.fixture(scope="session")
def small_cards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cards")
    return [MemoryDisk().load(raspberry_card(folder / f"{bits}.img", bits)) for bits in (12, 16, 32)]


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 2), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 511), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_file_system_leads_nowhere_else(small_cards, which, changes):
    """Reads end, stay inside of the partition, and what is found is one sector of a cluster."""
    disk = small_cards[which].copy()
    for index, at, value in changes:
        used = sorted(number for number in disk.sectors if number >= P1_START // SECTOR)
        number = used[index % min(len(used), 41)]
        sector = bytearray(disk.sectors[number])
        sector[at] = value
        disk.sectors[number] = bytes(sector)
    size = P1_BYTES if which < 2 else 64 << 20
    reads = []

    def read(offset, count):
        reads.append(count)
        assert P1_START <= offset and offset + count <= P1_START + size
        return disk.read(offset, count)

    try:
        offset, _ = find_first_sector(read, P1_START, size, "AUTOBOOT.TXT")
    except FatError:
        pass
    else:
        assert P1_START < offset <= P1_START + size - SECTOR
    assert len(reads) < 600 and sum(reads) < 4 << 20


@given(st.binary(min_size=0, max_size=2048))
def test_noise_is_no_file_system(noise):
    with pytest.raises(FatError):
        find_first_sector(lambda offset, count: noise[offset : offset + count], 0, len(noise), "AUTOBOOT.TXT")


def test_a_disk_without_a_table_is_damaged():
    with pytest.raises(SlotError) as caught:
        TrybootSlots(MemoryDisk(), "a")
    assert caught.value.code == "damaged"
