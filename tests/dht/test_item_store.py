"""What others may store here: the rules of BEP 44, and what a flood cannot do."""

import random
import tracemalloc

import pytest

from leither_edge.dht import compact
from leither_edge.dht.item import Item, immutable_target, mutable_target, target_of
from leither_edge.dht.item_store import LIFE_S, SHARE, ItemStore, Refused, Sequences
from leither_edge.dht.node_id import distance

OWN = bytes(range(20))
KEY = b"k" * 32
HOME = compact.pack("198.51.100.1", 6881)


def store(items_max=100, bytes_max=1 << 20, sequences=None):
    return ItemStore(OWN, items_max, bytes_max, sequences)


def signed(seq, value=b"1:a", salt=b"", key=KEY):
    return Item(value, key, salt, seq, bytes(64))


def plain(dice, size=20):
    return Item(b"%d:%b" % (size, dice.randbytes(size)))


def somewhere(dice):
    return bytes((dice.randrange(11, 100), dice.randrange(256), dice.randrange(256), dice.randrange(256), 1, 1))


def code_of(kept, item, cas=None, now=0.0):
    with pytest.raises(Refused) as raised:
        kept.put(item, cas, HOME, now)
    return raised.value.code


def test_what_is_put_is_got():
    kept = store()
    items = [signed(1), signed(2**63 - 1, b"le", b"salt"), Item(b"1:x"), signed(0, b"996:" + bytes(996), bytes(64), b"K" * 32)]
    for item in items:
        kept.put(item, None, HOME, 0.0)
    assert len(kept) == 4
    assert [kept.get(target_of(item), 1.0) for item in items] == items
    assert kept.get(bytes(20), 1.0) is None
    assert sorted(kept.targets(), key=lambda target: distance(target, OWN)) == list(kept.targets())
    assert set(kept.targets()) == {target_of(item) for item in items}


def test_sizes_205_and_207():
    kept = store()
    assert code_of(kept, Item(b"997:" + bytes(997))) == 205
    assert code_of(kept, signed(1, b"997:" + bytes(997))) == 205
    assert code_of(kept, signed(1, salt=bytes(65))) == 207
    assert len(kept) == 0


def test_the_sequence_only_rises_302():
    kept = store()
    kept.put(signed(5), None, HOME, 0.0)
    assert code_of(kept, signed(4)) == 302
    assert code_of(kept, signed(5, b"1:b")) == 302
    assert kept.get(mutable_target(KEY), 1.0) == signed(5)
    kept.put(signed(5), None, HOME, 0.0)
    kept.put(signed(6, b"1:b"), None, HOME, 0.0)
    assert kept.get(mutable_target(KEY), 1.0) == signed(6, b"1:b")
    # Another salt, another item.
    kept.put(signed(1, salt=b"s"), None, HOME, 0.0)
    assert len(kept) == 2


def test_compare_and_swap_301():
    kept = store()
    kept.put(signed(5), 17, HOME, 0.0)
    assert code_of(kept, signed(6), cas=4) == 301
    assert code_of(kept, signed(4), cas=4) == 301
    assert code_of(kept, signed(4), cas=5) == 302
    kept.put(signed(6), 5, HOME, 0.0)
    assert kept.get(mutable_target(KEY), 1.0).seq == 6


def test_an_item_lives_two_hours_after_its_last_put():
    kept = store()
    kept.put(signed(5), None, HOME, 0.0)
    kept.put(Item(b"1:x"), None, HOME, 0.0)
    kept.put(signed(5), None, HOME, 3600.0)
    assert kept.get(immutable_target(b"1:x"), LIFE_S - 1.0) is not None
    assert kept.get(immutable_target(b"1:x"), LIFE_S) is None
    assert kept.expire(LIFE_S) == 1 and len(kept) == 1
    assert kept.get(mutable_target(KEY), LIFE_S) == signed(5)
    assert kept.expire(LIFE_S + 3600.0) == 1
    assert kept.bytes == 0 == len(kept)


def test_what_comes_after_a_look_at_an_empty_store_ends_too():
    kept = ItemStore(bytes(20), 4, 10_000)
    assert kept.expire(60.0) == 0
    for number in range(4):
        kept.put(Item(b"1:%d" % number), None, compact.pack("198.51.100.1", 1), 100.0)
    assert kept.expire(101.0 + LIFE_S) == 4 and len(kept) == kept.bytes == 0


def test_an_old_item_cannot_come_back_after_its_time():
    kept = store()
    kept.put(signed(5), None, HOME, 0.0)
    for later in (LIFE_S + 1.0, 10 * LIFE_S):
        assert code_of(kept, signed(4), now=later) == 302
        kept.expire(later)
    assert code_of(kept, signed(4), now=20.0 * LIFE_S) == 302
    # What was there last may, and nothing is left to compare its number with.
    kept.put(signed(5), 99, HOME, 20.0 * LIFE_S)


def test_the_same_item_needs_no_second_check_of_its_signature():
    kept = store()
    assert kept.check(signed(5), None, 0.0) is False
    kept.put(signed(5), None, HOME, 0.0)
    assert kept.check(signed(5), None, 1.0) is True
    assert kept.check(signed(5)._replace(signature=b"x" * 64), None, 1.0) is False
    assert kept.check(signed(6), None, 1.0) is False
    assert kept.check(signed(5), None, LIFE_S + 1.0) is False


def test_remembered_sequences_are_bounded():
    known = Sequences(3)
    for at in range(5):
        known.set(bytes((at,)) * 20, at)
    assert [known.get(bytes((at,)) * 20) for at in range(5)] == [None, None, 2, 3, 4]


def test_the_nearest_stay_when_the_store_is_full():
    dice = random.Random(1)
    kept = store(items_max=50)
    items = [plain(dice) for _ in range(600)]
    refused = 0
    for item in items:
        try:
            kept.put(item, None, somewhere(dice), 0.0)
        except Refused as error:
            assert error.code == 202
            refused += 1
    nearest = sorted((target_of(item) for item in items), key=lambda target: distance(target, OWN))[:50]
    assert list(kept.targets()) == nearest
    assert refused > 300


def test_bytes_are_bounded():
    dice = random.Random(2)
    kept = store(items_max=1000, bytes_max=5000)
    items = [plain(dice, size) for size in [900] * 20 + [10] * 20]
    items += [signed(seq, b"%d:%b" % (seq * 50, bytes(seq * 50))) for seq in range(1, 20)]
    for item in items:
        try:
            kept.put(item, None, somewhere(dice), 0.0)
        except Refused as error:
            assert error.code == 202
        assert kept.bytes <= 5000
    assert kept.bytes > 4000


def test_one_network_cannot_push_the_others_out():
    dice = random.Random(3)
    kept = store(items_max=80)
    honest = [plain(dice) for _ in range(40)]
    for item in honest:
        kept.put(item, None, somewhere(dice), 0.0)
    # Made to lie near: better than any honest item by distance.
    near = sorted((plain(dice) for _ in range(3000)), key=lambda item: distance(target_of(item), OWN))[:400]
    for at, item in enumerate(near):
        try:
            kept.put(item, None, compact.pack(f"203.0.113.{at % 250}", 1), 0.0)
        except Refused as error:
            assert error.code == 202
    assert all(kept.get(target_of(item), 1.0) for item in honest)
    # While there is room a network may have more than its share; it gives back what others need.
    for _ in range(30):
        kept.put(plain(dice), None, somewhere(dice), 0.0)
    assert all(kept.get(target_of(item), 1.0) for item in honest)
    held = sum(kept.get(target_of(item), 1.0) is not None for item in near)
    assert held == 80 // SHARE


def test_the_networks_of_ipv6_are_48_bits():
    dice = random.Random(4)
    kept = store(items_max=80)
    for at in range(200):
        try:
            kept.put(plain(dice), None, compact.pack(f"2001:db8:7:{at:x}::1", 1), 0.0)
        except Refused:
            pass
    others = [plain(dice) for _ in range(70)]
    for item in others:
        kept.put(item, None, somewhere(dice), 0.0)
    assert all(kept.get(target_of(item), 1.0) for item in others)


def test_a_new_own_id_sorts_anew():
    dice = random.Random(5)
    kept = store(items_max=50)
    items = [plain(dice) for _ in range(50)]
    for item in items:
        kept.put(item, None, somewhere(dice), 0.0)
    other = dice.randbytes(20)
    kept.rebase(other)
    assert list(kept.targets()) == sorted(map(target_of, items), key=lambda target: distance(target, other))
    assert all(kept.get(target_of(item), 1.0) == item for item in items)


def test_memory_of_an_item():
    dice = random.Random(6)
    items = [(signed(1, b"200:" + dice.randbytes(200), key=dice.randbytes(32)), somewhere(dice)) for _ in range(1000)]

    class Forgetful:
        get = staticmethod(lambda target: None)
        set = staticmethod(lambda target, seq: None)

    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = store(items_max=1000, sequences=Forgetful)
    for item, address in items:
        kept.put(item, None, address, 0.0)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    # 204 of value, 32 key, 64 signature, 8 number.
    assert len(kept) == 1000 and used / 1000 < 308 + 100
