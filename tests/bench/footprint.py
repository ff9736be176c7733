#!/usr/bin/env python3
"""Memory of the claimed, idle node and of its supervisor, and what it grows by in use.

The floor is a bare interpreter that imports the five libraries the node stands on, measured in the same run. Growth is
measured on a device of its own whose clock runs fast: 24 hours pass for it while pages and commands are asked of it.
"""

import argparse
import compileall
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# In place of this folder, whose http.py would stand for the standard library's package.
sys.path[0] = str(ROOT)

from tests.device_process import Controller, DeviceProcess, rss_kib  # noqa: E402

BARE = """
import trio, cbor2, lmdb, pysodium, h11
print(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1])
"""
SIMULATED_S = 24 * 3600
PAGES = ("/", "/setup/name", "/sign-in", "/captive-portal/api", "/device", "/status", "/static/none", "/metrics")
KIB = 1024


def bare_rss_kib():
    return int(subprocess.run([sys.executable, "-c", BARE], capture_output=True, text=True, check=True).stdout)


def settled_rss_kib(pid):
    """Resident memory once it has stopped changing."""
    last, since = rss_kib(pid), time.monotonic()
    while time.monotonic() - since < 1.5:
        time.sleep(0.1)
        now = rss_kib(pid)
        if abs(now - last) > 16:
            last, since = now, time.monotonic()
    return last


def idle(rounds):
    """(node, supervisor, bare) RSS in KiB, medians over rounds of a freshly started, claimed device."""
    seen = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            with DeviceProcess(folder) as device:
                owner = Controller(device.port)
                assert owner.claim(device.token)[0] == 200
                device.stop()
                device.start()
                owner.connect(device.port)
                assert owner.do("status").status == "done"
                seen.append((settled_rss_kib(device.node_pid), settled_rss_kib(device.process.pid), bare_rss_kib()))
    return [statistics.median(column) for column in zip(*seen, strict=True)]


def growth(requests, commands, rate):
    """RSS in KiB that a device gains over the requests, the commands and SIMULATED_S of its own time."""
    with tempfile.TemporaryDirectory() as folder:
        device = DeviceProcess(folder, module="tests.clocked_device", environment={"LEITHER_CLOCK_RATE": str(rate)})
        with device:
            owner = Controller(device.port)
            assert owner.claim(device.token)[0] == 200
            # What is made once, at the first request of each kind, is not growth; nor is the DHT node of a device that has an owner.
            while "network" not in owner.do("status").result["reach"]:
                time.sleep(0.1)
            for path in PAGES:
                owner.request("GET", path)
            for turn in range(5):
                assert owner.do("config-set", {"name": f"warm {turn}"}).status == "done"
                assert owner.do("status").status == "done"
            pid = device.node_pid
            before = settled_rss_kib(pid)
            for turn in range(requests):
                owner.request("GET", PAGES[turn % len(PAGES)])
            for turn in range(commands):
                answer = owner.do("config-set", {"name": f"name {turn}"}) if turn % 2 else owner.do("status")
                assert answer.status == "done"
            os.kill(pid, signal.SIGUSR1)
            time.sleep(SIMULATED_S / rate)
            return settled_rss_kib(pid) - before


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, under 45 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    # As on a device: who compiles modules at the start keeps a megabyte of the compiler's memory.
    for name in ("leither_edge", "appliance"):
        compileall.compile_dir(ROOT / name, quiet=2)
    node, supervisor, bare = idle(3 if options.quick else 7)
    grown = growth(1000, 1000, rate=SIMULATED_S / (10 if options.quick else 60))
    figures = {
        "node_rss_ratio": round(node / bare, 3),
        "supervisor_rss_mb": round(supervisor * KIB / 1e6, 2),
        "growth_mb": round(grown * KIB / 1e6, 2),
        "node_rss_mb": round(node * KIB / 1e6, 2),
        "bare_rss_mb": round(bare * KIB / 1e6, 2),
    }
    if options.json:
        print(json.dumps(figures))
        return
    rows = (
        ("bare import trio, cbor2, lmdb, pysodium, h11", figures["bare_rss_mb"], ""),
        ("node", figures["node_rss_mb"], f"{figures['node_rss_ratio']:.2f} times bare, at most 1.2"),
        ("supervisor", figures["supervisor_rss_mb"], "at most 14"),
        ("growth: 1,000 pages, 1,000 commands, 24 h", figures["growth_mb"], "at most 2"),
    )
    print(f"{'Resident memory, claimed and idle':48}     MB   reach")
    for what, megabytes, reach in rows:
        print(f"  {what:46} {megabytes:6.2f}   {reach}")


if __name__ == "__main__":
    main()
