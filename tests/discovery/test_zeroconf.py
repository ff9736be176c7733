"""Our DNS-SD and PyPI's zeroconf find each other on the loopback interface."""

import json
import pathlib
import subprocess

import pytest
import trio

from leither_edge.crypto.sodium import random_bytes
from leither_edge.discovery.lan.edge import Lan, own_of
from leither_edge.discovery.lan.engine import Nearby
from leither_edge.names.z_base_32 import key_to_name
from leither_edge.observe.counters import Counters
from tests.own_environment import python_of

pytestmark = pytest.mark.interop
PLACE = "127.0.0.1"
PATIENCE_S = 30


class Peer:
    """The other implementation in a process."""

    def __init__(self, key):
        words = [python_of("dns-sd"), pathlib.Path(__file__).with_name("zeroconf_peer.py"), key_to_name(key), "4711", PLACE]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "ready\n"

    def ask(self, line):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()


async def until(function, *args):
    while not (found := await trio.to_thread.run_sync(function, *args)):
        await trio.sleep(0.1)
    return found


@pytest.mark.slow
def test_both_find_each_other():
    own, theirs = random_bytes(32), random_bytes(32)
    peer = Peer(theirs)

    async def main():
        lan = Lan(lambda: (PLACE,), Counters(), None, own_of(own, 8042, lambda: "Attic", lambda: ("192.0.2.20", "fd00::20")))
        looking = Lan(lambda: (PLACE,), Counters(), None)
        with trio.fail_after(PATIENCE_S):
            async with trio.open_nursery() as nursery:
                await nursery.start(looking.run)
                # Registered before we listened: only a question brings it out.
                assert await looking.find(theirs, PATIENCE_S) == ("192.0.2.77:4711",)
                saying = await nursery.start(scoped, lan)
                found = await until(peer.ask, f"find {key_to_name(own)}")
                assert found == [8042, ["192.0.2.20", "fd00::20"], {"v": "1", "n": "Attic"}]
                name = f"{key_to_name(own)}._leither._tcp.local."
                await until(lambda: name in peer.ask("browse"))
                both = {Nearby(own, "Attic", ("192.0.2.20:8042", "[fd00::20]:8042")), Nearby(theirs, "by zeroconf", ("192.0.2.77:4711",))}
                while not both <= set(await looking.nearby(0.2)):
                    pass
                saying.cancel()
                await until(lambda: name not in peer.ask("browse"))
                nursery.cancel_scope.cancel()

    try:
        trio.run(main)
    finally:
        peer.close()


async def scoped(lan, *, task_status):
    """Runs a Lan until the scope that it tells is cancelled."""
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            await nursery.start(lan.run)
            task_status.started(scope)
