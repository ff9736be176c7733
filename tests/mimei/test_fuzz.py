"""A second of the fuzzer (python -m tests.mimei.fuzz): no exception that a parser does not promise."""

import random

from .fuzz import run


def test_no_bytes_break_a_parser_of_content():
    seed = random.randrange(1 << 32)
    made, _ = run(1, seed)
    for name, target in made.items():
        assert not target.crashes, (name, seed, target.crashes[0][0].hex(), target.crashes[0][1])
        assert target.runs >= 200, name
