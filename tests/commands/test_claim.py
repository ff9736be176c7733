"""A device gets one owner, once, by token, in time."""

import os
import stat

import pytest
import trio
from trio.testing import MockClock

from appliance.commands.claim import TOKEN_FILE, ClaimError
from leither_edge.card.claim_token import ALPHABET, normal_token
from leither_edge.core import cose
from leither_edge.core.audit import parse_entry
from leither_edge.core.cbor import encode
from leither_edge.core.claim import Claim as SignedClaim
from leither_edge.core.claim import open_claim, sign_claim, token_hash
from leither_edge.core.ids import id_to_text
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.crypto.sodium import verify

from .device import NOW, Device, running

OWNER = KeyPair(b"\x21" * 32)
OTHER = KeyPair(b"\x22" * 32)


def claim_of(key, device, token, **changed):
    """A signed claim of a key with a token as typed."""
    known = token_hash(device.key.id, key.public_key, normal_token(token))
    return sign_claim(SignedClaim(device.key.id, key.public_key, NOW, known)._replace(**changed), key.sign)


async def test_the_token_makes_an_owner_who_can_command(tmp_path):
    async with running(tmp_path) as device:
        claim = device.claim()
        path = tmp_path / TOKEN_FILE
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert len(claim.token) == 23 and path.read_text().strip() == claim.token
        assert all(mark in ALPHABET for mark in normal_token(claim.token))
        keyset = await claim.claim(claim.token, OWNER.public_key)
        assert any(f"owner={id_to_text(OWNER.id)}" in line for line in device.lines)
        assert claim.claimed and claim.token is None and claim.window_s == 0 and not path.exists()
        assert device.executor.keyset == keyset and keyset.keys == (("owner", OWNER.public_key),)
        ((_, data),) = device.dump()["audit"]
        assert (parse_entry(data).verb, parse_entry(data).issuer) == ("claim", OWNER.id)
        owner = device.controller(0x21)
        assert (await device.ask(owner, "status")).status == "done"


async def test_case_spaces_hyphens_and_look_alikes_do_not_count(tmp_path):
    async with running(tmp_path) as device:
        claim = device.claim()
        typed = claim.token.lower().replace("-", " ").replace("0", "o").replace("1", "l")
        await claim.claim("  " + typed + " ", OWNER.public_key)


async def test_the_token_is_kept_over_restarts_and_a_broken_one_replaced(tmp_path):
    async with running(tmp_path) as device:
        token = device.claim().token
    async with running(tmp_path) as device:
        assert device.claim().token == token
        (tmp_path / TOKEN_FILE).write_text("nonsense\xff")
        fresh = device.claim().token
        assert fresh != token and device.claim().token == fresh


async def test_ten_wrong_tries_a_minute(tmp_path):
    async with running(tmp_path) as device:
        claim = device.claim()
        before = device.dump()
        for wrong in ["", "x" * 20, claim.token[:-1], claim.token + "A", "x" * 10_000, None, b"x", "é" * 20, "ﬀ" * 20, "\ud800" * 20]:
            with pytest.raises(ClaimError) as error:
                await claim.claim(wrong, OWNER.public_key)
            assert error.value.code == "wrong-token"
        with pytest.raises(ClaimError, match=r"Try again in \d+ seconds") as error:
            await claim.claim("x" * 20, OWNER.public_key)
        assert error.value.code == "too-many-tries"
        assert device.dump() == before
        assert device.counters.get("claims_refused", code="wrong-token") == 10
        assert not any(normal_token(claim.token) in line or claim.token in line for line in device.lines)
        # Whoever floods the device with guesses keeps nobody out who has the token.
        await claim.claim(claim.token, OWNER.public_key)
        assert claim.claimed


def test_the_wait_ends_and_so_does_the_window(tmp_path):
    async def main():
        async with running(tmp_path) as device:
            claim = device.claim(window_s=600)
            for _ in range(10):
                with pytest.raises(ClaimError):
                    await claim.claim("wrong", OWNER.public_key)
            await trio.sleep(61)
            with pytest.raises(ClaimError) as error:
                await claim.claim("wrong", OWNER.public_key)
            assert error.value.code == "wrong-token"
            await trio.sleep(600)
            with pytest.raises(ClaimError) as error:
                await claim.claim(claim.token, OWNER.public_key)
            assert error.value.code == "window-closed" and claim.window_s == 0
            # A restart opens it again.
            await device.claim().claim(claim.token, OWNER.public_key)

    trio.run(main, clock=MockClock(autojump_threshold=0.05))


async def test_of_two_at_once_one_wins(tmp_path):
    async with running(tmp_path) as device:
        claim, outcomes = device.claim(), []

        async def try_with(key):
            try:
                await claim.claim(token, key.public_key)
                outcomes.append(key)
            except ClaimError as error:
                outcomes.append(error.code)

        token = claim.token
        async with trio.open_nursery() as nursery:
            nursery.start_soon(try_with, OWNER)
            nursery.start_soon(try_with, OTHER)
        assert "claimed" in outcomes
        winner = next(key for key in outcomes if key != "claimed")
        assert device.executor.keyset.keys == (("owner", winner.public_key),)
        with pytest.raises(ClaimError) as error:
            await claim.claim(token, OTHER.public_key)
        assert error.value.code == "claimed"


async def test_a_token_left_behind_by_a_crash_is_removed_and_worthless(tmp_path):
    async with running(tmp_path) as device:
        claim = device.claim()
        token = claim.token
        await claim.claim(token, OWNER.public_key)
    (tmp_path / TOKEN_FILE).write_text(token)
    async with running(tmp_path) as device:
        claim = device.claim()
        assert claim.claimed and claim.token is None and not (tmp_path / TOKEN_FILE).exists()
        with pytest.raises(ClaimError) as error:
            await claim.claim(token, OTHER.public_key)
        assert error.value.code == "claimed"


async def test_a_signed_claim_is_for_this_device_key_and_token(tmp_path):
    async with running(tmp_path) as device:
        claim = device.claim()
        token = claim.token
        # What was overheard of the owner's claim: of no use for another key.
        heard = open_claim(claim_of(OWNER, device, token), verify).token_hash
        for data, code in [
            (b"", "bad-claim"),
            (b"x" * 2000, "bad-claim"),
            (claim_of(OWNER, device, token)[:-1] + b"x", "bad-claim"),
            (cose.sign1(encode([1]), cose.CT_CLAIM, OWNER.id, OWNER.sign), "bad-claim"),
            (claim_of(OWNER, device, token, device_id=b"x" * 20), "wrong-device"),
            (claim_of(OWNER, device, "other token"), "wrong-token"),
            (claim_of(OTHER, device, token, token_hash=heard), "wrong-token"),
        ]:
            with pytest.raises(ClaimError) as error:
                await claim.claim_signed(data)
            assert error.value.code == code and str(error.value).endswith(".")
        for public_key in (None, b"", b"x" * 31, "x" * 32):
            with pytest.raises(ClaimError) as error:
                await claim.claim(token, public_key)
            assert error.value.code == "bad-key"
        assert not claim.claimed
        keyset = await claim.claim_signed(claim_of(OWNER, device, token.lower()))
        # The answer was lost: the owner asks again and learns that it worked. Nobody else does.
        assert await claim.claim_signed(claim_of(OWNER, device, token)) == keyset
        with pytest.raises(ClaimError) as error:
            await claim.claim_signed(claim_of(OTHER, device, token))
        assert error.value.code == "claimed"
        with pytest.raises(ClaimError) as error:
            await claim.claim(token, OWNER.public_key)
        assert error.value.code == "claimed"


async def test_a_check_changes_nothing_and_its_wrong_tokens_are_tries(tmp_path):
    async with running(tmp_path) as device:
        claim, before = device.claim(), device.dump()
        good = claim_of(OWNER, device, claim.token)
        claim.check_signed(good)
        for _ in range(10):
            with pytest.raises(ClaimError) as error:
                claim.check_signed(claim_of(OWNER, device, "wrong"))
            assert error.value.code == "wrong-token"
        for call in (claim.check_signed, claim.claim_signed):
            with pytest.raises(ClaimError) as error:
                outcome = call(claim_of(OWNER, device, "wrong"))
                await outcome
            assert error.value.code == "too-many-tries"
        assert device.dump() == before and not claim.claimed
        assert device.counters.get("claim_checks_refused", code="wrong-token") == 10
        claim.check_signed(good)
        await claim.claim_signed(good)
        with pytest.raises(ClaimError) as error:
            claim.check_signed(good)
        assert error.value.code == "claimed"


async def test_an_owner_that_was_on_the_card(tmp_path):
    async with running(tmp_path) as device:
        claim = device.claim()
        assert await claim.preset_owner(OWNER.public_key)
        assert not await claim.preset_owner(OTHER.public_key)
        assert device.executor.keyset.keys == (("owner", OWNER.public_key),)


async def test_a_new_device_needs_no_node_to_be_unclaimed(tmp_path):
    device = Device(tmp_path)
    assert not device.claim().claimed and device.executor.keyset is None
    device.store.close()
