"""Compressed swap in memory, and the kernel's settings.

Source: Linux Documentation/admin-guide/blockdev/zram.rst, sysctl/vm.rst, sysctl/kernel.rst, networking/ip-sysctl.rst; swapon(2).
"""

import os

from appliance.power_on.programs import run
from appliance.power_on.trouble import StepError

MIB = 1024 * 1024
ZRAM = "zram0"
SWAP_FLAG_PREFER, PRIORITY = 0x8000, 100
ALGORITHM = "lz4"  # the fastest one; ARMv6 does not compress 20 MB/s with the others
SWAPS_MAX_BYTES = 65_536

KERNEL_SETTINGS = {
    # A kernel that fails restarts, which is also what brings the old slot back.
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    # Addresses of the kernel and its messages are root's.
    "kernel/kptr_restrict": "2",
    "kernel/dmesg_restrict": "1",
    "fs/protected_symlinks": "1",
    "fs/protected_hardlinks": "1",
    # Swap is memory: fetching it again costs less than reading the card, and reading ahead gains nothing.
    "vm/swappiness": "100",
    "vm/page-cluster": "0",
    # A card takes a few MB/s: more waiting than this would hold up whoever commits.
    "vm/dirty_background_bytes": str(2 * MIB),
    "vm/dirty_bytes": str(8 * MIB),
    # Drivers take memory without waiting.
    "vm/min_free_kbytes": "4096",
}


DNS_PORT = 53


def apply_settings(port, folder="/proc/sys"):
    """Apply KERNEL_SETTINGS, and let the node, which is not root, open ``port`` and that of DNS. All are tried. Raises StepError."""
    refused = []
    for name, value in {**KERNEL_SETTINGS, "net/ipv4/ip_unprivileged_port_start": str(min(port, DNS_PORT))}.items():
        try:
            _write(f"{folder}/{name}", value)
        except OSError as error:
            refused.append(f"{name.replace('/', '.')} ({error.strerror})")
    if refused:
        raise StepError(f"The kernel did not take these settings: {', '.join(refused)}.")


def start_zram(size_mib, sys="/sys", dev="/dev", swaps="/proc/swaps"):
    """Swap to compressed memory of at most ``size_mib`` uncompressed. Raises StepError."""
    device, block = f"{dev}/{ZRAM}", f"{sys}/block/{ZRAM}"
    try:
        if not size_mib or _is_swap(device, swaps):
            return
        if not os.path.isdir(block):
            raise StepError("The kernel has no compressed swap (zram).")
        # A size stays until a reset; one set by a start that was cut off would refuse another.
        _write(f"{block}/reset", "1")
        try:
            _write(f"{block}/comp_algorithm", ALGORITHM)
        except OSError:
            pass  # whichever the kernel has
        _write(f"{block}/disksize", str(size_mib * MIB))
    except OSError as error:
        raise StepError(f"The compressed swap could not be set up: {error.strerror}.") from None
    if run(["mkswap", device]) != 0:
        raise StepError("The compressed swap could not be prepared.")
    _swap_on(device)


def _is_swap(device, swaps):
    with open(swaps, "rb") as file:
        return any(line.split()[:1] == [device.encode()] for line in file.read(SWAPS_MAX_BYTES).splitlines())


def _swap_on(device):
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.swapon(device.encode(), SWAP_FLAG_PREFER | PRIORITY) != 0:
        raise StepError(f"The compressed swap could not be used: {os.strerror(ctypes.get_errno())}.")


def _write(path, text):
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
