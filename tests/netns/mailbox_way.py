"""``leither remote home status`` from a café, through the DHT alone: how long it takes and what it costs, also after the device slept.

    python -m tests.netns.mailbox_way [--nodes 1] [--commands 7] [--sleep 20] [--idle 0] [--json]

A device in one house and a laptop in another, both behind NAT, and one public node that relays nothing (more with --nodes). The
laptop claims the device at home, lets it be found, and leaves. Needs root, iproute2 and nftables.
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time

from tests.device_process import child_pids, rss_kib
from tests.netns.public_nodes import PORT
from tests.netns.two_houses import DEVICE, TwoHouses
from tests.netns.world import PUBLIC, why_not

NETWORK = "1e17be2dab7e57e5"
# After its start a node gets to know the others.
SETTLE_S = 60


class Café(TwoHouses):
    """The whole scene; a context manager."""

    def __init__(self, nodes):
        self._addresses = [f"45.{number}.1.1" for number in range(1, nodes + 1)]
        super().__init__(*self._addresses)

    def furnish(self):
        """The public nodes, and the device."""
        words = (sys.executable, "-m", "tests.netns.public_nodes", NETWORK, *self._addresses)
        nodes = self.world.start(PUBLIC, *words, stdout=subprocess.PIPE, text=True)
        assert nodes.stdout.readline() == "ready\n", "the public nodes did not start"
        self.start_device()
        self.entrance = f"{self._addresses[0]}:{PORT}"

    def start_device(self):
        """Switch the device on."""
        words = ("-m", "appliance.supervisor", "--state", str(self.folder / "state"), "--listen", "all", "--port", "80")
        environment = {**os.environ, "LEITHER_FAKE_SPEED": "0"}
        with (self.folder / "device.log").open("a") as log:
            self.device = self.world.start(
                "device", sys.executable, *words, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
            )
        for line in self.device.stdout:
            found = re.search(r"Claim token\s+(\S+)|(Command) ", line)
            if found:
                self.token = found[1] or None
                return
        raise AssertionError("the device did not start")

    def leither(self, *words):
        """(exit code, JSON, seconds) of the tool on the laptop."""
        environment = {**os.environ, "LEITHER_HOME": str(self.folder / "home"), "LEITHER_PASSPHRASE": "a good passphrase"}
        begin = time.monotonic()
        done = self.world.python("laptop", "-m", "leither_edge.cli", *words, "--json", env=environment)
        try:
            return done.returncode, json.loads(done.stdout), time.monotonic() - begin
        except ValueError:
            raise AssertionError(f"leither {' '.join(words)}: {done.stdout}{done.stderr}") from None

    def must(self, *words):
        """The JSON of a command that succeeds."""
        code, row, _ = self.leither(*words)
        assert code == 0, f"leither {' '.join(words)}: {row}\n{(self.folder / 'device.log').read_text()[-3000:]}"
        return row

    def claim(self):
        """At home: make the device ours, and let it be found."""
        self.must("key", "new")
        self.must("remote", "claim", "home", DEVICE, "--token", self.token)
        self.must("remote", "home", "config", "set", "reach=organization", f"dht_network={NETWORK}", f"dht_bootstrap={self.entrance}")
        assert self.must("remote", "home", "status")["via"] == "http"

    def leave(self):
        """Take the laptop to the café, where nothing has the device's address."""
        self.take_laptop_away()

    def metrics(self):
        """{name: value} of what the device counts without labels."""
        program = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1/metrics').read().decode())"
        return {name: float(value) for name, value in re.findall(r"^(\w+) (\S+)$", self.world.python("device", "-c", program).stdout, re.M)}

    def signal_device(self, number):
        """Send a signal to the device's processes."""
        for pid in self.device_pids():
            os.kill(pid, number)

    def device_pids(self):
        """The supervisor and what it started."""
        supervisor = self.device.pid
        return [supervisor, *child_pids(supervisor)]


def measure(nodes, commands, sleep_s, idle_s, say=print):
    """What it comes to, as a dictionary. Seconds, bytes."""
    with Café(nodes) as café:
        café.claim()
        say("The laptop leaves the house.")
        café.leave()
        result = {"nodes": nodes, "commands": []}
        if idle_s:
            result["idle"] = idle(café, idle_s)
            say("Idle, the device moves {cable_mb:.2f} MB a day, {mailbox_mb:.2f} of it to look for commands, every {every_s:.0f} s; "
                "its node has {rss_kib} KiB.".format(**result["idle"]))  # fmt: skip
        for _ in range(commands):
            result["commands"].append(row_of(café, say))
        for key in ("seconds", "waiting_s", "bytes", "wire_bytes"):
            result[f"median_{key}"] = statistics.median(row[key] for row in result["commands"])
        result["after_sleep"] = slept(café, sleep_s, say)
        return result


def idle(café, seconds):
    """What the device moves while nobody commands it, as MB a day, and how often it looks."""
    time.sleep(SETTLE_S)
    before, cable = café.metrics(), café.world.traffic("device")
    time.sleep(seconds)
    cable, after = café.world.traffic("device") - cable, café.metrics()
    looks, size = (after[name] - before.get(name, 0) for name in ("leither_mailbox_looks_total", "leither_mailbox_bytes_total"))
    day = 86400 / seconds / 1e6
    return {
        "cable_mb": cable * day, "mailbox_mb": size * day, "every_s": seconds / max(looks, 1),
        "rss_kib": max(map(rss_kib, café.device_pids()[1:])),
    }  # fmt: skip


def row_of(café, say, *words):
    """One command: seconds for the user, of which waiting in the DHT, and bytes there and on the laptop's cable."""
    before = café.world.traffic("laptop")
    code, row, seconds = café.leither("remote", "home", *(words or ("status",)))
    assert code == 0 and row["via"] == "dht", f"{row}\n{(café.folder / 'device.log').read_text()[-3000:]}"
    facts = row["dht"]
    made = {
        "seconds": seconds, "waiting_s": facts["seconds"], "bytes": facts["bytes_in"] + facts["bytes_out"],
        "wire_bytes": café.world.traffic("laptop") - before, "stored": facts["stored"],
    }  # fmt: skip
    say(f"status  {seconds:5.1f} s  ({facts['seconds']:.1f} s in the DHT, {made['bytes']:,} bytes; kept by {facts['stored']} nodes)")
    return made


def slept(café, sleep_s, say):
    """The device sleeps through a command: it is done once when it wakes, and the answer comes by --resume."""
    café.signal_device(signal.SIGSTOP)
    try:
        code, row, _ = café.leither("remote", "home", "config", "set", "name=Woken", "--timeout", str(sleep_s))
    finally:
        café.signal_device(signal.SIGCONT)
    assert code == 4, row
    say("The device slept through a command, and wakes.")
    code, row, seconds = café.leither("remote", "home", "config", "set", "name=Woken", "--resume")
    assert code == 0 and row["via"] == "dht", row
    done = [entry for entry in café.must("remote", "home", "audit")["result"]["entries"] if entry["verb"] == "config-set"]
    assert len(done) == 2, done
    say(f"config  {seconds:5.1f} s  after the sleep, done once")
    return {"seconds": seconds, "done": len(done) - 1}


def main(words):
    """Measure, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=1, help="public nodes (1)")
    parser.add_argument("--commands", type=int, default=7, help="how often the device is asked (7)")
    parser.add_argument("--sleep", type=float, default=20, help="seconds that it sleeps through a command (20)")
    parser.add_argument("--idle", type=float, default=0, help="seconds to measure it idle, too (0)")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(words)
    reason = why_not()
    if reason:
        print(f"Not measured: {reason}.", file=sys.stderr)
        return 1
    result = measure(args.nodes, args.commands, args.sleep, args.idle, (lambda text: None) if args.json else print)
    if args.json:
        print(json.dumps(result))
        return 0
    print(
        f"Median of {args.commands}: {result['median_seconds']:.1f} s, of which {result['median_waiting_s']:.1f} s in the DHT; "
        f"{result['median_bytes']:,.0f} bytes there, {result['median_wire_bytes']:,.0f} on the cable with joining."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
