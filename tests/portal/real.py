"""A node in this process: the real store, executor, claim, routes and portal on the fake board, without the processes around them."""

import time
from contextlib import asynccontextmanager

import trio

from appliance.board import BoardError
from appliance.board.fake import FakeBoard
from appliance.board.verbs import BOARD, VERBS, carry_out, checked_arguments
from appliance.commands.claim import Claim
from appliance.commands.executor import Executor
from appliance.commands.routes import routes
from appliance.commands.tables import TABLES
from appliance.portal.adapter import portal_device
from appliance.portal.api import portal_routes
from appliance.portal.visit import host_gate
from leither_edge.core.time_floor import TimeFloor
from leither_edge.crypto.node_key import load_or_create
from leither_edge.http import Limits, Router, open_listeners, serve
from leither_edge.observe.counters import Counters
from leither_edge.profile import load
from leither_edge.storage import open_store
from tests.portal.doubles import TestLog

BUILD_TIME = 1_700_000_000


class BoardInThreads:
    """The fake board behind the interface of the supervisor's client."""

    def __init__(self, board):
        self.board = board
        self.calls = []

    async def call(self, verb, **arguments):
        self.calls.append(verb)
        checked = checked_arguments(verb, arguments)
        if verb == "logs":
            return {"lines": [{"n": 1, "time": 1, "text": "info ready"}]}
        if VERBS[verb].place != BOARD:
            raise BoardError("unsupported", "There is no supervisor here.")
        return await trio.to_thread.run_sync(carry_out, self.board, verb, checked)


class RealDevice:
    """What the tests look at: portal (PortalDevice), claim, executor, board."""

    def __init__(self, portal, claim, executor, board):
        self.portal, self.claim, self.executor, self.board = portal, claim, executor, board
        self.port = portal.port


@asynccontextmanager
async def serving_real(folder, assets, speed=0.0):
    profile, counters, log = load("pi-zero"), Counters(), TestLog()
    listeners = open_listeners(0, ["127.0.0.1"])
    port = listeners[0].getsockname()[1]
    store = open_store(str(folder / "db"), map_bytes=profile.storage.state_map_mib << 20, tables=TABLES)
    try:
        key, floor = load_or_create(str(folder / "node.key")), TimeFloor(BUILD_TIME, 0)
        board = BoardInThreads(FakeBoard(speed=speed))
        async with trio.open_nursery() as nursery:
            executor = Executor(store, key, floor, time.time, board, counters, log, profile, versions={"leither": "test"})
            claim = Claim(store, key.id, str(folder), 900, profile.commands.audit_entries_max, floor, time.time, counters, log)
            await nursery.start(executor.run)
            device = portal_device(
                executor,
                claim,
                board,
                store,
                key,
                profile,
                log,
                counters,
                nursery,
                assets=assets,
                addresses=lambda: ["127.0.0.1"],
                port=port,
            )
            router = Router()
            for method, path, handler in routes(executor, claim, key, profile, counters):
                router.add(method, path, handler)
            portal_routes(router, device=device)
            await nursery.start(serve, host_gate(router, device), listeners, Limits(), counters, log)
            yield RealDevice(device, claim, executor, board)
            nursery.cancel_scope.cancel()
    finally:
        store.close()
