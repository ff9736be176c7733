"""Growing the last partition to the end of the card: which sectors of the partition table change, and in which order. Pure.

First the extended partition (MBR), then the entry that leads to the last table, then the last partition's own entry. What is inside grows
after what is around it, so that after any of the writes the table is whole, and the next start goes on where this one was cut off.
"""

from appliance.slots.partition_table import EXTENDED_TYPES, TableError, read_table, resized

ALIGNMENT_SECTORS = 2048  # 1 MiB, erase blocks
SECTORS_MAX = (1 << 32) - 1


def writes(read, disk_sectors, number):
    """[(sector, 512 bytes)] in order, empty if there is nothing to grow. Raises TableError.

    read: (sector) -> 512 bytes; number: of the partition, which must be the disk's last.
    """
    table = read_table(read, disk_sectors)
    last = table.get(number)
    around = next((partition for partition in table.values() if partition.kind in EXTENDED_TYPES), None)
    if last is None or around is None or last.table == 0:
        raise TableError(f"There is no logical partition {number}.")
    beyond = [other for other in table.values() if other not in (last, around) and other.start >= min(last.start, around.end)]
    if beyond or any(other.number > number for other in table.values()):
        raise TableError(f"Partition {number} is not the last one, so it cannot grow.")
    end = min(disk_sectors, SECTORS_MAX) // ALIGNMENT_SECTORS * ALIGNMENT_SECTORS
    changes = []

    def change(sector, slot, base, count):
        old = read(sector)
        new = resized(old, slot, base, count)
        if old != new:
            changes.append((sector, new))

    if end > around.end:
        change(0, around.slot, 0, end - around.start)
    else:
        end = around.end
    if last.end >= end:
        return changes
    if last.link is not None:
        sector, base = last.link
        change(sector, 1, base, end - last.table)
    change(last.table, last.slot, last.base, end - last.start)
    return changes
