import pytest
import trio

from leither_edge.peer.channel.errors import ChannelClosed, Refused
from leither_edge.peer.errors import Blocked, PeerError, Unreachable
from leither_edge.peer.open_channels import CHANNELS_OF_ONE
from tests.peer.nodes import open_node, open_nodes


async def echo(call):
    return {"of": call.peer.name or "", "said": call.arguments.get("say")}


async def sink(call):
    total = 0
    while data := await call.stream.receive():
        total += len(data)
    await call.stream.send(str(total).encode())


def with_services(*nodes):
    for node in nodes:
        node.services.add("echo", echo, for_strangers=True)
        node.services.add("sink", sink, is_stream=True)
        node.services.add("friends", echo)


async def test_a_channel_is_made_once_and_used_by_both(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben", friends=True) as (anna, ben):
        with_services(anna, ben)
        channel = await anna.connect(ben)
        assert await anna.connect(ben) is channel
        assert await channel.call("friends", {"say": 1}) == {"of": "anna", "said": 1}
        back = await ben.peers.connect(anna.public_key)
        assert await back.call("friends", {"say": 2}) == {"of": "ben", "said": 2}
        assert len(ben.peers.channels()) == len(anna.peers.channels()) == 1
        stat = anna.peers.stat()
        assert stat["channels"][0]["near"] and stat["channels"][0]["sent"] > 0 and stat["channels"][0]["friend"]


async def test_who_answers_at_an_address_is_taken(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben") as (anna, ben):
        with_services(anna, ben)
        channel = await anna.peers.connect(address=ben.address)
        assert channel.peer.public_key == ben.public_key
        assert (await channel.call("echo"))["of"] == ""
        with pytest.raises(Refused) as raised:
            await channel.call("friends")
        assert raised.value.code == "not-a-friend"


async def test_another_node_at_the_address_is_an_error(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben", "carl") as (anna, ben, carl):
        for named in ({"public_key": carl.public_key}, {"node_id": carl.id}):
            with pytest.raises(Unreachable) as raised:
                await anna.peers.connect(address=ben.address, **named)
            assert raised.value.code == "wrong-peer"
        assert anna.peers.channels() == []


async def test_one_good_address_of_several_is_enough(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben", "carl") as (anna, ben, carl):
        await anna.peers.book.put(public_key=ben.public_key, addresses=["127.0.0.1:1", carl.address, ben.address])
        channel = await anna.peers.connect(ben.public_key)
        assert channel.peer.node_id == ben.id
        with trio.fail_after(5):
            while anna.peers.book.get(ben.id).addresses[0] != ben.address:
                await trio.sleep(0.01)
        assert anna.peers.book.get(ben.id).static


async def test_addresses_are_looked_for_when_none_leads_there(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben") as (anna, ben):
        asked = []

        async def find(public_key, told):
            asked.append(public_key)
            told(["junk", ben.address])
            await trio.sleep_forever()

        anna.peers.find_addresses = find
        assert (await anna.peers.connect(ben.public_key)).peer.node_id == ben.id
        assert asked == [ben.public_key]


async def test_the_unreachable_is_left_alone_for_a_while(tmp_path):
    async with open_node(tmp_path / "anna") as anna, open_node(tmp_path / "ben", hosts=()) as ben:
        await anna.peers.book.put(public_key=ben.public_key, addresses=["127.0.0.1:1"])
        with pytest.raises(Unreachable) as raised:
            await anna.peers.connect(ben.public_key)
        assert raised.value.details["tried"][0][0] == "127.0.0.1:1"
        with pytest.raises(Unreachable) as raised:
            await anna.peers.connect(ben.public_key)
        assert "a moment ago" in str(raised.value)
        anna.peers.hurry()
        with pytest.raises(Unreachable) as raised:
            await anna.peers.connect(ben.public_key)
        assert "a moment ago" not in str(raised.value)


async def test_both_dial_at_once_and_one_channel_stays(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben", friends=True) as (anna, ben):
        with_services(anna, ben)
        answers = []

        async def talk(one, other):
            channel = await one.connect(other)
            answers.append(await channel.call("friends", {"say": one.name}))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk, anna, ben)
            nursery.start_soon(talk, ben, anna)
        assert sorted(answer["said"] for answer in answers) == ["anna", "ben"]
        with trio.fail_after(10):
            while len(anna.peers.stat()["channels"]) + len(ben.peers.stat()["channels"]) > 2:
                await trio.sleep(0.05)
        one, other = anna.peers.channel_of(ben.id), ben.peers.channel_of(anna.id)
        assert one.hash == other.hash


async def test_several_who_wait_share_an_attempt(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben") as (anna, ben):
        found = []

        async def connect():
            found.append(await anna.connect(ben))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(connect)
        assert len(set(map(id, found))) == 1
        assert anna.counters.get("peer_dials", result="done") == 1


async def test_a_blocked_peer_is_out_at_once_and_stays_out(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben", friends=True) as (anna, ben):
        with_services(anna, ben)
        channel = await ben.connect(anna)
        await channel.call("friends")
        await anna.peers.block(ben.id)
        with trio.fail_after(5):
            await channel.closed.wait()
        assert channel.reason[0] == "blocked"
        with pytest.raises(Unreachable) as raised:
            await ben.connect(anna)
        assert raised.value.code == "blocked"
        with pytest.raises(Blocked):
            await anna.connect(ben)
        await anna.peers.unblock(ben.id)
        assert (await ben.connect(anna)).is_open


async def test_a_friend_takes_the_place_of_a_stranger(tmp_path):
    from leither_edge.peer.admission import Places

    async with open_nodes(tmp_path, "anna", "ben", "carl", "dora") as (anna, ben, carl, dora):
        anna.peers._places = Places(1)
        await anna.befriend(carl)
        first = await ben.connect(anna)
        with pytest.raises(Unreachable) as raised:
            await dora.connect(anna)
        assert raised.value.code == "busy"
        second = await carl.connect(anna)
        with trio.fail_after(5):
            await first.closed.wait()
        assert first.reason[0] == "no-room"
        assert second.is_open


async def test_a_stranger_at_work_keeps_his_place(tmp_path):
    from leither_edge.peer.admission import Places

    async with open_nodes(tmp_path, "anna", "ben", "dora") as (anna, ben, dora):
        with_services(anna)
        anna.peers._places = Places(1)
        first = await ben.connect(anna)
        anna.peers._places._places[0].used_at -= 60
        await first.call("echo")
        with pytest.raises(Unreachable) as raised:
            await dora.connect(anna)
        assert raised.value.code == "busy" and first.is_open


async def test_a_peer_that_connects_again_and_again_does_not_take_all_places(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben", friends=True) as (anna, ben):
        with_services(anna)
        async with trio.open_nursery() as nursery:

            async def hold(channel, task_status):
                async with channel.open("sink"):
                    task_status.started()
                    await trio.sleep_forever()

            for _ in range(CHANNELS_OF_ONE + 3):
                ben.peers._open._by_id.clear()
                await nursery.start(hold, await ben.connect(anna))
            with trio.fail_after(5):
                while len(anna.peers._open) > CHANNELS_OF_ONE:
                    await trio.sleep(0.01)
            nursery.cancel_scope.cancel()


async def test_who_becomes_a_friend_may_do_more_at_once(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben") as (anna, ben):
        with_services(anna, ben)
        channel = await ben.connect(anna)
        with pytest.raises(Refused):
            await channel.call("friends")
        await anna.befriend(ben, name="Ben")
        assert (await channel.call("friends"))["of"] == "Ben"
        await anna.peers.book.remove(ben.id)
        with pytest.raises(Refused):
            await channel.call("friends")


async def test_bytes_are_accounted_on_both_sides_and_kept(tmp_path):
    size = 300_000
    async with open_node(tmp_path / "ben", "ben") as ben:
        with_services(ben)
        async with open_node(tmp_path / "anna", "anna") as anna:
            await ben.befriend(anna)
            channel = await anna.connect(ben)
            async with channel.open("sink") as stream:
                await stream.send(bytes(size))
                await stream.finish()
                assert await stream.receive() == str(size).encode()
            anna_id = anna.id
        with trio.fail_after(5):
            while ben.peers.channels():
                await trio.sleep(0.01)
        received = ben.peers.tally.of(anna_id)["sink"][1]
        assert size < received < size * 1.02
    async with open_node(tmp_path / "anna", "anna") as anna:
        sent, _ = anna.peers.tally.of(ben.id)["sink"]
        assert sent == received


async def test_a_kept_peer_comes_back(tmp_path):
    async with open_node(tmp_path / "anna", "anna") as anna:
        async with open_node(tmp_path / "ben", "ben") as ben:
            await anna.befriend(ben)
            port = int(ben.address.rpartition(":")[2])
            anna.peers.keep(ben.public_key)
            anna.peers.keep(ben.public_key)
            with trio.fail_after(5):
                while anna.peers.channel_of(ben.id) is None:
                    await trio.sleep(0.01)
        with trio.fail_after(5):
            while anna.peers.channel_of(ben.id) is not None:
                await trio.sleep(0.01)
        async with open_node(tmp_path / "ben", "ben", port=port) as ben:
            with trio.fail_after(20):
                while anna.peers.channel_of(ben.id) is None:
                    await trio.sleep(0.01)
            anna.peers.let_go(ben.public_key)
            anna.peers.let_go(ben.public_key)


async def test_a_change_of_network_wakes_who_waits_for_a_kept_peer(tmp_path):
    async with open_node(tmp_path / "anna", "anna") as anna:
        async with open_node(tmp_path / "ben", "ben") as ben:
            await anna.befriend(ben)
            port = int(ben.address.rpartition(":")[2])
        for _ in range(10):
            # Away for so long that the next try would be minutes away.
            anna.peers._dials._note_failure(ben.id, Unreachable("away"))
        anna.peers.keep(ben.public_key)
        while anna.peers.stat()["channels"] or anna.peers._dials.wait_s(ben.id) < 60:
            await trio.sleep(0.01)
        async with open_node(tmp_path / "ben", "ben", port=port) as ben:
            with trio.fail_after(10):
                while anna.peers.channel_of(ben.id) is None:
                    anna.peers.hurry()
                    await trio.sleep(0.05)
            anna.peers.let_go(ben.public_key)


async def test_the_end_of_a_node_is_told(tmp_path):
    async with open_node(tmp_path / "anna", "anna") as anna:
        async with open_node(tmp_path / "ben", "ben") as ben:
            channel = await anna.connect(ben)
        with trio.fail_after(5):
            await channel.closed.wait()
        assert channel.reason[0] == "bye"
        with pytest.raises(ChannelClosed):
            await channel.call("echo")


async def test_rubbish_at_the_port_is_refused_and_counted(tmp_path):
    async with open_node(tmp_path / "anna", "anna") as anna:
        host, _, port = anna.address.rpartition(":")
        stream = await trio.open_tcp_stream(host, int(port))
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: anna\r\n\r\n")
        with trio.fail_after(5):
            assert await stream.receive_some() == b""
            while anna.counters.get("peer_handshakes_failed", code="protocol") != 1:
                await trio.sleep(0.01)
        assert anna.peers.stat()["handshakes"] == 0


async def test_a_flood_of_mute_connections_leaves_room(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben") as (anna, ben):
        host, _, port = anna.address.rpartition(":")
        streams = [await trio.open_tcp_stream(host, int(port)) for _ in range(100)]
        assert (await ben.connect(anna)).is_open
        assert len(anna.peers.half_open) <= anna.peers.limits.half_open_max
        for stream in streams:
            await stream.aclose()


async def test_without_room_for_a_handshake_a_node_says_that_it_is_busy(tmp_path):
    from leither_edge.peer.admission import Half, HalfOpen

    async with open_nodes(tmp_path, "anna", "ben") as (anna, ben):
        anna.peers.half_open = HalfOpen(1)
        friend = Half(b"friend", 0.0, None)
        friend.has_spoken, friend.static = True, bytes(32)
        assert anna.peers.half_open.enter(friend) is None
        with pytest.raises(Unreachable) as raised:
            await ben.connect(anna)
        assert raised.value.code == "peer-busy"
        anna.peers.half_open.leave(friend)
        ben.peers.hurry()
        assert (await ben.connect(anna)).is_open


async def test_another_network_is_refused(tmp_path):
    async with open_node(tmp_path / "anna", "anna", network=b"closed!!") as anna, open_node(tmp_path / "ben", "ben") as ben:
        with pytest.raises(Unreachable) as raised:
            await ben.connect(anna)
        assert raised.value.code == "peer-network"


async def test_a_node_does_not_dial_itself(tmp_path):
    async with open_node(tmp_path / "anna", "anna") as anna:
        with pytest.raises(Blocked):
            await anna.connect(anna)
        with pytest.raises(Unreachable) as raised:
            await anna.peers.connect(address=anna.address)
        assert raised.value.code == "own-key"
        with pytest.raises(PeerError):
            await anna.peers.connect()


async def test_what_passes_to_other_networks_goes_through_the_gates(tmp_path, monkeypatch):
    from leither_edge.peer import dials, door

    async with open_nodes(tmp_path, "anna", "ben", friends=True) as (anna, ben):
        with_services(anna, ben)
        near = await anna.connect(ben)
        await near.call("friends")
        assert anna.peers.up.moved == ben.peers.down.moved == 0
        await near.aclose()
        monkeypatch.setattr(dials, "is_near", lambda host: False)
        monkeypatch.setattr(door, "is_near", lambda host: False)
        with trio.fail_after(5):
            while ben.peers.channels():
                await trio.sleep(0.01)
        far = await anna.connect(ben)
        for node in (anna, ben):
            node.peers.set_bandwidth(4096, 4096)
            assert node.peers.stat()["up_kib_per_s"] == 4096
        async with far.open("sink") as stream:
            await stream.send(bytes(300_000))
            await stream.finish()
            assert await stream.receive() == b"300000"
        assert anna.peers.up.moved > 300_000 and ben.peers.down.moved > 300_000
        assert anna.peers.stat()["channels"][0]["near"] is False
        anna.peers.set_bandwidth(0, None)
        assert anna.peers.stat()["up_kib_per_s"] is None
        assert anna.peers.stat()["down_kib_per_s"] == anna.peers.limits.bandwidth_down_kib_per_s


async def test_an_address_leads_to_the_channel_that_is_there(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben") as (anna, ben):
        found = []

        async def connect():
            found.append(await anna.peers.connect(address=ben.address))

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(connect)
        assert await anna.peers.connect(address=ben.address) is found[0]
        assert len(set(map(id, found))) == 1
