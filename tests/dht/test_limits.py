"""Tokens, proofs of address and budgets: what a stranger can spend of ours."""

import random

import pytest

from leither_edge.dht import compact
from leither_edge.dht.flat_table import WAYS, FlatTable
from leither_edge.dht.rate import BURST_S, EACH_MIN_PER_S, KEPT_SHARE, LITTLE_BURST, LITTLE_PER_S, Budget, Rate
from leither_edge.dht.token import ROTATION_S, TOKEN_BYTES, Tokens
from leither_edge.dht.verified import PROVED_S, ROOM_MAX, Verified

HERE = compact.pack("198.51.100.1", 6881)
THERE = compact.pack("198.51.100.2", 6881)
HERE_6 = compact.pack("2001:db8::1", 6881)


def some_address(dice):
    return bytes((dice.randrange(11, 100), dice.randrange(256), dice.randrange(256), dice.randrange(256), 1, 1))


class TestTokens:
    @pytest.fixture
    def tokens(self):
        return Tokens(random.Random(1).randbytes, 100.0)

    @pytest.mark.parametrize("address", [HERE, HERE_6])
    def test_a_token_is_good_for_its_address_and_any_port(self, tokens, address):
        token = tokens.make(address, 100.0)
        assert len(token) == TOKEN_BYTES
        assert tokens.is_good(token, address, 100.0)
        assert tokens.is_good(token, address[:-2] + b"\x00\x01", 100.0)

    def test_a_stolen_or_made_up_token_is_bad(self, tokens):
        token = tokens.make(HERE, 100.0)
        assert not tokens.is_good(token, THERE, 100.0)
        assert not tokens.is_good(token, HERE_6, 100.0)
        for bad in (b"", token[:-1], token + b"\0", bytes(8), bytes(128)):
            assert not tokens.is_good(bad, HERE, 100.0)
        assert not Tokens(random.Random(2).randbytes, 100.0).is_good(token, HERE, 100.0)

    @pytest.mark.parametrize("made", [100.0, 250.0, 399.0])
    def test_a_token_lives_five_to_ten_minutes(self, made):
        for age, is_good in ((ROTATION_S - 1, True), (2 * ROTATION_S, False)):
            # Somebody else is served in between, or nobody.
            for steps in (1, 7):
                tokens = Tokens(random.Random(1).randbytes, 100.0)
                token = tokens.make(HERE, made)
                for step in range(1, steps):
                    tokens.make(THERE, made + age * step / steps)
                assert tokens.is_good(token, HERE, made + age) is is_good

    def test_after_a_long_silence_no_old_token_is_good(self, tokens):
        token = tokens.make(HERE, 100.0)
        assert not tokens.is_good(token, HERE, 100.0 + 2 * ROTATION_S)


class TestFlatTable:
    def test_it_finds_what_was_put_in_and_never_grows(self):
        dice = random.Random(3)
        table = FlatTable(64, 6, has_value=True, salt=b"s")
        size = table.size
        assert size == 64 * (6 + 8 + 4)
        model = {}
        for step in range(1, 3000):
            key = dice.randbytes(6)
            at = table.take(key)
            table.set_stamp(at, float(step))
            table.set_value(at, step)
            model[key] = step
        found = [key for key in model if table.find(key) >= 0]
        assert len(found) == 64 and table.size == size
        for key in found:
            assert table.stamp(table.find(key)) == table.value(table.find(key)) == model[key]
        # The freshest are never pushed out by one newcomer.
        newest = max(model, key=model.get)
        for _ in range(WAYS - 1):
            table.set_stamp(table.take(dice.randbytes(6)), 10.0**6)
        assert table.find(newest) >= 0

    def test_a_new_row_is_empty(self):
        table = FlatTable(8, 6, has_value=True)
        for step in range(20):
            at = table.take(bytes((step + 1,)) * 6)
            assert table.stamp(at) == 0 and table.value(at) == 0
            table.set_stamp(at, 1.0 + step)
            table.set_value(at, 7)

    def test_bytes_across_two_rows_are_no_key(self):
        table = FlatTable(8, 2, has_value=True)
        at = table.take(b"aa")
        table.set_value(at, int.from_bytes(b"xxbb", "big"))
        assert table.find(b"bb") == -1 and table.find(b"aa") == at


class TestVerified:
    @pytest.mark.parametrize("address", [HERE, HERE_6])
    def test_a_proof_holds_ten_minutes(self, address):
        verified = Verified(64)
        assert not verified.has(address, 0.0)
        verified.add(address, 0.0)
        assert verified.has(address, 0.0) and verified.has(address, PROVED_S - 1)
        assert not verified.has(address, PROVED_S)
        # Another port may be another machine behind the same NAT.
        assert not verified.has(address[:-2] + b"\0\1", 1.0)

    def test_nothing_is_sent_that_did_not_come_in(self):
        verified = Verified(64)
        assert verified.room(HERE, 0.0) == 0
        verified.spend(HERE, 100, 0.0)
        assert verified.room(HERE, 0.0) == 0
        verified.earn(HERE, 100, 0.0)
        verified.earn(THERE, 30, 0.0)
        verified.spend(HERE, 60, 1.0)
        assert (verified.room(HERE, 1.0), verified.room(THERE, 1.0)) == (40, 30)
        verified.spend(HERE, 1000, 1.0)
        assert verified.room(HERE, 1.0) == 0
        for _ in range(100):
            verified.earn(HERE, 1000, 2.0)
        assert verified.room(HERE, 2.0) == ROOM_MAX

    def test_a_flood_of_sources_only_costs_proofs(self):
        dice = random.Random(4)
        verified = Verified(64)
        earned = {}
        for step in range(5000):
            address = some_address(dice)
            verified.earn(address, 50, step)
            earned[address] = 50
            verified.add(some_address(dice), step)
        assert sum(verified.room(address, 5000) for address in earned) <= 64 * 50
        assert sum(verified.has(some_address(dice), 5000) for _ in range(1000)) == 0


class TestRate:
    def test_a_budget_is_a_rate_and_a_burst(self):
        budget = Budget(10, burst_s=1.0)
        assert sum(budget.take(5.0) for _ in range(100)) == 10
        assert sum(budget.take(5.0 + step / 100) for step in range(1001)) == 100
        assert budget.has_room(1000.0)

    def test_one_address_cannot_take_all(self):
        rate = Rate(100)
        count = sum(rate.take(HERE, 10.0 + step / 1000) is None for step in range(10000))
        assert count == pytest.approx(25 * (10 + BURST_S), abs=2)
        assert {rate.take(HERE, 20.0) for _ in range(5)} >= {"address"}
        assert rate.take(compact.pack("203.0.113.1", 1), 20.0) is None

    def test_one_network_cannot_take_all(self):
        rate = Rate(100)
        addresses = [compact.pack(f"198.51.100.{at}", 1) for at in range(250)]
        outcomes = [rate.take(addresses[step % 250], 10.0 + step / 1000) for step in range(10000)]
        assert outcomes.count(None) == pytest.approx(50 * (10 + BURST_S), abs=2)
        assert {rate.take(HERE, 20.0) for _ in range(5)} >= {"prefix"}
        six = [compact.pack(f"2001:db8:7:{at:x}::1", 1) for at in range(250)]
        outcomes = [rate.take(six[step % 250], 30.0 + step / 1000) for step in range(10000)]
        assert outcomes.count(None) == pytest.approx(50 * (10 + BURST_S), abs=2)

    def test_all_together_have_a_bound(self):
        dice = random.Random(5)
        rate = Rate(100)
        outcomes = [rate.take(some_address(dice), 10.0 + step / 1000) for step in range(10000)]
        assert outcomes.count(None) == pytest.approx(100 * (10 + BURST_S * (1 - KEPT_SHARE)), abs=2)
        assert outcomes.count("all") == 10000 - outcomes.count(None)

    def test_who_is_known_and_asks_little_is_served_in_a_flood(self):
        dice = random.Random(6)
        rate = Rate(50)
        served = 0
        for step in range(20000):
            rate.take(some_address(dice), 10.0 + step / 1000)
            if step % 2000 == 0:
                served += rate.take(HERE, 10.0 + step / 1000, True) is None
        assert served == 10

    def test_who_asks_much_does_not_come_first(self):
        rate = Rate(50)
        assert sum(rate.asks_little(HERE, 10.0) and rate.take(HERE, 10.0, True) is None for _ in range(99)) == LITTLE_BURST
        assert not rate.asks_little(compact.pack("198.51.100.77", 9), 10.0), "its whole network has asked much"
        assert rate.asks_little(compact.pack("198.51.101.77", 9), 10.0)
        assert rate.asks_little(HERE, 10.0 + 2 / LITTLE_PER_S)

    def test_forty_networks_cannot_keep_the_first_ones_place(self):
        rate = Rate(50)
        many = [compact.pack(f"203.0.{at}.9", 1) for at in range(40)]
        served = []
        for step in range(60000):
            rate.take(many[step % 40], 10.0 + step / 1000, True)
            if step % 3000 == 0:
                served.append(rate.take(HERE, 10.0 + step / 1000, True) is None)
        assert all(served[5:])

    def test_the_devices_of_a_home_share_no_budget(self):
        rate = Rate(1000)
        for at in range(1, 100):
            assert all(rate.take(compact.pack(f"192.168.1.{at}", 1), 10.0) is None for _ in range(EACH_MIN_PER_S))

    def test_a_small_budget_still_serves_everybody_a_little(self):
        rate = Rate(20)
        assert sum(rate.take(HERE, 10.0) is None for _ in range(100)) == EACH_MIN_PER_S * BURST_S
