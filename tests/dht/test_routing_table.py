"""The routing table against a plain model, and what it must never let in or lose."""

import random

from leither_edge.dht import compact
from leither_edge.dht.routing_table import FAILURES_REMOVED, QUESTIONABLE_S, REFRESH_S, RoutingTable

OWN = bytes(range(20))


def contact(dice, near=None, bits=0, ip=None, port=6881):
    node_id = dice.randbytes(20)
    if near is not None:
        free = 159 - bits
        node_id = (((int.from_bytes(near, "big") >> free) ^ 1) << free | dice.getrandbits(free)).to_bytes(20, "big")
    return node_id + compact.pack(ip or f"{dice.randrange(11, 100)}.{dice.randrange(256)}.{dice.randrange(256)}.9", port)


def by_distance(contacts, target):
    aim = int.from_bytes(target, "big")
    return sorted(contacts, key=lambda one: int.from_bytes(one[:20], "big") ^ aim)


def filled(dice, count, capacity=512, **rest):
    table = RoutingTable(OWN, 4, capacity, **rest)
    for _ in range(count):
        table.heard(contact(dice), 1000, 20)
    return table


def test_closest_is_what_sorting_everything_gives():
    dice = random.Random(1)
    for capacity, nodes in ((20, 60), (100, 300), (512, 3000), (8192, 3000)):
        table = filled(dice, nodes, capacity)
        known = list(table)
        assert len(table) == len(known) <= capacity
        for failing in dice.sample(known, len(known) // 5):
            table.failed(failing[20:], 1001)
        known = list(table)
        for near in (None, OWN):
            for _ in range(40):
                target = contact(dice, near, dice.randrange(12))[:20]
                found = table.closest(target, 8)
                good = [one for one in by_distance(known, target) if table.failures(one) == 0]
                silent = [one for one in by_distance(known, target) if table.failures(one)]
                assert found == (good + silent)[:8]
                assert table.closest(target, 8, good_only=True) == good[:8]
        assert table.closest(OWN, 10000) == good_first(table, OWN)


def good_first(table, target):
    return sorted(by_distance(list(table), target), key=lambda one: table.failures(one) > 0)


def test_the_nearest_to_the_own_id_are_never_lost():
    for capacity in (20, 64, 512):
        dice = random.Random(capacity)
        table = RoutingTable(OWN, 4, capacity)
        seen = []
        for _ in range(2000):
            one = contact(dice)
            table.heard(one, 1000, 20)
            if table.wants(one, 1000) is False and one in table:
                seen.append(one)
        assert by_distance(seen, OWN)[:8] == table.closest(OWN, 8)
        assert len(table) <= capacity
