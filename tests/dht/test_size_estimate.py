"""The size of a network as many places tell it: right on the whole, and deaf to a crowd at a few of them."""

import random

from leither_edge.dht.size_estimate import SizeEstimate


class Table:
    """A routing table, as far as the estimate looks at it."""

    def __init__(self, count, size):
        self.count = count
        self.size = size

    def __len__(self):
        return self.count

    def network_size(self):
        return self.size


def searched(estimate, ids, target):
    aim = int.from_bytes(target, "big")
    estimate.noted(target, sorted(ids, key=lambda each: int.from_bytes(each, "big") ^ aim)[:8])


def test_searches_all_over_tell_the_size():
    chance = random.Random(1)
    for size in (100, 1000, 5000):
        ids = [chance.randbytes(20) for _ in range(size)]
        estimate = SizeEstimate()
        for _ in range(24):
            searched(estimate, ids, chance.randbytes(20))
        assert 0.6 * size < estimate.size(Table(60, size * 20)) < 1.7 * size


def test_crowds_at_a_third_of_the_places_change_little():
    chance = random.Random(2)
    ids = [chance.randbytes(20) for _ in range(500)]
    estimate = SizeEstimate()
    for _ in range(40):
        searched(estimate, ids, chance.randbytes(20))
    before = estimate.size(Table(60, 500))
    for place in range(5):
        target = bytes((place << 4,)) + chance.randbytes(19)
        crowd = [target[:8] + chance.randbytes(12) for _ in range(30)]
        for _ in range(50):
            searched(estimate, ids + crowd, target)
    assert estimate.size(Table(60, 10**9)) < 2 * before


def test_a_table_with_room_for_all_knows_them_all():
    estimate = SizeEstimate()
    searched(estimate, [bytes(19) + bytes((each,)) for each in range(8)], bytes(20))
    assert estimate.size(Table(30, 31)) == 31


def test_too_few_answers_tell_nothing():
    estimate = SizeEstimate()
    estimate.noted(bytes(20), [])
    estimate.noted(bytes(20), [bytes(20)])
    estimate.noted(bytes(20), [bytes(20), bytes(20)])
    assert estimate.size(Table(50, 700)) == 700
