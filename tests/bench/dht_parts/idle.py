"""What the DHT adds to the memory of a claimed device that serves it and is otherwise idle."""

import statistics
import subprocess
import sys
import tempfile
import time

from tests.bench.footprint import settled_rss_kib
from tests.device_process import Controller, DeviceProcess
from tests.dht_nodes import Nodes

NETWORK = "6c6569746865720a"
NEIGHBOURS = 20
MEET_S = 30
# What a device imports of the DHT even where it opens none: the difference of two bare interpreters.
IMPORTS = """
import sys, trio, cbor2, lmdb, pysodium, h11
import leither_edge.core.cbor, leither_edge.crypto.sodium, leither_edge.storage, leither_edge.profile, leither_edge.observe.counters
def rss():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1])
before = rss()
import {modules}
print(rss() - before)
"""
LOADED = """
import sys, appliance.device.assembly
print(*(name for name in sys.modules if name.startswith(("leither_edge.dht", "leither_edge.names", "leither_edge.mailbox"))))
"""


def measure(rounds, idle_s):
    """{"with", "without", "imports"}: KiB, medians; idle_s: how long the DHT has been at work before it is measured."""
    loaded = run(LOADED).split()
    imports = [int(run(IMPORTS.format(modules=", ".join(loaded)))) for _ in range(2 * rounds + 1)]
    seen = {"with": [], "without": []}
    with Nodes([(f"127.8.{number + 1}.1",) for number in range(NEIGHBOURS)], network=bytes.fromhex(NETWORK)) as nodes:
        for _ in range(rounds):
            for name, network in (("without", ""), ("with", NETWORK)):
                seen[name].append(claimed(nodes, network, idle_s))
    return {"imports": statistics.median(imports), **{name: statistics.median(values) for name, values in seen.items()}}


def claimed(nodes, network, idle_s):
    """Resident KiB of a claimed device whose DHT is opened only where a network is named."""
    host, port = nodes.addresses[0]
    with tempfile.TemporaryDirectory() as folder, DeviceProcess(folder) as device:
        owner = Controller(device.port)
        assert owner.claim(device.token)[0] == 200
        wish = {"reach": "organization", "dht_network": network, "dht_bootstrap": f"{host}:{port}"}
        assert owner.do("config-set", wish).status == "done"
        device.stop()
        device.start()
        owner.connect(device.port)
        assert owner.do("status").status == "done"
        if network:
            meet(owner)
            time.sleep(idle_s)
        return settled_rss_kib(device.node_pid)


def meet(owner):
    """Wait until the device knows nodes of the network and answers them."""
    end = time.monotonic() + MEET_S
    while not ((reach := owner.do("status").result["reach"]).get("nodes") and reach["is_server"]):
        if time.monotonic() > end:
            raise SystemExit("the device has not joined the DHT")
        time.sleep(0.2)


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
