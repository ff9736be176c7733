"""Resident memory of a program under qemu's user mode, without qemu's own: the pages that lie in the guest's 4 GiB.

qemu maps the guest's files and memory page for page, as the kernel would for the guest itself; its own code, its translations and
its heap lie elsewhere. What differs from a real board: code counts once it was read for translation, not only run, and the kernel reads
files ahead by its own pages of 4 KiB, as a 32-bit kernel does.
"""

import re
from pathlib import Path

from tests.bench.arm.userland import GUEST_BASE

GUEST_BYTES = 1 << 32
_MAPPING = re.compile(r"([0-9a-f]+)-[0-9a-f]+ \S{4} ")


def guest_rss(pid):
    """(bytes of files, other bytes) that are resident in the guest's address space."""
    files = other = 0
    inside = False
    fields = {}
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        found = _MAPPING.match(line)
        if found:
            inside = GUEST_BASE <= int(found[1], 16) < GUEST_BASE + GUEST_BYTES
            continue
        name, _, value = line.partition(":")
        if inside and name in ("Rss", "Anonymous"):
            fields[name] = int(value.split()[0]) * 1024
            if name == "Anonymous":
                files += fields["Rss"] - fields["Anonymous"]
                other += fields["Anonymous"]
    return files, other
