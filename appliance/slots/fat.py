"""Where a small file in the root folder of a FAT file system lies on the disk. Pure: bytes come from a function.

Strict: what leads outside of the partition, round in circles or to a free cluster is an error. FAT12, FAT16 and FAT32, short names.
Source: Microsoft FAT32 File System Specification 1.03.
"""

from appliance.slots.partition_table import SECTOR_BYTES

ENTRY_BYTES = 32
ROOT_ENTRIES_MAX = 4096
LABEL, FOLDER = 0x08, 0x10
_FAT12_BELOW, _FAT16_BELOW = 4085, 65525


class FatError(ValueError):
    """The file system is damaged or has no such file; the message says which, as the end of a sentence."""


def find_first_sector(read, start, length, name):
    """(offset, size): where the file's first sector lies, and how many bytes the file has, at most one cluster.

    read: (offset, count) -> bytes of the disk; start, length: of the partition, bytes; name: "AUTOBOOT.TXT". Raises FatError.
    """
    system = _System(read, start, length)
    entry = system.find(_short(name))
    size = int.from_bytes(entry[28:32], "little")
    cluster = int.from_bytes(entry[26:28], "little")
    if system.bits == 32:
        cluster |= int.from_bytes(entry[20:22], "little") << 16
    if not 0 < size <= system.cluster_bytes:
        raise FatError(f"{name} has {size} bytes")
    if system.follow(cluster) is not None:
        raise FatError(f"{name} is damaged: it goes on after its end")
    return system.place(cluster), size


class _System:
    """A FAT file system. bits: 12, 16 or 32."""

    def __init__(self, read, start, length):
        self._disk, self._start, self._length = read, start, length
        boot = self._read(0, SECTOR_BYTES)

        def number(at, count):
            return int.from_bytes(boot[at : at + count], "little")

        sector, per_cluster, reserved, tables = number(11, 2), boot[13], number(14, 2), boot[16]
        entries, sectors, table = number(17, 2), number(19, 2) or number(32, 4), number(22, 2) or number(36, 4)
        if boot[510:] != b"\x55\xaa" or boot[0] not in (0xEB, 0xE9):
            raise FatError("there is no FAT file system")
        powers = sector in (512, 1024, 2048, 4096) and per_cluster in (1, 2, 4, 8, 16, 32, 64, 128)
        if not powers or not reserved or tables not in (1, 2):
            raise FatError("its first sector is damaged")
        root = reserved + tables * table
        data = root + -(-entries * ENTRY_BYTES // sector)
        self._clusters = (sectors - data) // per_cluster
        if sectors * sector > length or self._clusters < 1 or entries > ROOT_ENTRIES_MAX:
            raise FatError("it is larger than its partition")
        self.bits = 12 if self._clusters < _FAT12_BELOW else 16 if self._clusters < _FAT16_BELOW else 32
        if (self._clusters + 2) * self.bits > table * sector * 8 or (self.bits == 32) != (entries == 0):
            raise FatError("its table is too small")
        self.cluster_bytes = per_cluster * sector
        self._table, self._data = reserved * sector, data * sector
        self._root, self._root_bytes, self._root_cluster = root * sector, entries * ENTRY_BYTES, number(44, 4)

    def find(self, short):
        """The entry of a file in the root folder. Raises FatError."""
        for piece in self._root_pieces():
            for at in range(0, len(piece), ENTRY_BYTES):
                entry = piece[at : at + ENTRY_BYTES]
                if entry[0] == 0:
                    raise FatError("there is no such file")
                if entry[:11] == short and not entry[11] & (LABEL | FOLDER):
                    return entry
        raise FatError("there is no such file")

    def _root_pieces(self):
        if self.bits != 32:
            yield self._read(self._root, self._root_bytes)
            return
        cluster = self._root_cluster
        # A chain that comes back to itself ends here too.
        for _ in range(-(-ROOT_ENTRIES_MAX * ENTRY_BYTES // self.cluster_bytes)):
            yield self._read(self.place(cluster) - self._start, self.cluster_bytes)
            cluster = self.follow(cluster)
            if cluster is None:
                return
        raise FatError("its root folder is too large")

    def place(self, cluster):
        """Where a cluster lies on the disk. Raises FatError."""
        if not 2 <= cluster < self._clusters + 2:
            raise FatError("a chain of clusters leads nowhere")
        return self._start + self._data + (cluster - 2) * self.cluster_bytes

    def follow(self, cluster):
        """The cluster after one in use, None at the end of its chain. Raises FatError."""
        self.place(cluster)
        value = int.from_bytes(self._read(self._table + cluster * self.bits // 8, 4 if self.bits == 32 else 2), "little")
        if self.bits == 12:
            value = value >> 4 if cluster & 1 else value & 0xFFF
        value &= (1 << min(self.bits, 28)) - 1
        if value >= (1 << min(self.bits, 28)) - 8:
            return None
        self.place(value)
        return value

    def _read(self, offset, count):
        data = self._disk(self._start + offset, count) if offset + count <= self._length else b""
        if len(data) != count:
            raise FatError("it ends too early")
        return data


def _short(name):
    stem, _, ending = name.upper().encode("ascii").partition(b".")
    return stem.ljust(8) + ending.ljust(3)
