"""A moment of the fuzzer (python -m tests.discovery.fuzz): nothing from outside brings out what is not promised."""

import random

from .fuzz import run


def test_no_bytes_break_what_finds_nodes():
    seed = random.randrange(1 << 32)
    made, _ = run(0.2, seed)
    for name, target in made.items():
        assert not target.crashes, (name, seed, target.crashes[0][0].hex(), target.crashes[0][1])
