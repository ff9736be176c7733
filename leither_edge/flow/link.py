"""The link of a MiMei, as people pass it on: `leither:mimei/<mid>/<author's public key>`, and where it may be found, `?from=<source>`.

The mid says what is meant, the key whose manifests are good and under which the DHT has the newest one. A source is a node's public
key, an address or a gateway's URL, any number of times; without one whoever opens the link looks for providers himself.
"""

from collections import namedtuple

from leither_edge.core.ids import ID_TEXT_CHARS, IdError, id_from_text, id_to_text, public_key_from_text, public_key_to_text
from leither_edge.mimei.errors import BadInput

SCHEME = "leither:mimei/"
MAX_CHARS = 2000
SOURCES_MAX = 8
SOURCE_MAX_CHARS = 300
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/@[]")

# mid: 20 bytes; author: public key (32 bytes), None where only the mid is known; sources: texts.
Link = namedtuple("Link", "mid author sources")


def to_text(mid, author, sources=()):
    """The link of a MiMei. Args: mid (20 bytes), author (32 bytes), sources (texts)."""
    more = "&".join("from=" + _escape(source) for source in sources)
    return f"{SCHEME}{id_to_text(mid)}/{public_key_to_text(author)}" + (f"?{more}" if more else "")


def parse(text):
    """The Link of a link, or of the mid alone (27 characters). Raises BadInput."""
    if not isinstance(text, str) or len(text) > MAX_CHARS:
        raise BadInput(f"A link of a MiMei is a text of at most {MAX_CHARS} characters.")
    text = text.strip()
    try:
        if len(text) == ID_TEXT_CHARS:
            return Link(id_from_text(text), None, ())
        if not text.startswith(SCHEME):
            raise BadInput(f"This is neither the id of a MiMei (27 characters) nor a link that begins with {SCHEME}")
        path, _, query = text[len(SCHEME) :].partition("?")
        mid, slash, key = path.partition("/")
        author = public_key_from_text(key) if slash else None
        return Link(id_from_text(mid), author, _sources(query))
    except IdError as error:
        raise BadInput(f"The link cannot be read: {error}. Copy it whole.") from None


def _sources(query):
    found = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        # Others may be there one day, and are not needed to find it.
        if name == "from" and value:
            found.append(_unescape(value))
    if len(found) > SOURCES_MAX:
        raise BadInput(f"A link names at most {SOURCES_MAX} sources.")
    return tuple(dict.fromkeys(found))


def _escape(text):
    return "".join(char if char in _PLAIN else "".join(f"%{byte:02X}" for byte in char.encode()) for char in text)


def _unescape(text):
    out, at, data = bytearray(), 0, text.encode("utf-8", "replace")
    while at < len(data):
        if data[at] == 0x25:
            try:
                out += bytes.fromhex(data[at + 1 : at + 3].decode())
            except ValueError:
                raise BadInput("The link cannot be read: a % without two digits behind it. Copy it whole.") from None
            at += 3
        else:
            out.append(data[at])
            at += 1
    try:
        found = out.decode()
    except UnicodeDecodeError:
        found = ""
    if not 0 < len(found) <= SOURCE_MAX_CHARS or not found.isprintable():
        raise BadInput("The link cannot be read: a source in it is no address, key or URL. Copy it whole.")
    return found
