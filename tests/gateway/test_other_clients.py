"""A light client of others reads from the gateway: Helia's exporter block by block, and out of CAR files."""

import json
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
import trio

from leither_edge.mimei.ipld import cid as cids
from tests.gateway.standing import gateway, standing
from tests.mimei.interop import unixfs_process
from tests.npm_packages import beside, installed

pytestmark = pytest.mark.interop
SIZE = 2_500_000


async def test_a_light_client_reads_a_sharded_folder_and_a_file(tmp_path):
    program = beside(Path(__file__).parent / "trustless_client.mjs", installed(unixfs_process.HERE, "unixfs-npm"))
    content = b"".join(i.to_bytes(4, "little") for i in range(SIZE // 4))
    with standing(tmp_path) as stand:
        mid = stand.library.create(stand.session)
        files = stand.library.open(stand.session, mid).file_system
        files.put("film.bin", [content])
        one = stand.library.add(stand.session, [b"one"])
        names = [f"{i:04}-{'n' * 90}" for i in range(2200)]
        files.put_many([(name, one, 3) for name in names])
        async with gateway(stand.library) as server:
            address, root = f"http://127.0.0.1:{server.port}", cids.to_text(files.label())
            run = await trio.run_process(["node", str(program), address, root, "film.bin"], capture_stdout=True, stderr=subprocess.STDOUT)
    found = json.loads(run.stdout)
    assert found["names"] == sorted([*names, "film.bin"])
    assert found["content"] == found["again"] == sha256(content).hexdigest()
    # The way to the file in the sharded folder, the file's node, its three leaves.
    assert 6 <= found["blocks"] <= 8 and found["fetched"] > 100
