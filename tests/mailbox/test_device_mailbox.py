"""The device's end: finds its controllers' letters, obeys them as over HTTP, answers, and is not moved by anything else."""

import functools
import os
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
import trio
import trio.testing

from appliance.commands import pass_holders
from appliance.commands.tables import MAILBOX, PASS_HOLDERS
from appliance.device.mailbox import keep_mailbox
from appliance.device.sealed_bodies import SealedBodies
from leither_edge.core.command import open_answer
from leither_edge.crypto.sodium import verify
from leither_edge.dht.item import make_mutable, mutable_target
from leither_edge.http import HttpError
from leither_edge.mailbox import letters
from leither_edge.mailbox.carrying import put_letter, read_letter
from leither_edge.mailbox.letters import Answered
from tests.commands.device import DAY, NOW, ProfileWith, running
from tests.mailbox.fake_dht import FakeNetwork

PATIENCE_S = 3600


def in_leaps(test):
    """Run an async test on a clock that leaps over every wait."""

    @functools.wraps(test)
    def run(tmp_path):
        trio.run(test, tmp_path, clock=trio.testing.MockClock(autojump_threshold=0))

    return run


class Cafe:
    """A controller that reaches its device through the DHT alone."""

    def __init__(self, network, device, controller):
        self.dht, self.device, self.controller = network.node(), device, controller
        self.key, self.seq, self.answers_seq = controller.key, 0, None

    async def send(self, *commands):
        letter = letters.make_queue(commands, self.device.key.public_key)
        self.seq, _ = await put_letter(self.dht, letter, self.key, self.device.key.id, lambda at_least: self.seq + 1)

    async def answers(self):
        """The entries of the next letter of answers."""
        with trio.fail_after(PATIENCE_S):
            while True:
                found = (await self.dht.get_mutable(self.device.key.public_key, self.key.id, newer_than=self.answers_seq)).value
                if found is not None:
                    self.answers_seq = found.seq
                    return letters.read_answers(await read_letter(self.dht, found.value, self.key.unseal)).entries
                await trio.sleep(1)

    async def ask(self, *commands):
        await self.send(*commands)
        return await self.answers()

    def opened(self, entry):
        return open_answer(entry.data, self.device.key.public_key, verify)


@asynccontextmanager
async def reachable(folder, network, *, sealed_bodies=None, **arguments):
    """A device whose mailbox is kept."""
    async with running(folder, **arguments) as device:

        async def commit(fn, reserve=False):
            # In no thread, which the clock would leap over.
            with device.store.write(reserve) as tx:
                return fn(tx)

        device.store.commit = commit
        node = SimpleNamespace(
            profile=device.profile, store=device.store, key=device.key, counters=device.counters, log=device.log, clock=lambda: device.clock
        )
        device.dht = network.node()
        async with trio.open_nursery() as nursery:
            device.owner = device.own(device.controller())

            async def keep():
                await keep_mailbox(node, device.dht, device.executor, sealed_bodies=sealed_bodies, addresses=lambda: ["http://192.168.1.7/"])

            nursery.start_soon(keep)
            yield device
            nursery.cancel_scope.cancel()


@in_leaps
async def test_a_command_comes_and_its_signed_answer_goes(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        cafe = Cafe(network, device, device.owner)
        entry, = await cafe.ask(device.owner.signed("config-set", {"name": "Attic"}))
        assert cafe.opened(entry).status == "done" and device.executor.config["name"] == "Attic"
        assert not any(item.salt and b"Attic" in item.value for item in network.puts)


@in_leaps
async def test_several_are_done_in_order_and_a_large_answer_comes_whole(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        device.board.answers["logs"] = {"lines": [{"n": n, "time": 1.5, "text": "x" * 90} for n in range(80)]}
        cafe = Cafe(network, device, device.owner)
        signed = device.owner.signed
        entries = await cafe.ask(signed("config-set", {"name": "A"}), signed("config-set", {"name": "B"}), signed("logs"))
        assert [cafe.opened(entry).status for entry in entries] == ["done"] * 3
        assert device.executor.config["name"] == "B"
        assert len(cafe.opened(entries[2]).result["lines"]) == 80


@in_leaps
async def test_what_came_over_two_transports_runs_once(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        cafe, started, go = Cafe(network, device, device.owner), trio.Event(), trio.Event()

        async def identify(seconds):
            started.set()
            await go.wait()

        device.board.answers["identify"] = identify
        first, second = device.owner.signed("identify"), device.owner.signed("config-set", {"name": "A"})
        await cafe.send(first, second)
        await started.wait()
        over_http = []

        async def ask_over_http():
            over_http.append(await device.executor.execute(first))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask_over_http)
            await trio.testing.wait_all_tasks_blocked()
            go.set()
        entries = await cafe.answers()
        assert over_http == [entries[0].data]
        assert await device.executor.execute(second) == entries[1].data
        assert [verb for verb, _ in device.board.asked].count("identify") == 1
        assert len(device.dump()["audit"]) == 2


@in_leaps
async def test_a_device_that_was_off_finds_what_waits(tmp_path):
    network = FakeNetwork()
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        cafe = Cafe(network, device, owner)
        await cafe.send(owner.signed("config-set", {"name": "Attic"}))
    async with reachable(tmp_path, network) as device:
        cafe.device = device
        assert cafe.opened((await cafe.answers())[0]).status == "done"
        assert device.executor.config["name"] == "Attic"


@in_leaps
async def test_a_restart_does_not_answer_twice_what_was_answered(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        cafe = Cafe(network, device, device.owner)
        await cafe.ask(device.owner.signed("config-set", {"name": "A"}))
        await trio.sleep(5)
    puts = len(network.puts)
    async with reachable(tmp_path, network) as device:
        await trio.sleep(600)
        assert device.counters.get("mailbox_looks") > 5 and len(network.puts) == puts
        assert device.dump()["mailbox"][0][1][0] == cafe.seq


@in_leaps
async def test_an_answer_lost_on_its_way_is_given_again_out_of_the_record(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        cafe = Cafe(network, device, device.owner)
        command = device.owner.signed("config-set", {"name": "A"})
        first, = await cafe.ask(command)
        del network.items[mutable_target(device.key.public_key, device.owner.key.id)]
        cafe.answers_seq = None
        assert await cafe.ask(command) == [first]
        assert len(device.dump()["audit"]) == 1


@in_leaps
async def test_a_pass_holder_is_looked_for_once_it_was_obeyed(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        phone = device.owner.give_pass(device.controller(2), not_after=NOW + DAY)
        cafe = Cafe(network, device, phone)
        await cafe.send(phone.signed("config-set", {"name": "A"}))
        await trio.sleep(300)
        assert device.executor.config["name"] != "A"
        # Over HTTP, say.
        await device.ask(phone, "status")
        await cafe.send(phone.signed("config-set", {"name": "B"}))
        assert cafe.opened((await cafe.answers())[0]).status == "done"
        assert device.executor.config["name"] == "B"
        looks = device.counters.get("mailbox_looks")
        device.clock = NOW + 2 * DAY
        await trio.sleep(300)
        cafe.dht.polls = 0
        await cafe.send(phone.signed("config-set", {"name": "C"}))
        await trio.sleep(600)
        assert device.counters.get("mailbox_looks") > looks and device.executor.config["name"] == "B"


async def test_of_many_pass_holders_the_longest_silent_is_forgotten(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        phones = [owner.give_pass(device.controller(2 + number)) for number in range(pass_holders.HOLDERS_MAX + 3)]
        for number, phone in enumerate(phones):
            device.clock = NOW + number * DAY
            await device.ask(phone, "status", issued=NOW + number * DAY)
        known = {id20 for id20, _ in device.dump()[PASS_HOLDERS.name]}
        assert known == {phone.key.id for phone in phones[3:]}
        with device.store.read() as tx:
            keyset = device.executor.keyset
            assert set(pass_holders.standing(tx, keyset, NOW)) == known
            assert set(pass_holders.standing(tx, keyset._replace(revoked=(phones[5].key.id,)), NOW)) == known - {phones[5].key.id}
            assert not pass_holders.standing(tx, keyset, NOW + 400 * DAY)
            assert not pass_holders.standing(tx, keyset._replace(keys=(("owner", phones[0].key.public_key),)), NOW)


async def test_a_holder_costs_one_write_a_day(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        phone = owner.give_pass(device.controller(2))
        await device.ask(phone, "status")
        before = device.dump()[PASS_HOLDERS.name]
        await device.ask(phone, "status", issued=NOW + 1)
        assert device.dump()[PASS_HOLDERS.name] == before
        await device.ask(phone, "status", issued=NOW + DAY)
        assert device.dump()[PASS_HOLDERS.name] != before


@in_leaps
async def test_what_no_key_of_the_device_signed_is_answered_without_a_signature(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        cafe = Cafe(network, device, device.owner)
        stranger = device.controller(9)
        entries = await cafe.ask(stranger.signed("config-set", {"name": "A"}), b"junk", device.owner.signed("status"))
        assert entries[0].code == "unknown-key" and cafe.opened(entries[1]).status == "done"
        assert device.executor.config["name"] != "A" and len(device.dump()["sequences"]) == 1


@in_leaps
async def test_a_stranger_is_not_looked_for(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        stranger = Cafe(network, device, device.controller(9))
        await stranger.send(device.owner.signed("config-set", {"name": "A"}))
        asked = []
        device.dht.poll_mutable, poll = lambda key, *rest: asked.append(key) or poll(key, *rest), device.dht.poll_mutable
        await trio.sleep(3600)
        assert set(asked) == {device.owner.key.public_key} and device.executor.config["name"] != "A"


@in_leaps
async def test_a_letter_that_cannot_be_read_is_read_once(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        before = device.dump()
        for seq, value in enumerate((b"4:junk", b"i5e", letters.make_answers(letters.Answers([], 5), device.key.public_key).value), 1):
            signed = make_mutable(value, device.owner.key.public_key, device.key.id, seq, device.owner.key.sign)
            await network.node().put_mutable(signed)
            await trio.sleep(900)
        bad = sum(value for name, (_, _, rows) in device.counters.snapshot().items() if name == "mailbox_letters_bad" for _, value in rows)
        assert bad == 3 and device.dump() == before


@in_leaps
async def test_a_letter_whose_pieces_are_gone_is_given_up_after_some_tries(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        letter = letters.make_queue([os.urandom(3000)], device.key.public_key)
        signed = make_mutable(letter.value, device.owner.key.public_key, device.key.id, 1, device.owner.key.sign)
        await network.node().put_mutable(signed)
        await trio.sleep(7200)
        assert device.counters.get("mailbox_letters_bad", code="missing") == 5


@in_leaps
async def test_without_a_network_it_waits_and_goes_on(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        cafe = Cafe(network, device, device.owner)
        await cafe.send(device.owner.signed("config-set", {"name": "A"}))
        network.is_up = False
        await trio.sleep(3600)
        assert 10 < device.counters.get("mailbox_looks_failed", code="no-contacts") < 40
        network.is_up = True
        assert cafe.opened((await cafe.answers())[0]).status == "done"


@in_leaps
async def test_the_answer_has_left_before_the_board_goes_down(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        cafe, order = Cafe(network, device, device.owner), []
        put = device.dht.put_mutable

        async def slow_put(*args, **kwargs):
            await trio.sleep(20)
            report = await put(*args, **kwargs)
            order.append("answer")
            return report

        async def reboot():
            order.append("reboot")

        device.dht.put_mutable = slow_put
        device.board.answers["reboot"] = reboot
        await cafe.ask(device.owner.signed("reboot"))
        await trio.sleep(60)
        assert order == ["answer", "reboot"]


@in_leaps
async def test_no_answer_holds_the_board_up_for_long(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        cafe = Cafe(network, device, device.owner)

        async def never(*args, **kwargs):
            await trio.sleep_forever()

        device.dht.put_mutable = never
        await cafe.send(device.owner.signed("reboot"))
        await trio.sleep(200)
        assert ("reboot", {}) in device.board.asked


@in_leaps
async def test_a_sequence_number_that_others_are_ahead_of_is_passed(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network) as device:
        ahead = make_mutable(b"4:past", device.key.public_key, device.owner.key.id, 10**15, device.key.sign)
        await network.node().put_mutable(ahead)
        cafe = Cafe(network, device, device.owner)
        cafe.answers_seq = 10**15
        entry, = await cafe.ask(device.owner.signed("status"))
        assert cafe.opened(entry).status == "done" and cafe.answers_seq == 10**15 + 1
        await trio.sleep(5)
        assert dict(device.dump()[MAILBOX.name])[device.owner.key.id] == [1, 10**15 + 1]


@in_leaps
async def test_a_large_body_is_served_to_who_knows_its_hash(tmp_path):
    network, served = FakeNetwork(), SealedBodies()
    async with reachable(tmp_path, network, sealed_bodies=served) as device:
        device.board.answers["logs"] = {"lines": [{"n": n, "time": 1.5, "text": "x" * 90} for n in range(80)]}
        cafe = Cafe(network, device, device.owner)
        await cafe.send(device.owner.signed("logs"))
        while not (found := (await cafe.dht.get_mutable(device.key.public_key, cafe.key.id)).value):
            await trio.sleep(1)
        for target in letters.open_letter(found.value, cafe.key.unseal).body.targets:
            del network.items[target]
        asked = []

        async def over_http(named):
            asked.append(named.addresses)
            response = await served.serve(SimpleNamespace(params={"digest": named.body.digest.hex()}))
            return response.body

        plain = await read_letter(cafe.dht, found.value, cafe.key.unseal, over_http)
        assert isinstance(letters.read_answers(plain).entries[0], Answered) and asked == [["http://192.168.1.7/"]]
        with pytest.raises(letters.LetterError, match="gone"):
            await read_letter(cafe.dht, found.value, cafe.key.unseal)
        for digest in ("00" * 32, "zz"):
            with pytest.raises(HttpError):
                await served.serve(SimpleNamespace(params={"digest": digest}))


def test_bodies_in_memory_are_bounded():
    served = SealedBodies()
    for number in range(200):
        served.keep(bytes([number]) * 32, bytes(60000))
    assert len(served._kept) == 2


@in_leaps
async def test_too_many_commands_at_once_are_taken_up_again(tmp_path):
    network = FakeNetwork()
    async with reachable(tmp_path, network, profile=ProfileWith()) as device:
        cafe, go = Cafe(network, device, device.owner), trio.Event()

        async def identify(seconds):
            await go.wait()

        device.board.answers["identify"] = identify
        phone = device.owner.give_pass(device.controller(2))
        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(device.ask, phone, "identify")
            await trio.testing.wait_all_tasks_blocked()
            await cafe.send(device.owner.signed("identify"), device.owner.signed("config-set", {"name": "A"}))
            await trio.sleep(20)
            assert device.executor.config["name"] != "A"
            go.set()
        entries = await cafe.answers()
        assert [cafe.opened(entry).status for entry in entries] == ["done", "done"]
