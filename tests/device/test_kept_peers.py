"""The device's channels: nothing is loaded before somebody comes, and a device that has friends comes back to them."""

import os
import socket

import pytest
import trio

from appliance.commands.admission import Unauthentic
from appliance.commands.executor import TryAgain
from appliance.device import open_peers
from appliance.device.kept_peers import KeptPeers
from appliance.device.options import Options
from leither_edge.core.time_floor import TimeFloor
from leither_edge.discovery.node_records import read_reach
from leither_edge.mimei.errors import MimeiError
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer_node import open_peer_node
from tests.peer.kept_library import PROFILE, open_kept

CONFIG = {
    "name": "Attic", "peers": "on", "tunnel_offer": "off", "bandwidth_up_kib_per_s": 0, "bandwidth_down_kib_per_s": 0,
    "mimei_users": "owners",
}  # fmt: skip


class Part:
    """Anything with these attributes."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Device:
    """What KeptPeers needs of a device, in a folder."""

    def __init__(self, folder, **config):
        folder.mkdir(exist_ok=True)
        self.library, self.opened = open_kept(folder / "mimei"), 0
        self.executor = Part(config={**CONFIG, **config}, keyset=None, floor=TimeFloor(0, has_clock=True), execute=self.execute)
        key = self.library.node_key
        node = Part(folder=str(folder), profile=PROFILE, key=key, counters=Counters(), log=Log(lambda line: None), clock=lambda: 1e9)
        self.mimei = Part(why_not=lambda: None, open=self.open, changed=trio.Event(), node=node, executor=self.executor)
        options = Options(hosts=("127.0.0.1",))
        options.peer_port = 0
        self.kept = KeptPeers(node, self.mimei, lambda: None, options, self.executor)

    def open(self):
        self.opened += 1
        return self.library

    async def execute(self, data):
        if data == b"busy":
            raise TryAgain("busy", "Try again.")
        if data == b"bad":
            raise Unauthentic("bad-signature", "Not signed.")
        return b"answer to " + data

    def configure(self, **config):
        self.executor.config = {**self.executor.config, **config}
        changed, self.mimei.changed = self.mimei.changed, trio.Event()
        changed.set()


def run(folder, work, **config):
    """Await work(device) beside its channels."""

    async def main():
        device = Device(folder, **config)
        with trio.fail_after(30), device.library:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(device.kept.run)
                await work(device)
                nursery.cancel_scope.cancel()

    trio.run(main)


async def until(look):
    while not look():
        await trio.sleep(0.01)


def test_it_listens_and_loads_with_the_first_connection(tmp_path):
    async def work(device):
        kept = device.kept
        await until(lambda: kept.port)
        assert kept.facts() == {"peer_port": kept.port, "channels": 0} and not device.opened and kept.lan is None
        key = kept.node.key.public_key
        assert read_reach(key, kept.records()).direct == () and len(kept.records()) == 1
        async with other(tmp_path / "other") as node:
            channel = await node.peers.connect(key, addresses=[f"127.0.0.1:{kept.port}"])
            assert device.opened == 1 and kept.facts()["channels"] == 1
            assert await channel.call("command", {"command": b"x"}) == {"answer": b"answer to x"}
            for data, code in ((b"busy", "busy"), (b"bad", "bad-signature"), ("text", "bad-call"), (bytes(1 << 16), "bad-call")):
                with pytest.raises(Refused) as refused:
                    await channel.call("command", {"command": data})
                assert refused.value.code == code
            device.configure(peers="off")
            await channel.closed.wait()
            await until(lambda: kept.port is None)
            assert kept.facts() == {} and kept.records() == []
            with pytest.raises(MimeiError, match="switched that off"):
                await kept.calls()
            device.configure(peers="on")
            await until(lambda: kept.port)

    run(tmp_path / "device", work)


def test_who_has_friends_is_there_after_a_restart(tmp_path):
    async def makes_a_friend(device):
        calls = await device.kept.calls()
        assert calls.peers is device.kept.open_node.peers and not os.path.exists(device.kept.mark)
        await device.kept.open_node.peers.book.put(public_key=bytes(range(32)), state="friend")
        device.configure(tunnel_offer="on")
        await until(lambda: os.path.exists(device.kept.mark))
        assert device.kept.open_node.peers.tunnels.is_offered

    async def comes_back(device):
        await until(lambda: device.kept.open_node is not None)
        await device.kept.open_node.peers.book.remove(device.kept.open_node.peers.book.rows()[0].id)
        device.configure()
        await until(lambda: not os.path.exists(device.kept.mark))

    run(tmp_path / "device", makes_a_friend)
    run(tmp_path / "device", comes_back)


def test_another_port_is_taken_where_the_usual_one_is_in_use(tmp_path):
    async def work(device):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            device.kept.options.peer_port = taken.getsockname()[1]
            sockets = device.kept._open_listeners()
            assert sockets[0].getsockname()[1] != taken.getsockname()[1]
            sockets[0].close()

    run(tmp_path / "device", work, peers="off")


def test_who_runs_a_device_is_in_its_keyset():
    nobody, somebody = Part(user_id=None), Part(user_id=bytes(20))
    assert not open_peers.may_run(None, somebody) and open_peers.owners(None) == []
    keyset = Part(revoked=(), keys=())
    assert not open_peers.may_run(keyset, nobody) and not open_peers.may_run(keyset, somebody)


def other(folder):
    """A node of somebody else."""
    folder.mkdir()
    library = open_kept(folder, b"o" * 32)
    return open_peer_node(library, str(folder), PROFILE, counters=Counters(), log=Log(lambda line: None))


