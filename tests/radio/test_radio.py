"""The device among real Wi-Fi stacks: its own access point, a phone, and a home router, each on a simulated radio (mac80211_hwsim).

Run by tests/radio/run, which installs what it takes. The kernel boots once, lives through guest.py, and what that tells is judged here.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.radio

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "radio"
LIMIT_S = 900
MARK = "RADIO "


@pytest.fixture(scope="module")
def told():
    """What the guest told, by name."""
    [image] = (WORK / "kernel" / "boot").glob("vmlinuz-*")
    command = [WORK / "venv/bin/vng", "--run", image, "--busybox", WORK / "kernel/bin/busybox", "--disable-kvm", "--force-9p"]
    command += ["--cpus", "2", "--memory", "1G", "--cwd", ROOT, "--exec", f"{sys.executable} -m tests.radio.guest 2>&1"]
    environment = {**os.environ, "PATH": f"{WORK}/venv/bin:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
    with open(WORK / "console.log", "w+", errors="replace") as console:
        subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=console, stderr=console, timeout=LIMIT_S)
        console.seek(0)
        said = [json.loads(line[len(MARK) :]) for line in console.read().splitlines() if line.startswith(MARK)]
    assert said, f"the kernel did not boot: see {WORK / 'console.log'}"
    by_name = {one.pop("name"): one for one in said}
    for name, one in by_name.items():
        print(name, {key: value for key, value in one.items() if key not in ("log", "phone", "router")})
    if "broken" in by_name:
        pytest.fail("\n".join(by_name["broken"].get(key, "") for key in ("why", "log", "phone", "router")))
    return by_name


def test_the_access_point_is_wpa2_and_nothing_else(told):
    assert "[WPA2-PSK-CCMP]" in told["access point"]["flags"]


def test_the_access_point_is_on_the_channel_of_the_strongest_network(told):
    assert told["access point"]["frequency"] == 2412


def test_a_phone_gets_address_names_and_portal(told):
    dhcp = told["dhcp"]
    assert dhcp["address"].startswith("192.168.4.") and dhcp["dns"] == "192.168.4.1"
    assert dhcp["captive"] == "http://192.168.4.1/captive-portal/api"
    assert all(told["dns"][name]["addresses"] == ["192.168.4.1"] for name in ("connectivitycheck.gstatic.com", "example.org"))
    assert told["probe"]["status"] == 302 and told["probe"]["location"].startswith("http://192.168.4.1/")
    assert told["portal"]["status"] == 200


def test_the_page_lists_networks_whatever_their_names(told):
    assert told["listed"]["home"] and told["cafe listed"]["cafe"] and told["old name listed"]["old"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("wrong password", "did not accept the password"),
        ("vanished", "out of sight"),
        ("no address", "gave it no address"),
        ("wpa3 wrong password", "did not accept the password"),
        ("turns wrong password", "did not accept the password"),
    ],
)
def test_each_failure_has_its_reason_on_the_page(told, name, sentence):
    assert sentence in told[name]["said"], told[name]


@pytest.mark.parametrize(
    ("name", "network"),
    [
        ("slow router", "Home"),
        ("another channel", "咖啡馆"),
        ("hidden", "Attic"),
        ("name that is no UTF-8", ""),
        ("open", "Guest"),
        ("transition", "Both"),
        ("wpa3", "New"),
        ("home again", "Home"),
    ],
)
def test_joins_and_says_so_on_the_page(told, name, network):
    assert f"The device is on “{network}" in told[name]["said"], told[name]
    assert "192.168.77." in told[name]["said"]


def test_on_one_channel_the_page_stays_alive(told):
    for name in ("wrong password", "vanished", "slow router"):
        assert told[name]["drops"] == 0 and told[name]["unreachable"] == 0, told[name]


def test_the_access_point_follows_the_network(told):
    assert told["another channel"]["frequency"] == told["another channel"]["side"] == 2462


def test_settings_are_kept_only_once_they_worked(told):
    assert not told["kept nothing"]["kept"]
    assert told["kept"]["mode"] == "0o600"


def test_the_kept_network_is_joined_by_itself(told):
    assert told["by itself"]["address"].startswith("192.168.77.")


def test_programs_end_with_the_supervisor_and_do_not_outlive_a_killed_one(told):
    assert told["by itself"]["left"] == []
    assert told["cable"]["after_kill"].startswith("192.168.77.")


def test_a_cable_gets_an_address_and_the_first_route(told):
    assert told["cable"]["address"].startswith("192.168.88.")
    assert told["cable"]["resolv"].startswith("nameserver 192.168.88.1\n")
    assert "dev cable0 metric 100" in told["cable"]["routes"] and "dev wlan0 metric 600" in told["cable"]["routes"]


def test_in_turns_the_access_point_comes_back_with_the_result(told):
    assert not told["turns"]["beside"] and told["turns"]["listed"]
    assert told["turns joined"]["address"].startswith("192.168.77.")
