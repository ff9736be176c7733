"""A board made of nothing, for laptops and tests: a neighbourhood of Wi-Fi networks with the usual ways to fail.

Environment: LEITHER_FAKE_WIFI names a JSON file with networks of your own (a list of objects with the members of
``Network``), LEITHER_FAKE_SPEED multiplies every delay (1.0 is how long real radios take), LEITHER_FAKE_WIRED=no takes away the
cable: a laptop is reached through its own network, so its board counts as wired. All state is in memory.
"""

import os
import time

from appliance.board import Board, BoardError
from appliance.board.messages import is_integer, is_text

SCAN_S = 2.0
JOIN_S = 3.5
SLOW_JOIN_S = 25.0  # a router that takes its time, yet inside the verb's limit
WRONG_PASSWORD_S = 5.0  # the four-way handshake is tried several times
NO_ADDRESS_S = 15.0
NOT_FOUND_S = 6.0
ACCESS_POINT_S = 1.5
SCENARIO_MAX_BYTES = 65_536
NETWORKS_MAX = 64

SECURITY = ("open", "wep", "wpa2", "wpa3")
# normal: joins. vanishing: seen, gone when joined. slow: joins after a long while. no-address: DHCP stays silent.
BEHAVIOUR = ("normal", "vanishing", "slow", "no-address")


class Network:
    """One network: ssid (bytes), passphrase, security, signal_dbm, channel, hidden, behaviour."""

    __slots__ = ("ssid", "passphrase", "security", "signal_dbm", "channel", "hidden", "behaviour")

    def __init__(self, ssid, passphrase="", security="wpa2", signal_dbm=-60, channel=6, hidden=False, behaviour="normal"):
        self.ssid = ssid.encode() if isinstance(ssid, str) else ssid
        self.passphrase = passphrase
        self.security = security
        self.signal_dbm = signal_dbm
        self.channel = channel
        self.hidden = hidden
        self.behaviour = behaviour

    def seen(self):
        """How a scan shows it; a name that is no UTF-8 shows replacement characters beside its exact bytes."""
        return {
            "ssid": self.ssid.decode(errors="replace"),
            "ssid_hex": self.ssid.hex(),
            "signal_dbm": self.signal_dbm,
            "security": self.security,
            "channel": self.channel,
        }


def default_networks():
    """The neighbourhood of the tests: every outcome of joining has a network of its own."""
    password = "correct horse"
    return [
        Network("Home", password, signal_dbm=-47),
        Network("咖啡馆 Wi‑Fi", password, signal_dbm=-55, channel=1),
        Network("Attic", password, signal_dbm=-62, channel=11, hidden=True),
        Network("Ghost", password, signal_dbm=-66, channel=3, behaviour="vanishing"),
        Network("Slow Motion", password, signal_dbm=-70, channel=9, behaviour="slow"),
        Network("Full House", password, signal_dbm=-72, channel=4, behaviour="no-address"),
        Network("Café Guest", security="open", signal_dbm=-74, channel=13),
        Network("Museum", "12345", security="wep", signal_dbm=-83, channel=2),
    ]


class FakeBoard(Board):
    """The fake board.

    Args:
        networks: list of Network.
        speed: factor on every delay.
        sleep: function of seconds, replaced in tests.
        wired: whether a cable connects the board.
        diary: path of a file that gets a line, durably, each time the board identifies itself; None for none.

    Tests change ``wired``, ``phones`` (attached to the access point) and ``encrypts`` (whether that can be), and switch networks
    off and on.
    """

    name = "fake"

    def __init__(self, networks=None, speed=1.0, sleep=time.sleep, wired=True, diary=None):
        self.wired = wired
        self.encrypts = True
        self._diary = diary
        self.phones = 0
        self._networks = default_networks() if networks is None else networks
        self._speed = speed
        self._sleep = sleep
        self._kept = None
        self._joined = None
        self._joining = None
        self._off = set()
        self._access_point = None
        self._slot = "a"
        self._next_slot = None
        self._clock_offset_s = 0

    @classmethod
    def from_environment(cls, environment=os.environ):
        """The board the environment describes. Raises BoardError bad-scenario."""
        path = environment.get("LEITHER_FAKE_WIFI")
        text = environment.get("LEITHER_FAKE_SPEED", "1.0")
        try:
            speed = float(text)
        except ValueError:
            speed = -1.0
        if not 0.0 <= speed <= 100.0:
            raise BoardError("bad-scenario", "LEITHER_FAKE_SPEED is a number from 0 to 100.")
        wired = environment.get("LEITHER_FAKE_WIRED", "yes")
        if wired not in ("yes", "no"):
            raise BoardError("bad-scenario", "LEITHER_FAKE_WIRED is yes or no.")
        diary = environment.get("LEITHER_FAKE_DIARY")
        return cls(read_scenario(path) if path else None, speed, wired=wired == "yes", diary=diary)

    def network_off(self, ssid):
        """Switch the router of the network ``ssid`` (text) off."""
        self._off.add(ssid.encode())

    def network_on(self, ssid):
        """Switch it on again."""
        self._off.discard(ssid.encode())

    def power_cut(self):
        """What is kept outlives it, nothing else does."""
        self._joined = self._access_point = None
        self.phones = 0

    def wifi_scan(self):
        self._pass_time(SCAN_S)
        seen = [network for network in self._networks if not network.hidden and network.ssid not in self._off]
        return [network.seen() for network in sorted(seen, key=lambda network: -network.signal_dbm)]

    def wifi_join(self, ssid, passphrase, hidden):
        self._joining = ssid
        try:
            self._joined = self._kept = self._associated(ssid, passphrase, hidden)
        finally:
            self._joining = None
        return self._address()

    def _associated(self, ssid, passphrase, hidden):
        network = next((network for network in self._networks if network.ssid == ssid), None)
        if network is None or network.behaviour == "vanishing" or network.ssid in self._off or (network.hidden and not hidden):
            self._pass_time(NOT_FOUND_S)
            raise BoardError("not-found", "The network is not in reach.")
        if network.security == "wep":
            raise BoardError("unsupported", "The network uses WEP, which is not safe and not supported.")
        if network.security != "open" and passphrase != network.passphrase:
            self._pass_time(WRONG_PASSWORD_S)
            raise BoardError("wrong-password", "The network did not accept the password.")
        if network.behaviour == "no-address":
            self._pass_time(NO_ADDRESS_S)
            raise BoardError("no-address", "The network accepted the password but gave no address.")
        self._pass_time(SLOW_JOIN_S if network.behaviour == "slow" else JOIN_S)
        return network

    def wifi_status(self):
        self._follow_router()
        if self._joining is not None:
            state, ssid = "joining", self._joining
        elif self._joined is not None:
            state, ssid = "joined", self._joined.ssid
        else:
            state, ssid = "disconnected", b""
        return {
            "state": state,
            "ssid": ssid.decode(errors="replace"),
            "ssid_hex": ssid.hex(),
            "address": self._address() if state == "joined" else None,
            "access_point": self._access_point is not None,
            "phones": self.phones,
            "configured": self._kept is not None,
            "wired": self.wired,
            "cable": self.wired,
            "encrypts": self.encrypts,
        }

    def _follow_router(self):
        """The station loses its network with the router, and finds it again unless the access point has the one radio."""
        if self._kept is None or self._kept.ssid in self._off:
            self._joined = None
        elif self._access_point is None:
            self._joined = self._kept

    def wifi_forget(self):
        self._joined = self._kept = None

    def ap_start(self, ssid, passphrase):
        if not ssid:
            raise BoardError("bad-arguments", "An access point needs a name.")
        if passphrase and not 8 <= len(passphrase) <= 63:
            raise BoardError("bad-arguments", "The passphrase of an access point has 8 to 63 characters.")
        self._pass_time(ACCESS_POINT_S)
        self._access_point = ssid

    def ap_stop(self):
        self._access_point = None
        self.phones = 0

    def switch_slot(self, slot, trial):
        self._next_slot = slot
        return {"running": self._slot, "next": slot, "trial": trial}

    def set_time(self, time_s):
        self._clock_offset_s = time_s - int(time.time())

    def identify(self, seconds):
        if self._diary:
            with open(self._diary, "ab", buffering=0) as file:
                file.write(b"identify\n")
                os.fsync(file.fileno())
        return {"ok": True, "seconds": seconds}

    def temperature(self):
        # Warm, and never twice quite the same, so that a page showing it can be seen to be alive.
        return 46.0 + time.monotonic() % 40 / 10

    def info(self):
        return {"board": self.name, "is_device": False, "slot": self._slot, "clock_offset_s": self._clock_offset_s}

    def forget_settings(self):
        self._joined = self._kept = None
        self.ap_stop()

    def reboot(self):
        if self._next_slot is not None:
            self._slot, self._next_slot = self._next_slot, None

    def _address(self):
        return None if self._joined is None else f"192.168.{self._networks.index(self._joined) + 1}.23"

    def _pass_time(self, seconds):
        self._sleep(seconds * self._speed)


def read_scenario(path):
    """Networks from the JSON file ``path``. Raises BoardError bad-scenario."""
    import json

    try:
        with open(path, "rb") as file:
            text = file.read(SCENARIO_MAX_BYTES + 1)
    except OSError as error:
        raise BoardError("bad-scenario", f"LEITHER_FAKE_WIFI: {path} cannot be read ({error.strerror}).") from None
    try:
        entries = json.loads(text.decode()) if len(text) <= SCENARIO_MAX_BYTES else None
    except (ValueError, RecursionError):
        entries = None
    if type(entries) is not list or len(entries) > NETWORKS_MAX:
        raise BoardError("bad-scenario", f"LEITHER_FAKE_WIFI: {path} is a JSON list of at most {NETWORKS_MAX} networks.")
    return [_network(entry, f"LEITHER_FAKE_WIFI: network {number} in {path}") for number, entry in enumerate(entries, 1)]


_CHECKS = {
    "ssid": (lambda value: is_text(value, 32) and value != "", "text of 1 to 32 bytes"),
    "passphrase": (lambda value: is_text(value, 64), "text of at most 64 bytes"),
    "security": (lambda value: value in SECURITY, " or ".join(SECURITY)),
    "signal_dbm": (lambda value: is_integer(value, -120, 0), "a whole number from -120 to 0"),
    "channel": (lambda value: is_integer(value, 1, 196), "a whole number from 1 to 196"),
    "hidden": (lambda value: type(value) is bool, "true or false"),
    "behaviour": (lambda value: value in BEHAVIOUR, " or ".join(BEHAVIOUR)),
}


def _network(entry, where):
    if type(entry) is not dict or "ssid" not in entry:
        raise BoardError("bad-scenario", f"{where} is an object with ssid.")
    for key, value in entry.items():
        if key not in _CHECKS:
            raise BoardError("bad-scenario", f"{where} has an unknown member; known: {', '.join(_CHECKS)}.")
        check, allowed = _CHECKS[key]
        if not check(value):
            raise BoardError("bad-scenario", f"{where}: {key} is {allowed}.")
    return Network(**entry)
