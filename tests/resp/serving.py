"""A server of the Redis protocol on a free loopback port, over an empty store, in a thread of its own."""

import contextlib
import pathlib
import socket
import tempfile
import threading

import trio

from leither_edge.mimei.database.layout import TABLES
from leither_edge.observe.counters import Counters
from leither_edge.resp.server import serve
from leither_edge.resp.shared import Limits
from leither_edge.storage import open_store
from leither_edge.storage.held import HeldWriter

from .bare_places import BarePlaces

MAP_BYTES = 256 << 20
LIMITS = Limits(connections_max=8, command_max_bytes=1 << 20)


class Lines:
    """A log that keeps its events."""

    def __init__(self):
        self.events = []

    def error(self, event, **fields):
        self.events.append((event, fields))


class Serving:
    """What a test sees: address, counters, log; store, where it is not a library's."""

    def __init__(self):
        self.address = self.store = None
        self.counters = Counters()
        self.log = Lines()


@contextlib.contextmanager
def serving(places=None, limits=LIMITS, map_bytes=MAP_BYTES, **options):
    """A running Serving; afterwards nothing may have escaped it."""
    with tempfile.TemporaryDirectory(prefix="resp-") as folder:
        store = open_store(pathlib.Path(folder), map_bytes, TABLES)
        held = HeldWriter(store)
        try:
            with serving_places(places or BarePlaces(), held, limits, **options) as made:
                made.store = store
                yield made
        finally:
            held.close()
            store.close()


@contextlib.contextmanager
def serving_places(places, held, limits=LIMITS, **options):
    """The same over databases that are there already."""
    made, ready, ended = Serving(), threading.Event(), []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    made.address = listener.getsockname()
    scope = trio.CancelScope()

    async def run(*, task_status):
        made.token = trio.lowlevel.current_trio_token()
        await serve(places, held, [listener], limits, made.counters, made.log, task_status=task_status, **options)

    async def main():
        with scope:
            async with trio.open_nursery() as nursery:
                await nursery.start(run)
                ready.set()

    def work():
        try:
            trio.run(main)
        except BaseException as failure:
            ended.append(failure)
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="resp server")
    thread.start()
    ready.wait()
    try:
        if not ended:
            yield made
    finally:
        if not ended:
            made.token.run_sync_soon(scope.cancel)
        thread.join()
    if ended:
        raise ended[0]
    assert not made.log.events, made.log.events
