"""Where one file of a FAT file system's root folder lies, so that it can be read and replaced in place.

Reads strictly: what could lead outside of the file system, round in circles or into another file is an error. FAT12, FAT16 and
FAT32 with long names. Source: Microsoft FAT32 File System Specification 1.03.
"""

from collections import namedtuple

FILE_MAX_BYTES = 1 << 20
_FOLDER_MAX_BYTES = 2 << 20  # 65,536 entries of 32 bytes
_FAT12_CLUSTERS = 4085
_FAT16_CLUSTERS = 65525
_ENTRY = 32
_LONG_NAME, _LABEL, _FOLDER = 0x0F, 0x08, 0x10
_LONG_PARTS_MAX = 20
_SIZE_AT = 28

# size: bytes; extents: [(offset, length)] in bytes of the disk, in order, to the end of the last cluster; size_at: where on the disk
# the size stands, four bytes with the lowest first.
FatFile = namedtuple("FatFile", "size extents size_at")


class FatError(ValueError):
    """The file system cannot be read, or has no such file; the message says why. missing: it is sound, only the file is not there."""

    missing = False


def find_file(read, start, length, name):
    """The FatFile of ``name`` (ASCII) in the root folder.

    read: (offset, count) -> bytes of the disk; start, length: of the partition, bytes. Raises FatError.
    """
    system = _System(read, start, length)
    entry = system.find(name)
    if entry is None:
        error = FatError(f"there is no file {name} in its first partition")
        error.missing = True
        raise error
    at, fields = entry
    size, cluster = int.from_bytes(fields[28:32], "little"), int.from_bytes(fields[26:28], "little")
    if system.bits == 32:
        cluster |= int.from_bytes(fields[20:22], "little") << 16
    if size > FILE_MAX_BYTES:
        raise FatError(f"{name} has more than {FILE_MAX_BYTES:,} bytes")
    extents = system.extents(cluster, FILE_MAX_BYTES) if cluster else []
    if sum(length for _, length in extents) < size:
        raise FatError(f"the file system is damaged: {name} is cut short")
    return FatFile(size, extents, at + _SIZE_AT)


class _System:
    """A FAT file system. bits: 12, 16 or 32."""

    def __init__(self, read, start, length):
        self._read_disk, self._start = read, start
        boot = self._read(0, 512)
        if boot[510:] != b"\x55\xaa" or boot[0] not in (0xEB, 0xE9):
            raise FatError("its first partition has no FAT file system")

        def number(at, count):
            return int.from_bytes(boot[at : at + count], "little")

        sector, self._cluster = number(11, 2), number(11, 2) * boot[13]
        reserved, tables, root_entries = number(14, 2), boot[16], number(17, 2)
        sectors, table = number(19, 2) or number(32, 4), number(22, 2) or number(36, 4)
        if sector not in (512, 1024, 2048, 4096) or boot[13] not in (1, 2, 4, 8, 16, 32, 64, 128) or not reserved or tables not in (1, 2):
            raise FatError("the FAT file system of its first partition is damaged")
        root = -(-root_entries * _ENTRY // sector)
        data = reserved + tables * table + root
        self._clusters = (sectors - data) // boot[13]
        if sectors * sector > length or self._clusters < 1:
            raise FatError("the FAT file system of its first partition is larger than the partition")
        self.bits = 12 if self._clusters < _FAT12_CLUSTERS else 16 if self._clusters < _FAT16_CLUSTERS else 32
        if table * sector * 8 < (self._clusters + 2) * self.bits or (self.bits == 32) != (root_entries == 0):
            raise FatError("the FAT file system of its first partition is damaged")
        self._table, self._data = reserved * sector, data * sector
        if self.bits == 32:
            self._root = self.extents(number(44, 4), _FOLDER_MAX_BYTES)
        else:
            self._root = [(start + (reserved + tables * table) * sector, root_entries * _ENTRY)]

    def find(self, name):
        """(offset on the disk, 32 bytes) of a file's entry in the root folder, None if there is none."""
        long_name = _LongName()
        for at, entry in self._entries():
            if entry[0] == 0:
                return None
            if entry[0] == 0xE5:
                long_name = _LongName()
            elif entry[11] & 0x3F == _LONG_NAME:
                long_name.add(entry)
            else:
                names = (long_name.text(entry), _short_name(entry))
                long_name = _LongName()
                if not entry[11] & (_LABEL | _FOLDER) and any(known is not None and known.lower() == name.lower() for known in names):
                    return at, entry
        return None

    def extents(self, cluster, limit):
        """[(offset on the disk, length)] of a chain of clusters, of at most ``limit`` bytes."""
        found = []
        total = 0
        while True:
            if not 2 <= cluster < self._clusters + 2:
                raise FatError("the file system is damaged: a chain of clusters leads nowhere")
            total += self._cluster
            # A chain that comes back to itself ends here too.
            if total > max(limit, self._cluster):
                raise FatError("the file system is damaged: a chain of clusters is too long")
            at = self._start + self._data + (cluster - 2) * self._cluster
            if found and sum(found[-1]) == at:
                found[-1] = (found[-1][0], found[-1][1] + self._cluster)
            else:
                found.append((at, self._cluster))
            cluster = self._next(cluster)
            if cluster is None:
                return found

    def _next(self, cluster):
        """The cluster that follows in the chain, None at its end."""
        at = self._table + cluster * self.bits // 8
        if self.bits == 32:
            value, end = int.from_bytes(self._read(at, 4), "little") & 0x0FFFFFFF, 0x0FFFFFF8
        elif self.bits == 16:
            value, end = int.from_bytes(self._read(at, 2), "little"), 0xFFF8
        else:
            pair = int.from_bytes(self._read(at, 2), "little")
            value, end = pair >> 4 if cluster & 1 else pair & 0xFFF, 0xFF8
        return None if value >= end else value

    def _entries(self):
        for at, length in self._root:
            for offset in range(0, length, self._cluster):
                piece = self._read_disk(at + offset, min(self._cluster, length - offset))
                if len(piece) != min(self._cluster, length - offset):
                    raise FatError("its first partition ends too early")
                for place in range(0, len(piece) - _ENTRY + 1, _ENTRY):
                    yield at + offset + place, piece[place : place + _ENTRY]

    def _read(self, offset, count):
        data = self._read_disk(self._start + offset, count)
        if len(data) != count:
            raise FatError("its first partition ends too early")
        return data


class _LongName:
    """The entries of a long name, which stand before the short one and last part first."""

    def __init__(self):
        self._parts = []
        self._expected = None
        self._checksum = None

    def add(self, entry):
        order = entry[0]
        if order & 0x40 and 1 <= order & 0x3F <= _LONG_PARTS_MAX:
            self._parts, self._expected, self._checksum = [], order & 0x3F, entry[13]
        if self._expected is None or order & 0x3F != self._expected or entry[13] != self._checksum or self._expected == 0:
            self._expected = None
            return
        self._parts.insert(0, entry[1:11] + entry[14:26] + entry[28:32])
        self._expected -= 1

    def text(self, entry):
        """The name that belongs to a short entry, None if it has none."""
        if self._expected != 0 or self._checksum != _checksum(entry[:11]):
            return None
        return b"".join(self._parts).decode("utf-16-le", "replace").split("\0")[0].rstrip("\uffff")


def _checksum(short):
    total = 0
    for byte in short:
        total = ((total >> 1) + ((total & 1) << 7) + byte) & 0xFF
    return total


def _short_name(entry):
    name, ending = entry[:8].decode("latin-1").rstrip(" "), entry[8:11].decode("latin-1").rstrip(" ")
    return f"{name}.{ending}" if ending else name
