"""The device's board: its file, lamp, sensors, slots, and what it says without a radio."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.board import BoardError, board_file, device, machine
from appliance.board.device import DeviceBoard
from appliance.board.lamp import Lamp, chosen_trigger


class NoCable:
    address, is_plugged = None, False

    def tick(self):
        pass

    def stop(self):
        pass


def board(**members):
    settings = board_file.parse(json.dumps({"name": "test", **members}).encode())
    return DeviceBoard(settings, None, NoCable(), None)


# The file.


def test_defaults_are_filled_in():
    settings = board_file.parse(b'{"name": "pi-zero", "radio": "wlan0", "wired": ["eth0"]}')
    assert settings["radio"] == "wlan0" and settings["wired"] == ["eth0"] and settings["country"] == "00" and settings["led"] is None


@pytest.mark.parametrize(
    "member",
    [
        {"radio": "a b"}, {"radio": ""}, {"radio": "../x"}, {"radio": "x" * 16}, {"radio": "-x"}, {"wired": "eth0"},
        {"wired": ["eth0"] * 9}, {"country": "de"}, {"country": "D1"}, {"slots": "grub"}, {"disk": "mmcblk0"}, {"led": "../led"},
        {"captive_url": "ftp://x"}, {"captive_url": "http://x,y"}, {"port": 0}, {"name": ""}, {"unknown": 1}, {"radio_turns": 1},
    ],
)  # fmt: skip
def test_a_wrong_member_is_refused_in_plain_words(member):
    with pytest.raises(BoardError) as error:
        board_file.parse(json.dumps(member).encode())
    assert error.value.code == "bad-board-file" and error.value.message.endswith(".")


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode()))
def test_any_file_is_read_or_refused(data):
    try:
        board_file.parse(data)
    except BoardError as error:
        assert error.code == "bad-board-file"


def test_no_file(tmp_path):
    with pytest.raises(BoardError, match="cannot be read"):
        board_file.read(tmp_path / "none")


# Without a radio.


def test_a_board_without_a_radio():
    status = board().wifi_status()
    assert status["state"] == "off" and not status["configured"] and status["wired"] is status["cable"] is False
    for call in (board().wifi_scan, board().wifi_forget, lambda: board().ap_start("x", ""), lambda: board().wifi_join(b"x", "", False)):
        with pytest.raises(BoardError, match="no radio") as error:
            call()
        assert error.value.code == "unsupported"
    board().ap_stop()
    board().forget_settings()
    board().close()


def test_a_radio_whose_driver_still_loads_is_not_called_missing():
    class Absent:
        def status(self):
            return {"state": "off"}

    seen = DeviceBoard(board_file.parse(b"{}"), Absent(), NoCable(), None)
    assert seen.wifi_status()["state"] == "disconnected"
    seen._born_s -= device.RADIO_APPEARS_S
    assert seen.wifi_status()["state"] == "off"


# The lamp and the sensors.


def test_the_lamp_blinks_and_is_then_what_it_was(tmp_path):
    (tmp_path / "ACT").mkdir()
    trigger, brightness = tmp_path / "ACT/trigger", tmp_path / "ACT/brightness"
    trigger.write_text("none timer [mmc0] heartbeat\n")
    brightness.write_text("0")
    now = [0.0]
    lamp = Lamp("ACT", str(tmp_path), lambda: now[0])
    lamp.tick()
    lamp.blink(1)
    assert lamp.is_blinking and trigger.read_text() == "none"
    seen = []
    for now[0] in (0.0, 0.25, 0.5, 0.75):
        lamp.tick()
        seen.append(brightness.read_text())
    assert seen == ["255", "0", "255", "0"]
    now[0] = 1.0
    lamp.tick()
    assert not lamp.is_blinking and trigger.read_text() == "mmc0" and brightness.read_text() == "0"


def test_a_lamp_that_is_not_there(tmp_path):
    with pytest.raises(BoardError, match="no lamp"):
        board().identify(5)
    lamp = DeviceBoard(board_file.parse(b"{}"), None, NoCable(), Lamp("none", str(tmp_path)))
    with pytest.raises(BoardError, match="cannot be used"):
        lamp.identify(5)
    assert chosen_trigger("none timer") == ""


def test_the_hottest_plausible_sensor_counts(tmp_path):
    for number, text in enumerate(["45500\n", "61200\n", "-274000\n", "x\n", ""]):
        (tmp_path / f"thermal_zone{number}").mkdir()
        (tmp_path / f"thermal_zone{number}/temp").write_text(text)
    (tmp_path / "cooling_device0").mkdir()
    assert machine.temperature(str(tmp_path)) == 61.2
    assert machine.temperature(str(tmp_path / "none")) is None


# The clock.


def test_the_clock_is_set_or_it_is_said_why(monkeypatch):
    said = []
    monkeypatch.setattr(time, "clock_settime", lambda clock, value: said.append((clock, value)))
    board().set_time(1_800_000_000)
    assert said == [(time.CLOCK_REALTIME, 1_800_000_000)]

    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(time, "clock_settime", refused)
    with pytest.raises(BoardError, match="Operation not permitted"):
        board().set_time(0)


# The slots.


class MadeUpSlots:
    """The running slot is b, on trial; a is the kept one."""

    running, committed, is_trial = "b", "a", True

    def __init__(self):
        self.done = []

    def try_next(self, slot):
        self.done.append(("try", slot))
        return None if slot == self.committed else "0 tryboot"

    def commit(self):
        self.done.append("commit")


@pytest.mark.parametrize(
    ("slot", "trial", "done", "argument"),
    [
        ("b", True, [("try", "b")], "0 tryboot"),
        ("b", False, ["commit"], None),
        ("a", False, [("try", "a")], None), ("a", True, [("try", "a")], None)],
)
def test_slots(slot, trial, done, argument):
    slots = MadeUpSlots()
    settings = board_file.parse(b'{"slots": "tryboot", "disk": "/dev/mmcblk0"}')
    made = DeviceBoard(settings, None, NoCable(), None, open_slots=lambda kind, disk: slots)
    assert made.switch_slot(slot, trial) == {"running": "b", "next": slot, "trial": trial}
    assert slots.done == done and made._reboot_argument == argument
    assert made.info()["slot"] == "b" and made.info()["is_trial"]


def test_a_slot_that_was_never_tried_is_not_kept():
    class Fresh(MadeUpSlots):
        running = committed = "a"

    settings = board_file.parse(b'{"slots": "tryboot", "disk": "/dev/mmcblk0"}')
    made = DeviceBoard(settings, None, NoCable(), None, open_slots=lambda kind, disk: Fresh())
    with pytest.raises(BoardError, match="tried"):
        made.switch_slot("b", False)
    with pytest.raises(BoardError, match="cannot switch"):
        board().switch_slot("a", True)
