"""KRPC messages (BEP 5, 32, 42, 43, 44, 51): queries, replies and errors, from and to the payload of one datagram.

A message is told by ``y`` alone: some peers' errors hold ``r``, too. In every body the value ``v`` of BEP 44 stands as its
bencoded bytes, in and out, since those bytes are what is hashed and signed.
"""

from leither_edge.dht import bencode
from leither_edge.dht.bencode import BencodeError, decode, encode

VERSION = b"LE\x00\x01"
NETWORK_BYTES = 8
TID_MAX_BYTES = 32
METHOD_MAX_BYTES = 32
TOKEN_MAX_BYTES = 128
TEXT_MAX_BYTES = 200
VERSION_MAX_BYTES = 32
INTEGER_MAX = bencode.INTEGER_MAX

QUERY, REPLY, ERROR = b"q", b"r", b"e"

# Of BEP 5 and BEP 44.
GENERIC_ERROR, SERVER_ERROR, PROTOCOL_ERROR, METHOD_UNKNOWN = 201, 202, 203, 204
TOO_BIG, BAD_SIGNATURE, SALT_TOO_BIG, CAS_MISMATCH, SEQUENCE_TOO_SMALL = 205, 206, 207, 301, 302

# Fills a query up to the size of the reply it asks for. No BEP and no peer gives the key a meaning, unlike "p", which
# libtorrent reads as a port; and as no argument sorts behind it, it is the last thing in the arguments.
PADDING_KEY = b"zz"


class PacketError(ValueError):
    """Not a KRPC message of a known shape. A query with a ``tid`` may be answered with error 203.

    Args: code (a short word for the counter), sentence (for people).
    Attributes: tid (bytes or None), kind, method (bytes or None, of a query), network (8 bytes or None), is_read_only.
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code
        self.tid = self.kind = self.method = self.network = None
        self.is_read_only = False


class Message:
    """One message: kind (QUERY, REPLY, ERROR), tid, method (of a query), body (dict: arguments or returned values),
    code and text (of an error), version (bytes or None), is_read_only (BEP 43), network (8 bytes or None),
    ip (our packed address as the other sees it, or None)."""

    __slots__ = ("kind", "tid", "method", "body", "code", "text", "version", "is_read_only", "network", "ip")

    def __init__(self, kind, tid, method=None, body=None):
        self.kind = kind
        self.tid = tid
        self.method = method
        self.body = body
        self.code = self.text = self.version = self.network = self.ip = None
        self.is_read_only = False

    def __repr__(self):
        return f"<{self.kind} {self.method or self.code or ''} {self.body}>"


def parse(data):
    """The Message of a datagram's payload (bytes).

    Raises PacketError: size, syntax, kind, tid, network, method, arguments, error, value-order, and the name of the
    argument or returned value that has a wrong shape.
    """
    if data[:1] != b"d":
        raise PacketError("syntax", "the datagram is no bencoded dictionary")
    try:
        top = decode(data)
    except BencodeError as error:
        raise PacketError("size" if error.code == "too-large" else "syntax", str(error)) from None
    message = Message(top.get(b"y"), top.get(b"t"))
    try:
        _read_envelope(message, top)
        if message.kind == QUERY:
            _read_query(message, top, data)
        elif message.kind == REPLY:
            _read_reply(message, top, data)
        elif message.kind == ERROR:
            _read_error(message, top)
        else:
            raise PacketError("kind", "the message is neither query nor reply nor error")
    except PacketError as error:
        error.tid, error.kind, error.method = message.tid, message.kind, message.method
        error.network, error.is_read_only = message.network, message.is_read_only
        raise
    return message


def query(tid, method, body, *, read_only=False, network=None, pad_to=0):
    """The bytes of a query. Args: body (arguments, ``v`` bencoded), pad_to (bytes that the payload has at least)."""
    tail = b"%b1:q%d:%b%b1:t%d:%b1:v%d:%b1:y1:qe" % (
        _network(network), len(method), method, b"2:roi1e" if read_only else b"", len(tid), tid, len(VERSION), VERSION,
    )  # fmt: skip
    arguments = _body(body)
    missing = pad_to - len(tail) - len(arguments) - 4
    if missing > 0:
        # "2:zz" and "N:" come along.
        arguments = b"%b%d:%b%d:%be" % (arguments[:-1], len(PADDING_KEY), PADDING_KEY, *_padding(missing - 4))
    return b"d1:a%b%b" % (arguments, tail)


def reply(tid, body, *, ip=None, network=None):
    """The bytes of a reply. Args: body (returned values, ``v`` bencoded), ip (the querier's packed address, BEP 42)."""
    return b"d%b%b1:r%b1:t%d:%b1:v%d:%b1:y1:re" % (
        b"2:ip%d:%b" % (len(ip), ip) if ip else b"", _network(network), _body(body), len(tid), tid, len(VERSION), VERSION,
    )  # fmt: skip


def error(tid, code, text, *, network=None):
    """The bytes of an error reply. Args: code (number), text (plain ASCII)."""
    text = text.encode("ascii", "replace")
    return b"d1:eli%de%d:%be%b1:t%d:%b1:v%d:%b1:y1:ee" % (
        code, len(text), text, _network(network), len(tid), tid, len(VERSION), VERSION,
    )  # fmt: skip


def _padding(missing):
    """(count, bytes) so that the digits of the count, a colon and the bytes fill ``missing`` bytes, or one or two more."""
    count = max(missing - len(b"%d:" % missing), 0)
    # Where the shorter count has a digit fewer, one byte is still missing.
    if count + len(b"%d:" % count) < missing:
        count += 1
    return count, bytes(count)


def _network(network):
    return b"2:ln8:%b" % network if network else b""


def _body(body):
    parts = [b"d"]
    for key in sorted(body):
        value = body[key]
        if type(value) is bytes:
            parts.append(b"%d:%b%b" % (len(key), key, value) if key == b"v" else b"%d:%b%d:%b" % (len(key), key, len(value), value))
        else:
            parts.append(b"%d:%b%b" % (len(key), key, encode(value)))
    parts.append(b"e")
    return b"".join(parts)


def _read_envelope(message, top):
    tid = message.tid
    if type(tid) is not bytes or not 0 < len(tid) <= TID_MAX_BYTES:
        message.tid = None
        raise PacketError("tid", "the message has no transaction id of usable length")
    network = top.get(b"ln")
    if network is not None:
        if type(network) is not bytes or len(network) != NETWORK_BYTES:
            raise PacketError("network", "a network id has 8 bytes")
        message.network = network
    version = top.get(b"v")
    if type(version) is bytes and len(version) <= VERSION_MAX_BYTES:
        message.version = version
    address = top.get(b"ip")
    if type(address) is bytes and len(address) in (6, 18):
        message.ip = address
    if top.get(b"ro") == 1:
        message.is_read_only = True


def _read_query(message, top, data):
    method = top.get(b"q")
    if type(method) is not bytes or not 0 < len(method) <= METHOD_MAX_BYTES:
        raise PacketError("method", "a query names no method")
    message.method = method
    body = top.get(b"a")
    if type(body) is not dict:
        raise PacketError("arguments", "a query has no arguments")
    required, shapes = _ARGUMENTS.get(method, _UNKNOWN)
    for name in required:
        if name not in body:
            raise _shape_error(name)
    # What is not checked does not go on.
    message.body = body = {name: value for name, value in body.items() if name in shapes}
    for name, value in body.items():
        if not shapes[name](value):
            raise _shape_error(name)
    if b"v" in body:
        body[b"v"] = _as_it_came(body[b"v"], data)
    if b"want" in body:
        body[b"want"] = _want(body[b"want"])


def _read_reply(message, top, data):
    body = top.get(b"r")
    if type(body) is not dict:
        raise PacketError("arguments", "a reply holds no values")
    if not _is_id(body.get(b"id")):
        raise _shape_error(b"id")
    message.body = body = {name: value for name, value in body.items() if name in _RETURNED}
    for name, value in body.items():
        if not _RETURNED[name](value):
            raise _shape_error(name)
    if b"values" in body:
        body[b"values"] = [value for value in body[b"values"] if type(value) is bytes and len(value) in (6, 18)]
    if b"v" in body:
        body[b"v"] = _as_it_came(body[b"v"], data)


def _read_error(message, top):
    what = top.get(b"e")
    if type(what) is not list or len(what) < 2 or type(what[0]) is not int or type(what[1]) is not bytes:
        raise PacketError("error", "an error reply is not a number and a text")
    message.code = what[0]
    message.body = {}
    text = what[1][:TEXT_MAX_BYTES].decode("ascii", "replace")
    message.text = "".join([letter if " " <= letter <= "~" else "?" for letter in text])


def _as_it_came(value, data):
    """The bencoded value: encoded anew, which gives the same bytes unless a dictionary in it is not sorted."""
    encoded = encode(value)
    if encoded not in data:
        raise PacketError("value-order", "the value v is not bencoded in its one sorted form")
    return encoded


def _want(value):
    # A text in the BEP's first version, a list since.
    return [name for name in (value if type(value) is list else [value]) if name in (b"n4", b"n6")]


def _shape_error(name):
    name = name.decode("ascii")
    return PacketError(name.replace("_", "-"), f"{name} is missing or has a wrong shape")


def _is_id(value):
    return type(value) is bytes and len(value) == 20


def _is_token(value):
    return type(value) is bytes and len(value) <= TOKEN_MAX_BYTES


def _is_integer(value):
    return type(value) is int


def _is_count(value):
    return type(value) is int and value >= 0


def _is_port(value):
    return type(value) is int and 0 <= value <= 65535


def _is_key(value):
    return type(value) is bytes and len(value) == 32


def _is_signature(value):
    return type(value) is bytes and len(value) == 64


def _is_bytes(value):
    return type(value) is bytes


def _is_nodes(value):
    return type(value) is bytes and len(value) % 26 == 0


def _is_nodes6(value):
    return type(value) is bytes and len(value) % 38 == 0


def _is_list(value):
    return type(value) is list


def _is_anything(value):
    return True


def _is_want(value):
    return type(value) is list or type(value) is bytes


def _is_samples(value):
    return type(value) is bytes and len(value) % 20 == 0


# Everywhere: a token proves the address, so our own clients put it into queries that only read, too.
_COMMON = {b"id": _is_id, b"token": _is_token, b"want": _is_want}

# Per method: the arguments that must be there, and the shape of each that is known. Error 204 answers what is not here.
_ARGUMENTS = {
    b"ping": ((b"id",), _COMMON),
    b"find_node": ((b"id", b"target"), {**_COMMON, b"target": _is_id}),
    b"get_peers": ((b"id", b"info_hash"), {**_COMMON, b"info_hash": _is_id}),
    b"announce_peer": (
        (b"id", b"info_hash", b"token"),
        {**_COMMON, b"info_hash": _is_id, b"port": _is_port, b"implied_port": _is_integer},
    ),
    b"get": ((b"id", b"target"), {**_COMMON, b"target": _is_id, b"seq": _is_count}),
    b"put": (
        (b"id", b"token", b"v"),
        {
            **_COMMON, b"v": _is_anything, b"k": _is_key, b"sig": _is_signature, b"seq": _is_count, b"salt": _is_bytes, b"cas": _is_count,
        },
    ),
    b"sample_infohashes": ((b"id", b"target"), {**_COMMON, b"target": _is_id}),
}  # fmt: skip
_UNKNOWN = ((), {})

_RETURNED = {
    b"id": _is_id,
    b"nodes": _is_nodes,
    b"nodes6": _is_nodes6,
    b"values": _is_list,
    b"token": _is_token,
    b"v": _is_anything,
    b"k": _is_key,
    b"sig": _is_signature,
    b"seq": _is_count,
    b"samples": _is_samples,
    b"num": _is_count,
    b"interval": _is_count,
    # Ours: an item is here that did not fit.
    b"more": _is_integer,
}
