"""Programs that are kept running."""

import os
import signal
import time
from pathlib import Path

import pytest

from appliance.board import BoardError
from appliance.wifi import programs
from appliance.wifi.programs import Program


def wait_until(condition):
    give_up = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_one_that_dies_is_started_again_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "AGAIN_MIN_S", 0.05)
    program = Program(["sleep", "60"], str(tmp_path / "pid"))
    program.start()
    first = program.pid
    os.kill(first, signal.SIGKILL)
    program._delay_s = 0.05
    wait_until(program.tick)
    assert program.pid != first and program.starts == 2
    assert (tmp_path / "pid").read_text().strip() == str(program.pid)
    program.stop()
    program.stop()
    assert program.pid is None and not os.listdir(tmp_path)


def test_what_a_killed_supervisor_left_is_ended(tmp_path):
    record = str(tmp_path / "pid")
    left = Program(["sleep", "61"], record)
    left.start()
    wait_until(lambda: Path(f"/proc/{left.pid}/comm").read_text() == "sleep\n")  # set a moment after the spawn returns
    Program(["sleep", "62"], record)
    wait_until(lambda: not left.is_running())


@pytest.mark.parametrize("said", ["", "x", "1", "99999999", "-1", "0", "7" * 30])
def test_a_record_of_a_stranger_ends_nobody(tmp_path, said):
    (tmp_path / "pid").write_text(said)
    Program(["sleep", "60"], str(tmp_path / "pid"))
    own = str(os.getpid())
    (tmp_path / "pid").write_text(own)
    Program(["sleep", "60"], str(tmp_path / "pid"))


def test_a_missing_program_is_named(tmp_path):
    program = Program(["no-such-program-here"], str(tmp_path / "pid"))
    with pytest.raises(BoardError, match="no-such-program-here is missing") as error:
        program.start()
    assert error.value.code == "unsupported"


def test_what_it_writes_goes_to_its_log_and_signals_are_as_new(tmp_path):
    log = tmp_path / "log"
    program = Program(["sh", "-c", "echo $MARK; grep SigIgn /proc/self/status"], str(tmp_path / "pid"), {"MARK": "here"}, str(log))
    program.start()
    wait_until(lambda: not program.is_running())
    lines = log.read_text().splitlines()
    assert lines[0] == "here" and int(lines[1].split()[1], 16) & (1 << (signal.SIGPIPE - 1)) == 0
