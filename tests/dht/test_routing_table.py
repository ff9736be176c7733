"""The routing table against a plain model, and what it must never let in or lose."""

import random
import tracemalloc

import pytest

from leither_edge.dht import compact
from leither_edge.dht.node_id import prefix_length
from leither_edge.dht.routing_table import (
    FAILURES_REMOVED,
    FAILURES_REPLACED,
    QUESTIONABLE_S,
    REFRESH_S,
    RETRY_S,
    RoutingTable,
)

OWN = bytes(range(20))
NOW = 5000.0


def address(dice, family=4):
    if family == 4:
        return compact.pack(f"{dice.randrange(11, 100)}.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randrange(1, 255)}", 6881)
    return b"\x20\x01" + dice.randbytes(14) + b"\x1a\xe1"


def contact(dice, near=None, bits=0, ip=None, port=6881, family=4):
    """A contact at a random address, or that; its id shares so many bits with ``near``."""
    node_id = dice.randbytes(20)
    if near is not None:
        free = 159 - bits
        node_id = (((int.from_bytes(near, "big") >> free) ^ 1) << free | dice.getrandbits(free)).to_bytes(20, "big")
    return node_id + (address(dice, family) if ip is None else compact.pack(ip, port))


def by_distance(contacts, target):
    aim = int.from_bytes(target, "big")
    return sorted(contacts, key=lambda one: int.from_bytes(one[:20], "big") ^ aim)


def filled(dice, count, capacity=512, family=4, **rest):
    table = RoutingTable(OWN, family, capacity, **rest)
    for _ in range(count):
        table.heard(contact(dice, family=family), NOW, 20)
    return table


def full_bucket(table, dice, k=8, bits=20):
    """Fills one bucket, and with nearer ones the table's own neighbourhood; the bucket's contacts, the first heard first."""
    for _ in range(k):
        table.heard(contact(dice, OWN, bits + 20), NOW, 20)
    members = [contact(dice, OWN, bits) for _ in range(k)]
    for at, one in enumerate(members):
        assert table.heard(one, NOW + at, 20) is None
        assert one in table
    return members


@pytest.mark.parametrize("capacity, nodes", [(20, 60), (100, 300), (512, 3000), (8192, 1500)])
def test_closest_is_what_sorting_everything_gives(capacity, nodes):
    dice = random.Random(1)
    table = filled(dice, nodes, capacity)
    for failing in dice.sample(list(table), len(table) // 5):
        table.failed(failing[20:], NOW)
    known = list(table)
    assert len(known) == len(table) <= capacity
    good, silent = ([one for one in known if bool(table.failures(one)) is failed] for failed in (False, True))
    assert table.good_count() == len(good)
    for near in (None, OWN):
        for _ in range(40):
            target = contact(dice, near, dice.randrange(12))[:20]
            expected = by_distance(good, target) + by_distance(silent, target)
            assert table.closest(target, 8) == expected[:8]
            assert table.closest(target, 8, good_only=True) == by_distance(good, target)[:8]
            assert table.closest(target, 10000) == expected


@pytest.mark.parametrize("capacity", [20, 64, 512])
def test_the_nearest_to_the_own_id_are_never_lost(capacity):
    dice = random.Random(capacity)
    table = RoutingTable(OWN, 4, capacity, one_per_prefix=False)
    seen = [contact(dice) for _ in range(2000)]
    for one in seen:
        table.heard(one, NOW, 20)
    assert by_distance(seen, OWN)[:8] == table.closest(OWN, 8)
    assert len(table) <= capacity


@pytest.mark.parametrize("family, capacity", [(4, 40), (4, 512), (6, 200)])
def test_whatever_happens_the_rules_hold(family, capacity):
    dice = random.Random(capacity + family)
    table = RoutingTable(OWN, family, capacity)
    known, now = [], NOW
    for step in range(4000):
        now += dice.random() * 20
        action = dice.random()
        if action < 0.6 or not known:
            one = contact(dice, OWN if action < 0.2 else None, dice.randrange(30), family=family)
            if action > 0.5 and known:
                # An id or an address that somebody else has.
                other = dice.choice(known)
                one = other[:20] + one[20:] if action > 0.55 else one[:20] + other[20:]
            known.append(one)
            table.heard(one, now, dice.randrange(500))
        elif action < 0.75:
            table.heard(dice.choice(known), now, 30)
        else:
            table.failed(dice.choice(known)[20:], now)
        if step == 2000:
            table.rebase(dice.randbytes(20))
        if step % 97 == 0:
            check_rules(table, family, capacity)
    dump = table.dump()
    other = RoutingTable(dice.randbytes(20), family, capacity)
    other.load(dump, now)
    check_rules(other, family, capacity)


def check_rules(table, family, capacity):
    known = list(table)
    assert len(known) == len(table) <= capacity
    assert len({one[:20] for one in known}) == len(known)
    assert len({compact.prefix(one[20:]) for one in known}) == len(known)
    assert all(one in table and len(one) == (26 if family == 4 else 38) for one in known)
    sharing = [prefix_length(one[:20], table.own_id) for one in known]
    # The deep buckets hold k; the farther half of the space is cut into ranges of k.
    assert all(sharing.count(bits) <= 8 * (1 << max(1, 10 - bits)) for bits in set(sharing))
    assert sorted(table.closest(table.own_id, 10000)) == sorted(known)


def test_the_own_id_is_no_contact():
    dice = random.Random(3)
    table = RoutingTable(OWN, 4, 512)
    thief = OWN + address(dice)
    assert table.heard(thief, NOW, 5) is None
    assert not table.wants(thief, NOW)
    assert len(table) == 0 and thief not in table
    table.failed(thief[20:], NOW)


def test_a_full_bucket_keeps_its_old_contacts():
    dice = random.Random(4)
    table = RoutingTable(OWN, 4, 512)
    members = full_bucket(table, dice)
    flood = [contact(dice, OWN, 20) for _ in range(500)]
    for one in flood:
        assert table.heard(one, NOW + 10, 5) is None
        assert not table.wants(one, NOW + 10)
    assert set(members) <= set(table) and len(table) == 16
    # Unheard for long: the one that was heard first is asked, and stays by answering.
    later = NOW + QUESTIONABLE_S + 0.5
    assert table.wants(flood[-1], later)
    assert table.heard(flood[-1], later, 5) == members[0]
    assert table.heard(members[0], later, 5) is None
    assert flood[-1] not in table
    # Once silent, it is asked again; silent twice, the newest of those that wait has its place.
    table.failed(members[0][20:], later)
    assert table.heard(flood[-2], later, 5) == members[0]
    table.failed(members[0][20:], later)
    assert members[0] not in table and flood[-2] in table
    assert len(table) == 16
    # Nobody knows whether that one is still there.
    for one in set(table) - {flood[-2]}:
        table.heard(one, later, 5)
    assert table.to_check(later) == flood[-2]


def test_a_newcomer_takes_the_place_of_one_that_failed_twice():
    dice = random.Random(5)
    table = RoutingTable(OWN, 4, 512)
    members = full_bucket(table, dice)
    for _ in range(FAILURES_REPLACED):
        table.failed(members[3][20:], NOW + 9)
    newcomer = contact(dice, OWN, 20)
    assert table.heard(newcomer, NOW + 10, 5) is None
    assert newcomer in table and members[3] not in table


def test_silent_contacts_go_but_never_the_last_ones():
    dice = random.Random(6)
    table = filled(dice, 30)
    for _ in range(FAILURES_REMOVED + 2):
        for one in list(table):
            table.failed(one[20:], NOW)
    assert len(table) == table.k
    assert len(table.closest(OWN, 8)) == 8 and table.closest(OWN, 8, good_only=True) == []


def test_one_network_gets_one_place():
    dice = random.Random(7)
    table = RoutingTable(OWN, 4, 512)
    for at in range(1, 255):
        table.heard(contact(dice, ip=f"203.0.113.{at}"), NOW, 5)
    assert len(table) == 1
    open_table = RoutingTable(OWN, 4, 512, one_per_prefix=False)
    for at in range(1, 101):
        open_table.heard(contact(dice, ip=f"203.0.113.{at}"), NOW, 5)
        open_table.heard(contact(dice, ip=f"203.0.113.{at}", port=7000), NOW, 5)
    assert len(open_table) == 100
    table6 = RoutingTable(OWN, 6, 512)
    for at in range(1, 200):
        table6.heard(contact(dice, ip=f"2001:db8:1:{at:x}::1"), NOW, 5)
    assert len(table6) == 1


@pytest.mark.parametrize(
    "addresses, places",
    [
        ([("10.0.0.1", 1), ("10.0.0.2", 1), ("10.0.0.2", 2)], 2),
        ([("127.0.0.1", 1), ("127.0.0.1", 2), ("127.0.0.1", 3)], 3),
        ([("::1", 1), ("::1", 2)], 2),
        ([("fd00::1", 1), ("fd00::2", 1), ("fd00::2", 2)], 2),
    ],
)
def test_at_home_each_machine_has_a_place(addresses, places):
    dice = random.Random(8)
    table = RoutingTable(OWN, 6 if ":" in addresses[0][0] else 4, 512)
    for host, port in addresses:
        table.heard(contact(dice, ip=host, port=port), NOW, 5)
    assert len(table) == places


def test_nobody_takes_anothers_id_or_place():
    dice = random.Random(9)
    table = RoutingTable(OWN, 4, 512)
    victim = contact(dice, ip="198.51.100.7")
    table.heard(victim, NOW, 5)
    thief = victim[:20] + compact.pack("203.0.113.7", 1)
    table.heard(thief, NOW, 5)
    assert list(table) == [victim]
    table.failed(victim[20:], NOW)
    table.heard(thief, NOW, 5)
    assert list(table) == [victim]
    # Twice silent: the id is free.
    table.failed(victim[20:], NOW)
    table.heard(thief, NOW, 5)
    assert list(table) == [thief]


def test_a_node_that_moves_or_starts_anew_keeps_one_place():
    dice = random.Random(10)
    table = RoutingTable(OWN, 4, 512)
    first = contact(dice, ip="198.51.100.7", port=1000)
    table.heard(first, NOW, 5)
    new_port = first[:20] + compact.pack("198.51.100.7", 2000)
    table.heard(new_port, NOW, 5)
    assert list(table) == [new_port]
    new_id = dice.randbytes(20) + new_port[20:]
    table.heard(new_id, NOW, 5)
    assert list(table) == [new_id]
    # Another port and another id: that is another node, and the address is taken.
    table.heard(contact(dice, ip="198.51.100.7", port=3000), NOW, 5)
    assert list(table) == [new_id]


def test_round_trips_are_remembered():
    dice = random.Random(11)
    table = RoutingTable(OWN, 4, 512)
    one = contact(dice)
    assert table.rtt_ms(one) is None and table.failures(one) is None
    table.heard(one, NOW, 120)
    assert table.rtt_ms(one) == 120 and table.failures(one) == 0
    table.heard(one, NOW, 10**9)
    assert table.rtt_ms(one) == 65534
    table.load(table.dump(), NOW)
    other = RoutingTable(OWN, 4, 512)
    other.load(table.dump(), NOW)
    assert other.rtt_ms(one) is None


def test_every_contact_is_checked_in_turn():
    dice = random.Random(12)
    table = filled(dice, 200)
    assert table.to_check(NOW + 10) is None
    later = NOW + QUESTIONABLE_S
    checked = set()
    for _ in range(len(table)):
        one = table.to_check(later)
        checked.add(one)
        table.heard(one, later, 5)
    assert checked == set(table) and table.to_check(later) is None
    silent = next(iter(table))
    table.failed(silent[20:], later)
    assert table.to_check(later + RETRY_S - 1) is None
    assert table.to_check(later + RETRY_S) == silent


def test_what_was_not_renewed_is_looked_up():
    dice = random.Random(13)
    table = filled(dice, 100)
    assert table.due(NOW + 1) is None
    later = NOW + REFRESH_S + 1
    targets = []
    while (target := table.due(later)) is not None:
        targets.append(target)
    shared = [prefix_length(target, OWN) for target in targets]
    assert shared == list(range(max(prefix_length(one[:20], OWN) for one in table) + 1))
    one = next(iter(table))
    assert table.due(later + REFRESH_S - 1) is None
    table.heard(one, later + REFRESH_S - 1, 5)
    again = []
    while (target := table.due(later + REFRESH_S)) is not None:
        again.append(prefix_length(target, OWN))
    assert prefix_length(one[:20], OWN) not in again and len(again) == len(targets) - 1


def test_a_thin_range_of_a_large_network_is_looked_up():
    dice = random.Random(14)
    table = filled(dice, 5000)
    assert table.due(NOW) is None
    thin = bytes((OWN[0] ^ 0b10110_000,)) + OWN[1:]
    while members := [one for one in table if (one[0] ^ thin[0]) >> 3 == 0]:
        for one in members:
            table.failed(one[20:], NOW)
    later = NOW + REFRESH_S - 1
    found = []
    while (target := table.due(later + REFRESH_S)) is not None:
        found.append(target)
    assert any((target[0] ^ thin[0]) >> 3 == 0 for target in found)


@pytest.mark.parametrize("size", [1, 2, 9])
def test_a_small_network_is_counted(size):
    assert filled(random.Random(size), size - 1).network_size() == size


@pytest.mark.parametrize("size, capacity", [(50, 512), (300, 512), (3000, 512), (8000, 512), (3000, 20)])
def test_a_large_network_is_estimated(size, capacity):
    estimates, early = [], []
    for seed in range(7):
        dice = random.Random(seed)
        table = RoutingTable(dice.randbytes(20), 4, capacity, one_per_prefix=False)
        just_joined = RoutingTable(table.own_id, 4, capacity, one_per_prefix=False)
        contacts = [contact(dice) for _ in range(size)]
        for one in contacts:
            table.heard(one, NOW, 20)
        # His neighbours, and a few others.
        for one in by_distance(contacts, table.own_id)[:10] + contacts[:5]:
            just_joined.heard(one, NOW, 20)
        estimates.append(table.network_size())
        early.append(just_joined.network_size())
    assert size / 2 < sorted(estimates)[3] < size * 2
    assert size / 2 < sorted(early)[3] < size * 2


def test_a_restart_remembers_without_trusting():
    dice = random.Random(15)
    table = filled(dice, 300)
    other = RoutingTable(OWN, 4, 512)
    assert other.load(table.dump(), 0.0) == len(table)
    assert set(other) == set(table)
    assert other.closest(OWN, 8, good_only=True) == []
    assert other.closest(OWN, 8) == table.closest(OWN, 8)
    assert other.to_check(RETRY_S) is not None
    # Those that rush in at the start wait until the old ones have been asked.
    for _ in range(3000):
        one = contact(dice)
        asked = other.heard(one, 1.0, 5)
        if asked is not None:
            other.heard(asked, 1.0, 5)
    assert len(set(table) & set(other)) > 0.95 * len(table)


@pytest.mark.parametrize("damage", [b"", b"\x01", b"\x02\x04" + bytes(26), b"\x01\x06" + bytes(38), b"\x01\x04" + bytes(25)])
def test_a_damaged_dump_is_an_empty_table(damage):
    table = RoutingTable(OWN, 4, 512)
    assert table.load(damage, NOW) == 0 and len(table) == 0


def test_a_dump_brings_in_no_unusable_address():
    table = RoutingTable(OWN, 4, 512)
    assert table.load(b"\x01\x04" + bytes(19) + b"\x01" + bytes(6), NOW) == 0


def test_a_new_id_keeps_the_contacts():
    dice = random.Random(16)
    table = filled(dice, 60)
    before = set(table)
    table.failed(next(iter(table))[20:], NOW)
    table.rebase(dice.randbytes(20))
    assert set(table) == before and table.good_count() == len(before) - 1
    known = by_distance(before, table.own_id)
    assert table.closest(table.own_id, 60, good_only=True) == [one for one in known if not table.failures(one)]


def test_memory_of_a_full_table():
    dice = random.Random(17)
    contacts = [contact(dice) for _ in range(4000)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    table = RoutingTable(OWN, 4, 512)
    for one in contacts:
        table.heard(one, NOW, 5)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert used < 150 * len(table)
