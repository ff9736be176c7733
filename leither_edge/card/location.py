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


def patches(file, data):
    """[(offset, bytes)] that put ``data`` in the place of a FatFile's content, whose size stays. Raises ValueError."""
    if len(data) != file.size:
        raise ValueError(f"{file.size} bytes are wanted")
    return _spread(file, data)


def resized(file, data):
    """[(offset, bytes)] that replace the content and the size of a FatFile within its clusters. Raises LocationError."""
    if len(data) > sum(length for _, length in file.extents):
        raise LocationError(f"the place of {CARD_FILE} on it is too small")
    return [*_spread(file, data), (file.size_at, len(data).to_bytes(4, "little"))]


def _spread(file, data):
    found = []
    for at, length in file.extents:
        if data:
            found.append((at, data[:length]))
        data = data[length:]
    return found
