"""Who announced what: bounds, age, samples."""

import random

from leither_edge.dht import compact
from leither_edge.dht.peer_store import HASH_SHARE, IP_SHARE, LIFE_S, SAMPLE_S, SAMPLES, PeerStore

HASH = b"h" * 20


def somewhere(dice, family=4):
    if family == 6:
        return b"\x20\x01" + dice.randbytes(16)
    return bytes((dice.randrange(11, 100), dice.randrange(256), dice.randrange(256), dice.randrange(256))) + dice.randbytes(2)


def test_announced_peers_are_found_for_half_an_hour():
    dice = random.Random(1)
    peers = PeerStore(1000)
    four = [somewhere(dice) for _ in range(10)]
    six = [somewhere(dice, 6) for _ in range(5)]
    for address in four + six:
        assert peers.announce(HASH, address, 0.0)
        assert peers.announce(dice.randbytes(20), address, 0.0)
    assert len(peers) == 30
    assert set(peers.peers(HASH, 6, 50, 1.0, dice)) == set(four)
    assert set(peers.peers(HASH, 18, 50, 1.0, dice)) == set(six)
    assert peers.peers(b"H" * 20, 6, 50, 1.0, dice) == []
    peers.announce(HASH, four[0], 1000.0)
    assert peers.peers(HASH, 6, 50, LIFE_S, dice) == [four[0]]
    assert peers.expire(LIFE_S) == 29 and len(peers) == 1
    assert peers.expire(1000.0 + LIFE_S) == 1 and len(peers) == 0


def test_it_agrees_with_a_plain_model():
    dice = random.Random(2)
    peers, model = PeerStore(10**6), {}
    hashes = [dice.randbytes(20) for _ in range(30)]
    for step in range(3000):
        info_hash, address = dice.choice(hashes), somewhere(dice)
        assert peers.announce(info_hash, address, step)
        model[info_hash, address] = step + LIFE_S
        if step % 500 == 499:
            gone = [pair for pair, ends in model.items() if ends <= step]
            assert peers.expire(step) == len(gone)
            for pair in gone:
                del model[pair]
            for info_hash in hashes:
                assert set(peers.peers(info_hash, 6, 10**6, step, dice)) == {pair[1] for pair in model if pair[0] == info_hash}
    assert len(peers) == len(model)


def test_a_crowd_is_drawn_from():
    dice = random.Random(3)
    peers = PeerStore(4000)
    crowd = [somewhere(dice) for _ in range(500)]
    for address in crowd:
        peers.announce(HASH, address, 0.0)
    seen = set()
    for _ in range(200):
        drawn = peers.peers(HASH, 6, 50, 1.0, dice)
        assert len(set(drawn)) == 50
        seen.update(drawn)
    assert seen == set(crowd)


def test_nobody_fills_all_places():
    dice = random.Random(4)
    peers = PeerStore(160)
    for at in range(1000):
        peers.announce(dice.randbytes(20), compact.pack("198.51.100.1", at + 1), 0.0)
    assert len(peers) == 160 // IP_SHARE
    for at in range(1000):
        # One line has as many IPv6 addresses as it likes.
        peers.announce(dice.randbytes(20), compact.pack(f"2001:db8::{at + 1:x}", 1), 0.0)
    assert len(peers) == 2 * 160 // IP_SHARE
    for _ in range(1000):
        assert peers.announce(HASH, somewhere(dice), 1.0)
    assert len(peers.peers(HASH, 6, 1000, 2.0, dice)) == 160 // HASH_SHARE
    # A renewed announcement is no new one.
    assert peers.announce(HASH, peers.peers(HASH, 6, 1, 2.0, dice)[0], 3.0)
    for at in range(3000):
        peers.announce(dice.randbytes(20), somewhere(dice, dice.choice((4, 6))), 2.0 + at)
        assert len(peers) <= 160


def test_the_old_go_first():
    dice = random.Random(5)
    peers = PeerStore(100)
    for at in range(100):
        peers.announce(dice.randbytes(20), somewhere(dice), at)
    fresh = [(dice.randbytes(20), somewhere(dice)) for _ in range(50)]
    for info_hash, address in fresh:
        peers.announce(info_hash, address, 1000.0)
    assert sum(peers.peers(info_hash, 6, 1, 1001.0, dice) == [address] for info_hash, address in fresh) > 40


def test_a_sample_stays_for_its_interval():
    dice = random.Random(6)
    peers = PeerStore(1000)
    assert peers.sample(0.0, dice) == (b"", 0, SAMPLE_S)
    hashes = {dice.randbytes(20) for _ in range(100)}
    for info_hash in hashes:
        for _ in range(2):
            peers.announce(info_hash, somewhere(dice), 0.0)
    assert peers.sample(1.0, dice) == (b"", 0, SAMPLE_S - 1)
    joined, count, interval = peers.sample(SAMPLE_S, dice)
    drawn = {joined[at : at + 20] for at in range(0, len(joined), 20)}
    assert count == 100 and interval == SAMPLE_S and len(drawn) == SAMPLES and drawn < hashes
    assert peers.sample(SAMPLE_S + 100.0, dice) == (joined, 100, SAMPLE_S - 100)
    assert peers.sample(2.0 * SAMPLE_S, dice)[0] != joined
