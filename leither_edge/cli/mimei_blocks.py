"""Blocks that are made here and kept elsewhere, or nowhere."""

import queue
import threading

# Blocks on their way: made by one thread, sent by the other.
AHEAD = 4


class Forgetting:
    """Blocks that are gone once they are made, but for those of folders, which are read again: for labels alone."""

    def __init__(self):
        self._kept = {}

    def put(self, cid, data):
        """Look at a block."""
        # A file's leaf of the old profile is a node, too; only folders are small.
        if len(data) < 64 << 10 and cid[:2] != b"\x01\x55":
            self._kept[cid] = data

    def get(self, cid):
        """A folder's block."""
        return self._kept[cid]

    def has(self, cid):
        """Whether it is kept."""
        return cid in self._kept


def made(build):
    """Yields (label, bytes) of each block that ``build(blocks)`` puts, as it puts them; raises what it raises.

    Args: build (function of something with put, get, has). It runs in a thread of its own, and ends when nobody asks on.
    """
    ahead, ended = queue.Queue(AHEAD), threading.Event()

    class Ahead(Forgetting):
        def put(self, cid, data):
            super().put(cid, data)
            ahead.put((cid, data))
            if ended.is_set():
                raise _Ended

    def work():
        last = None
        try:
            build(Ahead())
        except BaseException as error:
            last = error
        ahead.put((None, last))

    thread = threading.Thread(target=work, name="blocks", daemon=True)
    thread.start()
    cid = error = True
    try:
        while cid is not None:
            cid, error = ahead.get()
            if cid is not None:
                yield cid, error
        if error is not None:
            raise error
    finally:
        ended.set()
        while cid is not None:
            # It waits for room, and notices then that nobody asks on.
            cid, error = ahead.get()
        thread.join()


class _Ended(Exception):
    """Nobody asks for more blocks."""
