"""Memory of the claimed, idle node in an ARM userland, with and without a book of 65,536 accounts."""

import tempfile
import time

from tests.bench.arm.guest_memory import guest_rss
from tests.device_process import Controller, DeviceProcess

SETTLED_S = 3
LIMIT_S = 120


def measure(userland, book):
    """(bytes of files, other bytes) resident of the node; book: folder of a book, or None."""
    with tempfile.TemporaryDirectory(dir=userland.folder) as folder:
        command = [*userland.command(), str(userland.project / "tests/bench/arm/node_with_book.py"), str(book or "")]
        with DeviceProcess(f"{folder}/state", command=command) as device:
            owner = Controller(device.port)
            status, _ = owner.claim(device.token)
            if status != 200:
                raise SystemExit(f"the device would not be claimed: {status}")
            # What the first start and the claim needed once is gone after a restart.
            device.stop()
            device.start()
            owner.connect(device.port)
            if owner.do("status").status != "done":
                raise SystemExit("the device did not answer")
            return _settled(device.process.pid)


def _settled(pid):
    last, since, end = sum(guest_rss(pid)), time.monotonic(), time.monotonic() + LIMIT_S
    while time.monotonic() - since < SETTLED_S and time.monotonic() < end:
        time.sleep(0.2)
        now = sum(guest_rss(pid))
        if abs(now - last) > 16 * 1024:
            last, since = now, time.monotonic()
    return guest_rss(pid)
