"""GET and HEAD of /ipfs/: a block, a CAR file, or what they mean to a browser."""

from leither_edge.core.sha256 import sha256
from leither_edge.http import HttpError, Response
from leither_edge.http.static_files import matches
from leither_edge.mimei.blocks.digest_set import DigestSet, new_key
from leither_edge.mimei.errors import BlockMissing, Conflict
from leither_edge.mimei.files import directory, folder_node
from leither_edge.mimei.files import read as reading
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import unixfs

from .. import file_answer, listing
from ..caller import Blocks, bearer_of
from ..header_fields import disposition, quoted
from ..pieces import Pieces
from ..refusals import REFUSALS, http_error
from . import asked as asking
from . import car_file
from .way import Noting, follow

IMMUTABLE = ("cache-control", "public, max-age=29030400, immutable")
# The page may change with this program, the folder it shows does not.
LISTED = ("cache-control", "public, max-age=604800")
# What is here is everybody's who knows its label; no session of a browser is looked at.
SHARED = (("access-control-allow-origin", "*"), ("access-control-expose-headers", "X-Ipfs-Path, X-Ipfs-Roots, Content-Range"))
NOSNIFF = ("x-content-type-options", "nosniff")
INDEX = "index.html"


class IpfsAnswers:
    """The handler of /ipfs/{cid} and what is below. Args: gateway (Gateway), denied (digests of 32 bytes that are not served)."""

    def __init__(self, gateway, denied=frozenset()):
        self._gateway = gateway
        self._denied = denied

    async def __call__(self, request):
        try:
            asked = asking.read(request)
            return await self._gateway.in_thread(self._answer, request, asked)
        except BlockMissing as error:
            raise HttpError(404, str(error), reason="no-block") from None
        except REFUSALS as error:
            raise http_error(error) from None

    def _answer(self, request, asked):
        library = self._gateway.library
        blocks = Noting(Blocks(library, library.session(bearer_of(request.headers))))
        try:
            # The root first: whether it is here decides between "not here" and "not there".
            blocks.get(asked.cid)
        except BlockMissing:
            if asked.cached_only:
                raise HttpError(412, "This block is not here.", reason="not-cached") from None
            raise
        blocks.take()
        roots = follow(blocks, asked.cid, asked.path, asked.text)
        if any(cids.digest(root) in self._denied for root in roots):
            raise HttpError(410, "This node does not serve this content.", reason="denied")
        if asked.form == asking.CAR:
            return self._car(request, asked, blocks, roots)
        blocks.take()
        if asked.form is asking.FILE:
            return self._plain(request, asked, blocks, roots)
        return self._block(request, asked, blocks, roots)

    # One block

    def _block(self, request, asked, blocks, roots):
        end = roots[-1]
        if asked.form == asking.CBOR and cids.codec(end) != cids.DAG_CBOR:
            raise HttpError(406, "This content is not DAG-CBOR. Ask for format=raw and convert that.", reason="codec")
        kind = asking.RAW_TYPE if asked.form == asking.RAW else asking.CBOR_TYPE
        ending = "bin" if asked.form == asking.RAW else "cbor"
        text = cids.to_text(end)
        headers = self._headers(asked, f'"{text}.{asked.form}"', f"{text}.{ending}")
        if _is_known(request, headers):
            return Response(304, headers=headers)
        return Response(200, blocks.get(end), kind, headers)

    # A CAR file

    def _car(self, request, asked, blocks, roots):
        way = blocks.take()
        plan = car_file.plan(blocks, roots[-1], asked)
        blocks.take()
        # The same question gets the same bytes: the order is that of the content, and what is sent twice is said.
        question = repr((asked.path, plan.scope, plan.offset, plan.length, asked.dups)).encode()
        text = cids.to_text(asked.cid)
        headers = self._headers(asked, f'"{text}.car.{plan.scope}.{sha256(question).digest()[:8].hex()}"', f"{text}.car")
        headers += (("accept-ranges", "none"),)
        kind = f"{asking.CAR_TYPE}; version=1; order=dfs; dups={'y' if asked.dups else 'n'}"
        if _is_known(request, headers):
            return Response(304, headers=headers)
        library = self._gateway.library
        key = new_key(library.random_bytes)
        sections = car_file.sections(blocks, way, plan, DigestSet(key), DigestSet(key))
        return Response(200, Pieces(self._gateway, _held(library, asked.cid, sections)), kind, headers)

    # What a browser wants

    def _plain(self, request, asked, blocks, roots):
        end, codec = roots[-1], cids.codec(roots[-1])
        if codec == cids.DAG_CBOR:
            return self._block(request, asked._replace(form=asking.CBOR), blocks, roots)
        if codec not in (cids.RAW, cids.DAG_PB):
            raise HttpError(400, "Content of this codec has no plain form. Ask for format=raw.", reason="codec")
        kind = unixfs.RAW if codec == cids.RAW else folder_node.node_of(blocks.get(end)).kind
        told = (
            ("x-ipfs-path", quoted(request.path)),
            ("x-ipfs-roots", ",".join(map(cids.to_text, roots))),
            *SHARED,
        )
        if kind in (unixfs.DIRECTORY, unixfs.HAMT):
            return self._folder(request, asked, blocks, roots, told)
        if kind == unixfs.SYMLINK:
            raise HttpError(404, "This is a symbolic link, which is not followed.", reason="symlink")
        name = asked.filename or (asked.path[-1] if asked.path else "")
        return self._file(request, asked, blocks, end, name, told)

    def _file(self, request, asked, blocks, cid, name, told):
        def read(offset, length):
            return _held(self._gateway.library, cid, _forgetting(blocks, reading.read(blocks, cid, offset, length)))

        file = file_answer.File(reading.size(blocks, cid), read, f'"{cids.to_text(cid)}"', name)
        kind = file_answer.media_type(file)
        headers = (IMMUTABLE, *told)
        return file_answer.answer(self._gateway, request, file, kind, headers, filename=asked.filename, download=asked.download)

    def _folder(self, request, asked, blocks, roots, told):
        if not asked.slash:
            query = "?" + request.raw_query.decode("latin-1") if request.raw_query else ""
            return Response(301, headers=(("location", quoted(request.path) + "/" + query), IMMUTABLE, *SHARED))
        end = roots[-1]
        index = directory.find(blocks, end, INDEX.encode())
        if index is not None:
            try:
                return self._file(request, asked, blocks, index.cid, INDEX, told)
            except Conflict:
                pass  # a folder of that name
        etag = f'"DirIndex-{self._gateway.version}_CID-{cids.to_text(end)}"'
        headers = (("etag", etag), LISTED, *told, *listing.HEADERS)
        if _is_known(request, headers):
            return Response(304, headers=headers)
        entries = ((link.name.decode("utf-8", "replace"), link.size, False) for link in directory.entries(blocks, end))
        page = listing.page(request.path, entries, bool(asked.path))
        return Response(200, Pieces(self._gateway, _held(self._gateway.library, end, _forgetting(blocks, page))), listing.HTML, headers)

    def _headers(self, asked, etag, filename):
        saved_as = disposition("attachment", asked.filename or filename)
        headers = (("etag", etag), IMMUTABLE, NOSNIFF, ("content-disposition", saved_as), *SHARED)
        return headers if asked.location is None else (*headers, ("content-location", asked.location))


def _is_known(request, headers):
    return "if-none-match" in request.headers and matches(request.headers["if-none-match"], headers[0][1])


def _held(library, cid, items):
    """The items, while nothing that the label reaches is collected."""
    with library.blocks.hold([cid]):
        yield from items


def _forgetting(blocks, items):
    """The items, what was noted for them dropped: else all of a film would stay in memory."""
    for item in items:
        blocks.take()
        yield item
