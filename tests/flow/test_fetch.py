"""Fetching from nodes: missing blocks only, each checked; cuts, lies, silence."""

import random

import pytest
import trio

from leither_edge.flow.fetch import Fetcher
from leither_edge.mimei.blocks.digest_set import DigestSet, new_key
from leither_edge.mimei.ipld.walk import must_be_whole
from leither_edge.mimei.quota import Writing
from tests.flow.nodes_of_blocks import MIB, givers
from tests.peer.kept_library import open_kept

USER = b"u" * 20


@pytest.fixture
def pair(tmp_path):
    with open_kept(tmp_path / "giver") as giver, open_kept(tmp_path / "taker") as taker:
        yield giver, taker


def add_file(library, size, seed=1):
    """The label of a file of made-up bytes."""
    from leither_edge.mimei.files.build import build
    from leither_edge.mimei.files.label_profile import V1_2025

    chance = random.Random(seed)
    pieces = [chance.randbytes(min(MIB, size - at)) for at in range(0, size, MIB)]
    with Writing(library, USER) as writing:
        root = build(writing, V1_2025, pieces)[0]
        writing.finish()
    return root


def is_whole(library, root):
    with Writing(library, USER) as writing:
        must_be_whole(writing, root, DigestSet(new_key(library.random_bytes)))
    return True


def test_a_file_comes_whole_and_once(pair):
    giver, taker = pair
    root = add_file(giver, 5 * MIB + 17)
    told = []

    async def main():
        async with givers(giver) as (node,):
            return await Fetcher(taker).fetch([root], [node.provider()], USER, progress=lambda *facts: told.append(facts))

    found = trio.run(main)
    assert is_whole(taker, root)
    assert found.blocks == 7 and found.twice_bytes == 0 and found.by_provider == {"node 1": found.bytes}
    assert told[-1][0] == told[-1][1] == found.bytes
