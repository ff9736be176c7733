"""The command line of the device's process. Read by hand: argparse would stay in the node's memory."""

import socket

HELP = """\
usage: python -m appliance.device [--profile NAME] [--state DIR] [--listen ADDRESS[,ADDRESS]] [--port N] [--dht-port N] [--dns-port N]
                                  [--redis-port N] [--peer-port N] [--data DIR] [--card FILE]

Serves the setup page, signed commands, content and metrics. The supervisor (python -m appliance.supervisor) starts it.

  --profile NAME   hardware profile, a name or a file (default: pi-zero)
  --state DIR      folder that holds everything the node keeps (default: .leither)
  --listen WHERE   loopback (default), all, or numeric addresses with commas between
  --port N         TCP port (default: 8040; 0 takes a free one)
  --dht-port N     UDP port by which other nodes reach this one (default: 8041, with --port 0 a free one)
  --dns-port N     port of the DNS server for names of keys, UDP and TCP (default: none; 0 takes a free one)
  --redis-port N   TCP port for Redis clients (default: none; 0 takes a free one)
  --peer-port N    TCP port for channels of other nodes (default: 8042, with --port 0 a free one)
  --data DIR       folder that holds content (default: that of --state)
  --no-clock       this machine's clock stops with the power, and nothing has set it since: commands may be dated later
  --card FILE      what the flashing step left for this device (leither.toml), if it is there
"""

DHT_PORT = 8041
PEER_PORT = 8042

WHERE = {
    "loopback": ("127.0.0.1", "::1"),
    "all": ("0.0.0.0", "::"),
    # What people type when they mean one of the two.
    "localhost": ("127.0.0.1", "::1"),
    "127.0.0.1": ("127.0.0.1", "::1"),
    "0.0.0.0": ("0.0.0.0", "::"),
}
_PORTS = ("--dht-port", "--dns-port", "--redis-port", "--peer-port")


class UsageError(Exception):
    """The command line cannot be understood; the text says why."""


class Options:
    """profile, state (text); card, data (path or None); hosts (numeric addresses); port, dht_port, peer_port; dns_port, redis_port (or
    None); no_clock, help (bool).
    """

    __slots__ = ("card", "data", "dht_port", "dns_port", "help", "hosts", "no_clock", "peer_port", "port", "profile", "redis_port", "state")

    def __init__(self, profile="pi-zero", state=".leither", hosts=WHERE["loopback"], port=8040):
        self.profile = profile
        self.state = state
        self.card = self.data = None
        self.hosts = hosts
        self.port = port
        self.dht_port = self.peer_port = None
        self.dns_port = self.redis_port = None
        self.no_clock = self.help = False


def parse_options(arguments):
    """Options from the arguments after the program's name. Raises UsageError."""
    options = Options()
    words = iter(arguments)
    for word in words:
        if word in ("-h", "--help"):
            options.help = True
            continue
        if word == "--no-clock":
            options.no_clock = True
            continue
        name, equals, value = word.partition("=")
        if name not in ("--profile", "--state", "--listen", "--port", *_PORTS, "--data", "--card"):
            raise UsageError(f"{name} is not an option")
        value = value if equals else next(words, "")
        if not value:
            raise UsageError(f"{name} needs a value")
        if name == "--port":
            options.port = _port(value)
        elif name in _PORTS:
            setattr(options, f"{name[2:-5]}_port", _port(value))
        elif name == "--listen":
            options.hosts = WHERE.get(value) or _addresses(value)
        else:
            setattr(options, name[2:], value)
    if options.dht_port is None:
        # Who takes any free port for the page means all of them.
        options.dht_port = DHT_PORT if options.port else 0
    if options.peer_port is None:
        options.peer_port = PEER_PORT if options.port else 0
    return options


def _addresses(text):
    hosts = tuple(text.split(","))
    for host in hosts:
        try:
            socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host.partition("%")[0])
        except OSError:
            raise UsageError(
                f"--listen (LISTEN= with make) takes loopback, all, or numeric addresses with commas between, not {host or 'nothing'}"
            ) from None
    return hosts


def _port(text):
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise UsageError(f"--port (PORT= with make) takes a number from 0 to 65535, not {text}")
    return int(text)
