"""Who answers others, and when: no device promises service that a NAT in front of it would not let through."""

from leither_edge.dht.reachability import RETRY_S, SILENCE_S, Reachability

PUBLIC, OTHER = b"\x50\x01\x02\x03\x1a\xe1", b"\x51\x01\x02\x03\x1a\xe1"


def votes(reachability, address, count, first=0):
    for voter in range(first, first + count):
        reachability.voted(address, bytes([voter]), 0)


def test_the_entrance_of_a_network_answers_from_the_start():
    assert Reachability(False, False, 0).is_server
    assert not Reachability(False, True, 0).is_server


def test_two_that_know_only_each_other_both_answer_until_they_are_told_their_address():
    reachability = Reachability(False, True, 0)
    assert reachability.answers
    votes(reachability, PUBLIC, 1)
    assert not reachability.answers


def test_read_only_stays_read_only():
    reachability = Reachability(True, True, 0)
    votes(reachability, PUBLIC, 3)
    reachability.probed(0)
    reachability.no_translation(0)
    assert not reachability.is_server and not reachability.answers and reachability.to_try(0) is None


def test_a_packet_from_outside_makes_a_server_and_a_try_is_not_repeated_soon():
    reachability = Reachability(False, True, 0)
    votes(reachability, PUBLIC, 3)
    assert reachability.to_try(10) == PUBLIC
    assert reachability.to_try(11) is None
    assert reachability.to_try(10 + RETRY_S) == PUBLIC
    reachability.probed(20)
    assert reachability.is_server


def test_one_liar_does_not_change_the_address():
    reachability = Reachability(False, True, 0)
    votes(reachability, PUBLIC, 3)
    assert reachability.voted(OTHER, b"x", 0) is None and reachability.external == PUBLIC
    votes(reachability, OTHER, 2, first=10)
    assert reachability.external == PUBLIC, "half of the voters are not most of them"
    votes(reachability, OTHER, 5, first=10)
    assert reachability.external == OTHER


def test_an_open_address_that_nobody_visits_is_given_up_in_a_large_network_only():
    reachability = Reachability(False, True, 0)
    votes(reachability, PUBLIC, 3)
    reachability.probed(0)
    assert not reachability.doubt(5, SILENCE_S + 1)
    reachability.heard_stranger(100)
    assert not reachability.doubt(200, SILENCE_S + 1)
    assert reachability.doubt(200, SILENCE_S + 101) and not reachability.is_server
