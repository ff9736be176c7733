"""Kill -9 in the middle of a fetch: the next one goes on, and a collection in between leaves what came."""

import subprocess
import sys
from pathlib import Path

import pytest
import trio

from leither_edge.flow import fetch_rows
from leither_edge.flow.fetch import DURABLE_S
from leither_edge.mimei.ipld import cid as cids
from tests.flow.killed_taker import MIB, RATE, USER, fetch
from tests.flow.test_fetch import add_file, is_whole
from tests.peer.kept_library import open_kept

ROOT = Path(__file__).resolve().parent.parent.parent
SIZE = 24 * MIB


@pytest.mark.slow
def test_a_killed_fetch_goes_on_where_it_was(tmp_path):
    with open_kept(tmp_path / "giver") as giver:
        root = add_file(giver, SIZE)
    command = [sys.executable, "-m", "tests.flow.fault_giver", "good", str(tmp_path / "giver"), "1", "0"]
    node = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = int(node.stdout.readline())
        command = [sys.executable, "-m", "tests.flow.killed_taker", str(tmp_path / "taker"), str(port), cids.to_text(root)]
        taker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        # Until what came first must be durable, and more has come since.
        while int(taker.stdout.readline()) < (DURABLE_S + 2) * RATE:
            pass
        taker.kill()
        taker.wait()
        with open_kept(tmp_path / "taker") as library:
            with library.store.read() as tx:
                assert [row[:2] for row in fetch_rows.fetching(tx)] == [(USER, root)]
            library.keepers.append(fetch_rows.keeper(library.clock))
            for _ in library.collecting():
                pass
            found = trio.run(fetch, library, port, root)
            assert is_whole(library, root)
    finally:
        node.kill()
        node.wait()
    assert 0 < found.bytes < SIZE - (DURABLE_S - 1) * RATE
