"""The time left for the next start: seldom written, there after a stop or a kill, and never a wrong clock's."""

import os
import signal
import time

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from appliance.device import kept_clock
from appliance.device.kept_clock import FILE, INTERVAL_S, STOP_MIN_S, good_time, keep_clock, write
from appliance.power_on import clock as power_on
from leither_edge import BUILD_TIME
from leither_edge.core.time_floor import TimeFloor
from leither_edge.observe.log import Log
from tests.device_process import Controller, DeviceProcess

NOW = BUILD_TIME + 1_000_000
YEAR_S = 365 * 86400


@given(st.integers(0, 2**34), st.integers(0, 2**33))
def test_what_is_kept_is_never_behind_the_floor_nor_beyond_belief(clock_s, floor_s):
    kept = good_time(clock_s, floor_s)
    assert kept is None or floor_s <= kept < floor_s + 10 * YEAR_S
    assert (kept is None) == (clock_s >= floor_s + 10 * YEAR_S)


def lived(monkeypatch, folder, seconds, clock_s=NOW, writes=None):
    """One life of a node of so many seconds, stopped in order; the times it wrote, and the lines it logged."""
    written, lines, real = [], [], write

    def noted(path, time_s, least_s=0):
        real(path, time_s, least_s)
        written.append(time_s)

    async def at_once(function, *arguments):
        return function(*arguments)

    monkeypatch.setattr(kept_clock, "write", writes or noted)
    # The clock of the test would not wait for a thread on a busy machine.
    monkeypatch.setattr(trio.to_thread, "run_sync", at_once)

    async def main():
        born = trio.current_time()
        with trio.move_on_after(seconds):
            await keep_clock(str(folder), TimeFloor(BUILD_TIME), lambda: clock_s + trio.current_time() - born, Log(lines.append))

    trio.run(main, clock=MockClock(autojump_threshold=0))
    return written, lines


def next_start(folder, now=60):
    """What the clock is set to by the next start, None if it stays."""
    told = []
    power_on.advance((str(folder),), lambda: now, told.append)
    return told[0] if told else None


def test_once_an_hour_and_at_the_end(monkeypatch, tmp_path):
    written, _ = lived(monkeypatch, tmp_path, 10 * INTERVAL_S + 1800)
    assert written == [*(NOW + hour * INTERVAL_S for hour in range(1, 11)), NOW + 10 * INTERVAL_S + 1800]
    assert os.listdir(tmp_path) == [FILE] and os.path.getsize(tmp_path / FILE) == 0
    assert next_start(tmp_path) == NOW + 10 * INTERVAL_S + 1800
    assert next_start(tmp_path, now=NOW + 90 * 86400) is None, "a clock that goes on is right"


def test_one_start_after_the_other_writes_no_more_than_once_a_minute(tmp_path):
    path = str(tmp_path / FILE)
    write(path, NOW, STOP_MIN_S)
    for second in range(1, STOP_MIN_S):
        write(path, NOW + second, STOP_MIN_S)
        assert os.stat(path).st_mtime == NOW
    write(path, NOW + STOP_MIN_S, STOP_MIN_S)
    assert os.stat(path).st_mtime == NOW + STOP_MIN_S
    write(path, NOW - 86400)
    assert os.stat(path).st_mtime == NOW - 86400, "a clock that was put right"


@pytest.mark.parametrize("clock_s", [60, BUILD_TIME + 12 * YEAR_S])
def test_a_wrong_clock_is_not_kept(monkeypatch, tmp_path, clock_s):
    lived(monkeypatch, tmp_path, INTERVAL_S, clock_s)
    assert next_start(tmp_path) == BUILD_TIME


def test_a_card_that_takes_nothing_is_said_once(monkeypatch, tmp_path):
    def refuse(*_):
        raise OSError(30, "Read-only file system")

    _, lines = lived(monkeypatch, tmp_path, 10 * INTERVAL_S, writes=refuse)
    assert len(lines) == 1 and "Read-only" in lines[0]


def test_nothing_strange_is_touched(tmp_path):
    (tmp_path / "other").write_text("x")
    before = os.stat(tmp_path / "other").st_mtime
    (tmp_path / "link").symlink_to(tmp_path / "other")
    with pytest.raises(OSError):
        write(str(tmp_path / "link"), NOW)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError):
        write(str(tmp_path / "pipe"), NOW)
    assert os.stat(tmp_path / "other").st_mtime == before


def test_a_kill_at_any_moment_leaves_one_of_the_two_times(tmp_path):
    """A child that does nothing but keep times is killed again and again."""
    path = str(tmp_path / FILE)
    write(path, NOW)
    last = 0
    for turn in range(20):
        child = os.fork()
        if child == 0:
            try:
                for second in range(1, 1_000_000):
                    write(path, NOW + second * 1000)
            finally:
                os._exit(1)  # never the rest of the tests
        time.sleep(0.002 * (turn % 5 + 1))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kept = os.stat(path)
        assert kept.st_size == 0 and (kept.st_mtime - NOW) % 1000 == 0 and kept.st_mtime >= NOW
        last = max(last, kept.st_mtime)
    assert last > NOW and power_on.newest_write(str(tmp_path)) == os.stat(path).st_mtime


def test_a_whole_device_leaves_its_time_when_it_is_stopped(tmp_path):
    with DeviceProcess(tmp_path, module="tests.clocked_device", environment={"LEITHER_CLOCK_START": str(NOW + 5 * 86400)}) as device:
        Controller(device.port)
    kept = os.stat(tmp_path / FILE).st_mtime
    assert NOW + 5 * 86400 <= kept < NOW + 5 * 86400 + 120
    with DeviceProcess(tmp_path, module="tests.clocked_device", environment={"LEITHER_CLOCK_START": str(NOW + 6 * 86400)}) as device:
        device.kill()
    assert os.stat(tmp_path / FILE).st_mtime == kept
