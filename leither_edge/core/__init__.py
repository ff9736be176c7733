"""Floor 1: pure rules. No I/O, no clock, no randomness; runs under CPython and MicroPython alike."""
