"""In place of the codec idna, by which socket.getaddrinfo encodes every host name: for names that are ASCII, as the package's stand-in.

Source: RFC 1035 section 2.3.4 (a label has 1 to 63 characters).
"""

import codecs

LABEL_MAX = 63


def encode(name, errors="strict"):
    """(ASCII bytes of a host name, characters read). Raises UnicodeError for one that is not ASCII or has a bad label."""
    try:
        data = name.encode("ascii")
    except UnicodeEncodeError:
        raise UnicodeError(f"The host name {name!r} is not ASCII. Write it in the form that begins with xn--.") from None
    *labels, last = data.split(b".")
    if len(last) > LABEL_MAX or not all(0 < len(label) <= LABEL_MAX for label in labels):
        raise UnicodeError("label empty or too long")
    return data, len(name)


def decode(data, errors="strict"):
    """(host name, bytes read)."""
    data = bytes(data)
    return data.decode("ascii"), len(data)


def getregentry():
    """What the codec registry asks for."""
    return codecs.CodecInfo(encode, decode, name="idna")
