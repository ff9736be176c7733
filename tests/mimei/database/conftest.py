import random

import pytest

from leither_edge.mimei.database import leftover, ranks
from leither_edge.mimei.database.database import Database, Limits
from leither_edge.mimei.database.layout import TABLES
from leither_edge.storage import open_store


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Small collections and databases have the rows that large ones have."""
    monkeypatch.setattr(ranks, "PART_MAX", 4)
    monkeypatch.setattr(leftover, "AT_ONCE", 2)


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path, 64 << 20, TABLES) as opened:
        yield opened


@pytest.fixture
def database(store):
    """A database in a transaction that is never committed."""
    with pytest.raises(InterruptedError), store.write() as tx:
        yield Database(tx, 7, 1_000_000, random.Random(1).randbytes, Limits(1 << 20))
        raise InterruptedError


@pytest.fixture
def run(database):
    """run(line or words) -> reply"""
    return lambda words: database.execute(words.encode().split() if isinstance(words, str) else words)
