"""What runs inside the kernel with the simulated radios: device, phone and router, and what they live through together.

Prints one line for each thing found out, ``RADIO {"name": ..., ...}``; the test outside judges.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

from tests.radio.neighbourhood import PATIENCE, Phone, Router, call, end, ends_of_logs, wait_for

ROOT = Path(__file__).resolve().parents[2]
RUN = Path("/run/device-test")
LOGS = RUN / "log"
ACCESS_POINT, ACCESS_POINT_KEY = "Leither-Test", "lamp-tree-door"
PASSWORD = "correct horse"
CAPTIVE_URL = "http://192.168.4.1/captive-portal/api"
HOME, CAFE, ATTIC, SLOW, OLD = b"Home", "咖啡馆".encode(), b"Attic", b"Slow Motion", "图书馆".encode("gbk")
BEGAN_S = time.monotonic()


def tell(name, **values):
    print("\nRADIO " + json.dumps({"name": name, "at_s": round(time.monotonic() - BEGAN_S, 1), **values}), flush=True)


class Device:
    """The whole appliance: supervisor, node, and what they start."""

    def __init__(self):
        self.process = None
        (RUN / "card").mkdir(parents=True)
        LOGS.mkdir()
        self.card = RUN / "card" / "leither.toml"
        self.card.write_text(f'[access_point]\nssid = "{ACCESS_POINT}"\npassphrase = "{ACCESS_POINT_KEY}"\n')

    def start(self, **board):
        """Start it; what it prints once the node is ready."""
        said = {
            "name": "simulated", "radio": "wlan0", "wired": ["cable0"], "wifi_folder": str(RUN / "wifi"),
            "run_folder": "/run/leither", "captive_url": CAPTIVE_URL, **board,
        }  # fmt: skip
        Path("/etc/leither/board.json").write_text(json.dumps(said))
        command = [sys.executable, "-m", "appliance.supervisor", "--board", "device", "--profile", "pi-zero", "--state", str(RUN / "state")]
        command += ["--listen", "all", "--port", "80", "--card", str(self.card)]
        environment = {**os.environ, "LEITHER_WIFI_LOG": str(LOGS), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        log = open(LOGS / "supervisor.log", "ab")
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(30)


def prepare():
    """The system the device expects: its user, its board file, radios, and somebody else's namespaces."""
    # The test's own interpreter may lie where only root looks; the device's user must read it.
    for folder in {Path(sys.executable).resolve().parents[-2], ROOT.parents[-2]}:
        if folder.stat().st_mode & 0o005 != 0o005:
            overlay(folder)
            os.chmod(folder, 0o755)
    overlay(Path("/etc"))
    with open("/etc/passwd", "a") as file:
        file.write("leither:x:970:970::/nonexistent:/bin/false\n")
    os.makedirs("/etc/leither")
    # As at power-on of a device: the node is not root, and the page is on port 80.
    Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("80")
    call("modprobe", "mac80211_hwsim", "radios=3")
    wait_for("the radios", lambda: all(os.path.exists(f"/sys/class/net/wlan{n}") for n in range(3)), 20)
    phys = [os.path.basename(os.readlink(f"/sys/class/net/wlan{n}/phy80211")) for n in range(3)]
    return Phone("phone", phys[1], "wlan1"), Router("router", phys[2], "wlan2")


def overlay(folder):
    """Let a read-only folder be written to, for this kernel's life."""
    upper, work = Path(f"/run/overlay{str(folder).replace('/', '-')}/upper"), Path(f"/run/overlay{str(folder).replace('/', '-')}/work")
    upper.mkdir(parents=True)
    work.mkdir()
    call("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={folder},upperdir={upper},workdir={work}", folder)


def reason(page):
    """What the setup page says about the last try."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.get("text", "").partition("<h1")[2]).split())[:300]


def tried(phone, ssid, passphrase, hidden=False, during=None):
    """Try a network from the setup page as a person does. Returns what the page said at the end, and how it went."""
    if not hidden:
        listed(phone, ssid)
    phone.get("/setup/wifi")
    began_s, drops = time.monotonic(), phone.drops()
    fields = {"network": "", "hidden_ssid": ssid.decode()} if hidden else {"network": ssid.hex()}
    answer = phone.post("/setup/wifi", passphrase=passphrase, **fields)
    if answer.get("status") != 303:
        return {"said": reason(answer), "answer": answer.get("status"), "error": answer.get("error")}
    if during:
        during()
    unreachable = 0
    while time.monotonic() - began_s < 75 * PATIENCE:
        page = phone.get("/setup/wifi/trying", patience_s=0)
        if "error" in page:
            unreachable += 1
        elif page["location"]:
            page = phone.get(page["location"])
            break
        elif "http-equiv" not in page["text"]:
            break
        time.sleep(0.5)
    return {
        "said": reason(page), "took_s": round(time.monotonic() - began_s, 1), "unreachable": unreachable, "drops": phone.drops() - drops,
        "error": page.get("error"),
    }  # fmt: skip


def listed(phone, ssid, limit_s=45):
    """Whether the page comes to list a network."""
    def look():
        return ssid.hex() in phone.get("/setup/wifi?part=networks").get("text", "")

    try:
        return wait_for("listing", look, limit_s)
    except AssertionError:
        return False


def first_contact(device, phone, router):
    router.start(HOME, PASSWORD, 2412)
    device.start()
    phone.supplicant()
    flags = wait_for("the access point", lambda: phone.seen().get(ACCESS_POINT), 150)
    phone.stop()
    tell("access point", flags=flags, frequency=frequency("ap0"))
    said = phone.join(ACCESS_POINT, ACCESS_POINT_KEY)
    captive = bytes.fromhex(said.get("opt114", "")).decode()
    tell("dhcp", address=said.get("ip"), router=said.get("router"), dns=said.get("dns"), captive=captive)
    tell("dns", **{name: phone.do("resolve", name=name, server="192.168.4.1") for name in ("connectivitycheck.gstatic.com", "example.org")})
    probe = phone.get("/generate_204", host="connectivitycheck.gstatic.com")
    tell("probe", status=probe.get("status"), location=probe.get("location"))
    tell("portal", status=phone.get("/setup/name").get("status"))


def frequency(interface):
    found = re.search(r"\((\d+) MHz\)", call("iw", "dev", interface, "info", check=False))
    return int(found[1]) if found else None


def reasons(phone, router):
    tell("listed", home=listed(phone, HOME))
    tell("wrong password", **tried(phone, HOME, "wrong password"))
    tell("kept nothing", kept=os.path.exists(RUN / "wifi" / "network.json"))
    tell("vanished", **tried(phone, HOME, PASSWORD, during=router.stop))
    router.start(HOME, PASSWORD, 2412, dhcp=False)
    tell("no address", **tried(phone, HOME, PASSWORD))
    router.stop()

    def late():
        time.sleep(4)
        router.start(HOME, PASSWORD, 2412, dhcp=False)
        time.sleep(8)
        router.serve_addresses()

    tell("slow router", **tried(phone, HOME, PASSWORD, during=late))
    kept = RUN / "wifi" / "network.json"
    tell("kept", mode=oct(kept.stat().st_mode & 0o777) if kept.exists() else None, frequency=frequency("wlan0"), side=frequency("ap0"))


def names(phone, router):
    router.start(CAFE, PASSWORD, 2462)
    tell("cafe listed", cafe=listed(phone, CAFE))
    tell("another channel", **tried(phone, CAFE, PASSWORD), frequency=frequency("wlan0"), side=frequency("ap0"))
    router.start(ATTIC, PASSWORD, 2462, hidden=True)
    tell("hidden", **tried(phone, ATTIC, PASSWORD, hidden=True))
    router.start(OLD, PASSWORD, 2462)
    tell("old name listed", old=listed(phone, OLD))
    tell("name that is no UTF-8", **tried(phone, OLD, PASSWORD))
    router.start(b"Guest", "", 2462)
    tell("open", **tried(phone, b"Guest", ""))
    router.start(b"Both", PASSWORD, 2462, key="WPA-PSK SAE")
    tell("transition", **tried(phone, b"Both", PASSWORD))
    router.start(b"New", PASSWORD, 2462, key="SAE")
    tell("wpa3 wrong password", **tried(phone, b"New", "wrong password"))
    tell("wpa3", **tried(phone, b"New", PASSWORD))
    router.start(HOME, PASSWORD, 2462)
    tell("home again", **tried(phone, HOME, PASSWORD))


def by_itself(device, phone, router):
    phone.stop()
    device.stop()
    left = call("pgrep", "-af", "/run/leither/|udhcpc.sh", check=False).splitlines()
    device.start()
    address = wait_for("the kept network", lambda: address_of("wlan0"), 60)
    tell("by itself", address=address, left=left)
    device.stop(signal.SIGKILL)
    time.sleep(2)
    device.start()
    call("ip", "link", "add", "cable0", "type", "veth", "peer", "name", "cable1")
    call("ip", "link", "set", "cable1", "netns", "router")
    router.inside("ip", "link", "set", "cable1", "up")
    router.inside("ip", "address", "add", "192.168.88.1/24", "dev", "cable1")
    router.spawn(
        "dnsmasq", "-k", "-C", "/dev/null", "--interface=cable1", "--bind-interfaces", "--port=0", "--no-ping",
        "--dhcp-range=192.168.88.50,192.168.88.99,1h", "--dhcp-option=6,192.168.88.1", "--dhcp-leasefile=/run/neighbourhood/cable",
        "--user=root", "--pid-file=",
    )  # fmt: skip
    cable = wait_for("the cable's address", lambda: address_of("cable0"), 60)
    again = wait_for("the kept network", lambda: address_of("wlan0"), 60)
    tell("cable", address=cable, after_kill=again, routes=call("ip", "route"), resolv=Path("/run/resolv.conf").read_text())
    call("ip", "link", "delete", "cable0")
    device.stop()


def address_of(interface):
    found = re.search(r"inet ([0-9.]+)/", call("ip", "-4", "address", "show", "dev", interface, check=False))
    return found[1] if found else None


def in_turns(device, phone, router):
    phone.stop()
    device.stop()
    call("rm", "-rf", RUN / "wifi")
    device.start(radio_turns=True)
    phone.join(ACCESS_POINT, ACCESS_POINT_KEY, limit_s=150)
    tell("turns", beside=os.path.exists("/sys/class/net/ap0"), listed=listed(phone, HOME))
    tell("turns wrong password", **tried(phone, HOME, "wrong password"))
    phone.get("/setup/wifi")
    phone.post("/setup/wifi", network=HOME.hex(), passphrase=PASSWORD)
    wait_for("joining", lambda: (address_of("wlan0") or "").startswith("192.168.77."), 60)
    tell("turns joined", address=address_of("wlan0"))


def main(parts):
    phone, router = prepare()
    tell("booted", kernel=os.uname().release, uptime_s=float(Path("/proc/uptime").read_text().split()[0]))
    device = Device()
    try:
        first_contact(device, phone, router)
        if "reasons" in parts:
            reasons(phone, router)
        if "names" in parts:
            names(phone, router)
        if "itself" in parts:
            by_itself(device, phone, router)
        if "turns" in parts:
            in_turns(device, phone, router)
        device.stop()
        tell("finished", log=ends_of_logs(LOGS), phone=ends_of_logs(phone.folder))
    except Exception:
        logs = {"log": ends_of_logs(LOGS), "phone": ends_of_logs(phone.folder), "router": ends_of_logs(router.folder)}
        tell("broken", why=traceback.format_exc(), **logs)
    finally:
        for station in (phone, router):
            for program in station.programs:
                end(program)


if __name__ == "__main__":
    main(sys.argv[1:] or ("reasons", "names", "itself", "turns"))
