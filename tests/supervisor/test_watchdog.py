"""The hardware watchdog, on a file that records what is written to it."""

import pytest

from appliance.supervisor.watchdog import HardwareWatchdog, NoWatchdog, is_switched_off


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


@pytest.mark.parametrize(
    "arguments, off", [(b"quiet leither.watchdog=off\n", True), (b"quiet\n", False), (b"leither.watchdog=offline", False), (b"", False)]
)
def test_the_kernels_argument_switches_it_off(tmp_path, arguments, off):
    (tmp_path / "cmdline").write_bytes(arguments)
    assert is_switched_off(str(tmp_path / "cmdline")) is off
