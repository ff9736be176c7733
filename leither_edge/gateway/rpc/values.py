"""What a database's value is in JSON, and the other way round.

Kept are bytes, as Redis keeps them: a text as its UTF-8, {"$bytes": ...} as it is, a number as the text of its digits, so that
INCR and every Redis client understand it. What else JSON has (true, false, null, lists, objects) is kept as DAG-CBOR behind
the mark by which CBOR describes itself (RFC 8949, 3.4.6), which no text begins with; it comes back as it was.
"""

from leither_edge.mimei.errors import BadBlock, MimeiError
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_cbor

from .errors import bad_params
from .json_text import BYTES, Binary, JsonError, bytes_of

MARK = b"\xd9\xd9\xf7"
_LINK = "/"


def to_value(thing):
    """The bytes that are kept for a JSON value. Raises RpcError."""
    kind = type(thing)
    if kind is str or kind is dict and BYTES in thing and len(thing) == 1:
        try:
            return bytes_of(thing)
        except JsonError as error:
            raise bad_params(str(error)) from None
    if kind is int:
        return b"%d" % thing
    if kind is float:
        return repr(thing).encode()
    return to_object(thing)


def from_value(data):
    """What stands in JSON for kept bytes, or for None."""
    if data is None or not data.startswith(MARK):
        return data
    return from_object(data)


def to_object(thing):
    """The bytes of any JSON value that shall come back as it was, a text too. Raises RpcError."""
    try:
        return MARK + dag_cbor.encode(_to_data(thing))
    except MimeiError as error:
        raise bad_params(str(error)) from None


def from_object(data):
    """The JSON value of such bytes; of others, what from_value gives."""
    if not data.startswith(MARK):
        return data
    try:
        return _to_json(dag_cbor.decode(data[len(MARK) :]))
    except BadBlock:
        return data


def _to_data(thing):
    if type(thing) is list:
        return [_to_data(part) for part in thing]
    if type(thing) is dict:
        if len(thing) == 1 and BYTES in thing:
            try:
                return bytes_of(thing)
            except JsonError as error:
                raise bad_params(str(error)) from None
        return {name: _to_data(value) for name, value in thing.items()}
    return thing


def _to_json(thing):
    if isinstance(thing, dag_cbor.Link):
        return {_LINK: cids.to_text(thing.cid)}
    if type(thing) is list:
        return [_to_json(part) for part in thing]
    if type(thing) is dict:
        return {name: _to_json(value) for name, value in thing.items()}
    return Binary(thing) if type(thing) is bytes else thing
