"""A device in memory for the portal's tests.

Pages, sessions, HTTP server and fake board are the real ones; claim, configuration and verbs are small doubles.
"""

import os
import time
from contextlib import asynccontextmanager

import trio

from appliance.board import BoardError
from appliance.board.fake import FakeBoard
from appliance.commands.claim import ClaimError
from appliance.portal.api import portal_routes
from appliance.portal.device import PortalDevice, Refusal
from appliance.portal.sessions import Sessions
from appliance.portal.visit import host_gate
from leither_edge.core.ids import public_key_to_text
from leither_edge.http import Limits, Router, open_listeners, serve
from leither_edge.observe.counters import Counters

TOKEN = "7QWX-9M2K-4HTB-PZ3D"
OWNER_KEY = bytes(range(32))
SIGNED_CLAIM = b"signed by the owner's key"
OWNER_TEXT = public_key_to_text(OWNER_KEY)
DEVICE_ID = "AAAAAAAAAAAAAAAAAAAAAAAAAAA"
RANGES = {"storage_share_mib": (0, 4096), "bandwidth_up_kib_per_s": (0, 512), "bandwidth_down_kib_per_s": (0, 1024)}


class TestLog:
    """Silent, but for errors: an answer 500 without its reason helps nobody."""

    __test__ = False

    def info(self, *_, **__):
        pass

    warning = info

    def error(self, event, **fields):
        print(event, fields)


class MemoryDevice:
    """What a device remembers, and the functions a PortalDevice is made of."""

    def __init__(self, board=None):
        self.board = board or FakeBoard(speed=0, sleep=lambda seconds: None)
        self.owner = None
        self.tries_left = 5
        self.access_point = False
        self.exposed = False
        self.addresses = ["127.0.0.1"]
        self.saved_setup = {}
        self.verbs_run = []
        self.more_status = {}
        self.config = {
            "name": "Leither 4F2A",
            "language": "en",
            "storage_share_mib": 2048,
            "bandwidth_up_kib_per_s": 512,
            "bandwidth_down_kib_per_s": 1024,
            "reach": "lan",
            "metrics_remote": False,
            "timezone": "UTC",
        }

    async def run(self, verb, arguments, session):
        self.verbs_run.append((verb, arguments, session.role))
        if verb == "config-set":
            self.config.update(arguments)
        if verb == "logs":
            return {"lines": [{"n": 1, "time": 1, "text": "info <started> port=80"}]}
        if verb == "status":
            return {
                "device_id": DEVICE_ID,
                "versions": {"leither": "0.1.0"},
                "uptime_s": 93784,
                "memory": {"rss_kib": 31000, "max_kib": 98304},
                "storage": {"state_used_kib": 700, "state_max_kib": 8192, "data_quota_mib": 4096},
                "time": {"now": 1_790_000_000, "floor": 1_789_000_000},
                "wifi": self.board.wifi_status(),
                "temperature_c": 47,
                **self.more_status,
            }
        return {}

    async def scan(self):
        return await trio.to_thread.run_sync(self.board.wifi_scan)

    async def cable(self):
        return self.board.wifi_status()["cable"]

    async def join(self, ssid_hex, passphrase, hidden, session):
        try:
            return await trio.to_thread.run_sync(self.board.wifi_join, bytes.fromhex(ssid_hex), passphrase, hidden)
        except BoardError as error:
            raise Refusal(error.code, error.message) from None

    async def claim(self, token, public_key):
        if self.owner:
            raise ClaimError("claimed", "claimed")
        if self.tries_left == 0:
            raise ClaimError("too-many-tries", "later")
        if token != TOKEN:
            self.tries_left -= 1
            raise ClaimError("wrong-token", "wrong")
        self.owner = public_key

    async def claim_signed(self, data):
        if data != SIGNED_CLAIM:
            raise ClaimError("bad-claim", "The claim is malformed.")
        self.owner = OWNER_KEY

    async def save_setup(self, saved):
        self.saved_setup = saved

    def portal_device(self, assets, start_soon, port, clock=time.monotonic):
        return PortalDevice(
            device_id=DEVICE_ID,
            sessions=Sessions(os.urandom, clock, sessions_max=4, life_s=3600),
            assets=assets,
            run=self.run,
            scan=self.scan,
            cable=self.cable,
            join=self.join,
            claim=self.claim,
            claim_signed=self.claim_signed,
            claimed=lambda: self.owner is not None,
            config=lambda: self.config,
            ranges=lambda: RANGES,
            addresses=lambda: self.addresses,
            port=port,
            extra_names=("portal.example",),
            access_point=lambda: self.access_point,
            exposed=lambda: self.exposed,
            load_setup=lambda: self.saved_setup,
            save_setup=self.save_setup,
            start_soon=start_soon,
            clock=clock,
            log=TestLog(),
            counters=Counters(),
        )


@asynccontextmanager
async def serving(memory, assets, clock=time.monotonic):
    """The portal of a MemoryDevice on a free port of loopback: yields its PortalDevice."""
    listeners = open_listeners(0, ["127.0.0.1"])
    port = listeners[0].getsockname()[1]
    async with trio.open_nursery() as nursery:
        device = memory.portal_device(assets, nursery.start_soon, port, clock)
        router = Router()
        portal_routes(router, device=device)
        await nursery.start(serve, host_gate(router, device), listeners, Limits(), device.counters, device.log)
        yield device
        nursery.cancel_scope.cancel()
