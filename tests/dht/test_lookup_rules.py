"""The rules of a search, one by one: whom it asks, whom it counts, what hearsay may make it do."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.dht import compact, neighbourhood
from leither_edge.dht.candidates import CANDIDATES_MAX
from leither_edge.dht.lookup import Lookup
from leither_edge.dht.walk import ASKED_MAX

TARGET = bytes(20)
OWN = b"\xff" * 20


def node_id(distance):
    """The id so far from the target."""
    return distance.to_bytes(20, "big")


def contact(distance, host, port=6881):
    return node_id(distance) + compact.pack(host, port)


def near(count, first=1):
    """Contacts ever farther away, each in its own network."""
    return [contact(at, f"5.{at >> 8}.{at & 255}.1") for at in range(first, first + count)]


def lookup(seeds, **options):
    return Lookup(TARGET, OWN, seeds, family=4, **options)


def answer(search, asked, nodes=(), now=0.1):
    return search.answered(asked, asked[:20], list(nodes), now)


def test_it_asks_three_at_once_and_the_nearest_first():
    search = lookup(near(20))
    assert search.to_ask(0.0) == near(3)
    assert search.to_ask(0.0) == []
    answer(search, near(3)[1])
    assert search.to_ask(0.1) == [near(4)[3]]


def test_when_answers_bring_nobody_nearer_the_rest_of_the_eight_are_asked_at_once():
    search = lookup(near(20))
    for asked in search.to_ask(0.0):
        answer(search, asked)
    assert search.to_ask(0.1) == near(5, first=4)


def test_it_ends_when_the_nearest_eight_have_answered():
    search = lookup(near(20))
    while not search.is_done:
        for asked in search.to_ask(0.0):
            answer(search, asked)
    assert search.closest() == near(8)
    assert search.asked_count == search.answered_count == 8


def test_all_within_the_radius_are_asked_too_but_no_more_than_twenty():
    search = lookup(near(15), expected_radius=12)
    while not search.is_done:
        for asked in search.to_ask(0.0):
            answer(search, asked)
    assert search.closest() == near(12)
    search = lookup(near(60), expected_radius=1000)
    while not search.is_done:
        for asked in search.to_ask(0.0):
            answer(search, asked)
    assert len(search.closest()) <= 20


def test_a_slow_one_makes_room_and_its_late_answer_counts():
    search = lookup(near(9))
    first = search.to_ask(0.0)
    search.slow(first[0], 0.5)
    assert search.to_ask(0.5) == [near(4)[3]]
    assert answer(search, first[0], now=0.9)
    assert search.closest() == [first[0]]


def test_a_failed_one_is_made_up_for_by_the_next():
    search = lookup(near(9))
    while not search.is_done:
        for asked in search.to_ask(0.0):
            if asked == near(1)[0]:
                search.failed(asked, "silent", 2.0)
            else:
                answer(search, asked)
    assert search.closest() == near(8, first=2)
    assert ("failed", "silent") in [outcome[1:3] for outcome in search.outcomes()]


def test_with_fewer_than_eight_the_slow_are_waited_for():
    search = lookup(near(2))
    first, second = search.to_ask(0.0)
    answer(search, first)
    search.slow(second, 0.5)
    assert not search.is_done
    search.failed(second, "silent", 2.0)
    assert search.is_done


def test_an_answer_that_nobody_asked_for_changes_nothing():
    search = lookup(near(9))
    search.to_ask(0.0)
    before = search.outcomes()
    for told in (near(9)[8], contact(1, "9.9.9.9"), near(1)[0][20:-1] + b"\x01"):
        assert not search.answered(told, told[:20], near(20, first=50), 0.1)
        search.failed(told, "silent", 0.1)
        search.slow(told, 0.1)
    assert search.outcomes() == before
    assert search.to_ask(0.1) == []
    assert answer(search, near(1)[0])
    assert not answer(search, near(1)[0])


def test_stopped_it_asks_nobody():
    search = lookup(near(9))
    search.to_ask(0.0)
    search.stop()
    assert search.is_done
    assert search.to_ask(0.1) == search.to_ask_beside(0.1) == []
    assert answer(search, near(1)[0])
    assert search.to_ask(0.2) == []


def test_a_network_has_one_voice():
    search = lookup([contact(1, "5.1.1.1"), contact(2, "5.1.1.2"), contact(3, "5.1.2.1")])
    assert search.to_ask(0.0) == [contact(1, "5.1.1.1"), contact(3, "5.1.2.1")]
    answer(search, contact(1, "5.1.1.1"))
    assert contact(2, "5.1.1.2") not in search.to_ask(0.1)


def test_a_made_up_neighbour_does_not_keep_the_real_one_out():
    search = lookup([contact(1, "5.1.1.66"), contact(2, "5.1.1.2")])
    assert search.to_ask(0.0) == [contact(1, "5.1.1.66")]
    search.slow(contact(1, "5.1.1.66"), 0.5)
    assert search.to_ask(0.5) == [contact(2, "5.1.1.2")]
    answer(search, contact(2, "5.1.1.2"))
    answer(search, contact(1, "5.1.1.66"))
    assert search.closest() == [contact(2, "5.1.1.2")]


def test_a_closed_network_may_have_several_in_one_prefix():
    seeds = [contact(1, "5.1.1.1"), contact(2, "5.1.1.2"), contact(3, "5.1.1.2", 7000)]
    assert lookup(seeds, one_per_prefix=False).to_ask(0.0) == seeds[:2]


def test_in_a_site_each_machine_has_a_voice_and_on_loopback_each_port():
    site = [contact(1, "192.168.1.1"), contact(2, "192.168.1.2"), contact(3, "192.168.1.2", 7000)]
    assert lookup(site).to_ask(0.0) == site[:2]
    own = [contact(1, "127.0.0.1", 1), contact(2, "127.0.0.1", 2)]
    assert lookup(own).to_ask(0.0) == own


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1", "169.254.1.1", "127.0.0.1", "100.64.0.1"])
def test_nobody_outside_sends_us_to_a_machine_of_our_site(host):
    search = lookup(near(1))
    answer(search, search.to_ask(0.0)[0], [contact(9, host)])
    assert search.to_ask(0.1) == []


def test_a_machine_of_our_site_may_name_another_but_not_our_own():
    search = lookup([contact(5, "192.168.1.1")])
    answer(search, search.to_ask(0.0)[0], [contact(1, "192.168.1.2"), contact(2, "127.0.0.1"), contact(3, "5.1.1.1")])
    assert search.to_ask(0.1) == [contact(1, "192.168.1.2"), contact(3, "5.1.1.1")]


@pytest.mark.parametrize("host,port", [("224.0.0.1", 6881), ("0.0.0.0", 6881), ("255.255.255.255", 6881), ("5.1.1.1", 0)])
def test_no_datagram_goes_where_no_node_can_be(host, port):
    assert lookup([contact(1, host, port)]).to_ask(0.0) == []


def test_it_never_asks_itself():
    search = lookup(near(1))
    answer(search, search.to_ask(0.0)[0], [OWN + compact.pack("5.9.9.9", 1)])
    assert search.to_ask(0.1) == []


def test_an_entrance_is_asked_by_its_address_alone():
    address = compact.pack("5.1.1.1", 6881)
    search = lookup([address])
    assert search.to_ask(0.0) == [address]
    search.answered(address, node_id(7), near(3), 0.1)
    assert search.closest() == [node_id(7) + address]
    assert search.to_ask(0.1) == near(3)


def test_an_id_made_for_the_search_does_not_count():
    search = lookup([contact(1000, "5.1.1.1"), contact(1001, "5.1.2.1")])
    first, second = search.to_ask(0.0)
    search.answered(first, node_id(1), near(2, first=500), 0.1)
    search.answered(second, node_id(5000), [], 0.1)
    assert search.closest() == [node_id(5000) + second[20:]]
    assert set(search.to_ask(0.1)) == set(near(2, first=500))


def test_the_paths_share_no_node():
    seeds = near(8, first=1000)
    search = lookup(seeds, paths=2)
    first = search.to_ask(0.0)
    for asked in first:
        answer(search, asked, near(8, first=100))
    spoken_for = search.to_ask(0.1)
    assert len(set(spoken_for)) == len(spoken_for)
    assert {seeds[0], seeds[1]} <= set(first)


def test_hearsay_is_bounded():
    search = lookup([contact((1 << 150) + at, f"6.1.{at}.1") for at in range(8)])
    at = 1
    while not search.is_done:
        asked = search.to_ask(0.0)
        if not asked:
            break
        for each in asked:
            # Ever nearer ones, a hundred at a time.
            named = [
                contact((1 << 140) - at - more, f"{20 + (at + more >> 16)}.{at + more >> 8 & 255}.{at + more & 255}.1")
                for more in range(100)
            ]
            answer(search, each, named)
            at += 100
    assert search.asked_count <= ASKED_MAX
    assert len(search._all.nearest) <= CANDIDATES_MAX


def test_six_bytes_more_for_the_sixth_version():
    seeds = [node_id(at) + compact.pack(f"2001:{at:x}::1", 6881) for at in range(1, 10)]
    search = Lookup(TARGET, OWN, seeds, family=6)
    while not search.is_done:
        for asked in search.to_ask(0.0):
            answer(search, asked, [contact(3, "5.1.1.1"), node_id(1) + compact.pack("2001:1::2", 1)])
    assert search.closest() == seeds[:8]


def test_hops_are_the_longest_chain_to_one_of_the_nearest():
    search = lookup([contact(1 << 20, "5.1.1.1")])
    answer(search, search.to_ask(0.0)[0], [contact(1 << 10, "5.1.2.1")])
    answer(search, search.to_ask(0.0)[0], [contact(1, "5.1.3.1")])
    answer(search, search.to_ask(0.0)[0])
    assert search.hops == 3


def test_dead_nodes_make_it_look_beside_the_target():
    """Everybody names the same eight, six of them are dead: those behind are found by other targets."""
    everybody = near(40)
    dead = set(everybody[:6])
    search = lookup(everybody[:12])
    beside = []
    while True:
        asked, places = search.to_ask(0.0), search.to_ask_beside(0.0)
        beside += places
        for each in asked:
            if each in dead:
                search.failed(each, "silent", 2.0)
            else:
                answer(search, each, everybody[:8])
        for each, place in places:
            number = int.from_bytes(place, "big")
            nearest = sorted(everybody, key=lambda other: int.from_bytes(other[:20], "big") ^ number)[:8]  # noqa: B023
            search.heard_beside(each, place, nearest, 0.1)
        if search.is_done and not asked and not places:
            break
    assert beside
    assert search.closest() == everybody[6:14]


def test_what_is_told_of_a_place_that_was_not_asked_for_is_ignored():
    search = lookup(near(9))
    search.to_ask(0.0)
    search.heard_beside(near(1)[0], node_id(5), near(20, first=100), 0.1)
    search.slow_beside(near(1)[0], node_id(5), 0.1)
    assert len(search._all.nearest) == 9


CROWDS = [
    ([1] * 8, 100, True),
    ([10 * at for at in range(1, 9)], 80, False),
    ([3 * at for at in range(1, 21)], 80, False),
    ([at for at in range(1, 21)], 80, True),
    ([1] * 7, 100, False),
    ([1] * 8, None, False),
]


@pytest.mark.parametrize("distances,radius,is_one", CROWDS)
def test_a_crowd_is_what_chance_does_not_put_there(distances, radius, is_one):
    assert (neighbourhood.crowd(distances, 8, radius) is not None) == is_one


def test_a_crowd_is_seldom_seen_where_there_is_none():
    rand = random.Random(1)
    seen = 0
    for _ in range(2000):
        at, distances = 0.0, []
        while at < 1000:
            at += rand.expovariate(8 / 1000)
            distances.append(at)
        seen += neighbourhood.crowd(distances, 8, 1000) is not None
    assert seen < 40


events = st.lists(
    st.tuples(st.sampled_from(["ask", "answered", "other", "slow", "failed", "beside"]), st.integers(0, 63), st.integers(0, 99))
)


@settings(max_examples=60, deadline=None)
@given(events, st.integers(1, 3), st.sampled_from([None, 40, 1 << 159]))
def test_whatever_is_told_the_bounds_hold(told, paths, radius):
    everybody = near(100)
    search = lookup(everybody[:10], paths=paths, expected_radius=radius)
    asked, beside = [], []
    for word, which, named in told:
        nodes = everybody[named : named + 8]
        if word == "ask":
            asked += search.to_ask(0.0)
            beside += search.to_ask_beside(0.0)
        elif word == "beside" and beside:
            each, place = beside[which % len(beside)]
            search.heard_beside(each, place, nodes if named % 2 else [], 1.0)
        elif asked:
            each = asked[which % len(asked)]
            if word == "answered":
                answer(search, each, nodes)
            elif word == "other":
                search.answered(each, node_id(named), nodes, 1.0)
            elif word == "slow":
                search.slow(each, 1.0)
            else:
                search.failed(each, "silent", 1.0)
        assert len(set(asked)) == len(asked) <= ASKED_MAX
        assert len(search.closest()) <= neighbourhood.WIDE_MAX
        assert search.answered_count <= search.asked_count
    for each in asked:
        search.failed(each, "silent", 2.0)
    for each, place in beside:
        search.heard_beside(each, place, [], 2.0)
    while not search.is_done:
        asked, beside = search.to_ask(2.0), search.to_ask_beside(2.0)
        assert asked or beside
        for each in asked:
            search.failed(each, "silent", 4.0)
        for each, place in beside:
            search.heard_beside(each, place, [], 4.0)
