"""Static files: ETag, Range, precompressed variants, small files kept in memory."""

import os
import re

import trio

from leither_edge.core.sha256 import sha256

from .errors import HttpError
from .file_source import FileBody, Folder, Table, version_of
from .message import Response
from .wire import KeptHead

CONTENT_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "json": "application/json",
    "webmanifest": "application/manifest+json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "ico": "image/x-icon",
    "txt": "text/plain; charset=utf-8",
    "woff2": "font/woff2",
    "wasm": "application/wasm",
    "pdf": "application/pdf",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "gz": "application/gzip",
}
UNKNOWN_TYPE = "application/octet-stream"

# A file is looked at again this long after the last look.
RECHECK_S = 1.0

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class StaticFiles:
    """A handler for GET and HEAD of files.

    Args: files a folder path, or a dict of URL path to bytes or file path;
    cache_bytes memory for small files of a folder; prefix of the URL path that is not part of the name;
    index name served for a path that ends in "/"; cache_control field value; headers more (name, value) pairs.
    ``NAME.gz`` beside ``NAME`` is sent to clients that accept gzip. Raises HttpError 404, 405, 416.
    """

    def __init__(self, files, cache_bytes, prefix="/", index="index.html", cache_control="no-cache", headers=()):
        self._source = Table(files) if isinstance(files, dict) else Folder(files)
        self._cache_bytes = cache_bytes
        self._cached_bytes = 0
        # One file may take a quarter, so that a large one does not evict all others.
        self._cacheable_bytes = cache_bytes // 4
        self._entries = {}
        self._prefix = prefix
        self._index = index
        self._headers = (("cache-control", cache_control), ("x-content-type-options", "nosniff"), *headers)

    async def __call__(self, request):
        if request.method != "GET" and request.method != "HEAD":
            raise HttpError(405, "A file can only be read.", (("allow", "GET, HEAD"),))
        entry = self._entry(request.path)
        if entry is None:
            raise HttpError(404, "There is no such file.")
        asked = request.headers
        wants_range = "range" in asked and request.method == "GET"
        variant = entry.plain
        if entry.gzip is not None and not wants_range and accepts_gzip(asked.get("accept-encoding", "")):
            variant = entry.gzip
        if "if-none-match" in asked and matches(asked["if-none-match"], variant.etag):
            return variant.not_modified
        if wants_range and asked.get("if-range", variant.etag) == variant.etag:
            span = parse_range(asked["range"], variant.size)
            if span is not None:
                return self._partial(variant, *span)
        return variant.kept if variant.kept is not None else self._stream(variant, 200, 0, variant.size, ())

    def _partial(self, variant, start, length):
        if length == 0:
            raise HttpError(416, "The range lies outside the file.", (("content-range", f"bytes */{variant.size}"),))
        place = (("content-range", f"bytes {start}-{start + length - 1}/{variant.size}"),)
        if variant.body is not None:
            return Response(206, variant.body[start : start + length], variant.content_type, variant.headers + place)
        return self._stream(variant, 206, start, length, place)

    def _stream(self, variant, status, start, length, more):
        headers = (*variant.headers, ("content-length", str(length)), *more)
        body = FileBody(self._source, variant.name, variant.version, start, length)
        return Response(status, body, variant.content_type, headers)

    # The cache

    def _entry(self, path):
        now = trio.current_time()
        entry = self._entries.get(path)
        if entry is not None:
            if now < entry.recheck_at:
                return entry
            if self._is_current(entry):
                entry.recheck_at = now + RECHECK_S
                # Move to the end: the first in the dict is the one longest unused.
                self._entries[path] = self._entries.pop(path)
                return entry
            self._drop(path)
        name = self._name(path)
        plain = None if name is None else self._load(name, None)
        if plain is None:
            return None
        gzip = self._load(name + ".gz", plain.content_type)
        entry = Entry(plain, gzip, self._headers)
        entry.recheck_at = now + RECHECK_S
        if entry.cost <= self._cache_bytes:
            self._entries[path] = entry
            self._cached_bytes += entry.cost
            while self._cached_bytes > self._cache_bytes:
                self._drop(next(iter(self._entries)))
        return entry

    def _drop(self, path):
        self._cached_bytes -= self._entries.pop(path).cost

    def _name(self, path):
        if not path.startswith(self._prefix):
            return None
        name = path[len(self._prefix) :].lstrip("/")
        return name + self._index if not name or name.endswith("/") else name

    def _load(self, name, encoded_type):
        content = self._source.content(name) if type(self._source) is Table else None
        if content is not None:
            return Variant(name, content, None, encoded_type, kept_free=True)
        descriptor = self._source.open(name)
        if descriptor is None:
            return None
        try:
            version = version_of(descriptor)
            body = None
            if version[1] <= self._cacheable_bytes:
                body = os.pread(descriptor, version[1], 0)
                if len(body) != version[1]:
                    return None  # being written this moment
            return Variant(name, body, version, encoded_type)
        finally:
            os.close(descriptor)

    def _is_current(self, entry):
        return self._is_same(entry.plain) and (entry.gzip is None or self._is_same(entry.gzip))

    def _is_same(self, variant):
        if variant.version is None:
            return True
        descriptor = self._source.open(variant.name)
        if descriptor is None:
            return False
        try:
            return version_of(descriptor) == variant.version
        finally:
            os.close(descriptor)


class Variant:
    """One representation of a file: as it is, or compressed."""

    __slots__ = ("body", "content_type", "cost", "etag", "headers", "is_gzip", "kept", "name", "not_modified", "size", "version")

    def __init__(self, name, body, version, encoded_type, kept_free=False):
        self.name = name
        self.body = body
        self.version = version
        self.is_gzip = encoded_type is not None
        self.content_type = encoded_type or CONTENT_TYPES.get(name.rpartition(".")[2].lower(), UNKNOWN_TYPE)
        self.size = len(body) if body is not None else version[1]
        self.cost = ENTRY_BYTES + (0 if body is None or kept_free else len(body))
        mark = "-gz" if self.is_gzip else ""
        if version is None:
            self.etag = f'"{sha256(body).hexdigest()[:32]}{mark}"'
        else:
            self.etag = f'"{version[1]:x}-{version[0]:x}-{version[2]:x}{mark}"'

    def finish(self, headers):
        """Build what is sent again and again."""
        headers = (("etag", self.etag), *headers)
        self.not_modified = Response(304, headers=headers)
        self.not_modified.wire = KeptHead()
        if self.is_gzip:
            headers += (("content-encoding", "gzip"),)
        else:
            headers += (("accept-ranges", "bytes"),)
        self.headers = headers
        self.kept = None
        if self.body is not None:
            self.kept = Response(200, self.body, self.content_type, headers)
            self.kept.wire = KeptHead()


# What an entry takes beside its content.
ENTRY_BYTES = 2048


class Entry:
    """What is known of one path."""

    __slots__ = ("cost", "gzip", "plain", "recheck_at")

    def __init__(self, plain, gzip, headers):
        self.plain = plain
        self.gzip = gzip
        self.cost = plain.cost
        if gzip is not None:
            headers = (*headers, ("vary", "accept-encoding"))
            self.cost += gzip.cost
            gzip.finish(headers)
        plain.finish(headers)


def accepts_gzip(field):
    """Whether an Accept-Encoding field takes gzip (RFC 9110, 12.5.3)."""
    for part in field.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "x-gzip", "*"):
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False


def matches(field, etag):
    """Whether an If-None-Match field names ``etag`` (weak comparison, RFC 9110, 13.1.2)."""
    if field.strip() == "*":
        return True
    return any(part.strip().removeprefix("W/") == etag for part in field.split(","))


def parse_range(field, size):
    """(start, length) in bytes of a single byte range; length 0 if it lies outside; None if it is to be ignored."""
    match = _RANGE.fullmatch(field.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        length = min(int(match[2]), size)
        return size - length, length
    start = int(match[1])
    last = min(int(match[2]), size - 1) if match[2] else size - 1
    if match[2] and int(match[2]) < start:
        return None
    return (start, last - start + 1) if start < size else (start, 0)
