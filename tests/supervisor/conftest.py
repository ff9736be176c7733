"""Fixtures that run the real supervisor as a process of its own."""

import os
import signal
import subprocess
import sys
import time

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE_S = 15


class RunningSupervisor:
    """A supervisor process, its state folder, and the trace its nodes leave."""

    def __init__(self, folder, *arguments, **environment):
        self.state = folder / "state"
        self.trace = folder / "trace"
        self.log = folder / "log"
        self.arguments = arguments
        self.environment = dict(os.environ, TRACE=str(self.trace), LEITHER_FAKE_SPEED="0.001", PYTHONPATH=ROOT, **environment)
        self.process = None

    def start(self, stdin=subprocess.DEVNULL):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.supervisor.launch", "--state", str(self.state), *self.arguments],
                env=self.environment,
                stdin=stdin,
                stdout=log,
                stderr=log,
            )
        return self

    def traced(self, prefix=""):
        """Lines of the trace that start so."""
        lines = self.trace.read_text().splitlines() if self.trace.exists() else []
        return [line for line in lines if line.startswith(prefix)]

    def until(self, condition):
        """Wait for ``condition()`` and return what it returned."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            time.sleep(0.005)
        raise AssertionError(f"timed out; log:\n{self.text()}\ntrace:\n{self.traced()}")

    def until_lives(self, number):
        """Wait until that many nodes have been ready."""
        return self.until(lambda: self.text().count("node ready") >= number)

    def text(self):
        return self.log.read_text(errors="replace")

    def node_pids(self):
        return [int(line.split()[1]) for line in self.traced("life ")]

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


def is_running(pid):
    """Whether a process runs (a zombie does not)."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture
def supervise(tmp_path):
    """Function that makes a RunningSupervisor; whatever it started is gone after the test."""
    made = []

    def make(*arguments, start=True, **environment):
        supervisor = RunningSupervisor(tmp_path, *arguments, **environment)
        made.append(supervisor)
        return supervisor.start() if start else supervisor

    yield make
    for supervisor in made:
        if supervisor.process is not None and supervisor.process.poll() is None:
            supervisor.process.kill()
            supervisor.process.wait()
