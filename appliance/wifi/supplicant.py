"""The one wpa_supplicant, its global socket, and the interfaces it looks after."""

import os
import time

from appliance.board import BoardError
from appliance.wifi.control import Control, ControlError
from appliance.wifi.programs import Program

START_LIMIT_S = 8.0
START_POLL_S = 0.05
ADD_LIMIT_S = 10.0


class Supplicant:
    """wpa_supplicant without a configuration file: everything is said over its sockets, so no password is in a file of its.

    Args:
        folder: for sockets and records, under /run: sockets do not work on every file system.
        log: function of a program's name to the path of its log or None.
    """

    def __init__(self, folder, log=lambda name: None):
        self._folder = folder
        self._sockets = os.path.join(folder, "wpa")
        self._global_path = os.path.join(folder, "wpa-global")
        self._program = Program(["wpa_supplicant", "-g", self._global_path], os.path.join(folder, "wpa.pid"), None, log("wpa_supplicant"))
        self._global = None

    @property
    def is_running(self):
        """Whether it can be talked to."""
        return self._global is not None and self._program.is_running()

    def start(self):
        """Start it unless it runs; waits for it. Raises BoardError, ControlError."""
        if self.is_running:
            return
        self.close_socket()
        if not self._program.is_running():
            _remove(self._global_path)
            self._program.start()
        give_up_s = time.monotonic() + START_LIMIT_S
        while True:
            try:
                self._global = Control(self._global_path, os.path.join(self._folder, "global"))
                return
            except ControlError:
                if time.monotonic() >= give_up_s or not self._program.is_running():
                    self._program.stop()
                    raise
            time.sleep(START_POLL_S)

    def add(self, interface):
        """Look after an interface. Returns its Control. Raises ControlError when the daemon or the radio cannot."""
        if self._global is None:
            raise ControlError("wpa_supplicant does not run.")
        command = f"INTERFACE_ADD {interface}\t\tnl80211\t{self._sockets}"
        if not self._global.ask(command, ADD_LIMIT_S):
            raise ControlError(f"wpa_supplicant cannot use the interface {interface}.")
        return Control(os.path.join(self._sockets, interface), os.path.join(self._folder, f"own.{interface}"), hears=True)

    def remove(self, interface):
        """Look after it no longer. Raises ControlError."""
        if self._global is not None:
            self._global.ask(f"INTERFACE_REMOVE {interface}", ADD_LIMIT_S)

    def close_socket(self):
        """Drop the connection to it."""
        if self._global is not None:
            self._global.close()
            self._global = None

    def stop(self):
        """End it."""
        self.close_socket()
        self._program.stop()


def network(control, settings):
    """Add a network with these (name, value) settings, still disabled. Returns its number (text).

    Raises BoardError unsupported when the daemon refuses a setting. Raises ControlError.
    """
    number = control.request("ADD_NETWORK").strip().decode(errors="replace")
    if not number.isdecimal():
        raise ControlError("wpa_supplicant takes no network.")
    for name, value in settings:
        if not control.ask(f"SET_NETWORK {number} {name} {value}"):
            control.ask(f"REMOVE_NETWORK {number}")
            raise BoardError("unsupported", f"The radio's program does not accept this network ({name}).")
    return number


def _remove(path):
    try:
        os.unlink(path)
    except OSError:
        pass
