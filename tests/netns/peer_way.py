"""Two nodes behind NAT and strangers' machines between them: commands, a share, a sync, through tunnels that two relays offer.

    python -m tests.netns.peer_way [--mib 6] [--json]

A device in one house and a laptop in another, both behind NAT; two relays on public addresses that offer tunnels; one public node of the
DHT. Everything that crosses the relays' cables is captured: neither a byte of the content nor of a command, nor the hash that names a
channel, is in it. In the midst of the sync the relay that carries it is switched off. Needs root, iproute2 and nftables.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time

from leither_edge.core.ids import public_key_from_text
from tests.netns.public_nodes import PORT
from tests.netns.two_houses import DEVICE, TwoHouses
from tests.netns.world import PUBLIC, why_not

NETWORK = "1e17be2dab7e57e6"
DOOR = "45.9.1.1"
RELAYS = {"relay-1": "45.1.1.1", "relay-2": "45.2.1.1"}
GATEWAYS = [address.rpartition(".")[0] + ".254" for address in RELAYS.values()]
RPC_PORT = 8048
LIMIT_S = 400
# What a text must not show of itself on the way: a word that is nowhere else.
MARK = "xylophone-in-the-attic"
MIB = 1 << 20
# The content is searched for in pieces of 24 bytes, so far apart: less than what goes out in one frame.
PIECE_STEP = 16384


class Scene(TwoHouses):
    """Houses, relays, and who knows whom; a context manager."""

    def __init__(self):
        super().__init__(DOOR, *GATEWAYS)

    def furnish(self):
        """The door to the DHT, relays and their captures, and the device."""
        for (name, address), gateway in zip(RELAYS.items(), GATEWAYS, strict=True):
            self.world.host(name, address, gateway)
        self.door = f"{DOOR}:{PORT}"
        self._started(PUBLIC, "-m", "tests.netns.public_nodes", NETWORK, DOOR)
        self.captures, self.served, self.keys = {}, {}, {}
        for name in RELAYS:
            self.captures[name] = self.folder / f"{name}.frames"
            self._started(name, "-m", "tests.netns.capture", "eth0", str(self.captures[name]))
            self.must(name, "dht", "join", self.door, "--network", NETWORK)
            self.serve(name, "--peers", "--offer-tunnel", "--name", name)
        self._start_device()

    def _started(self, space, *words):
        """A process of ours that says when it is ready."""
        process = self.world.start(space, sys.executable, *words, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n", f"{words} did not start"
        return process

    def _start_device(self):
        words = ("-m", "appliance.supervisor", "--state", str(self.folder / "state"), "--listen", "all", "--port", "80")
        environment = {**os.environ, "LEITHER_FAKE_SPEED": "0"}
        with self.log("device").open("a") as log:
            self.device = self.world.start("device", sys.executable, *words, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        for line in self.device.stdout:
            found = re.search(r"Claim token\s+(\S+)", line)
            if found:
                self.token = found[1]
                return
        raise AssertionError("the device did not start")

    def log(self, name):
        """Where a machine's programs complain."""
        return self.folder / f"{name}.log"

    def environment(self, name):
        """Variables of a machine's user; the owner of the device and the laptop's user share a home."""
        home = self.folder / f"home-{'laptop' if name == 'device' else name}"
        return {**os.environ, "LEITHER_HOME": str(home), "LEITHER_PASSPHRASE": "a good passphrase"}

    def serve(self, name, *words):
        """Have a machine serve its store, and wait for what it says of itself."""
        words = ("-m", "leither_edge.cli", "mimei", "serve", "--port", str(RPC_PORT), *words, "--json")
        with self.log(name).open("a") as log:
            process = self.world.start(
                name, sys.executable, *words, stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment(name)
            )
        line = process.stdout.readline()
        assert line, f"{name} does not serve: {self.log(name).read_text()[-2000:]}"
        self.served[name] = process
        self.keys[name] = json.loads(line)["peers"]["public_key"]

    def leither(self, name, *words):
        """(exit code, JSON, seconds) of the tool on a machine."""
        begin = time.monotonic()
        done = self.world.python(name, "-m", "leither_edge.cli", *words, "--json", env=self.environment(name))
        try:
            return done.returncode, json.loads(done.stdout), time.monotonic() - begin
        except ValueError:
            raise AssertionError(f"leither {' '.join(words)}: {done.stdout}{done.stderr}") from None

    def must(self, name, *words):
        """The JSON of a command that succeeds."""
        code, row, _ = self.leither(name, *words)
        assert code == 0, f"on {name}: leither {' '.join(words)}: {row}\n{self.logs()}"
        return row

    def logs(self):
        """The last words of all machines."""
        return "\n".join(f"{path.name}: {path.read_text()[-1500:]}" for path in sorted(self.folder.glob("*.log")))

    def own(self, *words):
        """A command of the laptop's user about the store that it serves."""
        return self.must("laptop", *words, "--node", f"http://127.0.0.1:{RPC_PORT}")

    def at_device(self, *words):
        """A command of the device's owner about what it keeps, given in his house."""
        return self.must("device", *words, "--node", "http://127.0.0.1", "--key", "owner")

    def wait_for(self, what, look, limit_s=LIMIT_S):
        """What look() gives, once that is true."""
        end = time.monotonic() + limit_s
        while not (found := look()):
            assert time.monotonic() < end, f"{what} took too long\n{self.logs()}"
            time.sleep(0.5)
        return found

    def claim(self):
        """At home: make the device ours, let it be found, and have everybody know his friends."""
        self.must("laptop", "key", "new", "--name", "owner")
        self.must("laptop", "remote", "claim", "home", DEVICE, "--token", self.token)
        self.must("laptop", "remote", "home", "config", "set", "reach=organization", f"dht_network={NETWORK}", f"dht_bootstrap={self.door}")
        self.must("laptop", "dht", "join", self.door, "--network", NETWORK)
        self.keys["device"] = self.at_device("peer", "stat")["key"]
        self.serve("laptop", "--peers", "--name", "laptop")
        for name, address in RELAYS.items():
            # First the one that is asked: who is no friend yet is refused, and asks again after a while.
            for friend in ("device", "laptop"):
                self.must(name, "peer", "add", self.keys[friend], "--name", friend, "--friend", "--node", f"http://127.0.0.1:{RPC_PORT}")
            self.at_device("peer", "add", self.keys[name], f"{address}:8042", "--name", name, "--friend")
            self.own("peer", "add", self.keys[name], f"{address}:8042", "--name", name, "--friend")
        self.at_device("peer", "add", self.keys["laptop"], "--name", "laptop", "--friend")
        self.own("peer", "add", self.keys["device"], "--name", "device", "--friend")

    def leave(self):
        """Take the laptop to the café: what was connected at home is cut."""
        self.served["laptop"].terminate()
        self.served["laptop"].wait()
        self.take_laptop_away()
        self.serve("laptop", "--peers", "--name", "laptop")
        self.wait_for("the device's way through a relay", self._is_reached)
        # So that the laptop's own node has nothing left of what it knew at home.
        self.wait_for("a channel between the two", self._have_met)

    def _is_reached(self):
        code, row, _ = self.leither("laptop", "remote", "home", "status", "--via", "peer", "--timeout", "30")
        return code == 0 and row["peer"]["address"].startswith("via:")

    def _have_met(self):
        code, row, _ = self.leither("laptop", "peer", "ping", "device", "-c", "1", "--node", f"http://127.0.0.1:{RPC_PORT}")
        return row if code == 0 else None

    def seen(self, name):
        """All that crossed a relay's cable so far."""
        return self.captures[name].read_bytes()


def commands(scene, count):
    """The device is commanded over a channel; what each came to."""
    rows = []
    for number in range(count):
        code, row, seconds = scene.leither("laptop", "remote", "home", "config", "set", f"name={MARK}{number}", "--via", "peer")
        assert code == 0 and row["via"] == "peer" and row["peer"]["address"].startswith("via:"), f"{row}\n{scene.logs()}"
        rows.append({"seconds": seconds, "connect_ms": row["peer"]["connect_ms"], "address": row["peer"]["address"]})
    return rows


def shared(scene, mib):
    """The laptop shares a folder with the device, and its content comes there though the relay that carries it is switched off."""
    plain = os.urandom(mib * MIB)
    film, back = scene.folder / "film.bin", scene.folder / "back.bin"
    film.write_bytes(plain)
    mid = scene.own("mimei", "create", "--mark", "notes")["id"]
    scene.own("mimei", "put", str(film), "notes:/")
    scene.own("mimei", "backup", "notes", "-m", MARK)
    carrier = relay_of(scene, scene.wait_for("a channel between the two", scene._have_met)["address"])
    before = {name: path.stat().st_size for name, path in scene.captures.items()}
    begin = time.monotonic()
    told = scene.own("mimei", "share", "notes", "device")
    assert told["told"] and told["accepted"], told

    def carried(name):
        return scene.captures[name].stat().st_size - before[name]

    # Both ways of each byte cross the relay's one cable.
    scene.wait_for("the first part of it", lambda: carried(carrier) > 2 * len(plain) // 4)
    cut_s, moved = time.monotonic() - begin, carried(carrier)
    scene.served[carrier].kill()
    other = next(name for name in RELAYS if name != carrier)
    scene.wait_for("the share", lambda: arrived(scene, mid, back))
    seconds = time.monotonic() - begin
    assert back.read_bytes() == plain
    assert carried(other) > len(plain), "what was left did not come through the other relay"
    return {
        "mib": mib, "seconds": seconds, "cut_after_s": cut_s, "cut_relay": carrier, "other_relay": other,
        "moved_before_mib": moved / 2 / MIB, "moved_by_other_mib": carried(other) / 2 / MIB, "plain": plain,
    }  # fmt: skip


def arrived(scene, mid, back):
    """Whether the device has the content; it lies in a file then."""
    words = ("mimei", "get", f"{mid}@last:/film.bin", str(back), "--force", "--node", "http://127.0.0.1", "--key", "owner")
    return scene.leither("device", *words)[0] == 0


def relay_of(scene, address):
    """The name of the relay in an address through one."""
    host = re.fullmatch(r"via:[\w-]{27}@([\d.]+):\d+", address)[1]
    return next(name for name, own in RELAYS.items() if own == host)


def named_channel(scene):
    """The hash that names a channel through a relay, and whether a text that crossed it is to be searched for."""
    key = public_key_from_text(scene.keys["device"]).hex()
    done = scene.world.python("laptop", "-m", "tests.netns.asking_node", NETWORK, scene.door, key, MARK)
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert row["address"].startswith("via:"), row
    return row


def searched(scene, plain, channel_hash):
    """What of the plain things is in what the relays saw: {name: (bytes seen, findings)}."""
    pieces = [plain[at : at + 24] for at in range(0, len(plain), PIECE_STEP)]
    words = {"mark": MARK.encode(), "hash": bytes.fromhex(channel_hash), "hash as text": channel_hash.encode()}
    found = {}
    for name in RELAYS:
        seen = scene.seen(name)
        hits = [word for word, data in words.items() if data in seen]
        hits += ["content"] * sum(piece in seen for piece in pieces)
        found[name] = len(seen), hits
    return found


def measure(mib, count, say=print):
    """What it comes to, as a dictionary."""
    with Scene() as scene:
        scene.claim()
        begin = time.monotonic()
        scene.leave()
        result = {"reached_after_s": time.monotonic() - begin}
        say(f"From the café the device is reached through a relay after {result['reached_after_s']:.0f} s.")
        result["commands"] = commands(scene, count)
        for row in result["commands"]:
            say(f"config set  {row['seconds']:.1f} s, {row['connect_ms']} ms of it to connect, {row['address']}")
        channel = named_channel(scene)
        share = shared(scene, mib)
        plain = share.pop("plain")
        result["share"] = share
        say(
            "{mib} MiB shared in {seconds:.1f} s; {cut_relay} was switched off after {cut_after_s:.1f} s and {moved_before_mib:.1f} MiB, "
            "{other_relay} carried {moved_by_other_mib:.1f} MiB.".format(**share)
        )
        result["seen"] = searched(scene, plain, channel["hash"])
        for name, (size, hits) in result["seen"].items():
            say(f"{name} saw {size:,} bytes; of plain content, commands and the channel's name in them: {', '.join(hits) or 'nothing'}.")
        return result


def main(words):
    """Measure, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mib", type=int, default=6, help="MiB that are shared (6)")
    parser.add_argument("--commands", type=int, default=3, help="how often the device is commanded (3)")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(words)
    reason = why_not()
    if reason:
        print(f"Not measured: {reason}.", file=sys.stderr)
        return 1
    result = measure(args.mib, args.commands, (lambda text: None) if args.json else print)
    if args.json:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
