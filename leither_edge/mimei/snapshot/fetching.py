"""From sealed blocks that come one by one to plain ones, in an order that a broken-off restore goes on from.

What is still to be fetched stands in rows, deepest first, so that few labels wait at a time; a block's row goes in the transaction that
makes the block durable and enters those below it. So nothing is fetched twice but what was on its way.
"""

from collections import namedtuple

from leither_edge.mimei.errors import BadBlock, Conflict
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.sealed import form
from leither_edge.mimei.sealed.opening import open_block

from .tables import ENTERED, LEFT, RESTORING

_ROW = "restore"
_DEPTH_MAX = 0xFFFF
CLEARED_A_STEP = 2000

Restoring = namedtuple("Restoring", "scope number root blocks bytes is_here")
# One block to ask for. depth: how far below the root. label, sealed_label: as it is here, and as it is asked for.
Wanted = namedtuple("Wanted", "depth label sealed_label")


def read_restoring(tx):
    """The Restoring that is under way, or None."""
    row = tx.get(RESTORING, _ROW)
    return None if row is None else Restoring(*row)


def keeper(node_id):
    """A function for library.keepers: what a restore has brought so far stays. Args: node_id (20 bytes, who is charged)."""

    def keep(tx):
        found = read_restoring(tx)
        if found is not None:
            yield node_id, found.root, found.is_here

    return keep


class Fetching:
    """A restore's blocks on their way. For one thread at a time.

    Args: library, head (SealedHead), unlocked (head.Unlocked). Raises Conflict: another snapshot is being restored, and is not done.
    """

    def __init__(self, library, head, unlocked):
        self._library, self._unlocked = library, unlocked
        self._asked = set()

        def begin(tx):
            found = read_restoring(tx)
            if found is not None and (found.scope, found.root) != (head.scope, unlocked.root):
                # A newer snapshot of the same node shares nearly all with the one that was begun.
                if found.scope != head.scope:
                    raise Conflict("Another node's backup is being restored here. Restore that one first, or empty this node.")
                found = None
                for key in list(tx.keys(LEFT)):
                    tx.delete(LEFT, key)
                for key in list(tx.keys(ENTERED)):
                    tx.delete(ENTERED, key)
            if found is None:
                tx.put(RESTORING, _ROW, [head.scope, head.number, unlocked.root, 0, 0, False])
                tx.put(LEFT, _key(0, unlocked.root), unlocked.sealed_root)

        library.held.call(begin)

    def state(self):
        """The Restoring."""
        with self._library.store.read() as tx:
            return read_restoring(tx)

    def wanted(self, count):
        """Up to so many Wanted that were not given before, deepest first."""
        found = []
        with self._library.store.read() as tx:
            for key, sealed_label in tx.scan(LEFT):
                if key not in self._asked:
                    found.append(Wanted(_DEPTH_MAX - int.from_bytes(key[:2], "big"), key[2:], sealed_label))
                    if len(found) >= count:
                        break
        self._asked.update(_key(item.depth, item.label) for item in found)
        return found

    def give_back(self, wanted):
        """They did not come, and are to be given again. Args: wanted ([Wanted])."""
        self._asked.difference_update(_key(item.depth, item.label) for item in wanted)

    def give_all_back(self):
        """Nothing is on its way any more."""
        self._asked.clear()

    def parts_of(self, wanted, data):
        """[sealed label] of blocks that are needed beside one to open it; most times none. Raises BadBlock."""
        cids.check(wanted.sealed_label, data)
        cipher = form.read(wanted.sealed_label, data).cipher
        return cipher if isinstance(cipher, list) else []

    def take(self, came, parts=None):
        """Makes blocks that came durable, with what is to be fetched next; returns whether there is more to fetch.

        Args: came ([(Wanted, sealed bytes)]), parts ({sealed label: bytes} of those that have any).
        Raises BadBlock (one of them is not what it should be: nothing is taken), QuotaReached, StorageError.
        """
        library, parts, size = self._library, parts or {}, 0
        with library.blocks.writer() as writer:
            below, entered = {}, []
            for wanted, sealed in came:
                data, found = open_block(self._unlocked, wanted.label, wanted.sealed_label, sealed, parts.__getitem__)
                writer.put(wanted.label, data)
                size += len(sealed)
                if cids.codec(wanted.label) != cids.RAW:
                    entered.append(wanted.label)
                if found and wanted.depth >= _DEPTH_MAX:
                    raise BadBlock("The backup has more levels than content has.")
                for label, sealed_label in found:
                    if cids.codec(label) != cids.RAW or not writer.has(label):
                        below[_key(wanted.depth + 1, label)] = sealed_label

            def put(tx):
                for wanted, _ in came:
                    tx.delete(LEFT, _key(wanted.depth, wanted.label))
                for label in entered:
                    tx.put(ENTERED, label, b"")
                for key, sealed_label in below.items():
                    if tx.get(ENTERED, key[2:]) is None:
                        tx.put(LEFT, key, sealed_label)
                found = read_restoring(tx)
                is_more = next(iter(tx.keys(LEFT)), None) is not None
                found = found._replace(blocks=found.blocks + len(came), bytes=found.bytes + size, is_here=not is_more)
                tx.put(RESTORING, _ROW, list(found))
                return is_more

            is_more = writer.finish(put)
        self.give_back([wanted for wanted, _ in came])
        return is_more

    def finish(self):
        """Everything was rebuilt: nothing of the restore is left, and the next collection decides by the rows."""
        held = self._library.held
        while held.call(_clear_some, durable=False):
            pass
        held.call(lambda tx: tx.delete(RESTORING, _ROW))


def _key(depth, label):
    return (_DEPTH_MAX - depth).to_bytes(2, "big") + label


def _clear_some(tx):
    keys = []
    for key in tx.keys(ENTERED):
        keys.append(key)
        if len(keys) >= CLEARED_A_STEP:
            break
    for key in keys:
        tx.delete(ENTERED, key)
    return len(keys) >= CLEARED_A_STEP
