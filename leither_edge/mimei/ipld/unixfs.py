"""What a dag-pb node of a file system says about itself: its kind, bytes, sizes (the UnixFS specification, message Data)."""

from collections import namedtuple

from leither_edge.mimei.errors import BadBlock

from . import varint

RAW, DIRECTORY, FILE, METADATA, SYMLINK, HAMT = range(6)
# hash_type of a sharded directory: murmur3-x64-64.
MURMUR3 = 0x22

# kind: FILE, ...; data: bytes or None; size: of the whole file; block_sizes: bytes of content under each link, in their order;
# hash_type, fanout: of a sharded directory; mode: POSIX; mtime: (seconds, nanoseconds or None). None where it does not stand there.
Node = namedtuple("Node", "kind data size block_sizes hash_type fanout mode mtime", defaults=(None, None, (), None, None, None, None))

_KIND, _DATA, _SIZE, _BLOCK_SIZE, _HASH_TYPE, _FANOUT, _MODE = 0x08, 0x12, 0x18, 0x20, 0x28, 0x30, 0x38
_PACKED_SIZES, _MTIME, _SECONDS, _NANOSECONDS = 0x22, 0x42, 0x08, 0x15
_NUMBERS = (_KIND, _SIZE, _HASH_TYPE, _FANOUT, _MODE)


def encode(node):
    """The bytes of a Node, for the data of its block."""
    # Joined at the end, as a leaf's content is not to be copied more than once.
    out = [bytes((_KIND, node.kind))]
    if node.data is not None:
        out += (b"\x12", varint.write(len(node.data)), node.data)
    if node.size is not None:
        out += (b"\x18", varint.write(node.size))
    for size in node.block_sizes:
        out += (b"\x20", varint.write(size))
    for tag, number in ((_HASH_TYPE, node.hash_type), (_FANOUT, node.fanout), (_MODE, node.mode)):
        if number is not None:
            out += (bytes((tag,)), varint.write(number))
    if node.mtime is not None:
        seconds, nanoseconds = node.mtime
        time = bytes((_SECONDS,)) + _signed(seconds)
        if nanoseconds is not None:
            time += bytes((_NANOSECONDS,)) + nanoseconds.to_bytes(4, "little")
        out += (bytes((_MTIME,)), varint.write(len(time)), time)
    return b"".join(out)


def decode(data):
    """The Node of a block's data. Raises BadBlock."""
    if data is None:
        raise BadBlock("A node says nothing about itself, so it is no file and no directory.")
    content = mtime = None
    numbers, sizes, at, end = {}, [], 0, len(data)
    while at < end:
        tag = data[at]
        if tag in _NUMBERS and tag not in numbers:
            numbers[tag], at = varint.read(data, at + 1)
        elif tag == _BLOCK_SIZE:
            size, at = varint.read(data, at + 1)
            sizes.append(size)
        elif tag in (_DATA, _PACKED_SIZES, _MTIME):
            size, start = varint.read(data, at + 1)
            at = start + size
            if at > end:
                raise BadBlock("A node of a file system is cut short.")
            if tag == _PACKED_SIZES:
                while start < at:
                    size, start = varint.read(data, start)
                    sizes.append(size)
            elif tag == _DATA and content is None:
                content = data[start:at]
            elif tag == _MTIME and mtime is None:
                mtime = _time(data[start:at])
            else:
                raise _foreign()
        else:
            raise _foreign()
    kind = numbers.get(_KIND)
    if kind is None or kind > HAMT:
        raise BadBlock("A node of a file system is of no kind that there is.")
    return Node(kind, content, numbers.get(_SIZE), sizes, numbers.get(_HASH_TYPE), numbers.get(_FANOUT), numbers.get(_MODE), mtime)


def _signed(number):
    """A protobuf varint of 64 bits, which has ten bytes if it is below zero."""
    if number >= 0:
        return varint.write(number)
    return varint.write(number & (1 << 64) - 1)


def _time(data):
    if data[:1] != bytes((_SECONDS,)):
        raise BadBlock("A time of change has no seconds.")
    seconds = 0
    for at, byte in enumerate(data[1:11]):
        seconds |= (byte & 0x7F) << 7 * at
        if byte < 0x80:
            break
    if len(data) < 2 or data[at + 1] >= 0x80 or seconds >> 64 or varint.write(seconds) != data[1 : at + 2]:
        raise BadBlock("The seconds of a time of change are no number of 64 bits.")
    seconds -= seconds >> 63 << 64
    at += 2
    if at == len(data):
        return seconds, None
    if data[at] != _NANOSECONDS or len(data) != at + 5:
        raise _foreign()
    nanoseconds = int.from_bytes(data[at + 1 :], "little")
    if nanoseconds >= 1000000000:
        raise BadBlock("A time of change has more than a second of nanoseconds.")
    return seconds, nanoseconds


def _foreign():
    return BadBlock("A node of a file system has a part that does not belong there.")
