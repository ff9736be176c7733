"""Who else is on the air: a home router and a phone, each with a simulated radio in a network namespace of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUN = Path("/run/neighbourhood")
ROUTER_ADDRESS = "192.168.77.1"
# On an emulated small board everything takes longer than on the machine of the tests.
PATIENCE = float(os.environ.get("PATIENCE", "1"))


def call(*words, check=True):
    """Run a program to its end; its output."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return done.stdout


def wait_for(what, found, limit_s):
    """The first true value of ``found()``."""
    give_up_s = time.monotonic() + limit_s * PATIENCE
    while time.monotonic() < give_up_s:
        value = found()
        if value:
            return value
        time.sleep(0.3)
    raise AssertionError(f"{what} did not happen within {limit_s * PATIENCE:g} s")


class Station:
    """A namespace with one radio."""

    def __init__(self, name, phy, interface):
        self.name, self.interface = name, interface
        self.folder = RUN / name
        self.folder.mkdir(parents=True)
        self.programs = []
        call("ip", "netns", "add", name)
        call("iw", "phy", phy, "set", "netns", "name", name)
        self.inside("ip", "link", "set", "lo", "up")

    def inside(self, *words, check=True):
        return call("ip", "netns", "exec", self.name, *words, check=check)

    def spawn(self, *words):
        log = open(self.folder / f"{Path(words[0]).name}.log", "ab")
        program = subprocess.Popen(["ip", "netns", "exec", self.name, *map(str, words)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.programs.append(program)
        return program

    def supplicant(self, *lines):
        path = self.folder / "wpa.conf"
        path.write_text("\n".join([f"ctrl_interface={self.folder}/wpa", *lines]) + "\n")
        return self.spawn("wpa_supplicant", "-i", self.interface, "-D", "nl80211", "-c", path)

    def ask(self, *words):
        return self.inside("wpa_cli", "-p", f"{self.folder}/wpa", "-i", self.interface, *words, check=False)

    def stop(self):
        for program in self.programs:
            end(program)
        self.programs.clear()
        self.inside("ip", "address", "flush", "dev", self.interface)


def end(program):
    if program.poll() is None:
        program.send_signal(signal.SIGTERM)
        try:
            program.wait(5)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


class Router(Station):
    """A home router."""

    def start(self, ssid, passphrase, frequency_mhz=2437, hidden=False, key="WPA-PSK", dhcp=True):
        """Open the network ``ssid`` (bytes); an empty passphrase for an open one."""
        self.stop()
        lines = ["network={", f"ssid={ssid.hex()}", "mode=2", f"frequency={frequency_mhz}", f"ignore_broadcast_ssid={int(hidden)}"]
        if passphrase:
            pmf = {"WPA-PSK": 0, "WPA-PSK SAE": 1, "SAE": 2}[key]
            lines += [f"key_mgmt={key}", "proto=RSN", "pairwise=CCMP", "group=CCMP", f'psk="{passphrase}"', f"ieee80211w={pmf}"]
        else:
            lines.append("key_mgmt=NONE")
        self.supplicant(*lines, "}")
        wait_for("the router's network", lambda: "wpa_state=COMPLETED" in self.ask("status"), 20)
        self.inside("ip", "address", "add", f"{ROUTER_ADDRESS}/24", "dev", self.interface)
        if dhcp:
            self.serve_addresses()

    def serve_addresses(self):
        self.spawn(
            "dnsmasq", "-k", "-C", "/dev/null", f"--interface={self.interface}", "--bind-interfaces", "--port=0", "--no-ping",
            "--dhcp-range=192.168.77.50,192.168.77.99,1h", f"--dhcp-leasefile={self.folder}/leases", "--user=root", "--pid-file=",
            "--log-facility=-",
        )  # fmt: skip


class Phone(Station):
    """A phone: joins an access point, asks for an address, and has a browser."""

    browser = None

    def join(self, ssid, passphrase, limit_s=40):
        """Join and get an address; what the DHCP server said."""
        key = f'psk="{passphrase}"' if passphrase else "key_mgmt=NONE"
        self.supplicant("network={", f'ssid="{ssid}"', key, "}")
        wait_for("the phone's connection", self.is_joined, limit_s)
        return self.address()

    def is_joined(self):
        return "wpa_state=COMPLETED" in self.ask("status")

    def drops(self):
        """How often the phone has lost its connection so far."""
        return (self.folder / "wpa_supplicant.log").read_text(errors="replace").count("CTRL-EVENT-DISCONNECTED")

    def address(self):
        said = self.folder / "dhcp"
        self.inside(
            "env", f"SAID={said}", "udhcpc", "-f", "-q", "-n", "-t", "10", "-i", self.interface, "-O", "114", "-s", HERE / "phone_dhcp.sh"
        )
        return dict(line.split("=", 1) for line in said.read_text().splitlines() if "=" in line)

    def seen(self):
        """What a scan of the phone shows: name: flags."""
        self.ask("scan")
        time.sleep(4 * PATIENCE)
        lines = [line.split("\t") for line in self.ask("scan_results").splitlines()]
        return {fields[4]: fields[3] for fields in lines if len(fields) == 5}

    def do(self, action, **arguments):
        """Have the browser do something; its answer."""
        if self.browser is None or self.browser.poll() is not None:
            command = ["ip", "netns", "exec", self.name, sys.executable, str(HERE / "phone_browser.py")]
            self.browser = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.browser.stdin.write(json.dumps({"do": action, **arguments}) + "\n")
        self.browser.stdin.flush()
        return json.loads(self.browser.stdout.readline())

    def get(self, path, host="192.168.4.1", patience_s=60):
        """A page. While the access point moves there is none, so it is asked for until it comes."""
        return self._asked("get", patience_s, path=path, host=host)

    def post(self, path, patience_s=60, **fields):
        return self._asked("post", patience_s, path=path, host="192.168.4.1", fields=fields)

    def _asked(self, action, patience_s, **arguments):
        give_up_s = time.monotonic() + patience_s
        while True:
            answer = self.do(action, **arguments)
            if "error" not in answer or time.monotonic() > give_up_s:
                return answer
            time.sleep(0.5)


def ends_of_logs(folder):
    """The ends of the logs in a folder, for a person who looks for what went wrong."""
    return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in sorted(folder.glob("*.log")))
