"""Partition tables made here, byte by byte, and by sfdisk."""

import subprocess

SECTOR = 512
MIB_SECTORS = 2048
TYPES = {1: 0x0E, 2: 0x0E, 3: 0x0E, 4: 0x05, 5: 0x83, 6: 0x83, 7: 0x83, 8: 0x83}


def sfdisk_script(sizes_mib=(16, 24, 24, 64, 64, 64, 256)):
    """The product's layout as sfdisk reads it: p1 at 8 MiB, each logical partition one MiB after the end of what is before it."""
    lines, at = ["label: dos", "label-id: 0x4c454954", "unit: sectors"], 8 * MIB_SECTORS
    settings, boot_a, boot_b, *logical = (size * MIB_SECTORS for size in sizes_mib)
    for number, size in ((1, settings), (2, boot_a), (3, boot_b)):
        lines.append(f"{number}: start={at}, size={size}, type=e")
        at += size
    lines.append(f"4: start={at}, size={sum(logical) + len(logical) * MIB_SECTORS}, type=5")
    for number, size in enumerate(logical, 5):
        at += MIB_SECTORS
        lines.append(f"{number}: start={at}, size={size}, type=83")
        at += size
    return "\n".join(lines) + "\n", at


def sfdisk(path, script, *options):
    """Write a table with sfdisk."""
    subprocess.run(["sfdisk", "-q", "--no-reread", "--no-tell-kernel", *options, str(path)], input=script, text=True, check=True)


def dump(path):
    """{number: (start, size, type)} as sfdisk reads the table; raises when it finds anything wrong."""
    done = subprocess.run(["sfdisk", "--dump", str(path)], capture_output=True, text=True, check=True)
    assert not done.stderr, done.stderr
    found = {}
    for line in done.stdout.splitlines():
        if " : start=" in line:
            name, _, rest = line.partition(" : ")
            values = dict(part.strip().split("=") for part in rest.split(","))
            number = int(name[len(str(path)) :].lstrip("p"))
            found[number] = (int(values["start"]), int(values["size"]), int(values["type"], 16))
    return found


class Sectors(dict):
    """Sectors of a disk by number; the others are zero. Callable as a reader."""

    def __call__(self, number):
        return self.get(number, bytes(SECTOR))

    def copy(self):
        return Sectors(self)


def entry(kind, first, count):
    """Sixteen bytes, without cylinders and heads."""
    return bytes(4) + bytes([kind]) + bytes(3) + first.to_bytes(4, "little") + count.to_bytes(4, "little")


def table(*entries):
    """A sector."""
    return bytes(446) + b"".join(entries).ljust(64, b"\0") + b"\x55\xaa"


def product_sectors(sizes=(8, 8, 8, 16, 16, 16, 32), first=64, gap=8):
    """The product's table in sectors, small. Returns Sectors and the first sector after it."""
    made, primary, at = Sectors(), [], first
    for size in sizes[:3]:
        primary.append(entry(0x0E, at, size))
        at += size
    extended, logical = at, sizes[3:]
    starts = []
    for size in logical:
        starts.append(at)
        at += gap + size
    made[0] = table(*primary, entry(0x05, extended, at - extended))
    for number, (start, size) in enumerate(zip(starts, logical, strict=True)):
        links = [entry(0x05, starts[number + 1] - extended, gap + logical[number + 1])] if number + 1 < len(logical) else []
        made[start] = table(entry(0x83, gap, size), *links)
    return made, at
