"""Writing blocks on somebody's account.

A user is charged with the bytes of every block that was new to this node when it was put for him, from the transaction on that
makes it durable. Only a collection takes something off: it sets each user's figure to what his roots reach and nobody's before them do.
So every byte on the disk is charged to one user, and neither deleting nor putting the same content twice changes that.
"""

from .errors import QuotaReached
from .tables import USAGE


class Writing:
    """A lease for one change: blocks are put, then `finish` makes them and a record of their root durable together.

    A context manager; has get, has and put as every store of blocks. Leaving without finish changes nothing.
    """

    def __init__(self, library, user):
        self._library, self._user = library, user
        self.new_bytes = 0

    def __enter__(self):
        self._writer = self._library.blocks.writer()
        self._inner = self._writer.__enter__()
        self.get, self.has = self._inner.get, self._inner.has
        with self._library.store.read() as tx:
            self._left = quota_bytes(self._library.limits) - tx.get(USAGE, self._user, 0)
        return self

    def __exit__(self, *exc_info):
        return self._writer.__exit__(*exc_info)

    def put(self, cid, data):
        """Puts a block. Raises QuotaReached (the user's or the node's), TooLarge, BadBlock."""
        if not self.has(cid):
            self.new_bytes += len(data)
            if self.new_bytes > self._left:
                raise _full()
        self._inner.put(cid, data)

    def finish(self, fn=None):
        """Returns fn(tx), run in the transaction that makes the last rows durable. Raises QuotaReached, StorageError and what fn raises."""
        new_bytes = self.new_bytes

        def record(tx):
            if new_bytes:
                used = tx.get(USAGE, self._user, 0) + new_bytes
                # Others who write for the same user have begun with the same share left.
                if used > quota_bytes(self._library.limits):
                    raise _full()
                tx.put(USAGE, self._user, used)
            return None if fn is None else fn(tx)

        result = self._inner.finish(record)
        self._left -= new_bytes
        self.new_bytes = 0
        return result


def _full():
    return QuotaReached("Your share of this node is full. Delete something and collect, or ask the owner for more.")


def quota_bytes(limits):
    """What one user may keep, in bytes. Args: limits (the profile)."""
    return limits.mimei.user_quota_mib << 20
