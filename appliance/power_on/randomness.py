"""Random numbers before anything draws some: the seed that the last start kept, and a new one for the next.

A seed is removed from the card before it is counted as random, so that no cut of power makes two starts draw the same numbers; without
one the kernel gathers its own. The image has none: it would be the same on every card.
Source: random(4) (RNDADDENTROPY), getrandom(2).
"""

import fcntl
import os
import stat
import struct
import time

from appliance.power_on.trouble import StepError

DEVICE = "/dev/urandom"
ADD_ENTROPY = 0x40085203
SEED_BYTES = 64
# The kernel's pool holds no more.
CREDIT_MAX_BITS = 256
READY_LIMIT_S = 20.0
_POLL_S = 0.05


def add_entropy(seed, bits, device=DEVICE):
    """Mix ``seed`` into the kernel's pool, counted as ``bits``. Raises OSError."""
    fd = os.open(device, os.O_WRONLY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(fd, ADD_ENTROPY, struct.pack("@ii", bits, len(seed)) + seed)
    finally:
        os.close(fd)


def fresh(count):
    """Random bytes, None while the kernel has none yet. Raises OSError."""
    try:
        return os.getrandom(count, os.GRND_NONBLOCK)
    except BlockingIOError:
        return None


def use_seed(path, add=add_entropy, draw=fresh):
    """Give the kernel the seed kept in ``path`` and keep a new one there. Raises StepError."""
    try:
        seed = take_seed(path)
        if seed:
            add(seed, min(8 * len(seed), CREDIT_MAX_BITS))
    except OSError as error:
        raise StepError(f"The random numbers kept by the last start could not be used: {error.strerror}.") from None
    new = draw(SEED_BYTES)
    if new is not None:
        keep_seed(path, new)


def take_seed(path):
    """The seed, gone from the card when this returns; empty without a whole one. Raises OSError."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    try:
        seed = os.read(fd, SEED_BYTES) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
    finally:
        os.close(fd)
    os.unlink(path)
    _sync_folder(path)
    # One cut short is not what was kept.
    return seed if len(seed) == SEED_BYTES else b""


def keep_seed(path, seed):
    """Write the seed of the next start, whole or not at all. Raises StepError."""
    try:
        fd = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, seed)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(f"{path}.new", path)
        _sync_folder(path)
    except OSError as error:
        raise StepError(f"No random numbers could be kept for the next start: {error.strerror}.") from None


def await_ready(path=None, limit_s=READY_LIMIT_S, draw=fresh):
    """Wait until the kernel has random numbers; keep a seed in ``path`` if none could be before. Raises StepError."""
    give_up_s = time.monotonic() + limit_s
    while (new := draw(SEED_BYTES)) is None:
        if time.monotonic() >= give_up_s:
            raise StepError(
                f"The kernel has gathered no random numbers in {limit_s:.0f} s. The node waits for them before it makes keys; "
                "traffic on a cable or on Wi-Fi brings them sooner."
            )
        time.sleep(_POLL_S)
    if path is not None and not os.path.exists(path):
        keep_seed(path, new)


def _sync_folder(path):
    fd = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
