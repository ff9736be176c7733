"""The real supervisor around the stand-in node, with a profile whose times suit a test. ``python -m tests.supervisor.launch``."""

import functools
import os
import sys
from types import SimpleNamespace

from appliance.supervisor import start
from appliance.supervisor.state_folder import open_folder

CHILD = os.path.join(os.path.dirname(__file__), "node_child.py")


def quick_profile(_name=None):
    """A profile by hand: what the supervisor reads, with short times."""
    return SimpleNamespace(
        memory=SimpleNamespace(node_max_mib=64, node_high_mib=48),
        cpu=SimpleNamespace(node_weight=80),
        process=SimpleNamespace(pids_max=32, open_files_max=128),
        log=SimpleNamespace(ring_kib=64, line_max_bytes=512, crash_kib=4),
        supervisor=SimpleNamespace(heartbeat_timeout_s=float(os.environ.get("BEAT_S", "5")), backoff_min_s=0.05, backoff_max_s=0.2),
    )


if __name__ == "__main__":
    # Long enough for an orphaned node to end, short enough to be told that the folder is taken.
    start.open_folder = functools.partial(open_folder, wait_s=1.0)
    os._exit(start.main(sys.argv[1:], node_command=[sys.executable, "-I", "-S", "-X", "faulthandler", CHILD], load_profile=quick_profile))
