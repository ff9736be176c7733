"""What a request to /ipfs/ asks for, without I/O: label, path, form, and the parameters of a CAR file.

Sources: the trustless gateway and the path gateway specifications of IPFS; IPIP-402 (scopes, ranges), IPIP-412 (order, doubles).
"""

from collections import namedtuple

from leither_edge.http import HttpError
from leither_edge.mimei.ipld import cid as cids

from ..header_fields import accepted, quoted, quoted_value
from ..origin import refuse_service_worker

RAW, CAR, CBOR, FILE = "raw", "car", "dag-cbor", None
RAW_TYPE, CAR_TYPE, CBOR_TYPE = "application/vnd.ipld.raw", "application/vnd.ipld.car", "application/vnd.ipld.dag-cbor"
_FORMS = {RAW: RAW_TYPE, CAR: CAR_TYPE, CBOR: CBOR_TYPE}
_TYPES = {kind: form for form, kind in _FORMS.items()}
# Known forms that are not made here, as formats and as types.
_OTHERS = {
    "tar": "application/x-tar", "json": None, "cbor": "application/cbor", "dag-json": "application/vnd.ipld.dag-json",
}  # fmt: skip
_OTHER_TYPES = frozenset(filter(None, _OTHERS.values()))
_RECORD, _RECORD_TYPE = "ipns-record", "application/vnd.ipfs.ipns-record"

BLOCK, ENTITY, ALL = SCOPES = ("block", "entity", "all")
_DIGITS_MAX = 19

# cid: binary. text: the label as it was written. path: (name, ...) below it. slash: whether the path ends in one. form: RAW, CAR,
# CBOR or FILE. location: the Content-Location that is due, or None. scope, span ((from, to), None ends; None: all), dups: of CAR.
# filename, download: of the query. cached_only: the client wants nothing that must be fetched.
Asked = namedtuple("Asked", "cid text path slash form location scope span dups filename download cached_only")


def read(request):
    """The Asked of a request whose params are cid and path. Raises HttpError 400 and 406, BadInput (no label)."""
    query, headers = request.query, request.headers
    refuse_service_worker(headers)
    text = request.params["cid"]
    cid = cids.from_text(text)
    path = request.params.get("path")
    names = [name for name in (path or "").split("/") if name]
    form, options, by_accept = _form(query, headers)
    scope, span, dups = BLOCK, None, False
    if form == CAR:
        scope, span = _scope(query)
        dups = _car_options(query, options)
    location = None
    if by_accept or form == CAR and any(f"car-{name}" in query and query[f"car-{name}"] != value for name, value in options.items()):
        location = _location(request, form, options)
    return Asked(
        cid, text, tuple(names), path is not None and (not path or path.endswith("/")), form, location, scope, span, dups,
        query.get("filename", ""), query.get("download") == "true", "only-if-cached" in headers.get("cache-control", "").lower(),
    )  # fmt: skip


def _form(query, headers):
    """(form, options of the Accept entry, whether a Content-Location is due)."""
    wanted, options = _by_accept(headers)
    if "format" not in query:
        return wanted, options, wanted is not FILE
    name = query["format"]
    if name == _RECORD:
        raise HttpError(400, "An IPNS record is not found under /ipfs/.", reason="format")
    if name in _OTHERS:
        raise HttpError(406, "This form is not made here. Ask for format=raw or format=car and convert that.", reason="format")
    if name not in _FORMS:
        raise HttpError(400, f"There is no format {name[:40]}. There are raw, car and dag-cbor.", reason="format")
    return name, options if wanted == name else {}, wanted is not FILE and wanted != name


def _by_accept(headers):
    field = headers.get("accept")
    if field is None or "format" not in field and "vnd.ip" not in field and "x-tar" not in field and "cbor" not in field:
        return FILE, {}
    refused = None
    for kind, options in accepted(field):
        if kind == CAR_TYPE and not _is_made(options):
            refused = refused or 406
        elif kind in _TYPES:
            return _TYPES[kind], options if kind == CAR_TYPE else {}
        elif kind == _RECORD_TYPE:
            refused = 400
        elif kind in _OTHER_TYPES:
            refused = refused or 406
        else:
            return FILE, {}
    if refused:
        raise HttpError(refused, "None of the forms in Accept is made here. There are raw blocks and CAR files.", reason="accept")
    return FILE, {}


def _is_made(options):
    version, order, dups = options.get("version", ""), options.get("order", ""), options.get("dups", "")
    return version in ("", "1") and order in ("", "dfs", "unk") and dups in ("", "y", "n")


def _car_options(query, options):
    """Whether doubles are sent; what the query says goes before Accept."""
    chosen = {name: query.get(f"car-{name}", options.get(name, "")) for name in ("version", "order", "dups")}
    if chosen["version"] not in ("", "1"):
        raise HttpError(400, "CAR files of version 1 are made here.", reason="car-version")
    if chosen["order"] not in ("", "dfs", "unk"):
        raise HttpError(400, "The blocks of a CAR file come here in the order dfs.", reason="car-order")
    if chosen["dups"] not in ("", "y", "n"):
        raise HttpError(400, "car-dups is y or n.", reason="car-dups")
    return chosen["dups"] == "y"


def _scope(query):
    span = None
    if "entity-bytes" in query:
        begin, colon, end = query["entity-bytes"].partition(":")
        if not colon or end == "" or not _is_number(begin) or end != "*" and not _is_number(end):
            raise HttpError(400, "entity-bytes is two whole numbers with a colon between, or * for the end.", reason="entity-bytes")
        span = int(begin), None if end == "*" else int(end)
    scope = query.get("dag-scope", ENTITY if span else ALL)
    if scope not in SCOPES:
        raise HttpError(400, "dag-scope is block, entity or all.", reason="dag-scope")
    return (ENTITY if span else scope), span


def _is_number(text):
    digits = text.removeprefix("-")
    return 0 < len(digits) <= _DIGITS_MAX and digits.isascii() and digits.isdigit()


def span_of(span, size):
    """(offset, length) of an entity-bytes in a file of a size; length 0 for an empty range. Raises HttpError 400: outside."""
    begin, end = span
    if begin < 0:
        begin = max(0, size + begin)
    if begin >= size > 0:
        raise HttpError(400, f"The range lies outside the file's {size} bytes.", reason="entity-bytes")
    last = size - 1 if end is None else size + end if end < 0 else min(end, size - 1)
    return begin, max(0, last - begin + 1)


def _location(request, form, options):
    parts = [("format", form)]
    parts += [(name, value) for name, value in request.query.items() if name != "format"]
    given = dict(parts)
    # What Accept chose belongs to the address, or a cache would mix the two.
    parts += [(f"car-{name}", options[name]) for name in ("version", "order", "dups") if name in options and f"car-{name}" not in given]
    return quoted(request.path) + "?" + "&".join(f"{quoted_value(name)}={quoted_value(value)}" for name, value in parts)
