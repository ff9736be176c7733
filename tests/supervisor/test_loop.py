"""The loop's decisions, with time passed in and a node made of a socket and a pipe."""

import errno
import os
import signal
import socket

import pytest

from appliance.board import Board, BoardError
from appliance.supervisor import loop
from appliance.supervisor.console import Console
from appliance.supervisor.heartbeat import START_FACTOR
from appliance.supervisor.limits import Limits
from appliance.supervisor.loop import ABORT_S, DOWN, RUNNING, STOP_S, STOPPING, WAITING, WATCHDOG_KICK_S, Supervisor
from appliance.supervisor.state_folder import is_reset_requested, open_folder, request_reset
from tests.supervisor.launch import quick_profile

BEAT_S = 5


class Node:
    """A node that exists only as far as the loop can see."""

    def __init__(self):
        self.control, self.socket = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.setblocking(False)
        self.stderr_fd, self._stderr = os.pipe()
        os.set_blocking(self.stderr_fd, False)
        self.pid = os.getpid()
        self.signals = []
        self.status = None

    def signal(self, number):
        self.signals.append(number)

    def has_ended(self):
        return self.status is not None

    def reap(self):
        return self.status

    def end(self, status):
        """End with a wait status: exit code shifted by eight bits, or a signal."""
        self.status = status
        self.socket.close()
        os.close(self._stderr)

    def say(self, packet):
        self.socket.send(packet)


class Launcher:
    """Makes Nodes."""

    def __init__(self):
        self.nodes = []
        self.error = None

    def start(self):
        if self.error:
            raise self.error
        self.nodes.append(Node())
        return self.nodes[-1]


class Watchdog:
    """Counts."""

    name = "counting"

    def __init__(self):
        self.kicks = 0
        self.error = None

    def kick(self):
        self.kicks += 1
        if self.error:
            raise self.error

    def close(self):
        pass


class DeviceBoard(Board):
    """A board that can go down, or says why not."""

    is_device = True
    error = None
    reboots = 0

    def reboot(self):
        self.reboots += 1
        if self.error:
            raise self.error

    def forget_settings(self):
        if self.error:
            raise self.error


class NoSignals:
    """Leaves the signals of the test process alone."""

    def __init__(self):
        self._read_fd, self._write_fd = os.pipe()

    def fileno(self):
        return self._read_fd


@pytest.fixture
def supervisor(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "Signals", NoSignals)
    profile = quick_profile()
    folder_fd = open_folder(str(tmp_path))
    supervisor = Supervisor(profile, DeviceBoard(), Launcher(), Limits(profile, False), folder_fd, Console(False), Watchdog())
    supervisor.folder_fd = folder_fd
    supervisor.begin = supervisor._started_s
    yield supervisor
    os.close(folder_fd)


def start(supervisor):
    """Start a node; returns it and the moment."""
    supervisor._judge(supervisor.begin)
    return supervisor._launch.nodes[-1], supervisor.begin


def end(supervisor, node, status):
    node.end(status)
    supervisor._hear(0)


def test_a_node_without_a_first_beat_is_aborted_then_killed(supervisor):
    node, now_s = start(supervisor)
    supervisor._judge(now_s + START_FACTOR * BEAT_S - 0.1)
    assert supervisor._phase == RUNNING
    late_s = now_s + START_FACTOR * BEAT_S
    supervisor._judge(late_s)
    assert supervisor._phase == STOPPING and node.signals == [signal.SIGABRT]
    assert 0 < supervisor._patience_s(supervisor._due_s - 1) <= ABORT_S
    supervisor._judge(supervisor._due_s)
    assert node.signals == [signal.SIGABRT, signal.SIGKILL]
    end(supervisor, node, signal.SIGKILL)
    assert supervisor._phase == WAITING and supervisor._crash["reason"] == "start-timeout"


def test_beats_that_came_meanwhile_count_before_the_clock_does(supervisor):
    node, _now_s = start(supervisor)
    node.say(b'{"beat":1}')
    supervisor._hear(0)
    assert supervisor._heartbeat.has_beaten


def test_the_watchdog_is_kicked_only_while_the_beat_is_fresh(supervisor):
    node, now_s = start(supervisor)
    watchdog = supervisor._watchdog
    assert watchdog.kicks == 1
    supervisor._judge(now_s + 0.1)
    assert watchdog.kicks == 1  # not more often than needed
    supervisor._next_kick_s = 0
    supervisor._judge(now_s + 1)
    assert watchdog.kicks == 2
    assert supervisor._patience_s(supervisor._next_kick_s - 1) <= WATCHDOG_KICK_S
    supervisor._next_kick_s = 0
    supervisor._judge(now_s + START_FACTOR * BEAT_S)
    assert watchdog.kicks == 2


def test_a_watchdog_that_fails_ends_nothing(supervisor):
    supervisor._watchdog.error = OSError(errno.EIO, "Input/output error")
    start(supervisor)
    assert supervisor._phase == RUNNING
    assert any("watchdog" in line for line in supervisor._ring.newest(10_000))


def test_asked_twice_it_does_not_wait(supervisor):
    node, now_s = start(supervisor)
    supervisor._on_signals({signal.SIGTERM})
    assert node.signals == [signal.SIGTERM] and 0 < supervisor._due_s - now_s <= STOP_S + 1
    supervisor._on_signals({signal.SIGINT})
    supervisor._judge(supervisor._due_s)
    assert node.signals[-1] == signal.SIGKILL
    end(supervisor, node, signal.SIGKILL)
    assert supervisor._exit_code == 0


def test_asked_to_stop_during_the_back_off(supervisor):
    node, _now_s = start(supervisor)
    end(supervisor, node, 3 << 8)
    assert supervisor._phase == WAITING
    supervisor._on_signals({signal.SIGTERM})
    assert supervisor._exit_code == 0


def test_no_room_for_a_process_is_tried_again(supervisor):
    supervisor._launch.error = OSError(errno.EAGAIN, "Resource temporarily unavailable")
    supervisor._judge(supervisor.begin)
    assert supervisor._phase == WAITING and supervisor._child is None
    supervisor._launch.error = None
    supervisor._judge(supervisor._due_s)
    assert supervisor._phase == RUNNING


def test_a_device_that_goes_down_starts_no_node(supervisor):
    node, _now_s = start(supervisor)
    node.say(b'{"id":1,"verb":"reboot","args":{}}')
    supervisor._hear(0)
    assert node.socket.recv(1000) == b'{"id":1,"ok":true,"result":{"ok":true}}'
    assert node.signals == [signal.SIGTERM]
    end(supervisor, node, 0)
    assert supervisor._phase == DOWN and supervisor._board.reboots == 1
    supervisor._on_signals({signal.SIGTERM})
    assert supervisor._exit_code == 0


@pytest.mark.parametrize("error", [BoardError("failed", "No."), OSError(errno.EPERM, "Operation not permitted")])
def test_a_reboot_that_fails_brings_the_node_back(supervisor, error):
    supervisor._board.error = error
    node, _now_s = start(supervisor)
    node.say(b'{"id":1,"verb":"reboot","args":{}}')
    supervisor._hear(0)
    end(supervisor, node, 0)
    supervisor._judge(supervisor._due_s)
    assert supervisor._phase == RUNNING and len(supervisor._launch.nodes) == 2


def test_a_reset_is_decided_before_it_is_answered_and_survives_a_stop(supervisor):
    node, _now_s = start(supervisor)
    node.say(b'{"id":1,"verb":"factory_reset","args":{}}')
    supervisor._hear(0)
    assert is_reset_requested(supervisor.folder_fd)
    assert b'"ok":true' in node.socket.recv(1000)
    supervisor._on_signals({signal.SIGTERM})
    end(supervisor, node, 0)
    assert supervisor._exit_code == 0 and is_reset_requested(supervisor.folder_fd)


def test_a_reset_forgets_content_too(supervisor, tmp_path):
    data = tmp_path.with_name(tmp_path.name + "-data")
    (data / "mimei" / "db").mkdir(parents=True)
    (data / "mimei" / "db" / "data.mdb").write_text("secret")
    supervisor._data = str(data)
    request_reset(supervisor.folder_fd)
    start(supervisor)
    assert not is_reset_requested(supervisor.folder_fd) and list((data / "mimei").iterdir()) == []


def test_a_reset_that_cannot_be_completed_starts_no_node(supervisor, capfd):
    request_reset(supervisor.folder_fd)
    supervisor._board.error = OSError(errno.EIO, "Input/output error")
    supervisor._judge(supervisor.begin)
    assert supervisor._exit_code == 1 and supervisor._launch.nodes == []
    assert "factory reset could not be completed" in capfd.readouterr().err


def test_a_node_killed_for_memory_is_named_so(supervisor):
    class Cgroup:
        kills = 0

        def memory_kills(self):
            return self.kills

    supervisor._limits._cgroup = Cgroup()
    node, _now_s = start(supervisor)
    Cgroup.kills = 1
    end(supervisor, node, signal.SIGKILL)
    assert supervisor._crash["reason"] == "out-of-memory"


def test_exit_1_after_ready_restarts(supervisor):
    node, _now_s = start(supervisor)
    node.say(b'{"ready":{"text":"up"}}')
    supervisor._hear(0)
    end(supervisor, node, 1 << 8)
    assert supervisor._exit_code is None and supervisor._phase == WAITING


def test_last_words_are_heard(supervisor):
    node, _now_s = start(supervisor)
    os.write(node._stderr, b"error the reason\nwithout a line feed")
    end(supervisor, node, 3 << 8)
    assert {"error the reason", "without a line feed"} <= set(supervisor._crash["lines"])


def test_a_restart_at_once_is_not_for_a_node_that_only_just_began(supervisor):
    node, _now_s = start(supervisor)
    end(supervisor, node, 75 << 8)
    assert supervisor._backoff.failures == 1
