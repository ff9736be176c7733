"""wpa_supplicant's control socket: one request and its answer at a time, events in between.

Unix datagrams (wpa_ctrl(3)): the daemon answers to the address our socket is bound to. A time-out closes the socket, so that an
answer which comes late is never taken for that of the next request.
"""

import _socket as socket  # as in wifi/links.py
import os
import select
import time
from collections import deque

from appliance.wifi.replies import REPLY_MAX_BYTES, event, is_event

EVENTS_MAX = 256
ASK_LIMIT_S = 5.0


class ControlError(Exception):
    """The daemon did not answer; the text says what was asked without its arguments, which may hold a password."""


class Control:
    """A connection to one of the daemon's sockets.

    Args:
        path: the daemon's socket.
        own_path: ours; made anew.
        hears: whether to ask for events.

    Raises ControlError.
    """

    def __init__(self, path, own_path, hears=False):
        self._events = deque(maxlen=EVENTS_MAX)
        self._own_path = own_path
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            _remove(own_path)
            self._sock.bind(own_path)
            self._sock.connect(path)
            self._sock.setblocking(False)
        except OSError as error:
            self.close()
            raise ControlError(f"wpa_supplicant cannot be reached: {error.strerror}.") from None
        if hears and not self.ask("ATTACH"):
            self.close()
            raise ControlError("wpa_supplicant does not report what happens.")

    def fileno(self):
        """Readable when there may be an event."""
        return self._sock.fileno()

    def close(self):
        """End the connection; more than once is no error."""
        self._sock.close()
        _remove(self._own_path)

    def request(self, command, limit_s=ASK_LIMIT_S):
        """The answer (bytes) to a command (text). Raises ControlError."""
        verb = command.partition(" ")[0]
        give_up_s = time.monotonic() + limit_s
        try:
            self._receive_events()
            self._sock.send(command.encode())
            while True:
                left_s = give_up_s - time.monotonic()
                if left_s <= 0:
                    raise ControlError(f"wpa_supplicant did not answer {verb} within {limit_s:.0f} seconds.")
                select.select([self._sock], [], [], left_s)
                packet = self._packet()
                if packet is not None and not self._kept_event(packet):
                    return packet
        except (OSError, ValueError) as error:
            self.close()
            raise ControlError(f"wpa_supplicant did not answer {verb}: {getattr(error, 'strerror', None) or 'closed'}.") from None
        except ControlError:
            self.close()
            raise

    def ask(self, command, limit_s=ASK_LIMIT_S):
        """Whether the daemon said OK to a command. Raises ControlError."""
        return self.request(command, limit_s).strip() == b"OK"

    def events(self, patience_s=0.0):
        """The events since the last call; waits up to ``patience_s`` for the first. Raises ControlError."""
        try:
            if not self._events and patience_s > 0:
                select.select([self._sock], [], [], patience_s)
            self._receive_events()
        except (OSError, ValueError):
            self.close()
            raise ControlError("The connection to wpa_supplicant broke.") from None
        found = list(self._events)
        self._events.clear()
        return found

    def _receive_events(self):
        for _ in range(EVENTS_MAX):
            packet = self._packet()
            if packet is None:
                return
            self._kept_event(packet)

    def _packet(self):
        try:
            return self._sock.recv(REPLY_MAX_BYTES)
        except (BlockingIOError, InterruptedError):
            return None

    def _kept_event(self, packet):
        if is_event(packet):
            self._events.append(event(packet))
            return True
        return False


def _remove(path):
    try:
        os.unlink(path)
    except OSError:
        pass
