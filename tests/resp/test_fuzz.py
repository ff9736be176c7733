"""Half a second of the fuzzer (python -m tests.resp.fuzz): no exception but those that are promised."""

import random

from .fuzz import run


def test_no_bytes_break_the_parser_or_a_command():
    seed = random.randrange(1 << 32)
    made, _ = run(0.5, seed)
    for name, target in made.items():
        assert not target.crashes, (name, seed, target.crashes[0][0], target.crashes[0][1])
        assert target.runs >= 200, name
