"""A device for the browser to walk through: the real processes, on the fake board."""

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPEED = "0.03"  # of the fake radio: a wrong password takes 5 s on a real one
READY_LIMIT_S = 30


class Device:
    def __init__(self, url, folder):
        self.url = url.rstrip("/")
        self.folder = folder

    @property
    def token(self):
        """The claim token as printed; the file is gone once the device is claimed."""
        return next(self.folder.rglob("claim-token")).read_text().strip()


@contextmanager
def running_device(folder):
    """A fresh unclaimed device, supervisor and node, with its state in `folder`."""
    command = [sys.executable, "-m", "appliance.supervisor", "--profile", "pi-zero", "--state", str(folder), "--port", "0"]
    environment = {**os.environ, "LEITHER_FAKE_SPEED": SPEED, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    timer = threading.Timer(READY_LIMIT_S, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            found = re.search(r"http://[0-9.]+:\d+/", line)
            if found:
                break
        else:
            raise AssertionError("the device printed no address")
        timer.cancel()
        # Whatever it prints later must not fill the pipe.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield Device(found[0], folder)
    finally:
        timer.cancel()
        process.send_signal(signal.SIGTERM)
        process.wait(10)
