"""Maps with integer keys, read and written against a table of fields: no field unknown, missing or ill-typed."""

from collections import namedtuple

from leither_edge.core import cbor

U32_MAX = 0xFFFFFFFF
# The largest integer that JavaScript holds exactly; the page's code reads the same messages.
U53_MAX = (1 << 53) - 1

# key: integer in the map. name: attribute of the record. wanted: a phrase for people. check: value -> bool.
# optional: where true, None is written as an absent key.
Field = namedtuple("Field", ("key", "name", "wanted", "check", "optional"))


def read_record(payload, record, fields, error, what, max_bytes=cbor.MAX_BYTES):
    """The record (a namedtuple whose attributes are ``fields`` in their order) that ``payload`` (bytes) encodes.

    Raises ``error(code, sentence)``: malformed, too-large. Its ``field`` is the name of the field that is wrong, where it is one.
    """
    try:
        value = cbor.decode(payload, max_bytes)
    except cbor.CborError as reason:
        code = "too-large" if reason.code == "too-large" else "malformed"
        raise error(code, f"{what} is malformed: {reason}") from None
    if not isinstance(value, dict):
        raise error("malformed", f"{what} is not a map")
    values = []
    known = 0
    for field in fields:
        item = None
        if field.key in value:
            item = value[field.key]
            known += 1
            if not field.check(item):
                raise _about(field, error, f"{what}: {field.name} must be {field.wanted}")
        elif not field.optional:
            raise _about(field, error, f"{what}: {field.name} is missing")
        values.append(item)
    if known != len(value):
        raise error("malformed", f"{what} has a field that is not known here")
    return record(*values)


def write_record(record, fields, error, what):
    """The payload bytes of a record. Raises ``error(code, sentence)``: malformed; its ``field`` as for read_record."""
    value = {}
    for field in fields:
        item = getattr(record, field.name)
        if item is None and field.optional:
            continue
        if isinstance(item, tuple):
            item = list(item)
        if not field.check(item):
            raise _about(field, error, f"{what}: {field.name} must be {field.wanted}")
        value[field.key] = item
    try:
        return cbor.encode(value)
    except cbor.CborError as reason:
        raise error("malformed", f"{what}: {reason}") from None


def _about(field, error, sentence):
    reason = error("malformed", sentence)
    reason.field = field.name
    return reason


def is_integer(value, least, most):
    """True for an integer (not a bool) in the range, both ends included."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_u53(value):
    return is_integer(value, 0, U53_MAX)


def is_positive_u53(value):
    return is_integer(value, 1, U53_MAX)


def is_bytes(value, size):
    return isinstance(value, bytes) and len(value) == size


def is_id(value):
    return isinstance(value, bytes) and len(value) == 20


def is_id_or_none(value):
    return value is None or is_id(value)


def is_hash(value):
    return isinstance(value, bytes) and len(value) == 32


def is_hash_or_none(value):
    return value is None or is_hash(value)


def is_text(value, least, most):
    """True for a text with a number of characters in the range, both ends included."""
    return isinstance(value, str) and least <= len(value) <= most


def is_name(value):
    """True for a verb or code: 1 to 32 characters of a-z, 0-9 and the hyphen."""
    if not isinstance(value, str) or not 1 <= len(value) <= 32:
        return False
    for letter in value:
        if not ("a" <= letter <= "z" or "0" <= letter <= "9" or letter == "-"):
            return False
    return True
