"""What the supervisor says about itself."""

import os


def own_memory_kib():
    """Resident memory of this process in KiB, from /proc/self/statm."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def flattened(values):
    """A dict of limits as keys and values of one log line: no inner dicts, no dots or spaces."""
    flat = {}
    for key, value in values.items():
        if type(value) is dict:
            flat.update(flattened(value))
        else:
            flat[key.replace(".", "_")] = str(value).replace(" ", "-")
    return flat
