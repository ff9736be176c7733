from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
import trio
import trio.testing

from leither_edge.core.ids import id_to_text
from leither_edge.peer.bandwidth import Gate
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer.errors import Unreachable
from leither_edge.peer.tunnel.relay import CARRIED_FOR_ONE, CARRIED_TO_ONE, FRIENDS_SHARE, IDLE_S, Relay
from tests.peer.nodes import open_node


async def echo(call):
    return {"of": call.peer.name or "", "said": call.arguments.get("say")}


async def sink(call):
    total = 0
    while data := await call.stream.receive():
        total += len(data)
    await call.stream.send(str(total).encode())


async def until(is_so, within_s=10):
    with trio.fail_after(within_s):
        while not is_so():
            await trio.sleep(0.01)


@asynccontextmanager
async def a_house_and_relays(folder, *names):
    """(ben, who listens nowhere and is registered at relays of these names; carl, a friend of his; the relays)."""
    async with open_node(folder / "ben", "ben", hosts=()) as ben, open_node(folder / "carl", "carl", hosts=()) as carl:
        ben.services.add("echo", echo)
        ben.services.add("sink", sink, is_stream=True)
        await ben.befriend(carl)
        await carl.befriend(ben)
        async with trio.open_nursery() as nursery:
            relays = [await nursery.start(_relay, folder / name, name) for name in names]
            for relay, _ in relays:
                relay.peers.tunnels.offer()
                await relay.befriend(ben)
                await ben.befriend(relay)
            ben.peers.tunnels.use([relay.public_key for relay, _ in relays])
            await until(lambda: len(ben.peers.tunnels.relays()) == min(2, len(relays)))
            yield ben, carl, relays
            ben.peers.tunnels.use([])
            nursery.cancel_scope.cancel()


async def _relay(folder, name, task_status):
    """An open node, and the scope in which it lives."""
    with trio.CancelScope() as scope:
        async with open_node(folder, name) as node:
            task_status.started((node, scope))
            await trio.sleep_forever()


async def test_a_node_that_listens_nowhere_is_reached(tmp_path):
    async with a_house_and_relays(tmp_path, "anna") as (ben, carl, [(anna, _)]):
        assert ben.peers.tunnels.relays() == [(anna.public_key, [anna.address])]
        assert ben.peers.tunnels.addresses() == [f"via:{id_to_text(anna.id)}@{anna.address}"]
        channel = await carl.peers.connect(ben.public_key, addresses=ben.peers.tunnels.addresses())
        assert channel.peer.public_key == ben.public_key
        assert await channel.call("echo", {"say": "hello"}) == {"of": "carl", "said": "hello"}
        async with channel.open("sink") as stream:
            await stream.send(bytes(60_000))
            await stream.finish()
            assert await stream.receive() == b"60000"
        # The relay is a stranger to carl, and knows of ciphertext alone.
        assert anna.peers.tunnels.stat()["carried"] == 1
        assert anna.peers.tunnels.stat()["carried_bytes"] > 60_000
        anna.peers.stat()
        assert anna.peers.tally.of(carl.id)["tunnel.connect"][1] > 60_000
        assert anna.peers.tally.of(ben.id)["tunnel.arrive"][0] > 60_000
        await channel.aclose()
        await until(lambda: anna.peers.tunnels.stat()["carried"] == 0)


async def test_what_the_relay_carries_says_nothing_to_it(tmp_path, monkeypatch):
    seen = []
    took = Gate.took

    from leither_edge.peer.tunnel import relay as module

    async def pump(source, target, gate, idle):
        while data := bytes(await source.receive(65536)):
            seen.append(data)
            took(gate, len(data))
            await target.send(data)
        await target.finish()

    monkeypatch.setattr(module, "_pump", pump)
    async with a_house_and_relays(tmp_path, "anna") as (ben, carl, [(anna, _)]):
        channel = await carl.peers.connect(ben.public_key, addresses=ben.peers.tunnels.addresses())
        secret = b"what only the two of them know" * 20
        assert (await channel.call("echo", {"say": secret}))["said"] == secret
        carried = b"".join(seen)
        assert len(carried) > 2 * len(secret)
        for known in (secret[:30], channel.hash, ben.public_key, carl.public_key, b"echo"):
            assert known not in carried


async def test_the_next_relay_carries_on_when_one_is_lost(tmp_path):
    async with a_house_and_relays(tmp_path, "anna", "dora", "emil") as (ben, carl, relays):
        by_key = {relay.public_key: scope for relay, scope in relays}
        first, second = ben.peers.tunnels.relays()
        channel = await carl.peers.connect(ben.public_key, addresses=ben.peers.tunnels.addresses())
        used = channel.peer.address
        lost = first[0] if id_to_text(relays[0][0].id) in used else second[0]
        by_key[lost].cancel()
        with trio.fail_after(10):
            await channel.closed.wait()
        await until(lambda: len(ben.peers.tunnels.relays()) == 2 and lost not in dict(ben.peers.tunnels.relays()), 20)
        again = await carl.peers.connect(ben.public_key, addresses=ben.peers.tunnels.addresses())
        assert (await again.call("echo", {"say": 1}))["said"] == 1
        assert again.peer.address != used


async def test_the_owner_ends_what_he_offered(tmp_path):
    async with a_house_and_relays(tmp_path, "anna") as (ben, carl, [(anna, _)]):
        ways = ben.peers.tunnels.addresses()
        channel = await carl.peers.connect(ben.public_key, addresses=ways)
        anna.peers.tunnels.offer(False)
        with trio.fail_after(10):
            await channel.closed.wait()
        with pytest.raises(Unreachable) as raised:
            await carl.peers.connect(ben.public_key, addresses=ways)
        assert raised.value.code == "unknown-service"


async def test_only_friends_with_the_role_register(tmp_path):
    async with open_node(tmp_path / "anna", "anna") as anna, open_node(tmp_path / "ben", "ben", hosts=()) as ben:
        anna.peers.tunnels.offer()
        await anna.befriend(ben, roles=["search"])
        await ben.befriend(anna)
        ben.peers.tunnels.use()
        await until(lambda: anna.counters.get("peer_refusals", code="not-a-friend"))
        assert ben.peers.tunnels.relays() == []
        assert anna.peers.tunnels.stat()["registered"] == 0
        ben.peers.tunnels.use([])
        anna.peers.tunnels.offer(False)
        anna.peers.tunnels.offer(True, to_strangers=True)
        ben.peers.tunnels.use()
        await until(lambda: ben.peers.tunnels.relays())


async def test_who_loses_the_role_is_reached_no_more(tmp_path):
    async with a_house_and_relays(tmp_path, "anna") as (ben, carl, [(anna, _)]):
        await anna.peers.book.put(ben.id, roles=["search"])
        relay = await carl.connect(anna)
        with pytest.raises(Refused) as raised:
            await carl.peers.tunnels.carried(relay, ben.id)
        assert raised.value.code == "not-registered"


async def test_strangers_leave_friends_a_way(tmp_path):
    async with a_house_and_relays(tmp_path, "anna") as (ben, carl, [(anna, _)]):
        # Identities cost nothing: each of these is another stranger.
        carried = anna.peers.tunnels._relay._carried
        carried |= {trio.CancelScope(): (bytes([at]) * 20, ben.id) for at in range(CARRIED_TO_ONE - CARRIED_TO_ONE // FRIENDS_SHARE)}
        relay = await carl.connect(anna)
        with pytest.raises(Refused) as raised:
            await carl.peers.tunnels.carried(relay, ben.id)
        assert raised.value.code == "too-many"
        await anna.befriend(carl)
        await (await carl.peers.tunnels.carried(relay, ben.id)).aclose()


class Stuck:
    """A stream that brings one piece and takes none."""

    def __init__(self):
        self.pieces, self.end = [b"x"], None

    async def receive(self, max_bytes):
        return self.pieces.pop() if self.pieces else await trio.sleep_forever()

    async def send(self, data):
        await trio.sleep_forever()

    async def abort(self, code, sentence):
        self.end = code


def test_a_connection_that_does_not_move_is_broken_off():
    async def main():
        relay = Relay(SimpleNamespace(limits=SimpleNamespace(tunnels_max=1, tunnel_kib_per_s=100)))
        ends = Stuck(), Stuck()
        with trio.fail_after(2 * IDLE_S):
            await relay._carry(*ends)
        assert [end.end for end in ends] == ["ended", "ended"]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


async def test_a_new_friend_who_offers_a_tunnel_is_used_at_once(tmp_path):
    async with open_node(tmp_path / "anna", "anna") as anna, open_node(tmp_path / "ben", "ben", hosts=()) as ben:
        anna.peers.tunnels.offer()
        await anna.befriend(ben)
        ben.peers.tunnels.use()
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert ben.peers.tunnels.relays() == []
        await ben.befriend(anna)
        await until(lambda: ben.peers.tunnels.relays())


async def test_who_is_not_registered_is_not_reached(tmp_path):
    async with a_house_and_relays(tmp_path, "anna") as (ben, carl, [(anna, _)]):
        via = f"via:{id_to_text(anna.id)}@{anna.address}"
        with pytest.raises(Unreachable) as raised:
            await ben.peers.connect(carl.public_key, addresses=[via])
        assert raised.value.code == "not-registered"
        with pytest.raises(Unreachable) as raised:
            await carl.peers.connect(anna.public_key, addresses=[via.replace(anna.address, "127.0.0.1:1")])
        assert raised.value.code == "wrong-peer"


async def test_one_asker_gets_so_many_connections(tmp_path):
    async with a_house_and_relays(tmp_path, "anna") as (ben, carl, [(anna, _)]):
        relay = await carl.connect(anna)
        tunnels = carl.peers.tunnels
        lines = [await tunnels.carried(relay, ben.id) for _ in range(CARRIED_FOR_ONE)]
        with pytest.raises(Exception, match="as many connections") as raised:
            await tunnels.carried(relay, ben.id)
        assert raised.value.code == "too-many"
        for line in lines:
            await line.aclose()
        await until(lambda: anna.peers.tunnels.stat()["carried"] == 0)
        assert anna.peers.tunnels.stat()["registered"] == 1


async def test_a_stranger_cannot_lead_anybody_here(tmp_path):
    async with a_house_and_relays(tmp_path, "anna") as (ben, carl, _):
        async with open_node(tmp_path / "eve", "eve") as eve:
            await ben.connect(eve)
            channel = eve.peers.channel_of(ben.id)
            with pytest.raises(Exception, match="did not ask") as raised:
                async with channel.open("tunnel.arrive", {"from": carl.id}):
                    pass
            assert raised.value.code == "not-registered"


@pytest.mark.parametrize("arguments", [{}, {"to": "text"}, {"to": b"short"}, {"to": bytes(21)}])
async def test_a_bad_request_is_refused(tmp_path, arguments):
    async with open_node(tmp_path / "anna", "anna") as anna, open_node(tmp_path / "carl", "carl", hosts=()) as carl:
        anna.peers.tunnels.offer()
        channel = await carl.connect(anna)
        with pytest.raises(Exception, match="20 bytes") as raised:
            async with channel.open("tunnel.connect", arguments):
                pass
        assert raised.value.code == "bad-call"


async def test_who_is_not_let_in_yet_asks_again_soon(tmp_path):
    async with open_node(tmp_path / "anna", "anna") as anna, open_node(tmp_path / "ben", "ben", hosts=()) as ben:
        anna.peers.tunnels.offer()
        await ben.befriend(anna)
        ben.peers.tunnels.use()
        await until(lambda: anna.counters.get("peer_refusals", code="not-a-friend"))
        await anna.befriend(ben)
        await until(lambda: ben.peers.tunnels.relays())
