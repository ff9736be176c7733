"""A running node whose part between nodes is made up: what the command line and JSON-RPC make of the answers."""

import threading
from contextlib import contextmanager

import trio

from leither_edge.core.ids import id_to_text, key_id, public_key_to_text
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.flow.jobs import Jobs
from leither_edge.flow.pointer import Pointer, to_be_signed
from leither_edge.mimei.errors import Forbidden, MimeiError
from leither_edge.mimei.ipld import cid
from leither_edge.mimei.library import open_library
from leither_edge.observe.counters import Counters
from tests.gateway.standing import LIMITS, gateway

POINTER = Pointer(1, cid.of(cid.RAW, b""), None, ())
BEN = KeyPair(b"b" * 32).public_key
ROW = {
    "id": id_to_text(key_id(BEN)), "key": public_key_to_text(BEN), "name": "ben", "state": "friend", "may": ["share", "search"],
    "addresses": ["192.0.2.7:8042"], "added": 1_700_000_000, "seen": 1_700_000_100, "how": "invite", "connected": False,
}  # fmt: skip
CHANNEL = {"id": ROW["id"], "name": "ben", "address": "192.0.2.7:8042", "open_s": 70, "round_trip_ms": 1.5, "streams": 2}
NODE = {
    "id": ROW["id"], "key": ROW["key"], "addresses": [], "known": 1, "channels": [CHANNEL], "channels_max": 64, "up_kib_per_s": 256,
    "down_kib_per_s": None, "tunnels": {"offered": True, "registered": 2, "relays": 1}, "bytes": {},
}  # fmt: skip
FETCHED = {
    "versions": [0, 1], "last": 1, "bytes": 3_000_000, "twice_bytes": 0, "by_provider": {"ben": 2_000_000, "anna": 1_000_000},
    "shunned": ["carl"], "kept_as": None, "source": "ben", "state": "net-newer", "waiting": None,
}  # fmt: skip


class MadeUp:
    """Has FlowCalls' methods.

    Attributes: asked ([(name, arguments)]), answers, ends ({name: value or exception}), is_open (work ends), is_honest.
    """

    def __init__(self, jobs):
        self.jobs, self.asked, self.is_open, self.steps, self.is_honest = jobs, [], True, [], True
        self.answers = {
            "peer_list": [ROW], "peer_add": {**ROW, "how": "dial"}, "peer_set": ROW, "peer_block": {**ROW, "state": "blocked"},
            "peer_unblock": {**ROW, "state": "known"}, "peer_remove": None,
            "peer_stat": {"peer": ROW, "bytes": {"blocks": [5_000, 70_000]}, "channels": [CHANNEL]},
            "follows": [], "unfollow": None, "backup_stop": None,
            "shares": {"shared": [], "offered": [], "left": []}, "take_back": None, "backup_stat": {"backups": [], "held": []},
        }  # fmt: skip
        self.ends = {
            "peer_invite": ROW, "peer_accept": ROW,
            "peer_ping": {"name": "ben", "id": ROW["id"], "address": "192.0.2.7:8042", "connect_ms": 12.0, "ms": [1.5, 2.5]},
            "publish_finish": {"number": 1, "stored": 8, "link": "leither:abc"}, "provide": {"stored": 8},
            "findprovs": {"providers": [{"name": "ben", "id": ROW["id"], "address": "192.0.2.7:8042", "how": "dht"}]},
            "sync": FETCHED, "compare": {"state": "same", "versions": [], "has_changed": True},
            "unshare": {}, "share_accept": {"versions": [0]},
            "share": {"told": True, "accepted": True},
            "search_peers": {
                "hits": [{"id": ROW["id"], "path": "plan.txt", "title": "plan", "score": 2.0, "nodes": ["ben"]}],
                "asked": ["ben", "anna"], "missing": [{"peer": "anna", "why": "No answer within 5 s."}],
            },
            "backup_to": {"mimei": 2, "versions": 3, "sent": 1000, "bytes": 5000}, "backup_check": {"asked": 16, "same": 16},
            "leave": {"number": 1, "bytes": 5000, "unknown": [ROW["id"]]},
            "take_sealed": {"id": ROW["id"], "versions": [1], "is_new": True},
            "restore_from": {"mimei": 2, "versions": 3, "bytes": 5000, "time": 1_700_000_000},
        }  # fmt: skip

    def __getattr__(self, name):
        if name not in self.answers and name not in self.ends:
            raise AttributeError(name)

        async def call(session, *arguments):
            self.asked.append((name, arguments))
            if session.user_id is None:
                raise Forbidden("Sign in first.")
            if name in self.answers:
                return given(self.answers[name])
            return self.jobs.start(session.user_id, name, str(arguments[0]), self.work(name)).facts()

        return call

    async def publish_prepare(self, session, mid):
        self.asked.append(("publish_prepare", (mid,)))
        return "ticket", to_be_signed(POINTER, mid, 7) if self.is_honest else b"what else a key may sign"

    def work(self, name):
        async def run(tell):
            for step in self.steps:
                tell(step)
            while not self.is_open:
                await trio.sleep(0.01)
            return given(self.ends[name])

        return run

    async def job_list(self, session):
        return [job.facts() for job in self.jobs.of(session.user_id)]

    async def job_wait(self, session, job, seconds):
        return (await self.jobs.wait(session.user_id, job, seconds)).facts()

    async def job_stop(self, session, job):
        return self.jobs.stop(session.user_id, job).facts()


def given(value):
    """A value, raised where it is an exception."""
    if isinstance(value, Exception):
        raise value
    return value


@contextmanager
def made_up_node(folder):
    """Serve a library with a MadeUp in a thread; yields (address, MadeUp)."""
    ready, told = threading.Event(), {}

    async def main():
        with open_library(str(folder), LIMITS, KeyPair(b"n" * 32), counters=Counters()) as library:
            async with trio.open_nursery() as nursery:
                made = MadeUp(Jobs(nursery, library.clock, library.random_bytes))
                async with gateway(library, flow=made) as server:
                    end = trio.Event()
                    told.update(port=server.port, made=made, token=trio.lowlevel.current_trio_token(), end=end)
                    ready.set()
                    await end.wait()
                nursery.cancel_scope.cancel()

    thread = threading.Thread(target=trio.run, args=(main,))
    thread.start()
    assert ready.wait(30)
    try:
        yield f"http://127.0.0.1:{told['port']}", told["made"]
    finally:
        told["token"].run_sync_soon(told["end"].set)
        thread.join()


def failing(sentence, code):
    """An error as FlowCalls raises it."""
    return MimeiError(sentence, code)
