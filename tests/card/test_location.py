"""leither.toml is found in what mkfs.fat and mtools make, and damage of any kind ends in a sentence."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.card.fat import FatError, find_file
from leither_edge.card.location import CARD_FILE, LocationError, find_card_file, read_card_file, replacement
from leither_edge.card.partitions import PartitionError, first_partition
from tests.card.images import MIB, PLACEHOLDER, card_image, fat, mbr


def reader(image):
    return lambda offset, count: bytes(image[offset : offset + count])


def apply(image, changes):
    image = bytearray(image)
    for at, data in changes:
        image[at : at + len(data)] = data
    return bytes(image)


def with_mtools(folder, image, name=CARD_FILE):
    path = folder / "whole"
    path.write_bytes(image)
    return subprocess.run(["mtype", "-i", f"{path}@@1M", f"::{name}"], check=True, capture_output=True).stdout


@pytest.mark.parametrize(("bits", "mib"), [(12, 2), (16, 5), (32, 40)])
def test_each_kind_of_fat(tmp_path, bits, mib):
    files = {f"a long name, number {n}.text": b"x" * 700 for n in range(40)} | {"autoboot.txt": bytes(512), "leither.toml": PLACEHOLDER}
    image = card_image(tmp_path, mib=mib + 4, bits=bits, fat_mib=mib, files=files)
    file = find_card_file(reader(image), len(image))
    assert file.size == 4096 and read_card_file(reader(image), file) == PLACEHOLDER
    new = b"[claim]\n".ljust(4096, b"\n")
    assert with_mtools(tmp_path, apply(image, replacement(file, new))) == new
    assert with_mtools(tmp_path, apply(image, replacement(file, b"[owner]\n"))) == b"[owner]\n"
    assert with_mtools(tmp_path, apply(image, replacement(file, new)), "a long name, number 7.text") == b"x" * 700


def test_short_names_and_any_case(tmp_path):
    image = fat(tmp_path, 2, 12, {"AUTOBOOT.TXT": b"one", "Leither.TOML": b"two"})
    for name, text in (("autoboot.txt", b"one"), ("leither.toml", b"two"), ("LEITHE~1.TOM", b"two")):
        assert read_card_file(reader(image), find_file(reader(image), 0, len(image), name)) == text


def test_a_file_in_pieces(tmp_path):
    image = card_image(tmp_path, files={"first": bytes(1024), "second": bytes(1024), "third": bytes(3 * MIB)})
    path = tmp_path / "card"
    path.write_bytes(image)
    fill = tmp_path / "fill"
    fill.write_bytes(bytes(MIB))
    subprocess.run(["mdel", "-i", f"{path}@@1M", "::first"], check=True)
    (tmp_path / "toml").write_bytes(PLACEHOLDER)
    for name, source in (("filled", fill), (CARD_FILE, tmp_path / "toml")):
        subprocess.run(["mcopy", "-i", f"{path}@@1M", source, f"::{name}"], check=True)
    image = path.read_bytes()
    file = find_card_file(reader(image), len(image))
    assert read_card_file(reader(image), file) == PLACEHOLDER == with_mtools(tmp_path, image)
    new = bytes(range(256)) * 16
    assert with_mtools(tmp_path, apply(image, replacement(file, new))) == new


def test_an_empty_file_has_no_place(tmp_path):
    image = card_image(tmp_path, files={CARD_FILE: b""})
    file = find_card_file(reader(image), len(image))
    assert (file.size, file.extents, read_card_file(reader(image), file)) == (0, [], b"")
    with pytest.raises(LocationError, match="too small"):
        replacement(file, b"x")


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (b"", "no partition table"),
        (bytes(1 << 16), "no partition table"),
        (mbr((0xEE, 1, 100)), "GPT"),
        (mbr((0x83, 1, 100)), "not a FAT one"),
        (mbr((0x0C, 1, 100)), "outside"),
        (mbr((0x0C, 0, 1)), "outside"),
        (mbr((0x0C, 1, 1)) + bytes(512), "no FAT file system"),
    ],
)
def test_other_disks(image, sentence):
    with pytest.raises(LocationError, match=sentence):
        find_card_file(reader(image), len(image))


def test_no_such_file(tmp_path):
    image = card_image(tmp_path, files={"other.txt": b"x"})
    with pytest.raises(LocationError, match="no file leither.toml"):
        find_card_file(reader(image), len(image))


def test_a_chain_that_goes_round(tmp_path):
    data = bytearray(fat(tmp_path, 5, 16, {CARD_FILE: PLACEHOLDER}, ("-s", "1")))
    file = find_file(reader(data), 0, len(data), CARD_FILE)
    table = int.from_bytes(data[14:16], "little") * 512
    entry = file.size_at - 28
    cluster = int.from_bytes(data[entry + 26 : entry + 28], "little")
    for target, sentence in ((cluster, "too long"), (0, "nowhere"), (1, "nowhere"), (0xFFF0, "nowhere")):
        data[table + cluster * 2 + 2 : table + cluster * 2 + 4] = target.to_bytes(2, "little")
        with pytest.raises(FatError, match=sentence):
            find_file(reader(data), 0, len(data), CARD_FILE)
    data[table + cluster * 2 : table + cluster * 2 + 2] = b"\xff\xff"
    with pytest.raises(FatError, match="cut short"):
        find_file(reader(data), 0, len(data), CARD_FILE)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fat")
    return {bits: fat(folder, mib, bits, {"a long name of a file.txt": b"x", CARD_FILE: PLACEHOLDER}, extra)
            for bits, mib, extra in ((12, 1, ()), (16, 3, ("-s", "1")), (32, 34, ("-s", "1")))}  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_damage(sound, data):
    """Any damage gives the file's place within the partition, or a FatError; never an endless walk or a read outside."""
    bits = data.draw(st.sampled_from([12, 16, 32]))
    image, damaged = sound[bits], {}
    reserved = int.from_bytes(image[14:16], "little") * 512
    tables = 2 * (int.from_bytes(image[22:24], "little") or int.from_bytes(image[36:40], "little")) * 512
    places = st.integers(0, 90) | st.integers(reserved, reserved + 64) | st.integers(reserved + tables, reserved + tables + 320)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(places)
        damaged[at] = data.draw(st.integers(0, 255))
    reads = []

    def read(offset, count):
        reads.append((offset, count))
        found = bytearray(image[offset : offset + count])
        for at, byte in damaged.items():
            if offset <= at < offset + len(found):
                found[at - offset] = byte
        return bytes(found)

    try:
        file = find_file(read, 0, len(image), CARD_FILE)
    except FatError as error:
        assert str(error) and len(str(error)) < 200
    else:
        assert file.size <= 1 << 20 and sum(length for _, length in file.extents) >= file.size
        assert all(0 <= at and at + length <= len(image) for at, length in file.extents)
        assert len(read_card_file(read, file)) == file.size
    assert len(reads) < 10_000 and sum(count for _, count in reads) < 1 << 23


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600), st.integers(0, 1 << 40))
def test_junk_for_a_partition_table(junk, size):
    try:
        start, length = first_partition(reader(junk), size)
        assert start + length <= size
    except PartitionError:
        pass
