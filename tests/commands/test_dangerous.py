"""Dangerous verbs answer a challenge; keysets rotate; a factory reset that was promised is done."""

import pytest
import trio
from trio.testing import MockClock

from appliance.commands import executor
from appliance.commands.challenges import CHALLENGES_MAX, Challenges
from leither_edge.crypto.key_pair import KeyPair

from .device import NOW, BoardError, rotation, running


@pytest.fixture(autouse=True)
def short_wait(monkeypatch):
    monkeypatch.setattr(executor, "AFTER_ANSWER_S", 0.1)


async def challenge_for(device, controller, verb, arguments=None):
    answer = await device.ask(controller, verb, arguments)
    assert (answer.status, answer.error["code"]) == ("refused", "challenge-required")
    assert answer.result["expires_s"] == device.profile.commands.challenge_life_s
    return answer.result["challenge"]


async def dangerous(device, controller, verb, arguments=None):
    return await device.ask(controller, verb, arguments, challenge=await challenge_for(device, controller, verb, arguments))


async def test_a_factory_reset_takes_a_challenge_and_is_answered_before_it_happens(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        answer = await dangerous(device, owner, "factory-reset")
        assert answer.status == "done" and device.board.asked == []
        with trio.fail_after(5):
            while not device.board.asked:
                await trio.sleep(0.01)
        assert device.board.asked == [("factory_reset", {})]


async def test_a_promised_reset_is_done_at_the_next_start_if_the_power_goes_first(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        assert (await dangerous(device, owner, "factory-reset")).status == "done"
        assert device.board.asked == []
    async with running(tmp_path) as device:
        device.board.answers["factory_reset"] = BoardError("busy", "later")
        with trio.fail_after(5):
            while not device.board.asked:
                await trio.sleep(0.01)
        assert device.board.asked == [("factory_reset", {})]
        assert device.counters.get("commands_not_done", code="busy") == 1


async def test_a_challenge_works_once_and_for_its_issuer_verb_and_arguments_only(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        deputy = owner.give_pass(device.controller(2), role="owner")
        keyset = device.executor.keyset
        good = {"keyset": rotation(keyset, [owner.key], revoked=(b"r" * 20,))}
        other = {"keyset": rotation(keyset, [owner.key], revoked=(b"s" * 20,))}
        challenge = await challenge_for(device, owner, "keyset-set", good)
        for controller, verb, arguments in [
            (deputy, "keyset-set", good),
            (owner, "keyset-set", other),
            (owner, "factory-reset", {}),
        ]:
            answer = await device.ask(controller, verb, arguments, challenge=challenge)
            assert (answer.status, answer.error["code"]) == ("refused", "challenge-wrong")
        assert (await device.ask(owner, "keyset-set", good, challenge=challenge)).result == {"version": 2}
        owner.keyset_version = 2
        answer = await device.ask(owner, "keyset-set", good, challenge=challenge)
        assert answer.error["code"] == "challenge-wrong"


async def test_the_challenge_is_repeated_with_the_refusal_and_malformed_arguments_get_none(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        first_try = owner.signed("factory-reset")
        answer = await device.executor.execute(first_try)
        assert await device.executor.execute(first_try) == answer
        answer = await device.ask(owner, "keyset-set", {"keyset": "text"})
        assert answer.error["code"] == "bad-argument" and answer.result == {}


async def test_those_who_may_not_get_no_challenge(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        operator = owner.give_pass(device.controller(2))
        answer = await device.ask(operator, "factory-reset")
        assert answer.error["code"] == "not-allowed" and answer.result == {}


def test_a_challenge_grows_old(tmp_path):
    async def main():
        async with running(tmp_path) as device:
            owner = device.own(device.controller())
            challenge = await challenge_for(device, owner, "factory-reset")
            await trio.sleep(device.profile.commands.challenge_life_s + 1)
            answer = await device.ask(owner, "factory-reset", challenge=challenge)
            assert answer.error["code"] == "challenge-wrong"

    trio.run(main, clock=MockClock(rate=1000))


async def test_a_restart_voids_challenges(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        challenge = await challenge_for(device, owner, "factory-reset")
    async with running(tmp_path) as device:
        assert (await device.ask(owner, "factory-reset", challenge=challenge)).error["code"] == "challenge-wrong"


async def test_challenges_are_bounded(tmp_path):
    async with running(tmp_path) as device:
        owner = device.controller()
        challenges = Challenges(60)
        commands = [owner.command("factory-reset", {"n": n}) for n in range(CHALLENGES_MAX + 4)]
        issued = [challenges.issue(command, 0) for command in commands]
        live = [challenges.answers(c._replace(challenge=issued[n]), 1) for n, c in enumerate(commands)]
        assert live == [False] * 4 + [True] * CHALLENGES_MAX
        challenges.issue(commands[0], 61)
        assert not any(challenges.answers(c._replace(challenge=issued[n]), 61) for n, c in enumerate(commands))


async def test_a_rotation_is_signed_by_the_old_and_the_new_owner(tmp_path):
    async with running(tmp_path) as device:
        owner, heir = device.own(device.controller()), device.controller(2)
        heard = []
        device.executor.keyset_changed = heard.append
        old = device.executor.keyset
        keys = (("owner", heir.key.public_key),)
        for signers, code in [([owner.key], "new-owner-unsigned"), ([heir.key], "not-signed")]:
            answer = await dangerous(device, owner, "keyset-set", {"keyset": rotation(old, signers, keys=keys)})
            assert (answer.status, answer.error["code"]) == ("failed", code)
        answer = await dangerous(device, owner, "keyset-set", {"keyset": b"junk"})
        assert answer.status == "failed"
        assert device.executor.keyset == old and heard == []
        answer = await dangerous(device, owner, "keyset-set", {"keyset": rotation(old, [owner.key, heir.key], keys=keys)})
        assert answer.result == {"version": 2} and heard[0].keys == keys
        heir.keyset_version = 2
        assert (await device.ask(heir, "status")).result["keyset_version"] == 2
    async with running(tmp_path) as device:
        assert device.executor.keyset.version == 2


async def test_an_old_keyset_version_may_only_ask_for_the_new_one(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        phone = owner.give_pass(device.controller(2))
        change = {"keyset": rotation(device.executor.keyset, [owner.key], revoked=(b"r" * 20,))}
        assert (await dangerous(device, owner, "keyset-set", change)).status == "done"
        assert (await device.ask(phone, "status")).error["code"] == "old-keyset"
        assert (await device.ask(phone, "keyset-get")).result["version"] == 2
        phone.keyset_version = 2
        assert (await device.ask(phone, "status")).status == "done"


async def test_a_revoked_phone_is_shut_out_alone(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        lost, kept = (owner.give_pass(device.controller(seed)) for seed in (2, 3))
        change = {"keyset": rotation(device.executor.keyset, [owner.key], revoked=(lost.key.id,))}
        assert (await dangerous(device, owner, "keyset-set", change)).status == "done"
        lost.keyset_version = kept.keyset_version = 2
        assert (await device.ask(lost, "status")).error["code"] == "revoked"
        assert (await device.ask(kept, "status")).status == "done"


async def test_two_of_three_root_keys_replace_a_lost_owner_and_can_do_nothing_else(tmp_path):
    async with running(tmp_path) as device:
        roots = [KeyPair(bytes([seed]) * 32) for seed in (101, 102, 103)]
        device.own(device.controller(), roots=tuple(root.public_key for root in roots))
        heir, root = device.controller(2), device.controller(101)
        for verb in ("status", "config-get", "factory-reset"):
            try:
                answer = await device.ask(root, verb)
            except Exception as error:
                assert error.code == "unknown-key"
            else:
                raise AssertionError(answer)
        assert (await device.ask(root, "keyset-get")).status == "done"
        old, keys = device.executor.keyset, (("owner", heir.key.public_key),)
        answer = await dangerous(device, root, "keyset-set", {"keyset": rotation(old, [roots[0], heir.key], keys=keys)})
        assert answer.error["code"] == "not-signed"
        answer = await dangerous(device, root, "keyset-set", {"keyset": rotation(old, [*roots[:2], heir.key], keys=keys)})
        assert answer.result == {"version": 2}
        heir.keyset_version = 2
        assert (await device.ask(heir, "status")).status == "done"
        # A pass of a root key is no pass.
        visitor = root.give_pass(device.controller(5), not_after=NOW + 1000)
        visitor.keyset_version = 2
        try:
            await device.ask(visitor, "keyset-set", {"keyset": b"x"})
        except Exception as error:
            assert error.code == "bad-pass"
        else:
            raise AssertionError
