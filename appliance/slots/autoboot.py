"""autoboot.txt: from which partition the Raspberry Pi's firmware starts. Pure.

Source: Raspberry Pi documentation, "The config.txt file": autoboot.txt (at most 512 bytes), tryboot_a_b, boot_partition, conditional
filters. With tryboot_a_b=1 the section [tryboot] counts for the one start after a restart that asked for it.
"""

from appliance.slots import other

FILE_MAX_BYTES = 512
BOOT_PARTITION = {"a": 2, "b": 3}

_TEXT = """\
[all]
tryboot_a_b=1
boot_partition={committed}
[tryboot]
boot_partition={trial}
"""


class AutobootError(ValueError):
    """The file does not choose between the two slots; the message says why, as the end of a sentence."""


def choice(data):
    """(committed, trial): the slot that starts by itself, and the one that starts on trial. Raises AutobootError.

    data: the file's bytes.
    """
    if len(data) > FILE_MAX_BYTES:
        raise AutobootError(f"it has more than {FILE_MAX_BYTES} bytes, so the firmware ignores it")
    values, section = {"all": {}, "tryboot": {}}, "all"
    for line in data.decode("latin-1").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            section = line[1:].partition("]")[0].lower()
        elif section in values and line:
            key, _, value = line.partition("=")
            # What stands later counts, in [all] for a trial too.
            for where in ("all", "tryboot") if section == "all" else ("tryboot",):
                values[where][key.strip()] = value.strip()
    chosen = []
    for where in ("all", "tryboot"):
        slot = next((slot for slot, number in BOOT_PARTITION.items() if values[where].get("boot_partition") == str(number)), None)
        if slot is None or values[where].get("tryboot_a_b") != "1":
            raise AutobootError("it does not name the boot partition of a slot")
        chosen.append(slot)
    return tuple(chosen)


def text(committed, size):
    """The file that starts ``committed``, and the other slot on trial: exactly ``size`` bytes. Raises AutobootError."""
    data = _TEXT.format(committed=BOOT_PARTITION[committed], trial=BOOT_PARTITION[other(committed)]).encode()
    if not len(data) <= size <= FILE_MAX_BYTES:
        raise AutobootError(f"it has {size} bytes, and {len(data)} to {FILE_MAX_BYTES} are needed")
    return data.ljust(size, b"\n")
