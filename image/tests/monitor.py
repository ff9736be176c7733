"""QEMU's monitor: orders to a running machine, and why it ended. Source: QEMU Machine Protocol Specification."""

import json
import socket
import time

MESSAGE_MAX_BYTES = 1 << 20
CONNECT_LIMIT_S = 20
ANSWER_LIMIT_S = 20


class MonitorError(Exception):
    """QEMU refused an order, or is gone."""


class Monitor:
    """A connection to QEMU's monitor; not for use by several threads.

    path: of the Unix socket; process: the Popen of QEMU, so that one that ended at once is not waited for.
    """

    def __init__(self, path, process):
        self.end_reason = None
        self._rest = b""
        deadline = time.monotonic() + CONNECT_LIMIT_S
        while True:
            self._socket = socket.socket(socket.AF_UNIX)
            try:
                self._socket.connect(str(path))
                break
            except OSError as error:
                self._socket.close()
                if process.poll() is not None or time.monotonic() > deadline:
                    raise MonitorError(f"QEMU's monitor cannot be reached: {error.strerror}") from None
                time.sleep(0.02)
        self._socket.settimeout(ANSWER_LIMIT_S)
        self._message()
        self.order("qmp_capabilities")

    def order(self, name, **arguments):
        """What QEMU returns for an order. Raises MonitorError."""
        try:
            self._socket.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        except OSError as error:
            raise MonitorError(f"QEMU is gone: {error.strerror}") from None
        while True:
            message = self._message()
            if message is None:
                raise MonitorError("QEMU is gone")
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise MonitorError(message["error"].get("desc", "refused"))

    def read_to_end(self):
        """Take what QEMU said before it ended; ``end_reason`` is then guest-reset, guest-shutdown, host-signal ... or None."""
        try:
            while self._message() is not None:
                pass
        finally:
            self._socket.close()

    def _message(self):
        while b"\n" not in self._rest:
            try:
                data = self._socket.recv(65_536)
            except OSError:
                data = b""
            if not data or len(self._rest) > MESSAGE_MAX_BYTES:
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        message = json.loads(line)
        if message.get("event") == "SHUTDOWN":
            self.end_reason = message["data"].get("reason")
        return message
