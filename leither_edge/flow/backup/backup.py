"""Backups of this node with others, and of others here: one face for all of it."""

import trio

from leither_edge.flow.tables import FOLLOWERS, FOLLOWS, OWN_KEYS, SHARES
from leither_edge.peer.tables import PEERS

from .bringing import Bringing
from .holder import Holder
from .keeping import Keeping
from .leaving import Leaving

# What goes with the content: a store's key, for its owner; and the address book, with what is shared and followed, so that a new card
# knows the friends of the old one, and goes on where that was.
MORE_TABLES, TRUSTED_TABLES = (OWN_KEYS,), (PEERS, SHARES, FOLLOWS, FOLLOWERS)


class Backup:
    """Made inside trio; `run` carries it. Calls are for the trio thread.

    Attributes: keeping, holder, bringing, leaving: the parts, for what is not offered here.
    """

    def __init__(self, library, peers, fetcher, sealed, *, owners=None, load=None, counters=None, log=None):
        """Args: library, peers (peer.peers.Peers, whose services get those of this), fetcher (of fetch.py), sealed (SealedBlocks of the
        library, which its BlocksService serves), owners (-> [public key] of who may restore beside the node's own key), load (as for
        BlocksService), counters, log.
        """
        book = peers.book

        def may_hold(id20):
            known = book.get(id20)
            return known is not None and known.may("backup")

        held_mib = library.limits.peers.held_mib
        self.keeping = Keeping(library, sealed, peers.connect, owners or _nobody, more_tables=(*MORE_TABLES, *TRUSTED_TABLES), log=log)
        self.holder = Holder(library, fetcher, held_mib, may_hold, counters=counters, log=log, load=load)
        self.bringing = Bringing(library, sealed, peers.connect, more_tables=MORE_TABLES, trusted_tables=TRUSTED_TABLES, log=log)
        self.leaving = Leaving(library, sealed, peers.connect, self.bringing, key_of=_keys_of(book), log=log)
        self.holder.add_to(peers.services)

    async def run(self):
        """Keeps those who hold something of this node's up to date, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.keeping.run)
            nursery.start_soon(self.leaving.run)

    async def back_up_to(self, public_key, name="", progress=None):
        """keeping.Pushed: all of this node is with another one, and kept up to date there by `run`.

        Args: name (of the holder, for people), progress (dict of facts -> None). Raises Full, Refused (not-allowed, quota, outdated, busy)
        and other PeerErrors, StorageError.
        """
        await self.keeping.add(public_key, name)
        return await self.keeping.push(public_key, progress)

    async def stop(self, public_key):
        """Ends that; what the other node holds is forgotten there. Raises NotFound."""
        await self.keeping.remove(public_key)

    async def check(self, public_key):
        """(pieces asked back, how many were as they must be). Raises PeerError."""
        return await self.keeping.check(public_key)

    async def stat(self):
        """([(keeping.Kept, versions behind)] of who holds this node's backup, [(node id, bytes, bytes allowed, newest Held or None)])."""

        def look():
            return [(kept, self.keeping.behind(kept)) for kept in self.keeping.holders()], self.holder.stat()

        return await trio.to_thread.run_sync(look)

    async def restore_from(self, public_key, key, *, scope=None, progress=None):
        """bringing.Brought: what another node holds for a key is here. Args: key (KeyPair); others, and errors, as Bringing.restore."""
        return await self.bringing.restore(public_key, key, scope=scope, progress=progress)


def _keys_of(book):
    def key_of(id20):
        known = book.get(id20)
        return known.public_key or None if known is not None else None

    return key_of


def _nobody():
    return ()
