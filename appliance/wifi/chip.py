"""Whether the radio's chip can encrypt as an access point.

BCM43430 revision 2 (some Zero 2 W) cannot: phones join such a network and then get no frame, while an open one works. Its identity on
the bus is that of revision 1, which can; only the driver's line in the kernel's log tells them apart.
Source: Linux drivers/net/wireless/broadcom/brcm80211/brcmfmac (brcmf_fw_alloc_request), Documentation/ABI/testing/dev-kmsg.
"""

import os

KERNEL_LOG = "/dev/kmsg"
LINE_MAX_BYTES = 8192
LINES_MAX = 20_000
# Kept for a supervisor that starts anew when the kernel's log has gone on.
NOTE = "access-point-open"
CANNOT_ENCRYPT = (b"BCM43430/2",)


def names_such_a_chip(line):
    """Whether a line of the kernel's log says that the radio has a chip that cannot encrypt as an access point."""
    head, mark, chip = line.split(b"\n", 1)[0].partition(b" for chip ")
    return mark != b"" and b";brcmfmac: " in head and chip.strip() in CANNOT_ENCRYPT


def encrypts(folder, log=KERNEL_LOG):
    """Whether our access point can be encrypted. To be asked once the radio is there; a log that cannot be read says nothing.

    folder: under /run, for the note.
    """
    note = os.path.join(folder, NOTE)
    if os.path.exists(note):
        return False
    if not any(names_such_a_chip(line) for line in _lines(log)):
        return True
    try:
        os.close(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        pass  # it is asked again
    return False


def _lines(path):
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        for _ in range(LINES_MAX):
            try:
                line = os.read(fd, LINE_MAX_BYTES)
            except BrokenPipeError:
                continue  # what came next was overwritten meanwhile
            if not line:
                return
            yield line
    except OSError:
        return  # the end, for now
    finally:
        os.close(fd)
