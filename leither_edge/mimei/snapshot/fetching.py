"""From sealed blocks that come one by one to plain ones, in an order that a broken-off restore goes on from.

What is still to be fetched stands in rows, deepest first, so that few labels wait at a time; a block's row goes in the transaction that
makes the block durable and enters those below it. So nothing is fetched twice but what was on its way.
"""

from collections import namedtuple

from leither_edge.mimei.errors import BadBlock
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.sealed import form
from leither_edge.mimei.sealed.opening import open_block

from .tables import ENTERED, LEFT, RESTORING

SCOPE_BYTES = 20
_DEPTH_MAX = 0xFFFF
CLEARED_A_STEP = 2000
# What nobody went on with for so long is given up.
KEPT_S = 30 * 86400

# user: who is charged. begun: when it was begun or gone on with, s. sealed_root: what is asked for, as one node sealed it.
Restoring = namedtuple("Restoring", "user number root blocks bytes is_here begun sealed_root")
# One block to ask for. depth: how far below the root. label, sealed_label: as it is here, and as it is asked for.
Wanted = namedtuple("Wanted", "depth label sealed_label")


def read_restoring(tx, scope):
    """The Restoring of a scope that is under way, or None."""
    row = tx.get(RESTORING, scope)
    return None if row is None else Restoring(*row)


def keeper(clock):
    """A function for library.keepers: what was brought so far stays. Args: clock (-> s since 1970)."""

    def keep(tx):
        oldest = clock() - KEPT_S
        for _, row in tx.scan(RESTORING):
            found = Restoring(*row)
            if found.begun >= oldest:
                yield found.user, found.root, found.is_here

    return keep


class Fetching:
    """Sealed blocks of one scope on their way. For one thread at a time; close it when no more come.

    Args: library, head (SealedHead), unlocked (head.Unlocked), user (20 bytes, who is charged).
    """

    def __init__(self, library, head, unlocked, user):
        self._library, self._unlocked, self._scope = library, unlocked, head.scope
        self._asked, self._writer = set(), None
        now = library.now()
        with library.store.read() as tx:
            found = read_restoring(tx, head.scope)
        if found is not None and ((found.root, found.sealed_root) != (unlocked.root, unlocked.sealed_root) or found.begun < now - KEPT_S):
            # What came of an older one stays, and only its nodes are asked for again; of one that was given up, all that is gone.
            self.finish()
            found = None

        def begin(tx):
            if found is None:
                tx.put(RESTORING, head.scope, [user, head.number, unlocked.root, 0, 0, False, now, unlocked.sealed_root])
                tx.put(LEFT, self._key(0, unlocked.root), unlocked.sealed_root)
            else:
                tx.put(RESTORING, head.scope, list(found._replace(begun=now)))

        library.held.call(begin)

    def state(self):
        """The Restoring."""
        with self._library.store.read() as tx:
            return read_restoring(tx, self._scope)

    def wanted(self, count):
        """Up to so many Wanted that were not given before, deepest first."""
        found, at = [], SCOPE_BYTES + 2
        with self._library.store.read() as tx:
            for key, sealed_label in tx.scan(LEFT, start=self._scope):
                if not key.startswith(self._scope):
                    break
                if key not in self._asked:
                    found.append(Wanted(_DEPTH_MAX - int.from_bytes(key[SCOPE_BYTES:at], "big"), key[at:], sealed_label))
                    if len(found) >= count:
                        break
        self._asked.update(self._key(item.depth, item.label) for item in found)
        return found

    def give_back(self, wanted):
        """They did not come, and are to be given again. Args: wanted ([Wanted])."""
        self._asked.difference_update(self._key(item.depth, item.label) for item in wanted)

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
        writer, parts, size = self._open(), parts or {}, 0
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
                    below[self._key(wanted.depth + 1, label)] = sealed_label

        def put(tx):
            for wanted, _ in came:
                tx.delete(LEFT, self._key(wanted.depth, wanted.label))
            for label in entered:
                tx.put(ENTERED, self._scope + label, b"")
            for key, sealed_label in below.items():
                if tx.get(ENTERED, self._scope + key[SCOPE_BYTES + 2 :]) is None:
                    tx.put(LEFT, key, sealed_label)
            found = read_restoring(tx, self._scope)
            is_more = next((key.startswith(self._scope) for key in tx.keys(LEFT, start=self._scope)), False)
            found = found._replace(blocks=found.blocks + len(came), bytes=found.bytes + size, is_here=not is_more)
            tx.put(RESTORING, self._scope, list(found))
            return is_more

        is_more = writer.finish(put)
        self.give_back([wanted for wanted, _ in came])
        return is_more

    def close(self):
        """No more comes; what came stays."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.__exit__(None, None, None)

    def finish(self):
        """Everything was rebuilt: nothing of it is left, and the next collection decides by the rows."""
        held = self._library.held
        while held.call(lambda tx: _clear_some(tx, self._scope), durable=False):
            pass
        held.call(lambda tx: tx.delete(RESTORING, self._scope))

    def _open(self):
        # One for all that comes: each has a thread and a buffer of a block's size.
        if self._writer is None:
            self._writer = self._library.blocks.writer()
            self._writer.__enter__()
        return self._writer

    def _key(self, depth, label):
        return self._scope + (_DEPTH_MAX - depth).to_bytes(2, "big") + label


def _clear_some(tx, scope):
    found = []
    for table in (LEFT, ENTERED):
        for key in tx.keys(table, start=scope):
            if not key.startswith(scope) or len(found) >= CLEARED_A_STEP:
                break
            found.append((table, key))
    for table, key in found:
        tx.delete(table, key)
    return len(found) >= CLEARED_A_STEP
