"""The card's partition table: an MBR whose last entry is an extended partition with a chain of logical ones. Pure.

Strict: an entry outside of the disk, one over another, a chain that goes backwards or is too long is an error.
Source: UEFI 2.10, 5.2.1 (MBR); Linux block/partitions/msdos.c (the chain).
"""

SECTOR_BYTES = 512
EXTENDED_TYPES = (0x05, 0x0F, 0x85)
LOGICAL_MAX = 16
FIRST_LOGICAL = 5
TABLE_AT, ENTRY_BYTES, TABLE_ENTRIES = 446, 16, 4
SIGNATURE = b"\x55\xaa"
# The geometry that every tool assumes when it writes cylinder, head and sector.
HEADS, TRACK_SECTORS, CYLINDERS = 255, 63, 1024


class TableError(ValueError):
    """The partition table is not as it should be; the message says how, as a whole sentence."""


class Partition:
    """A partition in sectors of 512 bytes.

    number: as Linux counts. start, count: sectors from the disk's start. table: sector its entry stands in; slot: which of the four.
    base: what the entry's start counts from. link: for a logical partition after the first, (sector, base) of the entry that names
    its table, otherwise None.
    """

    __slots__ = ("number", "kind", "start", "count", "table", "slot", "base", "link")

    def __init__(self, number, kind, start, count, table, slot, base, link=None):
        self.number, self.kind, self.start, self.count = number, kind, start, count
        self.table, self.slot, self.base, self.link = table, slot, base, link

    @property
    def end(self):
        """The sector after its last."""
        return self.start + self.count


def read_table(read, disk_sectors):
    """{number: Partition}, the extended one and the logical ones included. Raises TableError.

    read: (sector) -> 512 bytes.
    """
    found, extended = {}, None
    for slot, (kind, first, count) in enumerate(_entries(read(0), 0)):
        if not kind:
            continue
        partition = Partition(slot + 1, kind, first, count, 0, slot, 0)
        if not first or not count or partition.end > disk_sectors:
            raise TableError(f"Partition {partition.number} lies outside of the disk.")
        if kind in EXTENDED_TYPES:
            if extended is not None:
                raise TableError("There are two extended partitions.")
            extended = partition
        found[partition.number] = partition
    _apart(list(found.values()))
    if extended is not None:
        logical = _logical(read, extended)
        _apart(logical)
        found.update((partition.number, partition) for partition in logical)
    return found


def _logical(read, extended):
    """Partitions of the chain, in its order."""
    found, table, link = [], extended.start, None
    while True:
        (kind, first, count), (next_kind, next_first, next_count), *rest = _entries(read(table), table)
        if any(entry[0] for entry in rest):
            raise TableError(f"The table in sector {table} has more than two entries.")
        if kind:
            partition = Partition(FIRST_LOGICAL + len(found), kind, table + first, count, table, 0, table, link)
            if not first or not count or partition.end > extended.end:
                raise TableError(f"Partition {partition.number} lies outside of the extended one.")
            if next_kind and partition.end > extended.start + next_first:
                raise TableError(f"Partition {partition.number} lies over the table of the next one.")
            found.append(partition)
        elif next_kind:
            raise TableError(f"The table in sector {table} names no partition.")
        if not next_kind:
            return found
        following = extended.start + next_first
        if next_kind not in EXTENDED_TYPES or not next_count or not table < following < extended.end:
            raise TableError(f"The table in sector {table} leads outside of the extended partition, or backwards.")
        if len(found) == LOGICAL_MAX:
            raise TableError("There are too many logical partitions.")
        link, table = (table, extended.start), following


def _apart(partitions):
    ordered = sorted(partitions, key=lambda partition: partition.start)
    for before, after in zip(ordered, ordered[1:], strict=False):
        if before.end > after.start:
            raise TableError(f"Partitions {before.number} and {after.number} lie over each other.")


def _entries(data, sector):
    if len(data) != SECTOR_BYTES or data[510:] != SIGNATURE:
        raise TableError(f"There is no partition table in sector {sector}.")
    entries = (data[TABLE_AT + slot * ENTRY_BYTES :][:ENTRY_BYTES] for slot in range(TABLE_ENTRIES))
    return [(entry[4], int.from_bytes(entry[8:12], "little"), int.from_bytes(entry[12:16], "little")) for entry in entries]


def resized(data, slot, base, count):
    """The sector of a table with one entry made ``count`` sectors long; base: what its start counts from."""
    at = TABLE_AT + slot * ENTRY_BYTES
    start = base + int.from_bytes(data[at + 8 : at + 12], "little")
    entry = data[at : at + 5] + _geometry(start + count - 1) + data[at + 8 : at + 12] + count.to_bytes(4, "little")
    return data[:at] + entry + data[at + ENTRY_BYTES :]


def _geometry(sector):
    """Cylinder, head and sector as three bytes; beyond what they can say, all ones in the usual way."""
    cylinder, rest = divmod(sector, HEADS * TRACK_SECTORS)
    head, track = divmod(rest, TRACK_SECTORS)
    if cylinder >= CYLINDERS:
        cylinder, head, track = CYLINDERS - 1, HEADS - 1, TRACK_SECTORS - 1
    return bytes([head, (track + 1) | (cylinder >> 8) << 6, cylinder & 0xFF])
