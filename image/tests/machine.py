"""An emulated board: it starts from a card file, resets as a board does, and loses power when told to."""

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from image.tests.line_log import LineLog
from image.tests.monitor import Monitor, MonitorError
from image.tests.raspberry_firmware import TRIAL_MARK

STOP_LIMIT_S = 20
PROBE_LIMIT_S = 5
POLL_S = 0.1
# A board that resets more often than this while something is awaited will not get there.
STARTS_MAX = 12
# Handed to the shell that the kernel starts instead of init: a root shell on the serial console beside the system as it is.
_WITH_SHELL = 'init=/bin/sh -- -c "{ while :; do sh </dev/console >/dev/console 2>&1; sleep 1; done; } & exec /sbin/init"'
_BARE_SHELL = 'init=/bin/sh -- -c "echo {mark}; exec sleep 999999"'
SHELL_MARK = "bare-shell-reached"


class MachineError(Exception):
    """The machine did not do what was awaited; the message has the end of its serial console."""


class Machine:
    """A board in QEMU; a context manager. Subclasses say how QEMU emulates it.

    card: Card, changed by what runs; folder: for logs and boot files; firmware: what chooses the slot.
    ``shell`` True gives the next start a root shell on the serial console, ``bare`` starts nothing but a shell; without ``cable`` it has
    no wired network, and nothing outside reaches it.
    ``timed`` True means that the next start is measured, and emulated as fast as can be.
    """

    program = "qemu-system-arm"
    kernel_arguments = "leither.watchdog=off"

    def __init__(self, card, folder, firmware, port=None):
        self.card, self.firmware = card, firmware
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.shell = self.bare = self.timed = False
        self.cable = True
        self.starts = []  # the BootPlan of each
        self.process = self.monitor = self.log = self.trouble = None
        self._trial = False
        self._asked = 0

    def hardware(self):
        """QEMU's arguments for board, card and network."""
        raise NotImplementedError

    def network(self, *arguments):
        """QEMU's arguments for the wired network; those given name the card of it. Forwarded from loopback only: nobody else reaches it."""
        if not self.cable:
            return ["-nic", "none"]
        return ["-netdev", f"user,id=net0,hostfwd=tcp:127.0.0.1:{self.port}-:80", *arguments]

    @property
    def url(self):
        """Where the device's portal is reached from here."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self):
        """Power on: the firmware chooses, the kernel runs."""
        if shutil.which(self.program) is None:
            raise MachineError(f"{self.program} is not installed. Install Debian's package qemu-system-arm.")
        trial, self._trial = self._trial, False
        plan = self.firmware.plan(self.card, self.folder, trial, self._arguments())
        self.starts.append(plan)
        path = self.folder / "monitor"
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        # A path longer than a socket's name may be is reached through the descriptor of its folder.
        folder_fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            command = [
                self.program, *self.hardware(), *(["-kernel", str(plan.kernel), "-append", plan.command_line] if plan.kernel else []),
                *(["-dtb", str(plan.device_tree)] if plan.device_tree else []),
                *(["-initrd", str(plan.initramfs)] if plan.initramfs else []),
                "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-d", "unimp",
                "-qmp", f"unix:/proc/self/fd/{folder_fd}/monitor,server=on,wait=off",
            ]  # fmt: skip
            self.started_s = time.monotonic()
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[folder_fd], start_new_session=True
            )
            self.log = LineLog(os.dup(self.process.stdout.fileno()), self.folder / "serial.log")
            self.trouble = LineLog(os.dup(self.process.stderr.fileno()), watch=TRIAL_MARK)
            if plan.kernel is None:
                plan.log = self.log
            self.process.stdout.close()
            self.process.stderr.close()
            try:
                self.monitor = Monitor(f"/proc/self/fd/{folder_fd}/monitor", self.process)
            except MonitorError as error:
                self.kill()
                raise MachineError(f"{error}\n{self.trouble.tail()}") from None
        finally:
            os.close(folder_fd)
        return self

    def kill(self):
        """Cut the power: QEMU ends at once, and what it had not written yet is lost."""
        if self.process is not None:
            self.process.kill()
            self._ended()

    def stop(self):
        """End it in order of politeness."""
        if self.process is None:
            return
        with contextlib.suppress(MonitorError):
            self.monitor.order("quit")
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._ended()

    def press_power_button(self):
        """Ask the guest to power off, where the machine has a button."""
        self.monitor.order("system_powerdown")

    def wait(self, reached, limit_s, what):
        """The first true result of ``reached()``; the board starts again by itself whenever it resets. Raises MachineError.

        limit_s: seconds; what: end of the sentence "The machine did not ...".
        """
        deadline, last = time.monotonic() + limit_s, len(self.starts) + STARTS_MAX
        while True:
            self.keep_running(last)
            result = reached()
            if result:
                return result
            if time.monotonic() > deadline:
                raise MachineError(f"The machine did not {what} within {limit_s} s. Its serial console ends with:\n{self.log.tail()}")
            time.sleep(POLL_S)

    def keep_running(self, starts_max=None):
        """Start again after a reset, as a board does. Raises MachineError when it was no reset."""
        if self.process is None:
            raise MachineError("The machine has no power.")
        if not self.has_reset():
            return
        said = self.log.tail()
        self._trial = self.trouble.watched or self._trial
        if starts_max is not None and len(self.starts) >= starts_max:
            raise MachineError(f"The machine resets over and over. Its serial console ends with:\n{said}")
        self.start()

    def has_reset(self):
        """Whether the guest has reset the board since its start. Raises MachineError if it has ended otherwise."""
        if self.process.poll() is None:
            return False
        trouble, said = self.trouble, self.log
        reason = self._ended()
        if reason != "guest-reset":
            raise MachineError(f"QEMU has ended: {reason}. It said:\n{trouble.tail()}\nThe serial console ends with:\n{said.tail()}")
        return True

    def wait_for_portal(self, limit_s):
        """Seconds from the last power-on until the portal answered."""
        self.wait(self.answers, limit_s, "answer as a portal")
        return time.monotonic() - self.started_s

    def wait_for_reset(self, limit_s):
        """Wait until the guest has reset, and start it again."""
        count = len(self.starts)
        self.wait(lambda: len(self.starts) > count, limit_s, "reset")

    def wait_for_line(self, pattern, limit_s):
        """The Line of the serial console, of this start, that the regular expression finds. Raises MachineError."""
        line = self.log.wait_for(pattern, limit_s)
        if line is None:
            raise MachineError(f"The serial console did not say {pattern!r} within {limit_s} s. It ends with:\n{self.log.tail()}")
        return line

    def answers(self):
        """Whether the portal answers now."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PROBE_LIMIT_S)
        try:
            connection.request("GET", "/device")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def run(self, command, limit_s=60):
        """(exit status, output) of a shell command in the guest, which was started with ``shell``. Raises MachineError."""
        self._asked += 1
        since, mark = self.log.count, f"asked-{self._asked}"
        # The marks are put together by the shell, so that its echo of the command is not taken for the answer.
        self.type(
            f"stty -echo 2>/dev/null; echo; echo begin''-{mark}; {{ {command}\n}} 2>&1; s=$?; echo; echo end''-{mark} $s"
        )
        end = self.log.wait_for(rf"end-{mark} \d+", limit_s, since)
        if end is None:
            raise MachineError(f"The guest's shell did not answer within {limit_s} s. The serial console ends with:\n{self.log.tail()}")
        said = [line.text for line in self.log.since(since) if line.number < end.number]
        begin = next((number for number, text in enumerate(said) if text.endswith(f"begin-{mark}")), -1)
        # What was echoed, and lines of the kernel, which shares the console.
        lines = [text for text in said[begin + 1 :] if not text.startswith("[")]
        return int(end.text.rsplit(" ", 1)[1]), "\n".join(lines).strip()

    def type(self, text):
        """Type a line on the serial console. Raises MachineError."""
        try:
            self.process.stdin.write(text.encode() + b"\n")
            self.process.stdin.flush()
        except (OSError, AttributeError):
            raise MachineError("The machine is off.") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _arguments(self):
        words = [self.kernel_arguments]
        if self.bare:
            words.append(_BARE_SHELL.format(mark=SHELL_MARK))
        elif self.shell:
            words.append(_WITH_SHELL)
        return " ".join(words)

    def _ended(self):
        """Tidy up after the process; why it ended."""
        self.process.wait()
        for log in (self.log, self.trouble):
            log.join()
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        reason = None
        if self.monitor is not None:
            self.monitor.read_to_end()
            reason = self.monitor.end_reason
        self.process = self.monitor = None
        return reason or "without a reason"


def free_port():
    """A port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
