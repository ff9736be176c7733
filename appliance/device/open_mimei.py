"""What the device's content store needs once it is open: who may keep content, what runs beside, collection, an orderly end."""

import os

import trio

from appliance.commands.verbs import VerbFailed
from leither_edge.core.ids import key_id
from leither_edge.core.keyset import find_key, owner_keys
from leither_edge.core.roles import includes
from leither_edge.flow.tables import ALL
from leither_edge.http import HttpError
from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.library import open_library
from leither_edge.mimei.tables import MIMEI, VERSIONS
from leither_edge.storage import StorageError

FOLDER = "mimei"
FAILURES = (StorageError, MimeiError, OSError)
REGISTERED = "registered"
# After a fault of what runs beside.
REST_S = 60
# A command waits so long for a collection, which then goes on by itself.
COLLECT_WAIT_S = 10
MIB = 1024 * 1024


def open_kept(kept):
    """The Library of a KeptMimei. Raises FAILURES."""
    node, executor = kept.node, kept.executor
    folder = os.path.join(kept.options.data or node.folder, FOLDER)

    def admits(public_key, granted):
        return may_join(executor.keyset, executor.config["mimei_users"], library.accounts.has_key, public_key, granted)

    def key_of(id20):
        keyset = executor.keyset
        found = keyset and find_key(keyset, id20)
        return found[1] if found else None

    library = open_library(
        folder, node.profile, node.key, counters=node.counters, log=node.log, clock=clock_of(kept), may_join=admits, key_of=key_of,
        more_tables=ALL,
    )
    follow(library, node.profile, executor.config)
    node.log.info("content store", folder=folder)
    return library


def may_join(keyset, users, is_account, public_key, granted):
    """Whether somebody may keep content on a device: its owners and operators, whom an owner gave a pass, perhaps registered users.

    Args: keyset (Keyset in force or None), users ("owners" or "registered"), is_account (public key -> whether a registered user's),
    public_key (32 bytes, of the pass's issuer where there is one; None: anybody who would register), granted (Pass or None).
    """
    if keyset is None:
        return False
    if public_key is None:
        return users == REGISTERED
    id20 = key_id(public_key)
    if id20 in keyset.revoked:
        return False
    if granted is not None:
        return id20 in owner_keys(keyset) and key_id(granted.subject) not in keyset.revoked
    found = find_key(keyset, id20)
    if found is not None:
        return includes(found[0], "operator")
    return users == REGISTERED and is_account(public_key)


def follow(library, profile, config):
    """Do as the configuration says: how much the store may take in all, within the profile, and who reads by label."""
    library.blocks.set_quota(min(profile.storage.data_quota_mib, config["storage_share_mib"]) * MIB)
    library.labels_open = config["mimei_labels"] == "anyone"


def clock_of(kept):
    """The device's time as a function, s since 1970, never behind the floor."""
    clock, floor = kept.node.clock, kept.executor.floor
    return lambda: max(clock(), floor.floor)


def close(library, node):
    """Close the Library; what cannot be written then is told by the log."""
    try:
        library.close()
    except FAILURES as error:
        node.log.error("content store not closed well", sentence=str(error))


async def run_beside(library, node):
    """What the Library does beside, until cancelled; its faults are not the device's end."""
    while True:
        await keep_going(library.run, node, "content store")
        await trio.sleep(REST_S)


async def keep_going(work, node, what):
    """Await work(); a fault of it is told and no more. Args: node (Node), what (for the log)."""
    try:
        await work()
    except* Exception as group:
        error = _first(group)
        node.counters.add("mimei_faults")
        # Texts of other errors may quote what somebody sent.
        why = str(error) if isinstance(error, FAILURES) else ""
        node.log.error(what, kind=type(error).__name__, why=why)


def _first(group):
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


def figures(kept):
    """{name: number} of the open store. For a worker thread. Raises StorageError."""
    library = kept.library
    blocks = library.blocks.stat()
    with library.store.read() as tx:
        counts = {"mimei": tx.count(MIMEI), "versions": tx.count(VERSIONS)}
    return {
        "used_kib": blocks["block_bytes"] // 1024,
        "max_kib": blocks["quota_bytes"] // 1024,
        "free_kib": blocks["free_bytes"] // 1024,
        "blocks": blocks["blocks"],
        "redis_port": kept.redis_port,
        **counts,
    }


async def collect(kept, nursery):
    """Collect; {finished, blocks, bytes}: what was deleted until now. Raises VerbFailed."""
    found = kept.why_not()
    if found is not None:
        raise VerbFailed("no-content", found[1])
    try:
        library = await trio.to_thread.run_sync(kept.open)
    except HttpError as error:
        raise VerbFailed("storage", error.sentence) from None
    work = _Collecting(library)
    nursery.start_soon(keep_going, work.run, kept.node, "collection")
    with trio.move_on_after(COLLECT_WAIT_S):
        await work.ended.wait()
    if work.failed is not None:
        raise VerbFailed(work.failed.code, str(work.failed))
    return {"finished": work.ended.is_set(), "blocks": work.blocks, "bytes": work.bytes}


class _Collecting:
    """A collection on its way."""

    def __init__(self, library):
        self.blocks = self.bytes = 0
        self.failed = None
        self.ended = trio.Event()
        self._library = library

    async def run(self):
        """To its end. Steps, as a thread in the midst of one cannot be stopped."""
        steps = self._library.collecting()
        try:
            while (found := await trio.to_thread.run_sync(next, steps, None)) is not None:
                self.blocks, self.bytes = found.removed, found.removed_bytes
        except MimeiError as error:
            self.failed = error
        finally:
            steps.close()
            self.ended.set()
