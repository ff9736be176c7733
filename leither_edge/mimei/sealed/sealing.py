"""Seals content, and makes a sealed block again when somebody asks for it: nothing sealed is stored beside the plain content.

A row says which sealed block comes of which plain one. Rows are written from the leaves up, so where a block has its row all below it
have theirs, and a sub-tree that was sealed before is passed over unread.
"""

from threading import Lock

from leither_edge.mimei.blocks.digest_set import DigestSet
from leither_edge.mimei.errors import BlockMissing, Damaged, TooLarge
from leither_edge.mimei.ipld import cid as cids

from . import form
from .children import children
from .epochs import Epochs, newest_epoch, read_epochs, with_readers, write_epochs
from .tables import EPOCHS, SEALED, SEALED_AS

SCOPE_BYTES, _EPOCH_BYTES = 20, 4
_LABEL_BYTES = 36
BATCH_ROWS = 512
# Labels that wait while their neighbours are sealed.
WAITING_MAX = 1 << 20
# A larger block is read again when all below it is sealed.
_KEPT_MAX_BYTES = 64 << 10
_KEYS_KEPT = 8
# A draw stops at one node of so many.
STOP_TIMES = 8


class SealedBlocks:
    """What is sealed of one library's content. Thread-safe; one scope is sealed at a time.

    Args: blocks (BlockStore with the plain content), store, held (HeldWriter), random_bytes (count -> bytes).
    """

    def __init__(self, blocks, store, held, random_bytes):
        self._blocks, self._store, self._held, self._random = blocks, store, held, random_bytes
        self._lock = Lock()
        self._keys = {}

    def readers(self, scope):
        """(public keys of the readers, the newest epoch) of a scope; ((), -1) where nothing was sealed yet."""
        with self._store.read() as tx:
            found = read_epochs(tx, scope)
        return ((), -1) if found is None else (found.readers, newest_epoch(found))

    def set_readers(self, scope, readers):
        """Says who is to read what is sealed from now on; returns the epoch. Args: readers ([public key]). Raises BadInput."""
        with self._lock:
            with self._store.read() as tx:
                before = read_epochs(tx, scope)
            found, anew = with_readers(before, readers, self._random)
            if anew:
                self._take_rows(scope, None)
            if found != before:
                self._held.call(lambda tx: write_epochs(tx, scope, found))
                self._forget_keys(scope)
        return newest_epoch(found)

    def seal(self, scope, root, progress=None):
        """The sealed label of all that a plain label reaches, its rows durable.

        Args: scope (20 bytes, with readers), root (label), progress (blocks sealed so far -> None). Raises BlockMissing, Damaged, TooLarge.
        """
        with self._lock, self._blocks.hold([root]):
            with self._store.read() as tx:
                found = read_epochs(tx, scope)
            work = _Sealing(self, scope, newest_epoch(found), form.keys_of(found.keys[-1]), found.is_sweeping)
            return work.run(root, progress)

    def get(self, sealed_label):
        """The bytes of a sealed block, made again. Raises BlockMissing: it is none of this node's content, or that is not here any more."""
        found = self._row(sealed_label)
        if found is None:
            raise BlockMissing(f"The block {cids.to_text(sealed_label)} is not here.", sealed_label)
        scope, epoch, part, label = found
        data = self._blocks.get(label)
        below = self._sealed_of(scope, children(label, data))
        if None in below:
            raise BlockMissing(f"Not all below the block {cids.to_text(sealed_label)} is sealed any more.", sealed_label)
        made = form.seal(self._keys_of(scope, epoch), epoch, label, data, below)
        name, sealed = made[part - 1]
        if name != sealed_label:
            raise Damaged(f"The block {cids.to_text(sealed_label)} cannot be made again as it was. Seal that content anew.")
        return sealed

    def has(self, sealed_label):
        """Whether a label is that of a sealed block which can be made again."""
        found = self._row(sealed_label)
        return found is not None and self._blocks.has(found[3])

    def sealed_label(self, scope, label):
        """The sealed label of a plain one, None where it was not sealed."""
        return self._sealed_of(scope, [label])[0]

    def some(self, scope, root, count):
        """Up to `count` sealed labels of what a plain root reaches, drawn at random: what a holder is asked to show."""
        found = set()
        for _ in range(4 * count):
            label = self._drawn(root)
            sealed = None if label is None else self.sealed_label(scope, label)
            if sealed is not None:
                found.add(sealed)
                if len(found) >= count:
                    break
        return list(found)

    def _drawn(self, label):
        """A plain label on a way down, most times where it ends; None where something of the way is not here."""
        while True:
            try:
                below = [] if cids.codec(label) == cids.RAW else children(label, self._blocks.get(label))
            except (BlockMissing, Damaged):
                return None
            draw = int.from_bytes(self._random(4), "big")
            if not below or draw % STOP_TIMES == 0:
                return label
            label = below[draw // STOP_TIMES % len(below)]

    def sweep(self, scope, roots, step=2000):
        """A generator: takes away the rows of what no root reaches any more, some at a step. Args: roots (plain labels that stay)."""
        with self._lock:
            if not self._mark(scope, True):
                return
            live, todo = DigestSet(self._blocks.leases.key), list(roots)
            count = 0
            while todo:
                label = todo.pop()
                if not live.add(_short(label)):
                    continue
                if cids.codec(label) != cids.RAW:
                    try:
                        todo += children(label, self._blocks.get(label))
                    except BlockMissing:
                        continue
                count += 1
                if count % step == 0:
                    yield
            yield from self._taking(scope, live, step)
            self._mark(scope, False)

    def forget(self, scope):
        """Gives up a scope: its rows, and its keys."""
        with self._lock:
            self._take_rows(scope, None)
            self._held.call(lambda tx: tx.delete(EPOCHS, scope))
            self._forget_keys(scope)

    def take_over(self, scope, number, secrets, readers):
        """Goes on with a scope that was sealed before its rows were lost.

        Args: number (of its newest head), secrets ({epoch: key}), readers ([id] of who could open that).
        """
        first = min(secrets)

        def put(tx):
            if read_epochs(tx, scope) is None:
                write_epochs(tx, scope, Epochs(number, first, tuple(secrets[epoch] for epoch in sorted(secrets)), tuple(readers), False))

        with self._lock:
            self._held.call(put)

    def next_number(self, scope):
        """Counts the heads of a scope on; returns (the number of the next one, Epochs)."""

        def count(tx):
            found = read_epochs(tx, scope)
            found = found._replace(number=found.number + 1)
            write_epochs(tx, scope, found)
            return found.number, found

        return self._held.call(count)

    def _mark(self, scope, is_sweeping):
        def mark(tx):
            found = read_epochs(tx, scope)
            if found is not None:
                write_epochs(tx, scope, found._replace(is_sweeping=is_sweeping))
            return found is not None

        return self._held.call(mark)

    def _take_rows(self, scope, live):
        for _ in self._taking(scope, live, 2000):
            pass

    def _taking(self, scope, live, step):
        position = scope
        while position is not None:
            with self._store.read() as tx:
                keys, position = _some_keys(tx, scope, position, step)
                dead = [key for key in keys if live is None or _short(key[SCOPE_BYTES:]) not in live]
                gone = [(key, tx.get(SEALED_AS, key)) for key in dead]
            if gone:
                self._held.call(lambda tx, gone=gone: _remove(tx, gone), durable=False, reserve=True)
            yield

    def _row(self, sealed_label):
        digest = cids.digest(sealed_label)
        if digest is None:
            return None
        with self._store.read() as tx:
            row = tx.get(SEALED, digest)
        if row is None:
            return None
        at = SCOPE_BYTES + _EPOCH_BYTES
        return row[:SCOPE_BYTES], int.from_bytes(row[SCOPE_BYTES:at], "big"), row[at], row[at + 1 :]

    def _sealed_of(self, scope, labels):
        with self._store.read() as tx:
            found = [tx.get(SEALED_AS, scope + label) for label in labels]
        return [row and row[:_LABEL_BYTES] for row in found]

    def _keys_of(self, scope, epoch):
        keys = self._keys.get((scope, epoch))
        if keys is None:
            with self._store.read() as tx:
                found = read_epochs(tx, scope)
            if found is None or not 0 <= epoch - found.first < len(found.keys):
                raise BlockMissing("What was sealed under a key that is no longer kept cannot be made again.")
            keys = form.keys_of(found.keys[epoch - found.first])
            if len(self._keys) >= _KEYS_KEPT:
                self._keys.clear()
            self._keys[scope, epoch] = keys
        return keys

    def _forget_keys(self, scope):
        self._keys = {key: keys for key, keys in self._keys.items() if key[0] != scope}


class _Sealing:
    """One run of sealing; see SealedBlocks.seal."""

    def __init__(self, sealed, scope, epoch, keys, is_sweeping):
        self._sealed, self._scope, self._epoch, self._keys = sealed, scope, epoch, keys
        # Where a sweep was broken off a row says nothing of those below it.
        self._looked_at = DigestSet(sealed._blocks.leases.key) if is_sweeping else None
        self._fresh, self._rows = {}, []

    def run(self, root, progress):
        """The sealed label of the root."""
        blocks, count = self._sealed._blocks, 0
        todo = [(root, None, None)]
        while todo:
            label, data, below = todo.pop()
            if below is None:
                if self._is_done(label):
                    continue
                data = blocks.get(label)
                below = children(label, data)
                missing = [(cid, None, None) for cid in below if not self._is_done(cid)]
                if missing:
                    todo.append((label, data if len(data) <= _KEPT_MAX_BYTES else None, below))
                    todo += reversed(missing)
                    if len(todo) > WAITING_MAX:
                        raise TooLarge(f"The content under {cids.to_text(root)} branches too widely to be sealed.")
                    continue
            self._put(label, blocks.get(label) if data is None else data, below)
            count += 1
            if len(self._rows) >= BATCH_ROWS:
                self._flush()
                if progress is not None:
                    progress(count)
        self._flush()
        return self._known(root)

    def _known(self, label):
        return self._fresh.get(label) or self._sealed.sealed_label(self._scope, label)

    def _is_done(self, label):
        if label in self._fresh:
            return True
        if self._looked_at is not None and _short(label) not in self._looked_at:
            return False
        return self._sealed.sealed_label(self._scope, label) is not None

    def _put(self, label, data, below):
        before = None if self._looked_at is None else self._sealed.sealed_label(self._scope, label)
        if before is None:
            links = [self._known(cid) for cid in below]
            made = form.seal(self._keys, self._epoch, label, data, links)
            start = self._scope + self._epoch.to_bytes(_EPOCH_BYTES, "big")
            for part, (cid, _) in enumerate(made[:-1], 1):
                self._rows.append((SEALED, cids.digest(cid), start + bytes((part,)) + label))
            before = made[-1][0]
            self._rows.append((SEALED, cids.digest(before), start + b"\0" + label))
            self._rows.append((SEALED_AS, self._scope + label, before + b"".join(cids.digest(cid) for cid, _ in made[:-1])))
        self._fresh[label] = before
        if self._looked_at is not None:
            self._looked_at.add(_short(label))

    def _flush(self):
        rows, self._rows, self._fresh = self._rows, [], {}

        def put(tx):
            for table, key, value in rows:
                tx.put(table, key, value)

        if rows:
            # What is asked for later is read from what is committed.
            self._sealed._held.call(put)


def _short(label):
    return label[-48:]


def _some_keys(tx, scope, position, count):
    keys = []
    for key in tx.keys(SEALED_AS, start=position):
        if not key.startswith(scope):
            return keys, None
        if len(keys) >= count:
            return keys, key
        keys.append(key)
    return keys, None


def _remove(tx, gone):
    for key, row in gone:
        tx.delete(SEALED_AS, key)
        for digest in _digests(row):
            tx.delete(SEALED, digest)


def _digests(row):
    """The digests of a sealed block and its parts, of the row that names them."""
    return [cids.digest(row[:_LABEL_BYTES]), *(row[at : at + 32] for at in range(_LABEL_BYTES, len(row), 32))]
