"""The node's process: what it inherits, what it loses, how it ends."""

import json
import os
import pwd
import select
import signal
import subprocess
import sys

import pytest

from appliance.supervisor.child import EXEC_FAILED, Launch
from tests.supervisor.conftest import ROOT

SHOW = """
import json, os, signal, sys
status = dict(line.rstrip("\\n").split(":\\t", 1) for line in open("/proc/self/status"))
show = {
    "uid": os.getresuid(), "gid": os.getresgid(), "groups": os.getgroups(), "no_new_privs": status["NoNewPrivs"],
    "blocked": int(status["SigBlk"], 16), "session": os.getsid(0) == os.getpid(), "stdin": os.readlink("/proc/self/fd/0"),
    "fds": sorted(int(name) for name in os.listdir("/proc/self/fd")), "control": int(os.environ["LEITHER_SUPERVISOR_FD"]),
    "sigint": signal.getsignal(signal.SIGINT) is signal.default_int_handler, "arguments": sys.argv[1:],
}
sys.stderr.write(json.dumps(show))
"""


class NoLimits:
    """Bounds nothing."""

    cgroup = None

    def apply_to_self(self):
        return []


class Refused(NoLimits):
    """Could not bound anything."""

    def apply_to_self(self):
        return ["cgroup: No such file"]


def run(launch):
    """Start a node, wait for its end, and return its exit code and what it wrote to standard error."""
    child = launch.start()
    written = b""
    while True:
        assert select.select([child.stderr_fd], [], [], 10)[0]
        data = os.read(child.stderr_fd, 65536)
        if not data:
            break
        written += data
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert child.has_ended()
    code = os.waitstatus_to_exitcode(child.reap())
    os.close(child.stderr_fd)
    child.control.close()
    return code, written.decode()


def shown(**launch):
    code, text = run(Launch([sys.executable, "-I", "-S", "-c", SHOW, "--port", "8080"], NoLimits(), **launch))
    assert code == 0, text
    return json.loads(text)


def test_what_a_node_inherits(tmp_path):
    folder_fd = os.open(tmp_path, os.O_RDONLY)
    show = shown(folder_fd=folder_fd)
    os.close(folder_fd)
    assert show["arguments"] == ["--port", "8080"]
    assert show["blocked"] == 0 and show["sigint"] and show["session"]
    assert show["stdin"] == "/dev/null"
    # Besides those three, and the one that lists them, it has the folder and the socket.
    assert len(show["fds"]) == 6 and {0, 1, 2, show["control"], folder_fd} < set(show["fds"])
    assert show["uid"] == [os.getuid()] * 3 and show["no_new_privs"] == "0"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_becomes_the_nodes_user_for_good(tmp_path):
    folder_fd = os.open(tmp_path, os.O_RDONLY)
    # A program that user may run: the interpreter of this environment may be out of its reach.
    code, text = run(Launch(["/bin/sh", "-c", "cat /proc/self/status >&2"], NoLimits(), user="nobody", folder_fd=folder_fd))
    os.close(folder_fd)
    status = dict(line.split(":\t", 1) for line in text.splitlines())
    account = pwd.getpwnam("nobody")
    assert code == 0
    assert status["Uid"].split() == [str(account.pw_uid)] * 4 and status["Gid"].split() == [str(account.pw_gid)] * 4
    assert status["Groups"].split() == [] and status["NoNewPrivs"] == "1" and int(status["CapEff"], 16) == 0
    assert tmp_path.stat().st_uid == account.pw_uid


def test_an_unknown_user_is_refused_before_anything_starts():
    with pytest.raises(OSError, match="no user called no-such-user"):
        Launch([sys.executable], NoLimits(), user="no-such-user")


def test_a_program_that_is_not_there():
    code, text = run(Launch(["/nonexistent/program"], NoLimits()))
    assert code == EXEC_FAILED
    assert text == "The node could not be started: No such file or directory.\n"


def test_refused_limits_are_in_the_log():
    code, text = run(Launch([sys.executable, "-I", "-S", "-c", ""], Refused()))
    assert (code, text) == (0, "error supervisor-limit refused=cgroup:-No-such-file\n")


def test_signals_to_an_ended_node_are_no_error():
    child = Launch([sys.executable, "-I", "-S", "-c", ""], NoLimits()).start()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    child.signal(signal.SIGTERM)
    child.reap()
    child.signal(signal.SIGTERM)
    os.close(child.stderr_fd)


def test_what_a_node_leaves_behind_is_killed_with_it():
    program = "import os, sys, time\nif os.fork() == 0:\n time.sleep(1000)\nelse:\n os._exit(0)"
    # The grandchild holds standard error open: end of file means it is gone.
    child = Launch([sys.executable, "-I", "-S", "-c", program], NoLimits()).start()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    child.reap()
    assert select.select([child.stderr_fd], [], [], 10)[0]
    assert os.read(child.stderr_fd, 100) == b""
    os.close(child.stderr_fd)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_node_of_another_user_dies_with_the_supervisor_too():
    program = (
        "import os, sys\n"
        "from appliance.supervisor.child import Launch\n"
        "from tests.supervisor.test_child import NoLimits\n"
        "child = Launch(['/bin/sh', '-c', 'echo up >&2; exec sleep 1000'], NoLimits(), user='nobody').start()\n"
        "os.set_blocking(child.stderr_fd, True)\n"
        "assert os.read(child.stderr_fd, 3) == b'up\\n'\n"
        "os.write(1, b'%d' % child.pid)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=20)
    pid = int(done.stdout)
    descriptor = None
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    assert select.select([descriptor], [], [], 10)[0]
