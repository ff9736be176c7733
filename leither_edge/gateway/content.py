"""/mimei/: files of MiMei for reading, with ranges and listings, and uploads into cur.

Who reads is a guest, or whose session comes in the Authorization field or, for reading alone, in a cookie, so that pages can show
pictures and play films. What changes something takes the field only: a browser adds a cookie by itself, a field never.
"""

from trio import from_thread

from leither_edge.core.ids import id_to_text
from leither_edge.http import HttpError, Response
from leither_edge.http.static_files import matches
from leither_edge.mimei.errors import NotFound
from leither_edge.mimei.info import FILE, FILES, check_id
from leither_edge.mimei.ipld import cid as cids

from . import file_answer, listing
from .caller import bearer_of
from .header_fields import quoted
from .origin import check_origin, refuse_service_worker
from .pieces import Pieces
from .refusals import REFUSALS, http_error
from .rpc.json_text import to_text

PRIVATE = ("cache-control", "private, no-cache")
NO_SNIFF = (("x-content-type-options", "nosniff"),)
NO_STORE = (("cache-control", "no-store"), *NO_SNIFF)
INDEX = "index.html"
JSON = "application/json"
MANIFEST = "application/leither-manifest+cbor"
COOKIE_HEADER_MAX = 2048
# For an upload to become durable after its last byte came.
FINISH_S = 300
_FOLDER = "directory"


class ContentAnswers:
    """The handlers of /mimei/. Args: gateway (Gateway)."""

    def __init__(self, gateway):
        self._gateway = gateway
        # Cookies know no ports: two nodes tried out on one computer must not sign each other out.
        self._cookie = "leither-mimei-" + id_to_text(gateway.library.node_key.id)[:8]

    async def read(self, request):
        """GET and HEAD of a file or folder of a version."""
        refuse_service_worker(request.headers)
        try:
            return await self._gateway.in_thread(self._read, request)
        except REFUSALS as error:
            raise http_error(error) from None

    async def write(self, request):
        """PUT and POST of a file into cur, streamed."""
        check_origin(request)
        if request.params["version"] != "cur":
            raise HttpError(405, "Only cur can be written to.", (("allow", "GET, HEAD, OPTIONS"),))
        return await self._upload(self._write, request)

    async def take(self, request):
        """POST of a CAR file, streamed. Roots of one that brings no MiMei are pinned for the caller, unless he asks with pin=false."""
        check_origin(request)
        return await self._upload(self._take, request)

    async def _upload(self, work, request):
        chunks = request.chunks()
        try:
            return await self._gateway.upload(work, request, chunks)
        except REFUSALS as error:
            raise http_error(error) from None
        finally:
            await chunks.aclose()

    async def remember(self, request):
        """POST: lets the browser that sends a session's id read with it from now on; without one, forgets it."""
        check_origin(request)
        sid = bearer_of(request.headers)
        try:
            session = self._gateway.library.session(sid)
        except REFUSALS as error:
            raise http_error(error) from None
        life = "" if session.sid else "; Max-Age=0"
        cookie = f"{self._cookie}={session.sid}; Path=/mimei/; HttpOnly; SameSite=Strict{life}"
        return Response(204, headers=(("set-cookie", cookie), *NO_STORE))

    # In a worker thread

    def _read(self, request):
        if request.query.get("format") == "manifest":
            return self._manifest(request)
        opened = self._opened(request)
        path = request.params.get("path")
        if opened.data_type == FILE:
            if path:
                raise NotFound("This MiMei is one file and has no paths.")
            view = opened.file
            return self._file(request, view.label(), view.size(), view.read, opened.info.mark)
        if opened.data_type != FILES:
            raise HttpError(406, "This MiMei holds no files. It is read over JSON-RPC or the Redis protocol.", reason="data-type")
        view, names = opened.file_system, [name for name in (path or "").split("/") if name]
        path = "/".join(names)
        entry = view.stat(path)
        if entry.kind == _FOLDER:
            return self._folder(request, view, path, entry)
        if entry.kind != "file":
            raise NotFound("This is a symbolic link, which is not followed.")
        return self._path(request, view, path, entry)

    def _manifest(self, request):
        """The signed record of a version, of one whose content was dropped, too: what other nodes begin a sync with."""
        session = self._gateway.library.session(bearer_of(request.headers))
        number, data, dropped = self._gateway.library.manifest(session, check_id(request.params["mid"]), request.params["version"])
        headers = (("x-mimei-number", str(number)), ("x-mimei-content", "dropped" if dropped else "here"), PRIVATE, *NO_SNIFF)
        return Response(200, data, MANIFEST, headers)

    def _opened(self, request):
        sid = bearer_of(request.headers) or _cookie(request.headers.get("cookie", ""), self._cookie)
        library, version = self._gateway.library, request.params["version"]
        session = library.session(sid)
        mid = check_id(request.params["mid"])
        try:
            return library.open(session, mid, version)
        except NotFound as error:
            if version.isdecimal() and int(version) < library.info(session, mid).next:
                raise HttpError(410, "This version was deleted.", reason="deleted-version") from None
            raise error

    def _path(self, request, view, path, entry):
        return self._file(request, entry.cid, entry.size, lambda offset, length: view.read(path, offset, length), path.rpartition("/")[2])

    def _file(self, request, cid, size, read, name):
        file = file_answer.File(size, read, f'"{cids.to_text(cid)}"', name)
        query = request.query
        return file_answer.answer(
            self._gateway, request, file, file_answer.media_type(file), (PRIVATE,),
            filename=query.get("filename", ""), download=query.get("download") == "true",
        )  # fmt: skip

    def _folder(self, request, view, path, entry):
        if not request.path.endswith("/"):
            query = "?" + request.raw_query.decode("latin-1") if request.raw_query else ""
            return Response(301, headers=(("location", quoted(request.path) + "/" + query), PRIVATE))
        inner = f"{path}/{INDEX}" if path else INDEX
        try:
            index = view.stat(inner)
        except NotFound:
            index = None
        if index is not None and index.kind == "file":
            return self._path(request, view, inner, index)
        etag = f'"DirIndex-{self._gateway.version}_CID-{cids.to_text(entry.cid)}"'
        headers = (("etag", etag), PRIVATE, *listing.HEADERS)
        # Whether names may be listed is checked here, before an answer has begun.
        entries = view.list(path)
        if "if-none-match" in request.headers and matches(request.headers["if-none-match"], etag):
            return Response(304, headers=headers)
        rows = ((row.name, None if row.kind == _FOLDER else row.size, row.kind == _FOLDER) for row in entries)
        return Response(200, Pieces(self._gateway, listing.page(request.path, rows, bool(path))), listing.HTML, headers)

    def _write(self, request, chunks):
        library = self._gateway.library
        session = library.session(bearer_of(request.headers))
        path = "/".join(name for name in request.params.get("path", "").split("/") if name)
        count = _Counted(request, chunks)
        cid = library.put_file(session, check_id(request.params["mid"]), path, count)
        answer = to_text({"cid": cids.to_text(cid), "size": count.size}).encode()
        return Response(201, answer, JSON, NO_STORE)

    def _take(self, request, chunks):
        library = self._gateway.library
        session = library.session(bearer_of(request.headers))
        found = library.import_car(session, _Counted(request, chunks), pin=request.query.get("pin") != "false")
        mid = None if found.mid is None else id_to_text(found.mid)
        answer = {"roots": [cids.to_text(root) for root in found.roots], "mid": mid, "versions": found.numbers}
        return Response(201, to_text(answer).encode(), JSON, NO_STORE)


class _Counted:
    """The parts of a body, fetched from the trio thread one by one by the thread that stores them. Args: request; chunks (its body's)."""

    def __init__(self, request, chunks):
        self._request = request
        self._chunks = chunks
        self.size = 0

    def __iter__(self):
        chunks = self._chunks
        while True:
            try:
                part = from_thread.run(chunks.__anext__)
            except StopAsyncIteration:
                # What is left goes to a medium that may be slow.
                from_thread.run_sync(self._request.allow, FINISH_S)
                return
            self.size += len(part)
            yield part


def _cookie(header, name):
    """The value of a cookie, "" without it; a header over the bound counts as none."""
    if len(header) > COOKIE_HEADER_MAX:
        return ""
    for part in header.split(";"):
        found, _, value = part.partition("=")
        if found.strip() == name:
            return value.strip()
    return ""
