"""Two real nodes become friends, or do not."""

import functools
import time
from collections import namedtuple
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import trio
import trio.testing

from leither_edge.dht import DhtError, Settings, bencode, open_dht
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer.errors import Unreachable
from leither_edge.peer.invite import record as records
from leither_edge.peer.invite.code import new_code, read_code
from leither_edge.peer.invite.dht_place import RETRY_S, SALT, DhtPlace
from leither_edge.peer.invite.errors import InviteError
from leither_edge.peer.invite.invitations import SERVICE, Invitations
from leither_edge.peer.invite.link import write_link
from leither_edge.peer.invite.proof import COMING, prove
from leither_edge.peer.invite.secrets import secrets_of
from tests.peer.nodes import open_nodes

NEAR = namedtuple("NEAR", "public_key name addresses")
quick = functools.partial(secrets_of, operations=1, memory_bytes=8192)


class Board:
    """A place where everybody finds what others put there."""

    def __init__(self):
        self.kept = {}

    async def publish(self, place, sealed):
        self.kept[place.public_key] = sealed
        await trio.sleep_forever()

    async def find(self, place):
        return self.kept.get(place.public_key)


def inviting(node, **how):
    addresses = [node.address] if node.address else []
    return Invitations(node.peers, name=lambda: node.name.title(), addresses=lambda: addresses, make_secrets=quick, **how)


@asynccontextmanager
async def invited(invitations, **how):
    """An invitation that is open: (what was told, [what came of it])."""
    told, came = [], []
    is_told = trio.Event()

    def tell(progress):
        told.append(progress)
        is_told.set()

    async def wait():
        try:
            came.append(await invitations.invite(tell=tell, **how))
        except Exception as error:
            came.append(error)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await is_told.wait()
        yield told[0], came
        nursery.cancel_scope.cancel()


def no_memory(*_):
    raise MemoryError


async def until(condition):
    while not condition():
        await trio.sleep(0.005)


def are_friends(one, other):
    return all((row := here.peers.book.get(there.id)) is not None and row.is_friend for here, there in ((one, other), (other, one)))


async def test_by_a_code(tmp_path):
    board = Board()
    async with open_nodes(tmp_path, "anna", "ben") as (anna, ben):
        async with invited(inviting(anna, places=[board])) as (told, came):
            known = await inviting(ben, places=[board]).accept(told["code"].lower())
            await until(lambda: came)
        assert known.id == anna.id and known.name == "Anna" and known.addresses == (anna.address,) and known.how == "invite"
        assert came[0].id == ben.id and came[0].name == "Ben" and came[0].addresses == (ben.address,)
        assert are_friends(anna, ben)
        # What lies on the board names nobody.
        assert all(anna.public_key not in sealed and b"Anna" not in sealed for sealed in board.kept.values())


async def test_through_a_real_dht(tmp_path):
    async with AsyncExitStack() as stack:
        dhts = []
        for number in range(4):
            settings = Settings(
                hosts=(f"127.61.{number + 1}.1",), bootstrap=dhts[0].addresses if dhts else (), network=b"friends!", local_only=True
            )
            dht = await stack.enter_async_context(open_dht(settings, counters=Counters(), log=Log(lambda line: None)))
            if dhts:
                await dht.joined(5)
            dhts.append(dht)
        anna, ben = await stack.enter_async_context(open_nodes(tmp_path, "anna", "ben"))
        annas, bens = (
            inviting(node, places=[DhtPlace(lambda dht=dht: dht, time.time)]) for node, dht in ((anna, dhts[1]), (ben, dhts[3]))
        )
        told, came = await stack.enter_async_context(invited(annas))
        await bens.accept(told["code"])
        await until(lambda: came)
        assert are_friends(anna, ben)


async def test_by_a_link_with_names_of_ones_own(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben") as (anna, ben):
        async with invited(inviting(anna), name="my ben") as (told, came):
            known = await inviting(ben).accept(told["link"], "my anna")
            await until(lambda: came)
        assert (known.name, came[0].name) == ("my anna", "my ben") and are_friends(anna, ben)


async def test_in_the_own_network(tmp_path):
    """No record anywhere: the nodes nearby are asked, of which another has an invitation open, too."""
    async with open_nodes(tmp_path, "anna", "ben", "carl") as (anna, ben, carl):

        async def nearby():
            return [NEAR(node.public_key, node.name, [node.address]) for node in (carl, anna)]

        async with invited(inviting(anna)) as (told, came), invited(inviting(carl)):
            await inviting(ben, nearby=nearby).accept(told["code"])
            await until(lambda: came)
        assert are_friends(anna, ben) and carl.peers.book.get(ben.id) is None


async def test_the_name_of_another(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben", "carl") as (anna, ben, carl):
        await ben.befriend(carl, name="Anna")
        async with invited(inviting(anna)) as (told, _):
            assert (await inviting(ben).accept(told["link"])).name == "Anna 2"


async def test_good_once(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben", "carl") as (anna, ben, carl):
        async with invited(inviting(anna)) as (told, _):
            await inviting(ben).accept(told["link"])
            with pytest.raises(InviteError) as caught:
                await inviting(carl).accept(told["link"])
        assert caught.value.code == "no-such"
        assert anna.peers.book.get(carl.id) is None and carl.peers.book.get(anna.id) is None


async def test_wrong_proofs_end_it(tmp_path):
    async with open_nodes(tmp_path, "anna", "eve") as (anna, eve):
        async with invited(inviting(anna)) as (told, came):
            channel = await eve.connect(anna)
            tag = quick(read_code(told["code"]), bytes(8)).tag
            said = {"tag": tag, "name": "", "addresses": []}
            codes = []
            for proof in [b"x" * 32] * 5 + [prove(COMING, channel.hash, quick(read_code(told["code"]), bytes(8)).proving)]:
                with pytest.raises(Refused) as caught:
                    await channel.call(SERVICE, {**said, "proof": proof})
                codes.append(caught.value.code)
            assert codes == ["wrong-proof"] * 4 + ["spent", "no-such"]
            await until(lambda: came)
        assert came[0].code == "spent" and anna.peers.book.get(eve.id) is None


@pytest.mark.parametrize(
    "asked", [None, {}, {"tag": 1}, {"tag": b"x" * 16, "proof": b"y" * 32}, {"tag": b"", "proof": 1, "name": "a\n", "addresses": [1]}]
)
async def test_questions_that_are_none(tmp_path, asked):
    async with open_nodes(tmp_path, "anna", "eve") as (anna, eve):
        async with invited(inviting(anna)) as (_, came):
            with pytest.raises(Refused) as caught:
                await (await eve.connect(anna)).call(SERVICE, asked)
            assert caught.value.code in ("malformed", "no-such") and not came


async def test_a_node_that_knows_no_code(tmp_path):
    """Who answers at the address of a link has to know the code, or hears nothing."""
    async with open_nodes(tmp_path, "eve", "ben") as (eve, ben):
        heard = []

        async def answer(call):
            heard.append(call.arguments)
            return {"proof": prove(b"inviting", call.channel.hash, b"k" * 32)}

        eve.services.add(SERVICE, answer, for_strangers=True)
        code = read_code(new_code(ben.peers.random_bytes))
        link = write_link(code, records.Record(eve.public_key, "Anna", (eve.address,), 0))
        with pytest.raises(InviteError) as caught:
            await inviting(ben).accept(link)
        assert caught.value.code == "wrong-friend" and [set(each) for each in heard] == [{"tag"}]
        assert ben.peers.book.get(eve.id) is None


async def test_nobody_between_can_pass_a_proof_on(tmp_path):
    """Eve stands where Ben looks for Anna, and asks Anna whatever Ben asks her: the proof is of another channel."""
    async with open_nodes(tmp_path, "anna", "ben", "eve") as (anna, ben, eve):
        passed = []

        async def pass_on(call):
            passed.append(call.arguments)
            return await (await eve.connect(anna)).call(SERVICE, call.arguments)

        eve.services.add(SERVICE, pass_on, for_strangers=True)

        async def nearby():
            return [NEAR(eve.public_key, "Anna", [eve.address])]

        async with invited(inviting(anna)) as (told, came):
            secrets = quick(read_code(told["code"]), bytes(8))
            assert await inviting(ben, nearby=nearby)._by_nearby(secrets, "", None) is None
            assert len(passed) == 1 and all(set(asked) == {"tag"} for asked in passed) and not came
        assert ben.peers.book.get(eve.id) is None and anna.peers.book.get(eve.id) is None


async def test_what_cannot_be_taken_up(tmp_path):
    async with open_nodes(tmp_path, "anna", "ben") as (anna, ben):
        annas, bens = inviting(anna), inviting(ben)
        code = new_code(ben.peers.random_bytes)

        async def code_of(invitations, text):
            with pytest.raises(InviteError) as caught:
                await invitations.accept(text)
            return caught.value.code

        assert await code_of(bens, "XXXX-XXXX-XXXA") == "bad-code"
        assert await code_of(bens, code) == "not-found"
        old = records.Record(anna.public_key, "", (anna.address,), 1_000_000)
        assert await code_of(bens, write_link(read_code(code), old)) == "expired"
        assert await code_of(bens, write_link(read_code(code), old._replace(until=0))) == "no-such"
        assert await code_of(annas, write_link(read_code(code), old._replace(until=0))) == "own-invitation"
        await ben.peers.block(anna.id)
        async with invited(annas) as (told, came):
            with pytest.raises(Exception, match="block"):
                await bens.accept(told["link"])
            assert not came
        bens._make_secrets = no_memory
        assert await code_of(bens, code) == "memory"
        with pytest.raises(Unreachable):
            await annas.accept(write_link(read_code(code), records.Record(b"z" * 32, "", ("127.0.0.1:1",), 0)))


async def test_it_ends(tmp_path):
    async with open_nodes(tmp_path, "anna") as (anna,):
        invitations = inviting(anna)
        async with invited(invitations, life_s=0.01) as (_, came):
            await until(lambda: came)
        assert came[0].code == "expired"
        async with invited(invitations):
            assert len(invitations._offers) == 1
        assert len(invitations._offers) == 0


class Dht:
    """A DHT of one."""

    def __init__(self):
        self.items, self.fails = {}, 1

    async def put_mutable(self, item):
        if self.fails:
            self.fails -= 1
            raise DhtError("nobody", "Nobody there.")
        self.items[item.key, item.salt] = item

    async def get_mutable(self, key, salt):
        return namedtuple("Found", "value")(self.items.get((key, salt)))


def test_in_the_dht():
    dht, key = Dht(), quick("A" * 12, bytes(8)).place
    place = DhtPlace(lambda: dht, lambda: 1_800_000_000)

    async def look():
        assert await place.find(key) is None
        with trio.move_on_after(RETRY_S + 1):
            await place.publish(key, b"sealed")
        assert await place.find(key) == b"sealed"
        item = dht.items[key.public_key, SALT]
        assert item.seq == 1_800_000_000 and len(item.value) < 1000
        for value in (bencode.encode([1]), b"5:ab", b""):
            dht.items[key.public_key, SALT] = item._replace(value=value)
            assert await place.find(key) is None
        assert await DhtPlace(lambda: None, int).find(key) is None

    trio.run(look, clock=trio.testing.MockClock(autojump_threshold=0))
