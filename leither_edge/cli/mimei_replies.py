"""What a database answers, as redis-cli prints it."""

from leither_edge.mimei.database.replies import ErrorReply, Members, NoArray, Pairs, Status

# Commands whose text is a status, and those whose parts of two stay apart.
_STATUS = frozenset(
    (b"flushall", b"flushdb", b"hmset", b"lset", b"ltrim", b"mset", b"ping", b"psetex", b"rename", b"restore", b"select", b"setex", b"type")
)
_NESTED = frozenset((b"scan", b"hscan", b"sscan", b"zscan", b"zmpop", b"lmpop", b"command"))
_ESCAPES = {0x07: "\\a", 0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}


def quoted(data):
    """Bytes in quotes, whatever is not plain ASCII escaped."""
    return '"' + "".join(_ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}") for byte in data) + '"'


def told(reply):
    """The lines of a reply for a terminal."""
    return _told(reply, "")


def raw(reply):
    """The bytes of a reply for a pipe: values alone, one a line."""
    items = items_of(reply)
    if items is not None:
        return b"\n".join(raw(item) for item in items)
    if isinstance(reply, (Status, ErrorReply)):
        return reply.text
    if reply is None or isinstance(reply, NoArray):
        return b""
    return number_text(reply).encode() if isinstance(reply, (int, float)) else reply


def items_of(reply):
    """The parts of an array as RESP2 has it, None of anything else."""
    if isinstance(reply, (Status, ErrorReply, NoArray)):
        return None
    if isinstance(reply, Members):
        return list(reply.items)
    if isinstance(reply, Pairs):
        return [part for pair in reply.items for part in pair]
    if isinstance(reply, dict):
        return [part for pair in reply.items() for part in pair]
    return list(reply) if isinstance(reply, (list, tuple)) else None


def for_json(reply):
    """A reply for ``--json``: text where it is text, else hexadecimal in an object."""
    if isinstance(reply, bytes):
        try:
            return reply.decode()
        except UnicodeDecodeError:
            return {"hex": reply.hex()}
    if isinstance(reply, (Status, ErrorReply)):
        return reply.text.decode("utf-8", "replace")
    items = items_of(reply)
    if items is not None:
        return [for_json(item) for item in items]
    if isinstance(reply, float) and reply - reply != 0:
        return number_text(reply)
    return None if isinstance(reply, NoArray) else reply


def of_json(words, reply):
    """A reply that came as JSON, in which a status is a text and pairs are lists: as RESP2 has it. Args: words (of the command)."""
    name = words[0].lower()
    if isinstance(reply, str):
        data = reply.encode("utf-8", "surrogateescape")
        return Status(data) if name in _STATUS or name == b"set" and reply == "OK" else data
    if isinstance(reply, list):
        # A table, or members with their scores, is flat in RESP2; the answers of a scan are not.
        if name not in _NESTED and reply and all(isinstance(one, list) and len(one) == 2 for one in reply):
            reply = [part for one in reply for part in one]
        return [of_json((b"",), one) for one in reply]
    return reply


def number_text(number):
    """A number as Redis writes it."""
    if isinstance(number, int):
        return str(number)
    if number - number != 0:
        return "nan" if number != number else "inf" if number > 0 else "-inf"
    return str(int(number)) if number == number // 1 and abs(number) < 1e17 else repr(number)


def _told(reply, indent):
    items = items_of(reply)
    if items is not None:
        if not items:
            return ["(empty array)"]
        room, lines = len(str(len(items))), []
        for number, item in enumerate(items, 1):
            head = f"{number:>{room}}) "
            first, *others = _told(item, indent + " " * len(head))
            lines += [(indent if number > 1 else "") + head + first, *others]
        return lines
    if isinstance(reply, Status):
        return [reply.text.decode("utf-8", "replace")]
    if isinstance(reply, ErrorReply):
        return [f"(error) {reply.text.decode('utf-8', 'replace')}"]
    if reply is None or isinstance(reply, NoArray):
        return ["(nil)"]
    if isinstance(reply, int):
        return [f"(integer) {int(reply)}"]
    return [quoted(number_text(reply).encode() if isinstance(reply, float) else reply)]
