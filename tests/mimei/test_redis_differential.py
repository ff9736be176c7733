"""Some of `python -m tests.mimei.redis_differential`: the same random commands into a real redis-server and into us."""

import random

import pytest

from .redis_differential import run
from .redis_grammar import FORMS
from .resp_client import redis_server
from .served_database import SIGN_IN, served

COMMANDS = 2500


@pytest.fixture(scope="module")
def both():
    with redis_server() as real, served() as ours:
        yield real, ours


@pytest.mark.parametrize("protocol", [2, 3])
def test_random_commands_get_the_answers_of_redis(both, protocol):
    seed = random.randrange(1 << 32)
    count, left_out, _ = run(*both, seed, COMMANDS, protocol, sign_in=SIGN_IN)
    assert count >= COMMANDS and not left_out, seed


def test_the_grammar_names_most_commands():
    assert len({line.split()[0] for line in FORMS.split("\n") if line}) > 140
