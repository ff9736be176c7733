"""The gateway for the browser to use, in a thread of this process: a library, its routes, and pages of the tests."""

import threading
from contextlib import contextmanager
from pathlib import Path

import trio

from leither_edge.gateway import add_routes
from leither_edge.http import Router, StaticFiles
from leither_edge.observe.counters import Counters
from tests.gateway.standing import LIMITS, standing
from tests.http.serving import Lines, serving

PAGES = Path(__file__).parent / "pages"


@contextmanager
def running_gateway(folder):
    """(address, Standing, Lines of the log) until the block ends."""
    with standing(folder) as stand:
        started, token, scope, port = threading.Event(), None, None, 0
        log = Lines()

        async def main():
            nonlocal token, scope, port
            router = Router()
            add_routes(router, stand.library, LIMITS, Counters(), log, version="1.0")
            router.add("GET", "/pages/{name*}", StaticFiles(PAGES, 0, prefix="/pages/"))
            with trio.CancelScope() as scope:
                async with serving(router) as server:
                    token, port = trio.lowlevel.current_trio_token(), server.port
                    started.set()
                    await trio.sleep_forever()

        thread = threading.Thread(target=trio.run, args=(main,))
        thread.start()
        started.wait(20)
        try:
            yield f"http://127.0.0.1:{port}", stand, log
        finally:
            trio.from_thread.run_sync(scope.cancel, trio_token=token)
            thread.join(20)
