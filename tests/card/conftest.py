import hashlib
import json
import lzma
import os
import shutil
import subprocess
from collections import namedtuple

import pytest

from tests.card.images import MIB, card_image
from tests.cli.conftest import _quick_and_apart, run, screen  # noqa: F401

Made = namedtuple("Made", "path plain bytes")


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """An image and its packed form, made once: Made(path of .img.xz, path of .img, bytes). Copy it to change it."""
    folder = tmp_path_factory.mktemp("image")
    data = card_image(folder)
    plain, packed = folder / "sdcard.img", folder / "sdcard.img.xz"
    plain.write_bytes(data)
    packed.write_bytes(lzma.compress(data, preset=1))
    return Made(packed, plain, data)


@pytest.fixture
def image(made, tmp_path):
    """A folder of its own with the packed image and its checksum; returns the path."""
    path = tmp_path / "sdcard.img.xz"
    shutil.copy(made.path, path)
    (tmp_path / "sdcard.img.xz.sha256").write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  sdcard.img.xz\n")
    return path


@pytest.fixture
def describe(image, made):
    """Write the .json beside the image, with some facts changed."""

    def describe(**changed):
        data = image.read_bytes()
        facts = {
            "name": "Leither Edge for tests", "profile": "pi-zero", "release_date": "2026-01-02",
            "extract_size": len(made.bytes), "extract_sha256": hashlib.sha256(made.bytes).hexdigest(),
            "image_download_size": len(data), "image_download_sha256": hashlib.sha256(data).hexdigest(),
        }  # fmt: skip
        (image.parent / "sdcard.img.xz.json").write_text(json.dumps({**facts, **changed}))

    return describe


@pytest.fixture
def card(tmp_path):
    """A file in place of a card, full of what was there before; larger than the image."""
    path = tmp_path / "card"
    path.write_bytes(b"\xa5" * (14 * MIB))
    return path


@pytest.fixture
def loop(card):
    """A real block device over the file ``card``, where this machine grants one."""
    if os.geteuid() != 0 or shutil.which("losetup") is None:
        pytest.skip("loop devices need root and losetup")
    found = subprocess.run(["losetup", "--find", "--show", "--partscan", card], capture_output=True, text=True)
    if found.returncode:
        pytest.skip(f"no loop device here: {found.stderr.strip()}")
    yield found.stdout.strip()
    subprocess.run(["losetup", "--detach", found.stdout.strip()], check=True)
