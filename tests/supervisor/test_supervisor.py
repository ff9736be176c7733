"""The whole supervisor as a process, around a stand-in node."""

import json
import os
import pty
import signal
import stat

import pytest

from tests.supervisor.conftest import is_running


def test_announces_and_stops_on_sigterm(supervise):
    supervisor = supervise("--do", "graceful")
    supervisor.until_lives(1)
    [pid] = supervisor.node_pids()
    assert supervisor.stop() == 0
    assert supervisor.traced("term") == ["term"]
    assert not is_running(pid)
    assert supervisor.text().count("\nStopped. ") == 1
    assert stat.S_IMODE(supervisor.state.stat().st_mode) == 0o700


def test_ctrl_c_twice_kills_a_node_that_ignores_sigterm(supervise):
    supervisor = supervise("--do", "ignore-term")
    supervisor.until_lives(1)
    supervisor.process.send_signal(signal.SIGINT)
    # Two that come at once count as one, so press again until it obeys.
    supervisor.until(lambda: supervisor.process.send_signal(signal.SIGINT) or supervisor.process.poll() is not None)
    assert supervisor.process.returncode == 0


@pytest.mark.parametrize(("action", "code"), [("refuse", 1), ("usage", 2)])
def test_a_node_that_refuses_to_start_ends_the_supervisor(supervise, action, code):
    supervisor = supervise("--do", action)
    assert supervisor.process.wait(15) == code
    assert len(supervisor.node_pids()) == 1
    assert "Traceback" not in supervisor.text()


def test_quiet_still_shows_why_the_node_refused(supervise):
    supervisor = supervise("--do", "refuse", "--quiet")
    assert supervisor.process.wait(15) == 1
    assert "The store is damaged. Restore a backup." in supervisor.text()


def test_quiet_hides_the_log_but_not_the_announcement(supervise):
    supervisor = supervise("--quiet")
    supervisor.until_lives(1)
    supervisor.stop()
    assert "child-start" not in supervisor.text()


def test_no_escape_sequence_reaches_the_terminal(supervise):
    supervisor = supervise()
    supervisor.until(lambda: "child-start" in supervisor.text())
    assert "\x1b" not in supervisor.text()


def test_a_crash_restarts_and_is_kept(supervise):
    supervisor = supervise("--do", "crash")
    supervisor.until_lives(2)
    assert "SIGABRT" in supervisor.text()
    supervisor.stop()


def test_a_hung_node_is_aborted_and_restarted(supervise):
    supervisor = supervise("--do", "hang", BEAT_S="0.3")
    supervisor.until_lives(2)
    assert "heartbeat-lost" in supervisor.text()
    # faulthandler wrote where it hung
    assert "node_child.py" in supervisor.text()


def test_a_node_that_never_beats_is_restarted(supervise):
    supervisor = supervise("--do", "never-ready", BEAT_S="0.05")
    supervisor.until(lambda: len(supervisor.node_pids()) >= 2)
    assert "start-timeout" in supervisor.text()


def test_exit_75_restarts_without_counting_as_a_crash(supervise):
    supervisor = supervise("--do", "again")
    supervisor.until_lives(2)
    assert "supervisor-end" not in supervisor.text()


def test_a_crash_loop_is_slowed_down(supervise):
    supervisor = supervise("--do", "loop-crash")
    supervisor.until_lives(3)
    assert supervisor.stop() == 0


def test_hangup_restarts_the_node(supervise):
    supervisor = supervise()
    supervisor.until_lives(1)
    supervisor.process.send_signal(signal.SIGHUP)
    supervisor.until_lives(2)
    assert supervisor.process.poll() is None


def test_a_closed_terminal_ends_everything(supervise):
    supervisor = supervise(start=False)
    ours, theirs = pty.openpty()
    supervisor.start(stdin=theirs)
    os.close(theirs)
    supervisor.until_lives(1)
    os.close(ours)
    assert supervisor.stop(signal.SIGHUP) == 0


def test_the_node_never_outlives_the_supervisor(supervise):
    supervisor = supervise()
    supervisor.until_lives(1)
    [pid] = supervisor.node_pids()
    supervisor.process.kill()
    supervisor.until(lambda: not is_running(pid))


def test_verbs_are_answered(supervise):
    supervisor = supervise("--do", "ask", "--verbs", "info,supervisor_status,wifi_scan,logs,crash,temperature,wifi_forget,nonsense")
    supervisor.until(lambda: len(supervisor.traced("{")) >= 8)
    info, status, scan, logs, crash, temperature, forgotten, nonsense = map(json.loads, supervisor.traced("{"))
    assert info["result"]["board"] == "fake" and info["result"]["is_device"] is False
    limits = status["result"]["limits"]
    assert limits["core"] == 0 and limits["open_files"] == 128
    assert status["result"]["restarts"] == 0 and status["result"]["node"]["phase"] == "running"
    assert "Home" in [network["ssid"] for network in scan["result"]]
    assert any("child-start" in line["text"] for line in logs["result"]["lines"])
    assert crash["result"] is None
    assert 40 < temperature["result"] < 60
    assert forgotten["result"] == {"ok": True}
    assert nonsense["error"]["code"] == "unknown-verb"


def test_reboot_restarts_the_node_on_a_fake_board(supervise):
    supervisor = supervise("--do", "reboot")
    supervisor.until_lives(2)
    assert (supervisor.state / "deep" / "er" / "secret").exists()


def test_factory_reset_wipes_everything_and_nothing_else(supervise):
    supervisor = supervise("--do", "factory_reset")
    supervisor.until_lives(2)
    assert supervisor.traced("life ")[1].endswith("files=")
    assert list(supervisor.state.iterdir()) == []
    assert os.path.isdir("/proc")


def test_garbage_on_the_socket_is_answered_and_counted(supervise):
    supervisor = supervise("--do", "garbage")
    [line] = supervisor.until(lambda: supervisor.traced("status "))
    counters = json.loads(line.removeprefix("status "))["result"]["counters"]
    assert counters["messages_malformed"] > 50
    assert counters["messages_oversized"] > 1
    assert counters["requests_refused"] > 10
    assert len(supervisor.node_pids()) == 1
    assert supervisor.stop() == 0


def test_a_second_supervisor_on_the_folder_is_told_which_process_has_it(supervise):
    first = supervise()
    first.until_lives(1)
    second = supervise()
    assert second.process.wait(15) == 1
    text = second.text()
    assert f"(process {first.process.pid})" in text and "--state" in text
    assert "Traceback" not in text
