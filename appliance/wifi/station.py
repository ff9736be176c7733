"""The device as a guest of somebody's network: look around, try one, keep to the one that worked."""

import time

from appliance.board import BoardError
from appliance.wifi import replies, trial
from appliance.wifi.kept import KeptNetwork
from appliance.wifi.supplicant import network

SCAN_LIMIT_S = 12.0
BUSY_PAUSE_S = 0.5
WAIT_STEP_S = 0.25
# How long a network that is not there is looked for: a router needs a moment after it is switched on.
LOOK_LIMIT_S = 14.0
# The address: most DHCP servers answer within a second, some ask around first whether an address is free.
ADDRESS_LIMIT_S = 25.0
ADDRESS_MIN_S = 8.0
# Not in use by the network now tried.
STALE_S = 15

SENTENCES = {
    trial.WRONG_PASSWORD: "The network did not accept the password.",
    trial.NOT_FOUND: "The network is not in reach.",
    trial.TIMEOUT: "The network did not let us in within the time allowed.",
    "no-address": "The network accepted the password but gave no address.",
}


class Station:
    """One interface as a station.

    Args:
        control: Control of the interface.
        dhcp: DhcpClient of the interface.
        meanwhile: called during every wait.

    network: the KeptNetwork it keeps to, or None.
    """

    def __init__(self, control, dhcp, meanwhile=lambda: None):
        self._control = control
        self._dhcp = dhcp
        self._meanwhile = meanwhile
        self._number = None
        self._paused = False
        self.network = None

    # Looking.

    def scan(self, hidden_ssid=None):
        """Every Bss in reach, after a fresh scan. Raises BoardError failed, ControlError."""
        command = "SCAN" if hidden_ssid is None else f"SCAN ssid {hidden_ssid.hex()}"
        give_up_s = time.monotonic() + SCAN_LIMIT_S
        self._control.events()
        asked = False
        while time.monotonic() < give_up_s:
            # Refused while it scans by itself, which is as good unless a hidden name must be called.
            asked = asked or self._control.ask(command)
            names = [event.name for event in self._wait(WAIT_STEP_S)]
            if "CTRL-EVENT-SCAN-RESULTS" in names and (asked or hidden_ssid is None):
                return self.seen()
            if "CTRL-EVENT-SCAN-FAILED" in names:
                asked = False
        found = self.seen()
        if not found:
            raise BoardError("failed", "The radio could not look for networks.")
        return found

    def seen(self):
        """What the last scans have shown. Raises ControlError."""
        return replies.scan_results(self._control.request("SCAN_RESULTS"))

    def look_for(self, ssid, hidden):
        """Every Bss of one network. Raises BoardError not-found, ControlError."""
        give_up_s = time.monotonic() + LOOK_LIMIT_S
        while True:
            self._control.ask(f"BSS_FLUSH {STALE_S}")
            try:
                found = [bss for bss in self.scan(ssid if hidden else None) if bss.ssid == ssid]
            except BoardError:
                found = []
            if found:
                return found
            if time.monotonic() >= give_up_s:
                raise BoardError(trial.NOT_FOUND, SENTENCES[trial.NOT_FOUND])
            self._wait(BUSY_PAUSE_S)

    # Joining.

    def try_network(self, wanted, give_up_s):
        """Join ``wanted`` (KeptNetwork) until ``give_up_s`` (monotonic) and keep to it if that works; else go back to the one before.

        Returns the address. Raises BoardError with the reason, ControlError.
        """
        number = network(self._control, network_settings(wanted))
        self._dhcp.stop()
        try:
            self._connect(number, wanted.security == replies.WPA3, give_up_s - ADDRESS_MIN_S)
            address = self._wait_for_address(give_up_s)
        except BaseException:
            self._control.ask(f"REMOVE_NETWORK {number}")
            self._dhcp.stop()
            self._resume()
            raise
        if self._number is not None:
            self._control.ask(f"REMOVE_NETWORK {self._number}")
        self._number, self.network, self._paused = number, wanted, False
        return address

    def _connect(self, number, sae, give_up_s):
        self._control.ask("DISCONNECT")
        self._control.events()
        course = trial.Trial(time.monotonic(), sae, give_up_s)
        self._control.ask(f"SELECT_NETWORK {number}")
        while (result := course.result(time.monotonic())) is None:
            for event in self._wait(WAIT_STEP_S):
                course.hear(event)
            if course.wants_again:
                course.wants_again = False
                if course.result(time.monotonic()) is None:
                    self._control.ask(f"SELECT_NETWORK {number}")
        if result != trial.CONNECTED:
            raise BoardError(result, SENTENCES[result])

    def _wait_for_address(self, give_up_s):
        self._dhcp.start()
        give_up_s = min(give_up_s, time.monotonic() + ADDRESS_LIMIT_S)
        while time.monotonic() < give_up_s:
            address = self._dhcp.address
            if address:
                return address
            self._dhcp.tick()
            self._wait(WAIT_STEP_S)
        raise BoardError("no-address", SENTENCES["no-address"])

    # Keeping to it.

    def keep_to(self, kept):
        """Join ``kept`` (KeptNetwork) as soon as it is in reach. Raises BoardError, ControlError."""
        self.forget()
        self._number, self.network = network(self._control, network_settings(kept)), kept
        self._resume()

    def forget(self):
        """Leave the network and keep to none. Raises ControlError."""
        self._dhcp.stop()
        if self._number is not None:
            self._control.ask(f"REMOVE_NETWORK {self._number}")
        self._number = self.network = None

    def pause(self):
        """Look for nothing: the access point has the radio. Raises ControlError."""
        if self._paused:
            return
        self._paused = True
        self._dhcp.stop()
        self._control.ask("DISCONNECT")

    def resume(self):
        """Look for the kept network again. Raises ControlError."""
        if self._paused:
            self._paused = False
            self._resume()

    def _resume(self):
        if self._number is not None and not self._paused:
            self._control.ask(f"SELECT_NETWORK {self._number}")
        else:
            self._control.ask("DISCONNECT")

    def tick(self):
        """Follow the connection: ask for an address once there is one. Raises BoardError, ControlError."""
        connected_anew = any(event.name == "CTRL-EVENT-CONNECTED" for event in self._control.events())
        if not self.is_connected:
            self._dhcp.stop()
        elif not self._dhcp.is_on:
            self._dhcp.start()
        elif connected_anew:
            self._dhcp.renew()
        self._dhcp.tick()

    @property
    def _said(self):
        return replies.status(self._control.request("STATUS"))

    @property
    def is_connected(self):
        """Whether a network has let us in. Raises ControlError."""
        return self._said.get("wpa_state") == "COMPLETED" and not self._paused

    @property
    def frequency_mhz(self):
        """The frequency of the network we are in, or None. Raises ControlError."""
        said = self._said
        text = said.get("freq", "") if said.get("wpa_state") == "COMPLETED" and not self._paused else ""
        return int(text) if text.isdecimal() and len(text) < 6 else None

    def state(self):
        """("disconnected|joining|joined", address or None). Raises ControlError."""
        word = "" if self._paused else self._said.get("wpa_state", "")
        if word == "COMPLETED":
            address = self._dhcp.address
            return ("joined" if address else "joining"), address
        return ("joining" if word in JOINING else "disconnected"), None

    def _wait(self, seconds):
        self._meanwhile()
        return self._control.events(seconds)


JOINING = ("AUTHENTICATING", "ASSOCIATING", "ASSOCIATED", "4WAY_HANDSHAKE", "GROUP_HANDSHAKE")


def kept_from(found, ssid, passphrase, hidden):
    """The KeptNetwork to try, from what was seen of it and what was typed. Raises BoardError wrong-password or unsupported."""
    kinds = {bss.security for bss in found}
    if passphrase:
        kind = next((kind for kind in (replies.WPA2, replies.WPA3) if kind in kinds), None)
        if kind is None and replies.OPEN in kinds:
            # Joining it all the same would let anybody with the same name stand in for the network that was meant.
            raise BoardError("wrong-password", "This network has no password; try it without one.")
        if kind is not None and not is_passphrase(passphrase):
            raise BoardError("wrong-password", "A network's password has 8 to 63 characters, or 64 hexadecimal digits.")
    else:
        kind = replies.OPEN if replies.OPEN in kinds else None
        if kind is None and kinds & {replies.WPA2, replies.WPA3}:
            raise BoardError("wrong-password", "This network needs a password.")
    if kind is None and replies.WEP in kinds:
        raise BoardError("unsupported", "The network uses WEP, which is not safe and not supported.")
    if kind is None:
        raise BoardError("unsupported", "The network asks each person for a name and password of their own, which is not supported.")
    return KeptNetwork(ssid, "" if kind == replies.OPEN else passphrase, hidden, kind)


def is_passphrase(text):
    """Whether a WPA network can have this password (IEEE 802.11-2020 J.4.1; more than ASCII is met in the wild)."""
    data = text.encode(errors="replace")
    if len(data) == 64:
        return all(byte in b"0123456789abcdefABCDEF" for byte in data)
    return 8 <= len(data) <= 63 and all(byte >= 32 and byte != 127 for byte in data)


def network_settings(kept):
    """What wpa_supplicant is told of a KeptNetwork: (name, value) pairs, the password among them."""
    settings = [("ssid", kept.ssid.hex()), ("scan_ssid", "1" if kept.hidden else "0")]
    if kept.security == replies.OPEN:
        return [*settings, ("key_mgmt", "NONE")]
    secret = kept.passphrase if len(kept.passphrase) == 64 else f'"{kept.passphrase}"'
    if kept.security == replies.WPA3:
        return [*settings, ("key_mgmt", "SAE"), ("ieee80211w", "2"), ("sae_password", f'"{kept.passphrase}"')]
    # Frames are protected where the router and the chip both can; SAE is left out on networks that take either (the Pi's firmware).
    return [*settings, ("key_mgmt", "WPA-PSK WPA-PSK-SHA256"), ("ieee80211w", "1"), ("psk", secret)]
