"""The built image's own Wi-Fi, in its own kernel: a phone joins the device's access point, and the device joins a router."""

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from image.tests.boards import open_machine
from image.tests.conftest import START_LIMIT_S
from image.tests.neighbours.guest import ACCESS_POINT, ACCESS_POINT_KEY
from image.tests.owner import write_settings

ROOT = Path(__file__).resolve().parents[3]
PROCESSORS = {"pi-zero": "armel", "router": "armel", "tv-box": "arm64"}
MODULES = ("libarc4", "rfkill", "cfg80211", "mac80211", "mac80211_hwsim")
WALK_LIMIT_S = 2400
# How many times longer than on the machine of the tests everything may take.
PATIENCE = 5
MARK = "RADIO "
AT = "/data/neighbours"


@pytest.fixture(scope="module")
def told(profile, image, token_of_module, tmp_path_factory):
    """What the guest told, by name."""
    folder = tmp_path_factory.mktemp("air")
    board = open_machine(profile, image, folder / "machine")
    write_settings(board.card, token_of_module, access_point_ssid=ACCESS_POINT, access_point_passphrase=ACCESS_POINT_KEY)
    board.card.fill("p8", data_partition(profile, image.parent / "modules-rest.tar", folder, board.card.partitions()["p8"][1]))
    board.shell = True
    # With a cable the device opens no access point.
    board.cable = False
    with board:
        board.start()
        # There is no radio yet, and so no address to show.
        board.wait_for_line(f"waits until its Wi-Fi .{ACCESS_POINT}. is open", START_LIMIT_S)
        for command in commands():
            status, text = board.run(command, START_LIMIT_S)
            assert status == 0, f"{command}: {text}"
        settings = f"PATIENCE={PATIENCE} PYTHONPATH=/tests PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        text = board.run(f"{settings} chroot {AT} python3 -m image.tests.neighbours.guest", WALK_LIMIT_S)[1]
        logs = board.run("tail -n 30 /run/leither/*.log 2>/dev/null; cat /run/leither/*.json 2>/dev/null", START_LIMIT_S)[1]
    os.unlink(board.card.path)
    said = [json.loads(line[len(MARK) :]) for line in text.splitlines() if line.startswith(MARK)]
    by_name = {one.pop("name"): one for one in said}
    for name, one in by_name.items():
        print(name, one)
    assert "finished" in by_name, f"{text}\n{logs}"
    return by_name


@pytest.fixture(scope="module")
def token_of_module():
    return "01234-56789-ABCDE-FGHJK"


def data_partition(profile, modules, folder, room):
    """A file system for DATA that holds the neighbours' root, our tests and the kernel's other modules; the path of its file."""
    stage, neighbours = folder / "stage", folder / "stage" / "neighbours"
    stage.mkdir()
    subprocess.run(["cp", "-a", ROOT / "build/neighbours" / PROCESSORS[profile], neighbours], check=True)
    for name in ("proc", "sys", "dev", "run", "tmp"):
        (neighbours / name).mkdir(exist_ok=True)
    for package in ("tests/radio", "image/tests/neighbours"):
        shutil.copytree(ROOT / package, neighbours / "tests" / package, ignore=shutil.ignore_patterns("__pycache__"))
    with tarfile.open(modules) as archive:
        archive.extractall(neighbours / "modules", filter="data")
    path = folder / "data.ext4"
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", "DATA", "-d", stage, path, f"{room // 1024}k"], check=True)
    shutil.rmtree(stage)
    return path


def commands():
    """What prepares the board, as its root."""
    yield "mount -o remount,exec,suid,dev /data"
    for name in MODULES:
        arguments = " radios=3" if name == "mac80211_hwsim" else ""
        loaded = f"grep -q '^{name} ' /proc/modules"
        yield f"{loaded} || insmod $(find {AT}/modules -name {name}.ko -o -name {name.replace('_', '-')}.ko){arguments}"
    # A root of its own must be a mount point for network namespaces to be entered from it.
    yield f"mount --bind {AT} {AT}"
    yield "; ".join(f"mount --bind /{name} {AT}/{name}" for name in ("proc", "sys", "dev", "run"))


def test_the_access_point_is_wpa2(told):
    assert "[WPA2-PSK-CCMP]" in told["access point"]["flags"] and told["access point"]["frequency"] == 2412


def test_a_phone_gets_address_names_and_portal(told):
    dhcp = told["dhcp"]
    assert dhcp["address"].startswith("192.168.4.") and dhcp["dns"] == "192.168.4.1"
    assert told["dns"]["addresses"] == ["192.168.4.1"]
    assert told["probe"]["status"] == 302 and told["probe"]["location"].startswith("http://192.168.4.1/")
    assert told["portal"]["status"] == 200


def test_failures_have_their_reason_on_the_page(told):
    assert told["listed"]["home"]
    assert "did not accept the password" in told["wrong password"]["said"]
    assert "out of sight" in told["nowhere"]["said"]


def test_joins_and_takes_the_access_point_along(told):
    joined = told["another channel"]
    assert "The device is on “Home" in joined["said"] and "192.168.77." in joined["said"]
    assert joined["frequency"] == joined["side"] == 2462
