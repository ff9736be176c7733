"""The real board: Wi-Fi and cables, slots, clock, lamp and restart of the device that /etc/leither/board.json describes.

One lock: the supervisor's worker thread carries out verbs, its loop restarts, and the keeper thread of this module looks after
the programs in between. Whatever waits in a verb lets the lamp blink and the cables be followed.
"""

import _thread  # as in the supervisor's worker: threading alone costs 0.8 MB
import os
import time

from appliance.board import Board, BoardError, board_file, machine
from appliance.board.lamp import Lamp
from appliance.wifi.radio import Radio, make_folder
from appliance.wifi.wired import Wired

KEEPER_STEP_S = 1.0
BLINK_STEP_S = 0.25
STACK_BYTES = 512 * 1024
# A page asks how things are every second: it gets the last known answer rather than wait for a verb.
LOOK_LIMIT_S = 1.0
# The loop cannot wait for a verb that hangs.
LAST_LIMIT_S = 3.0
# The driver of a radio loads its firmware for some seconds; until then it is not called missing.
RADIO_APPEARS_S = 30.0
MOUNTED = ("/data", "/state")
LOG_FOLDER_VARIABLE = "LEITHER_WIFI_LOG"


class DeviceBoard(Board):
    """The board.

    Args:
        settings: what board_file.read() gives.
        radio: Radio or None, wired: Wired, lamp: Lamp or None.
        open_slots: function of kind and disk, for tests.
    """

    name = "device"
    is_device = True

    def __init__(self, settings, radio, wired, lamp, open_slots=None):
        self._settings = settings
        self._radio = radio
        self._wired = wired
        self._lamp = lamp
        self._open_slots = open_slots
        self._lock = _thread.RLock()
        self._born_s = time.monotonic()
        self._closed = False
        self._reboot_argument = None
        self._last_look = None

    @classmethod
    def from_file(cls, path=board_file.PATH):
        """The board of this machine, looked after from now on. Raises BoardError bad-board-file, failed."""
        settings = board_file.read(path)
        folder = settings["run_folder"]
        try:
            make_folder(folder)
        except OSError as error:
            raise BoardError("failed", f"The folder {folder} cannot be made: {error.strerror}.") from None
        logs = os.environ.get(LOG_FOLDER_VARIABLE)

        def log(name):
            return os.path.join(logs, f"{name}.log") if logs else None

        lamp = Lamp(settings["led"]) if settings["led"] else None
        wired = Wired(settings["wired"], folder, settings["resolv"], log)

        def meanwhile():
            wired.tick()
            if lamp is not None:
                lamp.tick()

        radio = None
        if settings["radio"]:
            radio = Radio(
                settings["radio"], folder, settings["wifi_folder"], settings["resolv"], settings["country"], settings["captive_url"],
                settings["radio_turns"], log, meanwhile,
            )  # fmt: skip
        board = cls(settings, radio, wired, lamp)
        _thread.stack_size(STACK_BYTES)
        _thread.start_new_thread(board._keep, ())
        return board

    # The keeper.

    def _keep(self):
        while True:
            with self._lock:
                if self._closed:
                    return
                try:
                    self.tick()
                except Exception:
                    pass  # it is tried again in a second; a defect here must not end the supervisor
            time.sleep(BLINK_STEP_S if self._lamp is not None and self._lamp.is_blinking else KEEPER_STEP_S)

    def tick(self):
        """Look after everything once."""
        if self._lamp is not None:
            self._lamp.tick()
        try:
            self._wired.tick()
        except BoardError:
            pass  # udhcpc is missing: the Wi-Fi says so when asked
        if self._radio is not None:
            moves = self._radio.moves
            self._radio.tick()
            if self._radio.moves != moves:
                self._wired.renew()

    def close(self):
        """End our programs. A verb that hangs is not waited for."""
        got = self._lock.acquire(timeout=LAST_LIMIT_S)
        self._closed = True
        try:
            if self._radio is not None:
                self._radio.close()
            self._wired.stop()
        finally:
            if got:
                self._lock.release()

    # Wi-Fi.

    def wifi_scan(self):
        with self._lock:
            return self._wifi("look for Wi-Fi networks").scan()

    def wifi_join(self, ssid, passphrase, hidden):
        with self._lock:
            return self._wifi("join a Wi-Fi network").join(ssid, passphrase, hidden)

    def wifi_status(self):
        if self._last_look is not None and not self._lock.acquire(timeout=LOOK_LIMIT_S):
            return self._last_look
        if self._last_look is None:
            self._lock.acquire()
        try:
            self._last_look = self._look()
        finally:
            self._lock.release()
        return self._last_look

    def _look(self):
        if self._radio is None:
            seen = {"state": "off", "ssid": "", "ssid_hex": "", "address": None, "access_point": False, "phones": 0, "configured": False}
            seen["encrypts"] = True
        else:
            seen = self._radio.status()
            if seen["state"] == "off" and time.monotonic() - self._born_s < RADIO_APPEARS_S:
                seen["state"] = "disconnected"
        return {**seen, "wired": self._wired.address is not None, "cable": self._wired.is_plugged}

    def wifi_forget(self):
        with self._lock:
            self._wifi("forget a Wi-Fi network").forget()

    def ap_start(self, ssid, passphrase):
        with self._lock:
            self._wifi("open an access point").ap_start(ssid, passphrase)

    def ap_stop(self):
        with self._lock:
            if self._radio is not None:
                self._radio.ap_stop()

    def _wifi(self, what):
        if self._radio is None:
            raise BoardError("unsupported", f"This board has no radio and cannot {what}.")
        return self._radio

    # The system.

    def switch_slot(self, slot, trial):
        slots, slot_error = self._slots()
        try:
            if not trial and slot == slots.running:
                slots.commit()
                self._reboot_argument = None
            elif not trial and slot != slots.committed:
                raise BoardError("not-tried", "Only a system that has been tried for one start can be kept.")
            else:
                self._reboot_argument = slots.try_next(slot)
        except slot_error as error:
            raise BoardError(error.code, str(error)) from None
        return {"running": slots.running, "next": slot, "trial": trial}

    def _slots(self):
        kind, disk = self._settings["slots"], self._settings["disk"]
        if not kind or not disk:
            raise BoardError("unsupported", "This board cannot switch its system slot.")
        from appliance.slots import SlotError, open_slots

        try:
            return (self._open_slots or open_slots)(kind, disk), SlotError
        except SlotError as error:
            raise BoardError(error.code, str(error)) from None

    def set_time(self, time_s):
        try:
            time.clock_settime(time.CLOCK_REALTIME, time_s)
        except OSError as error:
            raise BoardError("failed", f"The clock could not be set: {error.strerror}.") from None

    def identify(self, seconds):
        if self._lamp is None:
            raise BoardError("unsupported", "This board has no lamp to show where it is.")
        try:
            with self._lock:
                self._lamp.blink(seconds)
        except OSError as error:
            raise BoardError("failed", f"The lamp cannot be used: {error.strerror}.") from None
        return {"ok": True, "seconds": seconds}

    def temperature(self):
        return machine.temperature()

    def info(self):
        said = {"board": self._settings["name"], "is_device": True}
        try:
            slots, _ = self._slots()
            said.update(slot=slots.running, committed_slot=slots.committed, is_trial=slots.is_trial)
        except (BoardError, ImportError):
            pass  # a board without slots
        return said

    def forget_settings(self):
        got = self._lock.acquire(timeout=LAST_LIMIT_S)
        try:
            if self._radio is not None:
                self._radio.forget()
        finally:
            if got:
                self._lock.release()

    def reboot(self):
        self.close()
        machine.go_down(MOUNTED, self._reboot_argument)
