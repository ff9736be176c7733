"""In place of the standard library's json, whose regular expressions are half of the supervisor's and of the start's modules.

The work was always done by the interpreter's own _json; this passes on to it, as the package does. Left out: writing with indentation,
reading byte strings, and finding the end of a value inside a longer text.
Source: CPython 3.13, Lib/json/decoder.py and encoder.py, Modules/_json.c.
"""

import sys
from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner

_SPACE = " \t\n\r"
_CONSTANTS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class JSONDecodeError(ValueError):
    """A text that is not JSON. msg: why; doc: the text; pos, lineno, colno: where."""

    def __init__(self, msg, doc, pos):
        self.msg, self.doc, self.pos = msg, doc, pos
        self.lineno = doc.count("\n", 0, pos) + 1
        self.colno = pos - doc.rfind("\n", 0, pos)
        super().__init__(f"{msg}: line {self.lineno} column {self.colno} (char {pos})")

    def __reduce__(self):
        return type(self), (self.msg, self.doc, self.pos)


class JSONDecoder:
    """Reads texts, with the hooks of the package's JSONDecoder."""

    def __init__(self, *, object_hook=None, parse_float=None, parse_int=None, parse_constant=None, strict=True, object_pairs_hook=None):
        self.object_hook, self.object_pairs_hook, self.strict = object_hook, object_pairs_hook, strict
        self.parse_float, self.parse_int = parse_float or float, parse_int or int
        self.parse_constant = parse_constant or _CONSTANTS.__getitem__
        self.scan_once = make_scanner(self)

    def decode(self, text):
        """The value that a whole text stands for. Raises JSONDecodeError."""
        try:
            value, end = self.scan_once(text, _after_space(text, 0))
        except StopIteration as stop:
            raise JSONDecodeError("Expecting value", text, stop.value) from None
        end = _after_space(text, end)
        if end != len(text):
            raise JSONDecodeError("Extra data", text, end)
        return value


class JSONEncoder:
    """Writes values, in one line."""

    def __init__(
        self, *, skipkeys=False, ensure_ascii=True, check_circular=True, allow_nan=True, sort_keys=False, separators=None, default=None
    ):
        self.item_separator, self.key_separator = separators or (", ", ": ")
        self._options = (sort_keys, skipkeys, allow_nan)
        self._checks = check_circular
        self._text = encode_basestring_ascii if ensure_ascii else encode_basestring
        if default is not None:
            self.default = default

    def default(self, value):
        """What to write for a value of another type. Raises TypeError."""
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")

    def encode(self, value):
        """The text of a value. Raises TypeError, ValueError."""
        markers = {} if self._checks else None
        write = make_encoder(markers, self.default, self._text, None, self.key_separator, self.item_separator, *self._options)
        return "".join(write(value, 0))


def loads(text, **hooks):
    """The value that a text stands for. Raises JSONDecodeError, TypeError for bytes."""
    if not isinstance(text, str):
        raise TypeError(f"the JSON object must be str, not {type(text).__name__}")
    if text.startswith("\ufeff"):
        raise JSONDecodeError("Unexpected UTF-8 BOM (decode using utf-8-sig)", text, 0)
    return JSONDecoder(**hooks).decode(text)


def dumps(value, **options):
    """The text of a value. Raises TypeError, ValueError."""
    return JSONEncoder(**options).encode(value)


def load(file, **hooks):
    """As loads, of a file opened for text."""
    return loads(file.read(), **hooks)


def dump(value, file, **options):
    """As dumps, into a file opened for text."""
    file.write(dumps(value, **options))


def _after_space(text, at):
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


# By this name the interpreter's scanner finds what to raise.
sys.modules["json.decoder"] = sys.modules[__name__]
