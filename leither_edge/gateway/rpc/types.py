"""The types of parameters and results: how an argument is read, and what its description says."""

from leither_edge.mimei import rights
from leither_edge.mimei.errors import BadInput
from leither_edge.mimei.info import check_id
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.opened import Opened

from .errors import bad_params
from .json_text import JsonError, bytes_of
from .open_file import LabelFile, PathFile
from .values import to_value

_TEXT = {"type": "string"}
_WHOLE = {"type": "integer"}
_VALUE = {"$ref": "#/components/schemas/Value"}
_BYTES = {"$ref": "#/components/schemas/Bytes"}
_ID = {"type": "string", "minLength": 27, "maxLength": 27, "description": "20 bytes as base64url"}

# Shared by the descriptions; see values.py and json_text.py.
COMPONENTS = {
    "Bytes": {
        "description": "A text stands for its UTF-8; other bytes are base64 in an object.",
        "oneOf": [
            _TEXT,
            {"type": "object", "properties": {"$bytes": {"type": "string", "contentEncoding": "base64"}}, "required": ["$bytes"]},
        ],
    },
    "Value": {"description": "Any JSON. A number is kept as the text of its digits and comes back as that text; bytes are as in Bytes."},
}


class Pair:
    """Two things in one argument. names: what they are called in an object; in a list they stand in this order."""

    __slots__ = ("first", "names", "second")

    def __init__(self, first, first_type, second, second_type):
        self.names = (first, second)
        self.first, self.second = first_type, second_type

    def read(self, at, given):
        if type(given) is dict and len(given) == 2:
            # The original system's clients send the names of its fields with a capital.
            lowered = {name.lower(): value for name, value in given.items()}
            if all(name in lowered for name in self.names):
                given = [lowered[name] for name in self.names]
        if type(given) is not list or len(given) != 2:
            raise bad_params(f"A pair is an object with {self.names[0]} and {self.names[1]}, or a list of the two.")
        return read(at, self.first, given[0]), read(at, self.second, given[1])

    def schema(self):
        kinds = (self.first, self.second)
        return {"type": "object", "properties": {name: schema(kind) for name, kind in zip(self.names, kinds, strict=True)}}


def read(at, kind, given):
    """The argument that ``given`` (JSON) is for a parameter of type ``kind``. Raises RpcError, MimeiError."""
    if kind.endswith("[]"):
        if type(given) is not list:
            raise bad_params("A list is expected.")
        return [read(at, kind[:-2], part) for part in given]
    found = TYPES[kind]
    return found.read(at, given) if type(found) is Pair else found[0](at, given)


def schema(kind):
    """The JSON Schema of a type."""
    if kind.endswith("[]"):
        return {"type": "array", "items": schema(kind[:-2])}
    found = TYPES[kind]
    return found.schema() if type(found) is Pair else found[1]


def _text(at, given):
    if type(given) is not str:
        raise bad_params("A text is expected.")
    try:
        given.encode()
    except UnicodeEncodeError:
        raise bad_params("A text holds half of a character.") from None
    return given


def _whole(at, given):
    # Numbers beyond 2**53 come as text; see json_text.
    if type(given) is str and 0 < len(given) <= 20 and given.lstrip("-").isdecimal() and given.isascii():
        try:
            return int(given)
        except ValueError:
            pass
    if type(given) is float and abs(given) < 1 << 53 and given == int(given):
        return int(given)
    if type(given) is not int:
        raise bad_params("A whole number is expected.")
    if not -(1 << 63) <= given < 1 << 64:
        raise bad_params("The number is too large.")
    return given


def _mask(at, given):
    if type(given) is list:
        return rights.from_names([_text(at, word) for word in given])
    if type(given) is str and given[:2].lower() == "0x" and 2 < len(given) <= 18:
        try:
            given = int(given, 16)
        except ValueError:
            pass
    found = _whole(at, given)
    # The original system's masks have another layout: taken as ours they would let strangers delete.
    if found != rights.ALL and found >> len(rights.NAMES):
        raise bad_params(f"This mask has bits that stand for no right here. Name the rights in a list: {', '.join(rights.NAMES)}.")
    return found


def _flag(at, given):
    if type(given) is not bool:
        raise bad_params("true or false is expected.")
    return given


def _bytes(at, given):
    try:
        return bytes_of(given)
    except JsonError as error:
        raise bad_params(str(error)) from None


def _score(at, given):
    if type(given) in (int, float):
        return b"%d" % given if type(given) is int else repr(given).encode()
    if type(given) is str and 0 < len(given) <= 40 and given.isascii():
        return given.encode()
    raise bad_params("A score is a number.")


def _id(at, given):
    return check_id(_text(at, given))


def _label(at, given):
    return cids.from_text(_text(at, given))


def _version(at, given):
    if type(given) is int:
        return given
    given = _text(at, given)
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else given


def _session(at, given):
    return at.session(given or "" if given is None else _text(at, given))


def _opened(at, given):
    found = at.kept(_text(at, given))
    if type(found) is not Opened:
        raise bad_params("This was opened as a file. Open the MiMei with MMOpen.")
    return found


def _file(at, given):
    found = at.kept(_text(at, given))
    return found if isinstance(found, (PathFile, LabelFile)) else PathFile(found)


def _content(at, given):
    """An id, or what an open call gave: both name content."""
    given = _text(at, given)
    try:
        return check_id(given)
    except BadInput:
        found = at.kept(given)
    opened = found if type(found) is Opened else getattr(found, "opened", None)
    if opened is None:
        raise bad_params("This was opened by a label alone and is in no MiMei.")
    return opened


def _any(at, given):
    return given


TYPES = {
    "text": (_text, _TEXT),
    "int": (_whole, _WHOLE),
    "mask": (_mask, {"type": ["integer", "string", "array", "null"], "description": "rights: their names in a list, or their bits"}),
    "bool": (_flag, {"type": "boolean"}),
    "bytes": (_bytes, _BYTES),
    "value": (lambda at, given: to_value(given), _VALUE),
    "number": (_score, {"type": ["number", "string"]}),
    "any": (_any, {}),
    "id": (_id, _ID),
    "label": (_label, {"type": "string", "description": "a content label (CID)"}),
    "version": (_version, {"type": ["string", "integer"], "description": "a number from 0, cur, last, or release"}),
    "session": (_session, {"type": ["string", "null"], "description": "what Login gave; empty: a guest, or the header's"}),
    "opened": (_opened, {"type": "string", "description": "what MMOpen gave"}),
    "file": (_file, {"type": "string", "description": "what an MFOpen... gave, or MMOpen"}),
    "content": (_content, {"type": "string", "description": "the id of a MiMei, or what MMOpen gave"}),
    "pair": Pair("field", "bytes", "value", "value"),
    "scored": Pair("score", "number", "member", "bytes"),
    # Of results only.
    "null": (_any, {"type": "null"}),
    "object": (_any, {"type": "object"}),
    "handle": (_any, _TEXT),
    "score": (_any, {"type": ["number", "null"]}),
}
