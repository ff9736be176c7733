"""Where leither.toml lies on a card or in an image."""

from leither_edge.card.fat import FatError, find_file
from leither_edge.card.partitions import PartitionError, first_partition

CARD_FILE = "leither.toml"


class LocationError(ValueError):
    """No leither.toml was found; the message is a part of a sentence, why."""


def find_card_file(read, size):
    """The FatFile of leither.toml in the first partition.

    read: (offset, count) -> bytes; size: of the disk or image, bytes. Raises LocationError.
    """
    try:
        start, length = first_partition(read, size)
        return find_file(read, start, length, CARD_FILE)
    except (PartitionError, FatError) as error:
        raise LocationError(str(error)) from None


def read_card_file(read, file):
    """The bytes of a FatFile."""
    data = b"".join(read(at, length) for at, length in file.extents)
    return data[: file.size]


def place_bytes(file):
    """How many bytes a FatFile can hold where it is."""
    return sum(length for _, length in file.extents)


def replacement(file, data):
    """[(offset, bytes)] that put ``data``, and its size, in the place of a FatFile's content. Raises LocationError."""
    if len(data) > place_bytes(file):
        raise LocationError(f"the place of {CARD_FILE} on it is too small")
    found, done = [], 0
    for at, length in file.extents:
        if data[done : done + length]:
            found.append((at, data[done : done + length]))
        done += length
    return [*found, (file.size_at, len(data).to_bytes(4, "little"))]
