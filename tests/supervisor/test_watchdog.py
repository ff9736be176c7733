"""The hardware watchdog, on a file that records what is written to it."""

import pytest

from appliance.supervisor.watchdog import HardwareWatchdog, NoWatchdog


def test_kicks_and_disarms_with_the_magic_letter(tmp_path):
    device = tmp_path / "watchdog"
    device.write_bytes(b"")
    watchdog = HardwareWatchdog(str(device))
    watchdog.kick()
    watchdog.kick()
    assert device.read_bytes() == b"\0\0"
    watchdog.close()
    assert device.read_bytes() == b"\0\0V"


def test_where_there_is_none(tmp_path):
    with pytest.raises(OSError):
        HardwareWatchdog(str(tmp_path / "none"))
    NoWatchdog().kick()
    NoWatchdog().close()
