"""What the hardware can do for the node: one interface, one implementation a board."""

__all__ = ["Board", "BoardError", "open_board"]


class BoardError(Exception):
    """A privileged verb that was not carried out.

    Args:
        code: short machine-readable reason, for example "wrong-password".
        message: one plain sentence for a person.
    """

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


def _unsupported(what):
    return BoardError("unsupported", f"This board cannot {what}.")


class Board:
    """The verbs a board may carry out. Every method may block: the supervisor calls all but the last two on its worker thread.

    The base class is a board that can do nothing, so that a real one only writes what its hardware has.
    """

    name = "none"
    is_device = False  # True: privileges are dropped, the hardware watchdog is used

    def wifi_scan(self):
        """Networks in reach, strongest first: ssid, ssid_hex, signal_dbm, security ("open|wep|wpa2|wpa3"), channel."""
        raise _unsupported("look for Wi-Fi networks")

    def wifi_join(self, ssid, passphrase, hidden):
        """Join a network and keep its settings only if that worked.

        Args:
            ssid: bytes, 1 to 32.
            passphrase: text, empty for an open network.
            hidden: whether the network does not announce its name.

        Returns the address got. Raises BoardError wrong-password, not-found, no-address, timeout or unsupported.
        """
        raise _unsupported("join a Wi-Fi network")

    def wifi_status(self):
        """State ("off|disconnected|joining|joined"), ssid and address of the station, and what else decides about the access point.

        access_point: whether ours is open, whoever closed it; phones: how many are attached to it; configured: whether settings of
        a network are kept; wired: whether a cable connects the board; cable: whether one is plugged in, whatever it leads to;
        encrypts: whether our access point can be encrypted, which a few chips cannot.
        A station with settings kept joins by itself as soon as the network and the radio are there; while the access point has the
        radio, it may not.
        """
        raise _unsupported("tell the state of its Wi-Fi")

    def wifi_forget(self):
        """Leave the network and forget its settings."""
        raise _unsupported("forget a Wi-Fi network")

    def ap_start(self, ssid, passphrase):
        """Open the access point; an empty passphrase, or a chip that cannot encrypt it, opens it unencrypted."""
        raise _unsupported("open an access point")

    def ap_stop(self):
        """Close the access point; not an error when it is closed."""
        raise _unsupported("close an access point")

    def switch_slot(self, slot, trial):
        """Boot ``slot`` ("a" or "b") next; with ``trial`` for one boot only."""
        raise _unsupported("switch its system slot")

    def set_time(self, time_s):
        """Set the system clock, Unix seconds."""
        raise _unsupported("set its clock")

    def identify(self, seconds):
        """Blink for ``seconds``; returns at once."""
        raise _unsupported("show where it is")

    def temperature(self):
        """Degrees Celsius of the processor, or None where there is no sensor."""
        return None

    def info(self):
        """Name of the board and whether it is a device of ours."""
        return {"board": self.name, "is_device": self.is_device}

    def forget_settings(self):
        """Forget what the board itself keeps (Wi-Fi), as part of a factory reset. May be called again after a power cut."""

    def reboot(self):
        """Restart the machine. A board that returns from it without going down has its node restarted instead."""

    def close(self):
        """The supervisor ends: end what was started for the board."""


def open_board(name):
    """The board called ``name``. Raises BoardError unknown-board."""
    if name == "fake":
        from appliance.board.fake import FakeBoard

        return FakeBoard.from_environment()
    if name == "device":
        from appliance.board.device import DeviceBoard

        return DeviceBoard.from_file()
    raise BoardError("unknown-board", f'There is no board called "{name}"; known: fake, device.')
