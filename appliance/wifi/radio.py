"""Station and access point on one radio: side by side on one channel where the chip can, else in turns.

Side by side, the access point is an interface of its own and follows the station's channel. In turns, the one interface is
either: a network is tried with the access point down, which then comes back with the result. Whether a chip can is found out
by trying, and remembered until the supervisor ends.

While our access point is open, a station that is in no network rests: its scans would take the radio off the phones' channel
every few seconds. Whoever decides about the access point closes it now and then to have the network looked for.
"""

import os
import time

from appliance.board import BoardError
from appliance.wifi import chip, links, nl80211, replies, subnet
from appliance.wifi import kept as keeping
from appliance.wifi.access_point import AccessPoint
from appliance.wifi.control import ControlError
from appliance.wifi.dhcp import DhcpClient
from appliance.wifi.station import Station, is_passphrase, kept_from
from appliance.wifi.supplicant import Supplicant

METRIC = 600  # after a cable
ACCESS_POINT_INTERFACE = "ap0"
# Channels that every country allows an access point on, and every phone finds.
CHANNELS_MHZ = range(2412, 2463)
DEFAULT_MHZ = 2437
RETRY_S = 5.0
# The verb may last 60 s, and the access point must be back by then.
JOIN_LIMIT_S = 48.0
LOST_REST_S = 15.0


class Radio:
    """The Wi-Fi of a board.

    Args:
        interface: name of the radio's interface.
        folder: under /run, for sockets, leases and records.
        settings: folder of the kept network.
        resolv: path of the file that gets the name servers.
        country: two letters, "00" for what is allowed everywhere.
        captive_url: DHCP option 114 of our access point, or None.
        turns: True for a chip that is known to fail side by side.
        log: function of a program's name to the path of its log or None.
        meanwhile: called during every wait.

    moves: how often the access point took another network because a lease overlapped it: routes must then be set anew.
    """

    def __init__(
        self, interface, folder, settings, resolv, country="00", captive_url=None, turns=False, log=lambda name: None,
        meanwhile=lambda: None,
    ):  # fmt: skip
        self._interface = interface
        self._folder = folder
        self._settings = settings
        self._country = country
        self._captive_url = captive_url
        self._log = log
        self._meanwhile = meanwhile
        self._side_by_side = not turns
        self._supplicant = Supplicant(folder, log)
        self._dhcp = DhcpClient(interface, folder, resolv, METRIC, log)
        self._control = self._station = self._access_point = None
        self._ap_control = None
        self._scan = []
        self._again_s = 0.0
        self._lost_s = None
        self.moves = 0
        self._encrypts = None

    # The daemon.

    @property
    def is_there(self):
        """Whether the radio is there: its driver may still be loading, or it is on USB."""
        return links.exists(self._interface)

    @property
    def encrypts(self):
        """Whether our access point can be encrypted, as far as is known."""
        if self._encrypts is None and self.is_there:
            self._encrypts = chip.encrypts(self._folder)
        return self._encrypts is not False

    def _ready(self):
        """Have the daemon look after the interface, and the station keep to its network. Raises BoardError, ControlError."""
        if not self.is_there:
            raise BoardError("failed", "There is no Wi-Fi radio now.")
        if self._control is not None and self._supplicant.is_running:
            return
        self._drop()
        self._supplicant.start()
        self._control = self._supplicant.add(self._interface)
        if self._country != "00":
            self._control.ask(f"SET country {self._country}")
        self._control.ask("SET sae_pwe 2")  # both ways of WPA3; a daemon without WPA3 says FAIL
        self._station = Station(self._control, self._dhcp, self._meanwhile)
        kept = keeping.load(self._settings)
        if kept is not None:
            self._station.keep_to(kept)

    def _drop(self):
        """Forget connections to a daemon that is gone, and end what depended on it."""
        if self._access_point is not None:
            self._access_point.lost()
            self._access_point = None
        for control in (self._control, self._ap_control):
            if control is not None:
                control.close()
        self._control = self._ap_control = self._station = None
        self._supplicant.close_socket()
        self._dhcp.stop()

    def tick(self):
        """Keep everything alive; called every second or so. What fails is tried again."""
        now_s = time.monotonic()
        if now_s < self._again_s or not self.is_there:
            return
        try:
            self._ready()
            self._station.tick()
            self._rest_when_lost(now_s)
            if self._access_point is not None:
                self._access_point.tick()
                if not self._access_point.is_open:
                    self._close_access_point()
                    self._station.resume()
                else:
                    self._keep_apart()
        except (BoardError, ControlError):
            self._again_s = now_s + RETRY_S
            self._give_up()

    def _give_up(self):
        """After a failure: with a dead connection everything is set up anew."""
        if self._control is not None:
            try:
                self._control.request("PING")
            except ControlError:
                self._supplicant.stop()
                self._drop()

    def close(self):
        """End all of it; the network stays kept."""
        self._dhcp.stop()
        try:
            self._close_access_point()
        except ControlError:
            pass
        self._supplicant.stop()
        self._drop()

    # The verbs. Each raises BoardError.

    def scan(self):
        """As Board.wifi_scan. In turns with the access point open, what was seen before it was opened."""
        with _Plainly(self):
            self._ready()
            if self._has_the_radio:
                return [bss.seen() for bss in replies.best_of_each(self._scan)]
            self._scan = self._station.scan()
            return [bss.seen() for bss in replies.best_of_each(self._scan)]

    def join(self, ssid, passphrase, hidden):
        """As Board.wifi_join."""
        give_up_s = time.monotonic() + JOIN_LIMIT_S
        with _Plainly(self):
            self._ready()
            reopen = self._aside() if self._has_the_radio else None
            try:
                found = self._station.look_for(ssid, hidden)
                wanted = kept_from(found, ssid, passphrase, hidden)
                channels = {bss.frequency_mhz for bss in found}
                if self._access_point is not None and channels != {self._access_point.frequency_mhz}:
                    reopen = self._aside()
                if reopen is not None:
                    # There a second try, with another password, need not take the access point down.
                    reopen = *reopen[:2], quietly_shared(found, reopen[2])
                address = self._station.try_network(wanted, give_up_s)
            except BaseException:
                if reopen is not None:
                    self._reopen(*reopen)
                elif self._access_point is not None:
                    self._rest_unless_connected()
                raise
            if reopen is not None and self._side_by_side:
                self._reopen(*reopen)
            try:
                keeping.save(self._settings, wanted)
            except OSError as error:
                raise BoardError("failed", f"The network was joined but could not be kept: {error.strerror}.") from None
            return address

    def status(self):
        """The radio's part of Board.wifi_status. Asks nothing of a radio that is not set up yet."""
        kept, state, address = None, "disconnected" if self.is_there else "off", None
        with _Plainly(self):
            if self._station is None or not self.is_there:
                kept = keeping.load(self._settings)
            else:
                kept = self._station.network
                if not self._has_the_radio:
                    state, address = self._station.state()
            phones = self._access_point.phones() if self._access_point is not None else 0
        ssid = kept.ssid if kept is not None and state in ("joining", "joined") else b""
        return {
            "state": state,
            "ssid": ssid.decode(errors="replace"),
            "ssid_hex": ssid.hex(),
            "address": address,
            "access_point": self._access_point is not None and self._access_point.is_open,
            "phones": phones,
            "configured": kept is not None,
            "encrypts": self.encrypts,
        }

    def forget(self):
        """As Board.wifi_forget."""
        try:
            keeping.forget(self._settings)
        except OSError as error:
            raise BoardError("failed", f"The network could not be forgotten: {error.strerror}.") from None
        if self._station is not None:
            with _Plainly(self):
                self._station.forget()

    def ap_start(self, ssid, passphrase):
        """As Board.ap_start. A chip that cannot encrypt opens it without: encrypted, no phone could use it."""
        if not ssid:
            raise BoardError("bad-arguments", "An access point needs a name.")
        if passphrase and not is_passphrase(passphrase):
            raise BoardError("bad-arguments", "The passphrase of an access point has 8 to 63 characters.")
        with _Plainly(self):
            self._ready()
            passphrase = passphrase if self.encrypts else ""
            if self._access_point is not None:
                if (self._access_point.ssid, self._access_point.passphrase) == (ssid, passphrase):
                    return
                self._close_access_point()
            self._open(ssid, passphrase, None)

    def ap_stop(self):
        """As Board.ap_stop."""
        if self._access_point is not None:
            with _Plainly(self):
                self._close_access_point()
                self._station.resume()

    # The access point.

    @property
    def _has_the_radio(self):
        """Whether the access point leaves the station no radio."""
        return self._access_point is not None and self._access_point.interface == self._interface

    def _open(self, ssid, passphrase, frequency_mhz):
        used_mhz = self._station.frequency_mhz
        if used_mhz is None and not self._scan:
            try:
                self._scan = self._station.scan()
            except BoardError:
                pass  # then it does without
        frequency_mhz = used_mhz or frequency_mhz or quietly_shared(self._scan)
        if self._side_by_side:
            try:
                return self._open_beside(ssid, passphrase, frequency_mhz)
            except (BoardError, ControlError, OSError):
                self._close_access_point()
                # On a channel of its own it would have failed for the chip's sake; on the station's it may be the channel's.
                if used_mhz is None:
                    self._side_by_side = False
        if used_mhz is not None:
            raise BoardError("failed", "The radio is in use for the network that is joined.")
        self._station.pause()
        try:
            self._open_on(self._interface, self._control, ssid, passphrase, frequency_mhz)
        except BaseException:
            self._station.resume()
            raise

    def _open_beside(self, ssid, passphrase, frequency_mhz):
        self._rest_unless_connected()
        nl80211.remove(ACCESS_POINT_INTERFACE)  # left by a supervisor that was killed
        nl80211.add_access_point(self._interface, ACCESS_POINT_INTERFACE, nl80211.beside(links.hardware_address(self._interface)))
        self._ap_control = self._supplicant.add(ACCESS_POINT_INTERFACE)
        self._open_on(ACCESS_POINT_INTERFACE, self._ap_control, ssid, passphrase, frequency_mhz)

    def _open_on(self, interface, control, ssid, passphrase, frequency_mhz):
        free = subnet.free_subnet(links.networks(interface))
        opened = AccessPoint(interface, self._folder, free, self._captive_url, self._log, self._meanwhile)
        opened.open(control, ssid, passphrase, frequency_mhz)
        self._access_point = opened

    def _close_access_point(self):
        if self._access_point is not None:
            self._access_point.close()
            self._access_point = None
        if self._ap_control is not None:
            self._ap_control.close()
            self._ap_control = None
            self._supplicant.remove(ACCESS_POINT_INTERFACE)
        if self._side_by_side:
            try:
                nl80211.remove(ACCESS_POINT_INTERFACE)
            except OSError:
                pass  # it is removed before the next one is made

    def _aside(self):
        """Close the access point for a try. Returns what reopens it."""
        was = self._access_point
        self._close_access_point()
        self._station.resume()
        return was.ssid, was.passphrase, was.frequency_mhz

    def _reopen(self, ssid, passphrase, frequency_mhz):
        try:
            self._open(ssid, passphrase, frequency_mhz)
        except (BoardError, ControlError):
            pass  # it shows as closed, and whoever decides about it opens it again

    def _keep_apart(self):
        """Give an access point that a lease overlaps another network. Phones on it ask for a new address when it comes back."""
        if subnet.must_move(self._access_point.subnet, links.networks(self._access_point.interface)):
            self._reopen(*self._aside())
            self._dhcp.renew()
            self.moves += 1

    def _rest_when_lost(self, now_s):
        """A station that has lost its network while the access point is open rests too, after a moment to find it again."""
        if self._access_point is None or self._has_the_radio or self._station.is_connected:
            self._lost_s = None
        elif self._lost_s is None:
            self._lost_s = now_s
        elif now_s - self._lost_s >= LOST_REST_S:
            self._station.pause()

    def _rest_unless_connected(self):
        if not self._station.is_connected:
            self._station.pause()


class _Plainly:
    """Turns a daemon that does not answer into a BoardError."""

    def __init__(self, radio):
        self._radio = radio

    def __enter__(self):
        return self

    def __exit__(self, _kind, error, _trace):
        if isinstance(error, ControlError):
            self._radio._give_up()
            raise BoardError("failed", str(error)) from None


def quietly_shared(found, otherwise_mhz=DEFAULT_MHZ):
    """The frequency for an access point: that of the strongest network, for it is likely the one that will be joined."""
    fitting = [bss for bss in found if bss.frequency_mhz in CHANNELS_MHZ]
    return max(fitting, key=lambda bss: bss.signal_dbm).frequency_mhz if fitting else otherwise_mhz


def make_folder(path):
    """The folder for sockets and records, ours alone. Raises OSError."""
    os.makedirs(path, mode=0o700, exist_ok=True)
    os.chmod(path, 0o700)
