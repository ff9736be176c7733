"""A lamp that shows which device this is (/sys/class/leds). It blinks as often as ``tick`` is called, four times a second."""

import time

SYS_LEDS = "/sys/class/leds"
TEXT_MAX_BYTES = 4096


class Lamp:
    """The lamp ``name``. Afterwards it is again what it was before (a sign of disk activity, say)."""

    def __init__(self, name, folder=SYS_LEDS, clock=time.monotonic):
        self._folder = f"{folder}/{name}"
        self._clock = clock
        self._until_s = None
        self._before = ""
        self._lit = False

    @property
    def is_blinking(self):
        """Whether it blinks."""
        return self._until_s is not None

    def blink(self, seconds):
        """Begin. Raises OSError."""
        if not self.is_blinking:
            self._before = chosen_trigger(self._read("trigger"))
            self._write("trigger", "none")
        self._until_s = self._clock() + seconds

    def tick(self):
        """Time has passed. A lamp that is gone blinks no longer."""
        if not self.is_blinking:
            return
        try:
            if self._clock() < self._until_s:
                self._lit = not self._lit
                self._write("brightness", "255" if self._lit else "0")
                return
            self._until_s = None
            self._write("brightness", "0")
            if self._before:
                self._write("trigger", self._before)
        except OSError:
            self._until_s = None

    def _read(self, name):
        with open(f"{self._folder}/{name}", "rb") as file:
            return file.read(TEXT_MAX_BYTES).decode(errors="replace")

    def _write(self, name, text):
        with open(f"{self._folder}/{name}", "w") as file:
            file.write(text)


def chosen_trigger(text):
    """The trigger in brackets of a lamp's ``trigger`` file, "" without one."""
    return text.partition("[")[2].partition("]")[0]
