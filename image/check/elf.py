"""What an ELF file asks of the dynamic loader.

Source: System V ABI, edition 4.1 and its gABI updates, "ELF Header", "Program Header", "Dynamic Section".
"""

import struct
from collections import namedtuple

MAGIC = b"\x7fELF"
# needed: names of libraries; run_paths: folders to look in first (DT_RPATH, DT_RUNPATH).
Dynamic = namedtuple("Dynamic", "needed run_paths")
NOTHING = Dynamic((), ())

_LITTLE, _CURRENT = 1, 1
_LOAD, _DYNAMIC = 1, 2
_END, _NEEDED, _STRTAB, _STRSZ, _RPATH, _RUNPATH = 0, 1, 5, 10, 15, 29
# By class: header from e_type on, program header, dynamic entry; where offset, address and size in file stand in a program header.
_FORMATS = {
    1: (struct.Struct("<HHIIIIIHHHHHH"), struct.Struct("<IIIIIIII"), struct.Struct("<iI"), (1, 2, 4)),
    2: (struct.Struct("<HHIQQQIHHHHHH"), struct.Struct("<IIQQQQQQ"), struct.Struct("<qQ"), (2, 3, 5)),
}
_IDENT_BYTES = 16
HEADERS_MAX = 64
ENTRIES_MAX = 4096
TEXT_MAX_BYTES = 4096


class ElfError(ValueError):
    """The bytes are no ELF file of a board; the text says why."""


def dynamic(data):
    """The Dynamic of a file's bytes, NOTHING for one that the loader never sees. Raises ElfError."""
    if data[:4] != MAGIC or len(data) < _IDENT_BYTES:
        raise ElfError("it does not begin as an ELF file")
    if data[4] not in _FORMATS or data[5] != _LITTLE or data[6] != _CURRENT:
        raise ElfError("it is of another byte order, or of no known class")
    header, segment, entry, places = _FORMATS[data[4]]
    fields = _at(header, data, _IDENT_BYTES)
    first, size, count = fields[4], fields[8], fields[9]
    if not count:
        return NOTHING
    if size != segment.size or count > HEADERS_MAX:
        raise ElfError(f"it has {count} program headers of {size} bytes")
    rows = [_at(segment, data, first + number * size) for number in range(count)]
    loads = [tuple(row[place] for place in places) for row in rows if row[0] == _LOAD]
    found = [tuple(row[place] for place in places) for row in rows if row[0] == _DYNAMIC]
    if not found:
        return NOTHING
    if len(found) > 1 or found[0][2] // entry.size > ENTRIES_MAX:
        raise ElfError("it has more than one dynamic section, or a very large one")
    return _read(data, found[0], entry, loads)


def _read(data, section, entry, loads):
    """The Dynamic of a section (offset, address, bytes). loads: the same of each loaded segment."""
    single, rows = {}, []
    for number in range(section[2] // entry.size):
        tag, value = _at(entry, data, section[0] + number * entry.size)
        if tag == _END:
            break
        rows.append((tag, value))
        single[tag] = value
    wanted = [(tag, value) for tag, value in rows if tag in (_NEEDED, _RPATH, _RUNPATH)]
    if not wanted:
        return NOTHING
    if _STRTAB not in single or _STRSZ not in single:
        raise ElfError("it names libraries and has no table of names")
    start, size = _offset(single[_STRTAB], loads), single[_STRSZ]
    if start + size > len(data):
        raise ElfError("its table of names goes past the end")
    texts = [(tag, _text(data[start + value : start + min(size, value + TEXT_MAX_BYTES)])) for tag, value in wanted]
    needed = tuple(text for tag, text in texts if tag == _NEEDED)
    return Dynamic(needed, tuple(one for tag, text in texts if tag != _NEEDED for one in text.split(":")))


def _at(form, data, offset):
    if offset + form.size > len(data):
        raise ElfError("it ends within its headers")
    return form.unpack_from(data, offset)


def _offset(address, loads):
    """Where in the file an address of the loaded program stands."""
    for offset, first, size in loads:
        if first <= address < first + size:
            return offset + address - first
    raise ElfError("its table of names is not among what is loaded")


def _text(data):
    text, end, _ = data.partition(b"\0")
    if not end:
        raise ElfError("a name in it has no end")
    return text.decode("utf-8", "backslashreplace")
