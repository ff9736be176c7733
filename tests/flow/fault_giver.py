"""A node that gives blocks, in a process of its own that may be killed: `fault_giver.py good|liar|silent FOLDER SEED PORT`.

It says its port when it listens. A liar's large blocks have one wrong byte; a silent one stops in the middle of the second.
"""

import os
import sys
import time

import trio

from leither_edge.crypto.key_pair import KeyPair
from leither_edge.flow.blocks_service import BlocksService
from leither_edge.peer.services import Services
from tests.bench.flow_parts import edge
from tests.peer.kept_library import open_kept

SILENT_AFTER = 3


def lying(find):
    """A service's find whose blocks in files are wrong in one byte."""

    def lie(asker, want):
        part = find(asker, want)
        if not isinstance(part, bytes):
            read = part.next_piece

            def next_piece(head, most):
                data, is_last = read(head, most)
                at = len(data) // 2
                return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :], is_last

            part.next_piece = next_piece
        return part

    return lie


def silent(find, pieces=SILENT_AFTER):
    """A service's find after which nothing comes any more. Args: pieces (of blocks in files that still come)."""
    left = [pieces]

    def stop(asker, want):
        part = find(asker, want)
        if not isinstance(part, bytes):
            read = part.next_piece

            def next_piece(head, most):
                left[0] -= 1
                if left[0] < 0:
                    # In a worker thread: the stream stays open, and nothing comes of it until this process is killed.
                    time.sleep(3600)
                return read(head, most)

            part.next_piece = next_piece
        return part

    return stop


async def give(library, kind, seed, port):
    services = Services()
    service = BlocksService(library)
    service.add_to(services)
    if kind != "good":
        service.find = (lying if kind == "liar" else silent)(service.find)
    async with trio.open_nursery() as nursery:
        port = await nursery.start(edge.listen, edge.channel_key(seed), services, library.limits.peers.window_kib << 10, port)
        print(port, flush=True)
        while await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            pass
        # Its end of input is that of who began it.
        os._exit(0)


def main():
    kind, folder, seed, port = sys.argv[1:]
    with open_kept(folder, seed=KeyPair(bytes([int(seed)]) * 32).public_key) as library:
        trio.run(give, library, kind, int(seed), int(port))


if __name__ == "__main__":
    main()
