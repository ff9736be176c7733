"""Replies into the bytes of RESP2 and RESP3.

What a reply is made of says `mimei/database/replies.py`; Text is the one kind that databases do not have.
"""

from collections import namedtuple

from leither_edge.mimei.database.replies import ErrorReply, Members, NoArray, Pairs, Status

# A text for people: RESP3 says that it is one. text: bytes.
Text = namedtuple("Text", "text")

_BREAKS = bytes.maketrans(b"\r\n", b"  ")


def write(out, reply, resp3):
    """Append the bytes of a reply to `out`. Args: out (list of bytes), reply, resp3 (False: RESP2)."""
    kind = type(reply)
    if kind is bytes:
        out.append(b"$%d\r\n%b\r\n" % (len(reply), reply))
    elif kind is int:
        out.append(b":%d\r\n" % reply)
    elif reply is None:
        out.append(b"_\r\n" if resp3 else b"$-1\r\n")
    else:
        _WRITERS[kind](out, reply, resp3)


def error(sentence):
    """The bytes of an error. Args: sentence (bytes), which begins with a code in capitals."""
    return b"-%b\r\n" % sentence.translate(_BREAKS)


def number_text(value):
    """The text of a double, as Redis 7.0 writes it."""
    return b"%.17g" % value


def _list(out, reply, resp3):
    out.append(b"*%d\r\n" % len(reply))
    for each in reply:
        write(out, each, resp3)


def _members(out, reply, resp3):
    out.append((b"~%d\r\n" if resp3 else b"*%d\r\n") % len(reply.items))
    for each in reply.items:
        write(out, each, resp3)


def _map(out, reply, resp3):
    out.append(b"%%%d\r\n" % len(reply) if resp3 else b"*%d\r\n" % (len(reply) * 2))
    for key, value in reply.items():
        write(out, key, resp3)
        write(out, value, resp3)


def _pairs(out, reply, resp3):
    out.append(b"*%d\r\n" % (len(reply.items) if resp3 else len(reply.items) * 2))
    for key, value in reply.items:
        if resp3:
            out.append(b"*2\r\n")
        write(out, key, resp3)
        write(out, value, resp3)


def _float(out, reply, resp3):
    text = number_text(reply)
    out.append(b",%b\r\n" % text if resp3 else b"$%d\r\n%b\r\n" % (len(text), text))


def _status(out, reply, resp3):
    out.append(b"+%b\r\n" % reply.text)


def _error(out, reply, resp3):
    out.append(error(reply.text))


def _no_array(out, reply, resp3):
    out.append(b"_\r\n" if resp3 else b"*-1\r\n")


def _text(out, reply, resp3):
    text = reply.text
    out.append(b"=%d\r\ntxt:%b\r\n" % (len(text) + 4, text) if resp3 else b"$%d\r\n%b\r\n" % (len(text), text))


_WRITERS = {
    list: _list, tuple: _list, Members: _members, dict: _map, Pairs: _pairs, float: _float, Status: _status, ErrorReply: _error,
    NoArray: _no_array, Text: _text,
}  # fmt: skip
