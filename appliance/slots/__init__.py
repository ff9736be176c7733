"""The two systems of a card: which one runs, which one is kept, and one start on trial."""

__all__ = ["SLOTS", "SlotError", "Slots", "open_slots", "other"]

SLOTS = ("a", "b")
# The slots' root file systems on the card.
ROOT_PARTITION = {"a": 5, "b": 6}
ARGUMENTS_PATH = "/proc/cmdline"
_ARGUMENTS_MAX_BYTES = 4096


class SlotError(Exception):
    """A choice of slot that could not be read or made durable.

    code: "no-slots", "bad-slot", "damaged" or "failed"; the message is one plain sentence.
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def other(slot):
    """The other of the two slots."""
    return "b" if slot == "a" else "a"


class Slots:
    """The two slots of this machine.

    running: "a" or "b", the one this system is. committed: the one that starts when nothing else is asked for.
    Whatever moment the power is cut in, the committed slot starts, or once the one on trial.
    """

    running = committed = "a"

    @property
    def is_trial(self):
        """Whether this system is on trial: the next start is the other one's unless it is committed."""
        return self.running != self.committed

    def try_next(self, slot):
        """Make durable what the next start of ``slot`` needs: on trial if it is not the committed one.

        Returns what the restart tells the firmware (text), or None. Raises SlotError.
        """
        raise NotImplementedError

    def commit(self):
        """Keep the running slot: from now on it starts by itself, and no trial is open. Raises SlotError."""
        raise NotImplementedError


def open_slots(kind, disk, arguments_path=ARGUMENTS_PATH):
    """The Slots of a machine. Raises SlotError.

    kind: "tryboot" (Raspberry Pi firmware) or "uboot". disk: path of the whole disk, as the kernel's argument ``root`` names it.
    """
    from appliance.slots.disk import Disk, path_of

    try:
        with open(arguments_path, "rb") as file:
            running = running_slot(file.read(_ARGUMENTS_MAX_BYTES))
    except OSError as error:
        raise SlotError("failed", f"{arguments_path} cannot be read: {error.strerror}.") from None
    if kind == "tryboot":
        from appliance.slots.tryboot import TrybootSlots

        return TrybootSlots(Disk(path_of(disk)), running)
    if kind == "uboot":
        from appliance.slots.uboot import UBootSlots

        return UBootSlots(Disk(path_of(disk)), running)
    raise SlotError("no-slots", "This board's boot loader cannot choose between two systems.")


def running_slot(arguments):
    """The slot whose root file system the kernel was given. Raises SlotError no-slots.

    arguments: bytes of the kernel's command line; root is a device (mmcblk0p5, vda5) or PARTUUID=...-05.
    """
    root = b""
    for word in arguments.split():
        if word.startswith(b"root="):
            root = word[5:]
    digits = root[len(root.rstrip(b"0123456789")) :]
    if root.startswith(b"PARTUUID="):
        digits = root.rpartition(b"-")[2]
    for slot, number in ROOT_PARTITION.items():
        if digits.isdigit() and len(digits) <= 2 and int(digits) == number:
            return slot
    raise SlotError("no-slots", "This system was not started from one of the two slots of a card.")


def checked(slot):
    """``slot`` if it is one. Raises SlotError bad-slot."""
    if slot not in SLOTS:
        raise SlotError("bad-slot", "A slot is called a or b.")
    return slot
