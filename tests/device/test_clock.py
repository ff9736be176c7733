"""The remote control against a device whose clock is wrong."""

import json
import os
import subprocess
import sys

import pytest

from leither_edge import BUILD_TIME
from tests.device_process import ROOT, Controller, DeviceProcess

IN_1970 = 60
IN_2040 = 2_208_988_800
PASSPHRASE = "four plain words here"


@pytest.fixture
def leither(tmp_path):
    """Run the installed tool; its result and what it said."""
    environment = {**os.environ, "LEITHER_HOME": str(tmp_path / "home"), "LEITHER_PASSPHRASE": PASSPHRASE, "NO_COLOR": "1"}

    def run(*words):
        done = subprocess.run([sys.executable, "-m", "leither_edge.cli", *words], cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("clock", [IN_1970, IN_2040], ids=["1970", "2040"])
def test_a_device_with_a_wrong_clock_obeys_and_the_owner_is_told(tmp_path, leither, clock):
    with DeviceProcess(tmp_path / "device", module="tests.clocked_device", environment={"LEITHER_CLOCK_START": str(clock)}) as device:
        leither("key", "new", "--json")
        leither("remote", "add", "attic", f"127.0.0.1:{device.port}")
        leither("remote", "claim", "attic", "--token", device.token)
        assert "its clock is wrong" in leither("remote", "attic", "status")
        times = json.loads(leither("remote", "attic", "status", "--json"))["result"]["time"]
        assert 0 <= times["clock"] - clock < 120 and not times["clock_plausible"]
        # The owner's time moved the floor; the wrong clock did not.
        assert BUILD_TIME <= times["floor"] < IN_2040
        leither("remote", "attic", "config", "set", "name=Attic")
        assert "Attic" in leither("remote", "attic", "config", "get", "name")


def test_an_expired_command_stays_expired_whatever_the_clock_says(tmp_path):
    with DeviceProcess(tmp_path, module="tests.clocked_device", environment={"LEITHER_CLOCK_START": str(IN_1970)}) as device:
        owner = Controller(device.port)
        owner.claim(device.token)
        assert owner.do("status").status == "done"
        old = owner.do("config-set", {"name": "too late"}, issued=BUILD_TIME - 86400)
        assert (old.status, old.error["code"]) == ("refused", "expired")
        # Twelve years ahead of all that is known: refused, and the floor stays.
        ahead = owner.do("config-set", {"name": "too early"}, issued=BUILD_TIME + 12 * 365 * 86400)
        assert (ahead.status, ahead.error["code"]) == ("refused", "future")
        assert owner.do("config-set", {"name": "in time"}).status == "done"


def test_a_clock_that_was_only_set_to_the_last_known_time_judges_nothing(tmp_path):
    """A board without a clock chip, flashed a month after its image was built."""
    later = BUILD_TIME + 30 * 86400
    for has_chip in (True, False):
        folder, arguments = tmp_path / str(has_chip), () if has_chip else ("--no-clock",)
        environment = {"LEITHER_CLOCK_START": str(BUILD_TIME + 20)}
        with DeviceProcess(folder, module="tests.clocked_device", environment=environment, arguments=arguments) as device:
            owner = Controller(device.port)
            owner.claim(device.token)
            answer = owner.do("config-set", {"name": "a month later"}, issued=later)
            if has_chip:
                assert (answer.status, answer.error["code"]) == ("refused", "future")
            else:
                assert answer.status == "done" and owner.do("status", issued=later + 1).floor == later
