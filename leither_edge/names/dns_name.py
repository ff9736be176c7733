"""Domain names as on the wire: labels, each behind its length, ended by an empty one (RFC 1035, 3.1 and 4.1.4).

A name is kept as these bytes, uncompressed. Its letters may be lowered as bytes: no length has the value of a capital letter.
"""

from leither_edge.names.errors import DnsError

NAME_MAX_BYTES = 255
LABEL_MAX_BYTES = 63
# A writer needs no more than one hop a label, and nobody writes names of many: more is a trap for the reader's time.
HOPS_MAX = 16
ROOT = b"\0"
_POINTER = 0xC0
_POINTER_REACH = 0x4000


def read(data, at, end, *, may_point=True):
    """(name, position behind it) of the name at ``at``.

    data: the whole message; end: where the part of it ends in which the name itself must lie.
    Raises DnsError ``name``: cut short, too long, a label of no known kind, a pointer not leading back (or any, unless ``may_point``).
    """
    parts, size, behind, hops = [], 1, None, 0
    while True:
        if at >= end:
            raise DnsError("name", "a name is cut short")
        length = data[at]
        if length <= LABEL_MAX_BYTES:
            at += 1
            if not length:
                break
            if at + length > end:
                raise DnsError("name", "a label is cut short")
            size += length + 1
            if size > NAME_MAX_BYTES:
                raise DnsError("name", "a name has more than 255 bytes")
            parts.append(data[at - 1 : at + length])
            at += length
        elif length < _POINTER or not may_point or at + 2 > end:
            raise DnsError("name", "a label is of no known kind")
        else:
            target = (length & 63) << 8 | data[at + 1]
            hops += 1
            if target >= at or hops > HOPS_MAX:
                raise DnsError("name", "a name points nowhere good")
            if behind is None:
                behind = at + 2
            # What is pointed at lies before the pointer, and must end before it: so it always comes to an end.
            at, end = target, at
    parts.append(ROOT)
    return b"".join(parts), at if behind is None else behind


def write(out, name, known):
    """Append a name to the message ``out`` (bytearray), its known end as a pointer.

    known: ``{end of a name: position}``, or None to write it whole; what is written here for the first time is added to it.
    """
    at = 0
    while name[at]:
        if known is not None:
            rest = name[at:]
            found = known.get(rest)
            if found is not None:
                out += (_POINTER << 8 | found).to_bytes(2, "big")
                return
            if len(out) < _POINTER_REACH:
                known[rest] = len(out)
        step = name[at] + 1
        out += name[at : at + step]
        at += step
    out += ROOT


def join(*labels):
    """The name of labels (bytes), the most specific first. Raises DnsError ``name``."""
    for label in labels:
        if not 0 < len(label) <= LABEL_MAX_BYTES:
            raise DnsError("name", "a label has 1 to 63 bytes")
    name = b"".join([bytes((len(label),)) + label for label in labels]) + ROOT
    if len(name) > NAME_MAX_BYTES:
        raise DnsError("name", "a name has more than 255 bytes")
    return name


def split(name):
    """The labels of a name, the most specific first."""
    labels, at = [], 0
    while name[at]:
        labels.append(name[at + 1 : at + 1 + name[at]])
        at += name[at] + 1
    return labels


def parent(name):
    """The name without its first label; the root has none and is returned as it is."""
    return name[name[0] + 1 :] if name[0] else name


def is_under(name, ancestor):
    """Whether a name is the other one or lies below it; both in lower case."""
    if not name.endswith(ancestor):
        return False
    at, start = 0, len(name) - len(ancestor)
    while at < start:
        at += name[at] + 1
    return at == start


def text(name):
    """A name for people, with a dot at the end; what is no letter, digit, hyphen, underline or star is escaped (RFC 1035, 5.1)."""
    return ".".join(["".join([_shown(byte) for byte in label]) for label in split(name)]) + "."


def _shown(byte):
    character = chr(byte)
    return character if byte < 128 and (character.isalnum() or character in "-_*") else f"\\{byte:03d}"
