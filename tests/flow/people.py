"""Libraries that take from one another without a channel between them, for tests of what goes on above it."""

import trio

from leither_edge.flow import fetch_rows, told
from leither_edge.flow.errors import NoSource
from leither_edge.flow.fetch import Fetched
from leither_edge.flow.heads import READER, Heads
from leither_edge.flow.tables import ALL
from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.ipld.walk import walk
from leither_edge.mimei.library import open_library
from leither_edge.mimei.quota import Writing
from leither_edge.observe.counters import Counters
from tests.mimei.library.people import ANNA, BEN, CARL, NODE, Clock, profile, read, write  # noqa: F401


def library_in(folder, node=NODE, clock=None):
    """A Library with the tables of what goes between nodes."""
    return open_library(str(folder), profile(), node, counters=Counters(), clock=clock or Clock(), more_tables=ALL)


class Direct:
    """A source that asks another library itself. Args: library, asker (public key), name."""

    def __init__(self, library, asker, name="other"):
        self.library, self.asker, self.name, self.key = library, asker, name, library.node_key.public_key
        self.heads, self.asked, self.is_there = Heads(library, Counters()), [], True

    async def reach(self):
        pass

    def provider(self, mid):
        return self

    async def head(self, mid, user=None):
        head = await self._run(self.heads.newest, mid, user)
        return told.read_head(told.head_answer(head.data, head.release, head.guest), mid)

    async def page(self, mid, start, end, user=None):
        return told.read_page(await self._run(self.heads.page, mid, start, end, user), mid, start, end)

    async def _run(self, function, *arguments):
        self.asked.append(function.__name__)
        if not self.is_there:
            raise NoSource(f"{self.name} is not there.")
        session = self.library.acting_for(self.asker, READER, True)
        return await trio.to_thread.run_sync(function, session, *arguments)


class Copying:
    """Stands for the Fetcher: blocks are copied, those that are missing alone. Args: library."""

    def __init__(self, library):
        self.library, self.calls = library, []

    async def fetch(self, roots, providers, user, progress=None, more=None, whole=()):
        self.calls.append((list(roots), list(providers), list(whole)))
        self.library.held.call(lambda tx: fetch_rows.begin_fetch(tx, user, roots, 0))
        error = None
        for source in providers:
            try:
                count = self._copy(source.library, roots, user)
                if progress is not None:
                    progress(count, count, 1.0, [])
                return Fetched(count, 0, 0, {source.name: count}, [])
            except MimeiError as reason:
                error = reason
        raise error or NoSource("nobody")

    def _copy(self, other, roots, user):
        with Writing(self.library, user) as writing:
            count = 0
            for label, data in walk(other.blocks, roots):
                if not writing.has(label):
                    writing.put(label, data)
                    count += len(data)
            writing.finish()
        return count
