import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.ledger.replay import Window


def test_what_was_added_is_found_in_its_pulse():
    window = Window(3600)
    window.add(5, [b"a" * 32, b"b" * 32])
    window.add(6, [b"c" * 32])
    assert window.pulses(b"a" * 32, 7) == [5] and window.pulses(b"c" * 32, 7) == [6] and window.pulses(b"d" * 32, 7) == []


def test_a_hash_with_the_same_48_bits_is_a_hit_for_the_disk_to_settle():
    window = Window(3600)
    window.add(5, [b"a" * 6 + b"1" * 26])
    window.add(9, [b"a" * 6 + b"2" * 26])
    assert window.pulses(b"a" * 6 + b"3" * 26, 10) == [9, 5]
    assert window.pulses(b"a" * 5 + b"b" + b"3" * 26, 10) == []


@pytest.mark.parametrize("pulses", [16, 50, 3600])
def test_a_hash_is_found_as_long_as_the_window_is_and_no_longer(pulses):
    window = Window(pulses)
    start = (1 << 16) - pulses // 2
    window.add(start, [b"a" * 32])
    for pulse in range(start + 1, start + pulses + 1):
        window.add(pulse, [pulse.to_bytes(32, "little")])
    assert window.pulses(b"a" * 32, start + pulses) == [start]
    assert window.pulses(b"a" * 32, start + pulses + 1) == []


@given(st.lists(st.lists(st.integers(0, 40), max_size=4), max_size=120), st.integers(1, 60))
def test_it_agrees_with_a_plain_list(pulses, width):
    window, seen = Window(width), []
    for pulse, numbers in enumerate(pulses):
        hashes = [bytes([number]) * 32 for number in numbers]
        window.add(pulse, hashes)
        seen += [(pulse, digest) for digest in hashes]
        for number in range(41):
            digest = bytes([number]) * 32
            expected = sorted((at for at, other in seen if other == digest and pulse + 1 - at <= width), reverse=True)
            assert window.pulses(digest, pulse + 1) == expected


def test_an_hour_of_thirty_a_second_takes_little_memory():
    window, choose = Window(3600), random.Random(1)
    for pulse in range(1, 4100):
        window.add(pulse, [choose.randbytes(32) for _ in range(30)])
    count, size = window.stat()
    assert count >= 108_000 and size <= 1_200_000
