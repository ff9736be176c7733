"""The content store over HTTP: an IPFS gateway, files, and the procedures of JSON-RPC."""

SCRIPT_PATH = "/leither.js"


def add_routes(router, library, limits, counters, log, *, version="", denied=frozenset(), flow=None):
    """Put the gateway's routes on a Router of leither_edge.http; what is behind them is loaded with the first request.

    The caller checks Host in front of all routes. Args: library (Library, or a function that opens it, called once, in a worker
    thread, at the first request); limits (Profile); counters, log (of leither_edge.observe); version (the node's, text); denied
    (digests of 32 bytes of content that is not served); flow (FlowCalls of leither_edge.flow, or an async function that gives them at
    each call, or raises MimeiError; None: this node has no channels to others).
    """
    first = _First(library, limits, counters, log, version, denied, flow)
    for method, pattern, name in (
        ("GET", "/ipfs/{cid}", "ipfs"),
        ("GET", "/ipfs/{cid}/{path*}", "ipfs"),
        ("GET", "/mimei/{mid}/{version}", "read"),
        ("GET", "/mimei/{mid}/{version}/{path*}", "read"),
        ("PUT", "/mimei/{mid}/{version}", "write"),
        ("POST", "/mimei/{mid}/{version}", "write"),
        ("PUT", "/mimei/{mid}/{version}/{path*}", "write"),
        ("POST", "/mimei/{mid}/{version}/{path*}", "write"),
        ("POST", "/mimei/session", "remember"),
        ("POST", "/mimei/import", "take"),
        ("POST", "/rpc", "rpc"),
        ("GET", "/rpc", "socket"),
        ("GET", SCRIPT_PATH, "script"),
    ):
        router.add(method, pattern, first.handler(name))


class _First:
    """Makes the handlers when one is first called."""

    __slots__ = ("_arguments", "_handlers", "_library", "_lock")

    def __init__(self, library, *arguments):
        self._library = library
        self._arguments = arguments
        self._handlers = None
        self._lock = None

    def handler(self, name):
        async def handle(request):
            handlers = self._handlers
            if handlers is None:
                handlers = await self._make()
            return await handlers[name](request)

        return handle

    async def _make(self):
        import trio

        if self._lock is None:
            self._lock = trio.Lock()
        async with self._lock:
            if self._handlers is None:
                from .handlers import make

                library = self._library
                if callable(library):
                    library = await trio.to_thread.run_sync(library)
                self._handlers = make(library, *self._arguments)
        return self._handlers
