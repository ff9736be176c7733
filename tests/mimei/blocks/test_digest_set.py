"""A set of names, beside Python's own."""

import hashlib
import random

from leither_edge.crypto.sodium import random_bytes
from leither_edge.mimei.blocks.digest_set import DigestSet, new_key


def test_as_a_set():
    choose = random.Random(4)
    key = new_key(random_bytes)
    ours, theirs = DigestSet(key), set()
    for _ in range(5000):
        name = hashlib.sha256(b"%d" % choose.randrange(3000)).digest()
        assert (name in ours) == (name in theirs)
        if choose.random() < 0.5:
            assert ours.add(name) == (name not in theirs)
            theirs.add(name)
    assert len(ours) == len(theirs)
    other = DigestSet(key, 10)
    other.add(b"\x01\x71\x12\x20" + bytes(32))
    other.update(ours)
    assert all(name in other for name in theirs) and len(other) == len(theirs) + 1
    assert b"" not in other and bytes(32) not in other


def test_names_that_share_their_beginning_or_end_are_told_apart():
    found = DigestSet(new_key(random_bytes))
    for number in range(2000):
        assert found.add(number.to_bytes(32, "big")) and found.add(number.to_bytes(2, "big") + b"\xff" * 30)


def test_sixteen_bytes_a_name():
    found = DigestSet(new_key(random_bytes), 100_000)
    assert found._slots.itemsize * len(found._slots) <= 100_000 * 21
