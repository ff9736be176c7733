"""Who asks over HTTP, and what a request is worked with: the library, its threads, the session."""

import trio

from leither_edge.mimei.errors import Busy, MimeiError

# Each thread waits for the disk most of the time; more of them only take memory.
READERS_MAX = 4
# An upload keeps its thread until its last byte has come.
UPLOADS_MAX = 4


class Gateway:
    """What all requests share. Made once, by add_routes.

    Attributes: library; limits (Profile); counters; log; version (the node's, text). flow: as add_routes.
    """

    def __init__(self, library, limits, counters, log, version="", flow=None):
        self.library, self.limits, self.counters, self.log, self.version = library, limits, counters, log, version
        self._flow = flow
        self._readers = trio.CapacityLimiter(READERS_MAX)
        self._uploads = trio.CapacityLimiter(UPLOADS_MAX)
        self._passwords = trio.CapacityLimiter(1)

    async def in_thread(self, function, *arguments):
        """What the function returns, run where it may wait for the disk."""
        return await trio.to_thread.run_sync(function, *arguments, limiter=self._readers)

    async def in_turn(self, function, *arguments):
        """As in_thread, for what works on a password: one after the other, as strangers who try many may not keep all readers busy."""
        return await trio.to_thread.run_sync(function, *arguments, limiter=self._passwords)

    async def flow(self):
        """The FlowCalls: what goes between this node and others. Raises MimeiError (no-peers and what opening them may raise)."""
        if self._flow is None:
            raise MimeiError("This node has no channels to other nodes: its owner runs it without them.", "no-peers")
        return await self._flow() if callable(self._flow) else self._flow

    async def command(self, opened, words):
        """The reply to a database command on an Opened. One on cur is run where it is, as its rows are in memory.

        Durable within a second, or with the answer where the library says so.
        """
        if opened.number is not None:
            return await self.in_thread(_execute, opened, words)
        library, view = self.library, opened.database
        await library.held.ready()
        losses = library.held.losses
        with library.held.quick() as tx:
            reply = view.run(tx, words)
        if library.always_flush:
            await library.held.flush(losses)
        return reply

    async def upload(self, function, *arguments):
        """As in_thread, for what waits for the client. Raises Busy: as many uploads as can be are under way."""
        if not self._uploads.available_tokens:
            raise Busy("As many uploads as this node takes are under way. Try again in a moment.")
        return await trio.to_thread.run_sync(function, *arguments, limiter=self._uploads)


class Caller:
    """The one who sent a request, as procedures see him. Args: gateway; bearer (session id from a header or cookie, "" for none)."""

    __slots__ = ("bearer", "gateway")

    def __init__(self, gateway, bearer=""):
        self.gateway = gateway
        self.bearer = bearer

    @property
    def library(self):
        return self.gateway.library

    def session(self, sid=""):
        """The Session of an id, of the header's where that is empty. Raises NotSignedIn."""
        return self.library.session(sid or self.bearer)

    def kept(self, sid):
        """What an open call's id stands for. Raises NotSignedIn."""
        return self.library.kept(sid)

    async def in_thread(self, function, *arguments):
        return await self.gateway.in_thread(function, *arguments)

    async def flow(self):
        return await self.gateway.flow()


def _execute(opened, words):
    # What a version holds is loaded when it is first asked.
    return opened.database.execute(words)


class Blocks:
    """The blocks that a session may read, as what reads files and walks graphs asks for them. Args: library, session."""

    __slots__ = ("_library", "_session")

    def __init__(self, library, session):
        self._library = library
        self._session = session

    def get(self, cid):
        """The bytes of a block. Raises BlockMissing."""
        return self._library.block(self._session, cid)


def bearer_of(headers):
    """The session id in an Authorization field, "" if there is none. Args: headers (dict, lower-case names)."""
    scheme, _, sid = headers.get("authorization", "").partition(" ")
    return sid.strip() if scheme.lower() == "bearer" else ""
