"""The attacks of `python -m tests.dht.attacks`, with fewer requests: every defence holds."""

import pytest

from .attacks.__main__ import ATTACKS
from .attacks.ground import is_held

# The rest takes its time to be told apart from chance: see the slow ones.
SCALE = 0.1


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_the_defence_holds(attack):
    row = attack(SCALE)
    assert is_held(row), row


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_the_defence_holds_for_long(attack):
    row = attack(1.0)
    assert is_held(row), row
