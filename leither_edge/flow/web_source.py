"""A gateway of the web as a source: any node's, which tells its newest version under /mimei/, or any IPFS gateway, which has blocks alone.

Nobody is signed in there: what comes is what guests may have. The pointer in the DHT leads to the newest version where the gateway itself
knows of none.
"""

from leither_edge.core.ids import id_to_text
from leither_edge.core.sha256 import sha256
from leither_edge.mimei import manifest, rights
from leither_edge.mimei.errors import BadInput, NotFound, TooLarge
from leither_edge.mimei.ipld import cid as cids

from . import told
from .chain import CHAIN_BYTES_MAX
from .errors import BadAnswer, NoSource
from .http_get import Gets, Place
from .providers import Lost, Wrong

# What a gateway says that has no such content, and one that does not want to say.
_NOT_HERE, _NOT_YOURS = (404, 410), (401, 403)
# Come again later: too many questions, overloaded.
_LATER = (429, 502, 503, 504)


class WebSource:
    """Args: url, pointed (async function of a mid: the label of the newest manifest that the DHT tells of, or None)."""

    # The fetcher may ask it for blocks though it knows of no versions.
    has_blocks_alone = True

    def __init__(self, url, pointed=None):
        self._place, self._pointed = Place(url), pointed
        self.name, self.key = self._place.name, None
        self._walked, self._walked_bytes = {}, 0

    async def reach(self):
        """Nothing is to be known before it is asked."""

    def provider(self, mid):
        """What the fetcher asks for blocks."""
        return WebProvider(self._place)

    async def head(self, mid, user=None):
        """The told.Head, as guests have it. Raises NotFound, NoSource, BadAnswer, BadManifest."""
        self._walked.clear()
        gets = Gets(self._place)
        try:
            for word in ("last", "release"):
                data, number = await self._manifest(gets, mid, word)
                if data is not None:
                    break
            if data is None:
                return await self._pointed_head(gets, mid)
            released = number if word == "release" else (await self._manifest(gets, mid, "release"))[1]
        finally:
            await gets.aclose()
        return told.read_head(told.head_answer(data, released, rights.PUBLIC), mid)

    async def page(self, mid, start, end, user=None):
        """The told.Page of manifests from a number on. Raises as head."""
        gets, data, dropped, size = Gets(self._place), [], [], 0
        try:
            if self._walked:
                return await self._walk(gets, mid, start, end)
            for number in range(start, min(end, start + told.PAGE_MAX - 1) + 1):
                path = f"/mimei/{id_to_text(mid)}/{number}?format=manifest"
                status, fields = await gets.get(path)
                if status != 200:
                    break
                data.append(await gets.whole(manifest.MAX_BYTES))
                if fields.get("x-mimei-content") == "dropped":
                    dropped.append(number)
                size += len(data[-1])
                if size > told.PAGE_BYTES:
                    break
        finally:
            await gets.aclose()
        return told.read_page({"manifests": data, "dropped": dropped}, mid, start, end)

    async def _manifest(self, gets, mid, word):
        """(bytes, number) of a version's manifest, (None, None) where the gateway has none for guests."""
        status, fields = await gets.get(f"/mimei/{id_to_text(mid)}/{word}?format=manifest")
        if status != 200 or not fields.get("content-type", "").startswith("application/leither-manifest"):
            await gets.skip()
            if status in _LATER:
                raise NoSource(f"{self.name} is overloaded at the moment (status {status}).")
            return None, None
        data = await gets.whole(manifest.MAX_BYTES)
        number = fields.get("x-mimei-number", "")
        return data, int(number) if number.isascii() and number.isdigit() and len(number) < 17 else None

    async def _pointed_head(self, gets, mid):
        label = None if self._pointed is None else await self._pointed(mid)
        if label is None:
            raise NotFound(f"{self.name} does not know this MiMei, or shows it to nobody who is not signed in.")
        data = await self._block(gets, label)
        head = told.read_head(told.head_answer(data, None, 0), mid)
        self._walked[head.manifest.number] = (head.label, head.manifest, head.data)
        return head

    async def _walk(self, gets, mid, start, end):
        """The same, from the newest back by the links of the manifests."""
        number = min(self._walked)
        while number > start:
            label = self._walked[number][1].previous
            if label is None:
                break
            data = await self._block(gets, label)
            _, found = told.read_manifest(data, mid)
            number -= 1
            self._walked_bytes += len(data)
            if self._walked_bytes > CHAIN_BYTES_MAX:
                raise TooLarge("The history has more versions than are read from a gateway. Name a node.")
            self._walked[number] = (label, found, data)
        rows = [self._walked[number] for number in range(start, end + 1) if number in self._walked][: told.PAGE_MAX]
        newest = max(self._walked)
        # Which of the earlier ones still have their content, no gateway says.
        dropped = [found.number for _, found, _ in rows if found.number != newest]
        return told.read_page({"manifests": [data for _, _, data in rows], "dropped": dropped}, mid, start, end)

    async def _block(self, gets, label):
        status, _ = await gets.get(f"/ipfs/{cids.to_text(label)}?format=raw", ("Accept", "application/vnd.ipld.raw"))
        if status != 200:
            await gets.skip()
            raise NoSource(f"{self.name} has not the block {cids.to_text(label)} (status {status}).")
        data = await gets.whole(manifest.MAX_BYTES)
        cids.check(label, data)
        return data


class WebProvider:
    """A gateway as the fetcher asks it: one block after the other, those that were cut from their offset on. Args: place (Place)."""

    def __init__(self, place):
        self._place, self.name = place, place.name
        self.key = sha256(b"gateway " + place.name.encode()).digest()

    async def serve(self, desk):
        """Gives blocks until it is cancelled. Raises Lost, Wrong."""
        gets = Gets(self._place)
        try:
            desk.begin()
            while True:
                entry, offset = await desk.one()
                if await self._give(gets, desk, entry, offset):
                    return None
        except NoSource as error:
            raise Lost(str(error)) from None
        except BadInput as error:
            raise Wrong(str(error)) from None
        finally:
            await gets.aclose()

    async def _give(self, gets, desk, entry, offset):
        """One block; whether the gateway is to be left alone for a while."""
        ranged = (("Range", f"bytes={offset}-"),) if offset else ()
        status, fields = await gets.get(f"/ipfs/{cids.to_text(entry.label)}?format=raw", ("Accept", "application/vnd.ipld.raw"), *ranged)
        if status not in (200, 206):
            await gets.skip()
            if status in _NOT_YOURS:
                raise Lost(f"It gives nothing without a sign-in (status {status}).", True)
            if status in _NOT_HERE:
                return desk.missing(entry)
            raise Lost(f"It answered with status {status}.")
        if status == 200:
            offset = 0
        size = _size(fields, status)
        if size is None:
            # Told by its end alone: small enough to be gathered.
            data = await gets.whole(cids.BLOCK_MAX)
            size, pieces = len(data) + offset, [data]
        else:
            pieces = None
        if not offset <= size <= cids.BLOCK_MAX:
            raise BadAnswer(f"It gives a block of {size} bytes, where a block has at most {cids.BLOCK_MAX}.")
        block, left = desk.open(entry, size, offset), size - offset
        while left:
            piece = pieces.pop() if pieces else await gets.piece()
            if not piece or len(piece) > left:
                raise Lost("A block ended sooner or later than it was to.")
            left -= len(piece)
            if block is not None:
                block.room()[: len(piece)] = piece
            desk.add(entry, block, len(piece))
        if pieces is None and await gets.piece():
            raise Lost("A block is longer than it was to be.")
        await desk.close(entry)
        return False


def _size(fields, status):
    """Bytes of the whole block as the answer tells, None where it does not."""
    text = fields.get("content-range", "").rpartition("/")[2] if status == 206 else fields.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
