"""A library in a folder of its own, and those who use it."""

from contextlib import contextmanager

from leither_edge.crypto.key_pair import KeyPair
from leither_edge.mimei import info
from leither_edge.mimei.library import open_library
from leither_edge.observe.counters import Counters
from leither_edge.profile.profile import load

NODE, ANNA, BEN, CARL = (KeyPair(bytes([number]) * 32) for number in range(1, 5))


class Clock:
    """Seconds that pass when told."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


class Changed:
    """A profile, or one of its sections, with some values changed."""

    def __init__(self, inner, **values):
        self._inner = inner
        self.__dict__.update(values)

    def __getattr__(self, name):
        return getattr(self._inner, name)


def profile(**sections):
    """The profile of the smallest board, with less for Argon2id. Args: sections ({section: {key: value}})."""
    found = load("pi-zero")
    values = {"mimei": {"password_memory_kib": 8192}}
    for section, changed in sections.items():
        values[section] = {**values.get(section, {}), **changed}
    return Changed(found, **{name: Changed(getattr(found, name), **changed) for name, changed in values.items()})


@contextmanager
def opened(folder, clock=None, may_join=None, **sections):
    """A Library in a folder, closed at the end."""
    library = open_library(
        str(folder), profile(**sections), NODE, counters=Counters(), clock=clock or Clock(), may_join=may_join
    )
    try:
        yield library
    finally:
        library.close()


def work(library):
    """Does all that would be done beside."""
    while library.work_some():
        pass


def write(library, session, mid, text):
    """Changes cur of any type of data so that `text` (bytes) is in it."""
    found = library.open_for(session, mid, "cur", "write")
    if found.data_type == info.FILE:
        found.file.put([text])
    elif found.data_type == info.FILES:
        found.file_system.put("folder/name.txt", [text])
    elif found.data_type == info.DATABASE:
        found.database.execute([b"SET", b"key", text])
    else:
        found.stream.append([text])
    found.close()


def read(library, session, mid, version="cur"):
    """What `write` put last, b"" where nothing was put."""
    found = library.open(session, mid, version)
    try:
        if found.data_type == info.FILE:
            return b"".join(found.file.read())
        if found.data_type == info.FILES:
            return b"".join(found.file_system.read("folder/name.txt")) if found.file_system.exists("folder") else b""
        if found.data_type == info.DATABASE:
            return found.database.execute([b"GET", b"key"]) or b""
        records = found.stream.read()
        return records[-1][1] if records else b""
    finally:
        found.close()
