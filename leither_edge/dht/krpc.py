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
    if method not in _ARGUMENTS:
        # Answered with error 204: nothing in it is checked, so nothing of it goes on.
        message.body = {}
        return
    message.body = body
    required, optional = _ARGUMENTS[method]
    for name, is_good in required:
        value = body.get(name)
        if value is None or not is_good(value):
            raise _shape_error(name)
    for name, is_good in optional:
        value = body.get(name)
        if value is not None and not is_good(value):
            raise _shape_error(name)
    if b"v" in body and method == b"put":
        body[b"v"] = _as_it_came(body[b"v"], data)
    elif b"want" in body:
        body[b"want"] = _want(body[b"want"])


def _read_reply(message, top, data):
    body = top.get(b"r")
    if type(body) is not dict:
        raise PacketError("arguments", "a reply holds no values")
    message.body = body
    if not _is_id(body.get(b"id")):
        raise _shape_error(b"id")
    for name, value in body.items():
        is_good = _RETURNED.get(name)
        if is_good is not None and not is_good(value):
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


_ID = (b"id", _is_id)
_TARGET = (b"target", _is_id)
_INFO_HASH = (b"info_hash", _is_id)
_TOKEN = (b"token", _is_token)
_WANT = (b"want", _is_want)
_SEQUENCE = (b"seq", _is_count)

# Per method: the arguments that must be there, and those that may. A token in a query that reads proves the address.
_ARGUMENTS = {
    b"ping": ((_ID,), ()),
    b"find_node": ((_ID, _TARGET), (_WANT, _TOKEN)),
    b"get_peers": ((_ID, _INFO_HASH), (_WANT, _TOKEN)),
    b"announce_peer": ((_ID, _INFO_HASH, _TOKEN), ((b"port", _is_port), (b"implied_port", _is_integer))),
    b"get": ((_ID, _TARGET), (_WANT, _TOKEN, _SEQUENCE)),
    b"put": (
        (_ID, _TOKEN, (b"v", _is_anything)),
        ((b"k", _is_key), (b"sig", _is_signature), _SEQUENCE, (b"salt", _is_bytes), (b"cas", _is_count)),
    ),
    b"sample_infohashes": ((_ID, _TARGET), (_WANT, _TOKEN)),
}
_RETURNED = {
    b"nodes": _is_nodes,
    b"nodes6": _is_nodes6,
    b"values": _is_list,
    b"token": _is_token,
    b"k": _is_key,
    b"sig": _is_signature,
    b"seq": _is_count,
    b"samples": _is_samples,
    b"num": _is_count,
    b"interval": _is_count,
}
