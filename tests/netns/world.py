"""A small internet of Linux network namespaces: a public side, and houses behind NAT. Made by root, and taken away whatever happens.

Nothing leaves the machine: the namespaces are joined to each other only.
"""

import os
import shutil
import signal
import subprocess
import sys

from tests.device_process import ROOT

PUBLIC = "net"
# A house's own side. All have the same, as they do in life.
INSIDE = "192.168.1"
_ROUTER = f"{INSIDE}.1"
_NAT = """\
table inet gate {
  chain forward { type filter hook forward priority 0; policy drop; iifname "lan" accept; ct state established,related accept; }
  chain input { type filter hook input priority 0; policy drop; iifname != "wan" accept; ct state established,related accept; }
  chain out { type nat hook postrouting priority 100; oifname "wan" masquerade random; }
}
"""


def why_not():
    """Why no such world can be made here, in plain words; None if it can."""
    if os.geteuid():
        return "network namespaces are made by root only, and this is not root"
    for program, package in (("ip", "iproute2"), ("nft", "nftables")):
        if shutil.which(program) is None:
            return f"the program {program} is missing (Debian: {package})"
    name = f"le{os.getpid()}-try"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if tried.returncode == 0:
        tried = subprocess.run(["ip", "netns", "exec", name, "nft", "-f", "-"], input=_NAT, capture_output=True, text=True)
        subprocess.run(["ip", "netns", "del", name], capture_output=True)
    return f"this kernel makes no namespace with NAT: {tried.stderr.strip()}" if tried.returncode else None


class World:
    """A context manager. Names of its own, so that several can be there at once."""

    def __init__(self):
        self._mark = f"le{os.getpid()}"
        self._spaces = []
        self._processes = []
        self._links = 0

    def __enter__(self):
        # A world that is told to end must still be taken away.
        self._handler = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            self.add(PUBLIC)
            self._in(PUBLIC, "ip", "link", "add", "net", "type", "bridge")
            self._in(PUBLIC, "ip", "link", "set", "net", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self._processes):
            end(process)
        for space in reversed(self._spaces):
            subprocess.run(["ip", "netns", "del", self._name(space)], capture_output=True)
        signal.signal(signal.SIGTERM, self._handler)

    def add(self, space):
        """Make a namespace."""
        _run("ip", "netns", "add", self._name(space))
        self._spaces.append(space)
        self._in(space, "ip", "link", "set", "lo", "up")

    def public(self, *addresses):
        """Give the public side addresses (IPv4, each in a network of its own)."""
        for address in addresses:
            self._in(PUBLIC, "ip", "address", "add", f"{address}/24", "dev", "net")

    def host(self, space, address, gateway):
        """A machine on the public side: its address, and that of the public side in the same network. Its cable there: "eth0"."""
        self.add(space)
        # Between its networks, the public side is a router.
        self._in(PUBLIC, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        link = self._cable(space, "eth0", PUBLIC)
        self._in(PUBLIC, "ip", "link", "set", link, "master", "net")
        self._in(space, "ip", "address", "add", f"{address}/24", "dev", "eth0")
        self._in(space, "ip", "route", "add", "default", "via", gateway)

    def house(self, space, outside, gateway):
        """A router with NAT: its public address, and that of the public side in the same network."""
        self.add(space)
        link = self._cable(space, "wan", PUBLIC)
        self._in(PUBLIC, "ip", "link", "set", link, "master", "net")
        self._in(space, "ip", "address", "add", f"{outside}/24", "dev", "wan")
        self._in(space, "ip", "route", "add", "default", "via", gateway)
        self._in(space, "ip", "link", "add", "lan", "type", "bridge")
        self._in(space, "ip", "link", "set", "lan", "up")
        self._in(space, "ip", "address", "add", f"{_ROUTER}/24", "dev", "lan")
        self._in(space, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self._in(space, "nft", "-f", "-", input=_NAT)

    def plug_in(self, space, house, address):
        """Bring a machine (a namespace) into a house, out of the one where it was."""
        subprocess.run(["ip", "-n", self._name(space), "link", "del", "eth0"], capture_output=True)
        link = self._cable(space, "eth0", house)
        self._in(house, "ip", "link", "set", link, "master", "lan")
        self._in(space, "ip", "address", "add", f"{address}/24", "dev", "eth0")
        self._in(space, "ip", "route", "add", "default", "via", _ROUTER)

    def command(self, space, *words):
        """The words that run a program in a namespace."""
        return ["ip", "netns", "exec", self._name(space), *words]

    def start(self, space, *words, **options):
        """A process in a namespace, ended with the world."""
        process = subprocess.Popen(self.command(space, *words), cwd=ROOT, **options)
        self._processes.append(process)
        return process

    def python(self, space, *words, **options):
        """Our Python in a namespace, until it ends: subprocess.CompletedProcess."""
        return subprocess.run(
            self.command(space, sys.executable, *words), cwd=ROOT, capture_output=True, text=True, timeout=600, **options
        )

    def traffic(self, space):
        """Bytes that went over a machine's cable so far, both ways, headers and all."""
        names = ("rx_bytes", "tx_bytes")
        text = self._in(space, "cat", *(f"/sys/class/net/eth0/statistics/{name}" for name in names))
        return sum(map(int, text.split()))

    def _cable(self, space, name, other):
        """A cable: ``name`` in one namespace; returns the name of its end in the other."""
        self._links += 1
        end = f"p{self._links}"
        _run("ip", "link", "add", name, "netns", self._name(space), "type", "veth", "peer", "name", end, "netns", self._name(other))
        self._in(space, "ip", "link", "set", name, "up")
        self._in(other, "ip", "link", "set", end, "up")
        return end

    def _in(self, space, *words, **options):
        return _run(*self.command(space, *words), **options)

    def _name(self, space):
        return f"{self._mark}-{space}"


def end(process):
    """End a process that was started here, and wait for it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _run(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, **options)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
