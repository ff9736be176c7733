"""Puts the node's parts together under one hardware profile: identity, state, counters, log and the HTTP edge."""

import os
import time

import trio

from leither_edge.crypto.node_key import load_or_create
from leither_edge.http import Limits, open_listeners, serve
from leither_edge.observe.counters import Counters
from leither_edge.storage import open_store

KEY_FILE = "node.key"
STATE_FOLDER = "db"
MIB = 1024 * 1024


class Node:
    """One node's open parts; made by `open_node`, closed by `close`."""

    __slots__ = ("clock", "counters", "folder", "key", "log", "profile", "started", "store")

    def __init__(self, profile, folder, store, key, counters, log, clock):
        self.profile = profile
        self.folder = folder
        self.store = store
        self.key = key
        self.counters = counters
        self.log = log
        self.clock = clock
        self.started = time.monotonic()

    def close(self):
        """Release the state folder, so that another process may open it."""
        self.store.close()

    def listen(self, hosts, port):
        """Listening sockets on every address given. port: 0 takes a free one. Raises ListenError."""
        return open_listeners(port, hosts)

    async def serve(self, handler, listeners, *, task_status=trio.TASK_STATUS_IGNORED):
        """Answer HTTP on the listeners, within the profile's bounds, until cancelled."""
        await serve(handler, listeners, Limits.from_profile(self.profile), self.counters, self.log, task_status=task_status)


def open_node(profile, folder, tables, log, *, migrations=None, clock=time.time):
    """Open a node's state and identity, making both on the first start.

    folder: path of the state folder, made with mode 0700; tables: every table that the parts put in use will need;
    clock: seconds since 1970, as the machine believes them.
    Raises StorageError or KeyFileError, whose text is a sentence for the owner.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    store = open_store(
        os.path.join(folder, STATE_FOLDER), map_bytes=profile.storage.state_map_mib * MIB, tables=tables, migrations=migrations or {}
    )
    try:
        key = load_or_create(os.path.join(folder, KEY_FILE))
    except BaseException:
        store.close()
        raise
    return Node(profile, folder, store, key, Counters(), log, clock)
