"""Some of `python -m tests.mimei.redis_differential`: the same random commands into a real redis-server and into us."""

import random

import pytest

from .redis_coverage import compare
from .redis_differential import run
from .redis_grammar import FORMS
from .resp_client import redis_server
from .served_database import SIGN_IN, served

COMMANDS = 2500
GROUPS = ("string", "bitmap", "hash", "list", "set", "sorted-set", "transactions", "connection")


@pytest.fixture(scope="module")
def both():
    with redis_server() as real, served() as ours:
        yield real, ours


@pytest.mark.parametrize("protocol", [2, 3])
def test_random_commands_get_the_answers_of_redis(both, protocol):
    seed = random.randrange(1 << 32)
    count, left_out, _ = run(*both, seed, COMMANDS, protocol, sign_in=SIGN_IN)
    assert count >= COMMANDS and not left_out, seed


@pytest.mark.slow
@pytest.mark.parametrize("protocol", [2, 3])
def test_twenty_thousand_random_commands(both, protocol):
    run(*both, random.randrange(1 << 32), 20_000, protocol, sign_in=SIGN_IN)


def test_every_command_of_the_groups_we_serve_is_there_and_described_as_redis_does():
    table, own, other = compare()
    assert [name for group in GROUPS for name in table[group][1]] == []
    assert "leither.backup" in own
    # Redis has a row for each of their subcommands.
    assert other.keys() <= {"memory", "object"}


def test_the_grammar_names_most_commands():
    assert len({line.split()[0] for line in FORMS.split("\n") if line}) > 140
