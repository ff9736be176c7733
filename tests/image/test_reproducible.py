"""Two builds of our part of the image, and of the card, are the same to the bit, whoever makes them, where and when."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from image.layout import image_bytes, partitions
from leither_edge.profile import load

ROOT = Path(__file__).resolve().parents[2]
SITE = "usr/lib/python3.13/site-packages"
EPOCH = "1700000000"
BOARDS = ("pi-zero", "router", "tv-box")


def contents(folder):
    """Everything an archive of the folder would hold: path, mode, time, bytes."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, int(path.lstat().st_mtime), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if not path.is_dir()
    }


def install(checkout, target, umask):
    subprocess.run(
        [sys.executable, checkout / "image/package/leither-edge/install.py", "--checkout", checkout, "--profile", "pi-zero",
         "--target", target, "--site", SITE],
        check=True, umask=umask, env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


def test_our_part_of_the_root_is_the_same_from_another_checkout(tmp_path):
    other = tmp_path / "other checkout"
    skip = shutil.ignore_patterns("__pycache__")
    for name in ("leither_edge", "appliance", "hw_profiles", "image/package", "image/board"):
        shutil.copytree(ROOT / name, other / name, ignore=skip, copy_function=shutil.copyfile)
    install(ROOT, tmp_path / "one", 0o022)
    install(other, tmp_path / "two", 0o077)
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []
    names = set(one)
    assert f"{SITE}/appliance/wifi/udhcpc.sh" in names and f"{SITE}/appliance/portal/web/manifest" in names
    assert not any("/cli/" in name or name.endswith("fake.py") for name in names)
    assert one[f"{SITE}/appliance/wifi/udhcpc.sh"][0] & 0o777 == 0o755


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function that makes the card of a board from made-up parts, and tells its sha256."""

    def make(board, umask=0o022, zone="UTC"):
        images = tmp_path_factory.mktemp(board)
        files = [line.split()[0] for line in (ROOT / "image/board" / board / "boot-files").read_text().splitlines() if line[:1] != "#"]
        files += [line.split()[0] for line in (ROOT / "image/board" / board / "settings-files").read_text().splitlines() if line[:1] != "#"]
        loader = ROOT / "image/board" / board / "loader"
        files += [line.split()[0] for line in loader.read_text().splitlines() if line[:1] != "#"] if loader.exists() else []
        for name in files + ["rootfs.squashfs"]:
            (images / name).parent.mkdir(exist_ok=True)
            (images / name).write_bytes(hashlib.sha256(name.encode()).digest() * 600)
        if loader.exists():
            (images / "uboot-env.bin").write_bytes(b"\xff" * 16384)
        subprocess.run(
            [ROOT / "image/board/common/assemble.sh", images, board], check=True, capture_output=True, umask=umask,
            env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "TZ": zone, "LEITHER_PYTHON": sys.executable},
        )  # fmt: skip
        return images / "sdcard.img"

    return make


def digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# The smallest card stands for the others, which are made by the same steps.
@pytest.mark.parametrize("board", [pytest.param(name, marks=pytest.mark.slow) if name != "router" else name for name in BOARDS])
def test_the_card_is_the_same_twice(made, board):
    one, two = made(board), made(board, umask=0o077, zone="Pacific/Auckland")
    assert digest(one) == digest(two)
    limits = load(str(ROOT / "hw_profiles" / f"{board}.toml")).partition
    assert one.stat().st_size == image_bytes(limits)
    one.unlink(), two.unlink()


def test_the_card_has_the_partitions_that_the_layout_names(made):
    card = made("pi-zero")
    told = subprocess.run(["sfdisk", "--dump", card], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in told.splitlines():
        if "start=" in line:
            number = line.split(" :")[0][-1]
            fields = dict(field.strip().split("=") for field in line.split(":", 1)[1].split(",") if "=" in field)
            found[f"p{number}"] = (int(fields["start"]) * 512, int(fields["size"]) * 512)
    wanted = {name: (first, size) for name, first, size in partitions(load(str(ROOT / "hw_profiles/pi-zero.toml")).partition)}
    assert found.keys() == wanted.keys()
    assert {name: found[name] for name in found if name != "p4"} == {name: wanted[name] for name in found if name != "p4"}
    first, size = found["p4"]
    assert first >= wanted["p4"][0] and first + size >= sum(wanted["p8"])
    card.unlink()
