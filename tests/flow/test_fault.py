"""A file from ten nodes of which three are switched off, one lies, one falls silent, and the others are killed again and again."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from leither_edge.flow.fetch import Fetcher
from tests.flow.fault_giver import lying
from tests.flow.nodes_of_blocks import MIB, Flow, givers
from tests.flow.test_fetch import USER, add_file, copy, is_whole, run
from tests.peer.kept_library import open_kept

ROOT = Path(__file__).resolve().parent.parent.parent
KILLS, SIZE = 8, 12 * MIB
GOOD, LIAR, SILENT, OFFLINE = range(3), 3, 4, (5, 6)


def test_the_file_arrives_though_nodes_end_lie_and_fall_silent(tmp_path):
    chance = random.Random(7)
    with open_kept(tmp_path / "one") as one, open_kept(tmp_path / "two") as two, open_kept(tmp_path / "taker") as taker:
        root = add_file(one, SIZE)
        copy(one, two, root)

        async def main():
            async with givers(*[one, two] * 3, one) as nodes:
                nodes[LIAR].service.find = lying(nodes[LIAR].service.find)
                for number, node in enumerate(nodes):
                    node.is_online = number not in OFFLINE
                    node.wrap = lambda stream: Flow(stream, rate=MIB // 2)
                nodes[SILENT].wrap = lambda stream: Flow(stream, rate=MIB // 2, stop_after=MIB // 2)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(kill, [nodes[number] for number in GOOD])
                    found = await Fetcher(taker).fetch([root], [node.provider() for node in nodes], USER)
                    nursery.cancel_scope.cancel()
                return found

        async def kill(nodes):
            for _ in range(KILLS):
                await trio.sleep(chance.uniform(0.2, 1))
                await chance.choice(nodes).kill()

        found = run(main)
        assert is_whole(taker, root)
    assert found.shunned == [f"node {LIAR + 1}"]
    # The liar's one block; once more, where the clock that jumps cut it and another's bytes were joined to it.
    assert found.twice_bytes <= 3 * MIB


@pytest.mark.slow
def test_fifty_kills_of_real_processes():
    command = [sys.executable, "-m", "tests.flow.fault", "--json"]
    figures = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    assert figures["good"], figures
