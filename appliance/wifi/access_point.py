"""Our own network: wpa_supplicant as access point, dnsmasq for addresses and names."""

import os
import time

from appliance.board import BoardError
from appliance.wifi import links, replies
from appliance.wifi.control import ControlError
from appliance.wifi.programs import Program
from appliance.wifi.subnet import MASK, SUBNETS, device_address, phone_addresses
from appliance.wifi.supplicant import network

LEASE_TIME = "10m"
OPEN_LIMIT_S = 8.0
WAIT_STEP_S = 0.25
PHONES_MAX = 64
# RFC 8910: where a phone finds out that there is a page to open.
CAPTIVE_OPTION = 114


class AccessPoint:
    """The access point on one interface.

    Args:
        interface: its name.
        folder: for records and leases, under /run.
        subnet: of subnet.SUBNETS.
        captive_url: DHCP option 114, or None.
        log: function of a program's name to the path of its log or None.
        meanwhile: called during every wait.

    is_open: whether it is; ssid, passphrase: of it; frequency_mhz: where it is.
    """

    def __init__(self, interface, folder, subnet=SUBNETS[0], captive_url=None, log=lambda name: None, meanwhile=lambda: None):
        self.interface, self.subnet = interface, subnet
        self._meanwhile = meanwhile
        command = dnsmasq_command(interface, folder, subnet, captive_url)
        self._dns = Program(command, os.path.join(folder, "dnsmasq.pid"), None, log("dnsmasq"))
        self._control = self._number = None
        self.is_open = False
        self.ssid = self.passphrase = ""
        self.frequency_mhz = None

    def open(self, control, ssid, passphrase, frequency_mhz):
        """Open it through the Control of its interface. Raises BoardError, ControlError; then it is closed."""
        self._control = control
        try:
            self._number = network(control, access_point_settings(ssid, passphrase, frequency_mhz))
            control.events()
            # Else it looks around first, which takes many seconds beside a station that is in a network.
            control.ask("AP_SCAN 2")
            control.ask(f"SELECT_NETWORK {self._number}")
            self._wait_until_on()
            links.set_up(self.interface)
            links.set_address(self.interface, device_address(self.subnet), MASK)
            self._dns.start()
        except OSError as error:
            self.close()
            raise BoardError("failed", f"The access point got no address: {error.strerror}.") from None
        except BaseException:
            self.close()
            raise
        self.is_open, self.ssid, self.passphrase, self.frequency_mhz = True, ssid, passphrase, frequency_mhz

    def _wait_until_on(self):
        give_up_s = time.monotonic() + OPEN_LIMIT_S
        while time.monotonic() < give_up_s:
            said = replies.status(self._control.request("STATUS"))
            if said.get("wpa_state") == "COMPLETED" and said.get("mode") == "AP":
                return
            if any(event.name == "AP-DISABLED" for event in self._control.events(WAIT_STEP_S)):
                break
            self._meanwhile()
        raise BoardError("failed", "The radio did not open the access point.")

    def close(self):
        """Close it; closed or half open is no error."""
        self.is_open = False
        self._dns.stop()
        if self._number is not None:
            number, self._number = self._number, None
            try:
                self._control.ask(f"REMOVE_NETWORK {number}")
                self._control.ask("AP_SCAN 1")  # as a station wants it
            except ControlError:
                pass  # then the daemon is gone, and the access point with it
        try:
            links.clear_address(self.interface)
        except OSError:
            pass

    def lost(self):
        """The daemon that held it is gone."""
        self.is_open = False
        self._number = None
        self._dns.stop()

    def tick(self):
        """Keep it alive; one that the radio closed by itself is closed in full. Raises BoardError, ControlError."""
        if not self.is_open:
            return
        self._control.events()
        if replies.status(self._control.request("STATUS")).get("wpa_state") != "COMPLETED":
            self.close()
        else:
            self._dns.tick()

    def phones(self):
        """How many are attached. Raises ControlError."""
        if not self.is_open:
            return 0
        count, answer = 0, self._control.request("STA-FIRST")
        while count < PHONES_MAX and is_station(answer):
            count += 1
            answer = self._control.request("STA-NEXT " + answer[:17].decode("ascii"))
        return count


def is_station(answer):
    """Whether an answer to STA-FIRST or STA-NEXT begins with the address of a station."""
    line = answer.split(b"\n", 1)[0]
    parts = line.split(b":")
    return len(line) == 17 and len(parts) == 6 and all(len(part) == 2 and part.isalnum() for part in parts)


def access_point_settings(ssid, passphrase, frequency_mhz):
    """What wpa_supplicant is told: WPA2 with CCMP and nothing newer, which older phones and the Pi's firmware stumble over."""
    settings = [("ssid", ssid.encode().hex()), ("mode", "2"), ("frequency", str(frequency_mhz)), ("wps_disabled", "1")]
    if not passphrase:
        return [*settings, ("key_mgmt", "NONE")]
    secret = passphrase if len(passphrase) == 64 else f'"{passphrase}"'
    return [*settings, ("key_mgmt", "WPA-PSK"), ("proto", "RSN"), ("pairwise", "CCMP"), ("group", "CCMP"), ("psk", secret)]


def dnsmasq_command(interface, folder, subnet, captive_url):
    """The command line of dnsmasq: it serves this interface alone, and every name is ours."""
    address, (first, last) = device_address(subnet), phone_addresses(subnet)
    command = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", f"--interface={interface}", "--except-interface=lo"]
    command += ["--bind-interfaces", "--no-resolv", "--no-hosts", "--no-ping", "--dhcp-authoritative", "--user=nobody", "--pid-file="]
    command += [f"--address=/#/{address}", f"--dhcp-range={first},{last},{MASK},{LEASE_TIME}"]
    command += [f"--dhcp-leasefile={os.path.join(folder, 'leases')}", "--log-facility=-"]
    if captive_url:
        # It was written down for the first of the subnets.
        url = captive_url.replace(f"//{device_address(SUBNETS[0])}/", f"//{address}/")
        command.append(f"--dhcp-option={CAPTIVE_OPTION},{url}")
    return command
