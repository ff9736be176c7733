"""What this node tells others of its MiMei: the newest version that they may have, and the manifests that lead to it.

Who asks is known by his node's key, and has the rights that this key has as a user here. To strangers, what they may not see is not here.
"""

import trio

from leither_edge.mimei import history, rights
from leither_edge.mimei.errors import BadInput, Forbidden, NotFound
from leither_edge.peer.channel.errors import Refused

from . import told

# What a peer may do here at most, whatever rights its key has as a user.
READER = rights.SEE | rights.READ_RELEASE | rights.READ | rights.LIST | rights.FORK


class Heads:
    """Args: library, counters. Attribute holds_sealed: function (mid, reader's id) -> whether it is held here for him, sealed; or None."""

    def __init__(self, library, counters):
        self._library, self._counters, self.holds_sealed = library, counters, None

    def add_to(self, services):
        """Have peers ask, strangers too."""
        services.add(told.HEAD, self._on_head, for_strangers=True)
        services.add(told.CHAIN, self._on_chain, for_strangers=True)

    def session_of(self, peer):
        """The Session of a peer's key. Args: peer (Remote)."""
        return self._library.acting_for(peer.public_key, READER, peer.is_friend)

    def newest(self, session, mid, user=None):
        """The Head that a session may have. Args: user (id of one who must have the right, too). Raises NotFound, Forbidden, BadInput."""
        library = self._library
        with library.store.read() as tx:
            mid, identity, head, number = self._newest(tx, session, mid, user)
            row = history.read_version(tx, mid, number)
            release = head.release if head.release is not None and head.release <= number else None
            guest = rights.effective(identity.masks, rights.GUEST) & rights.PUBLIC
        data = library.blocks.get(row.manifest)
        label, found = told.read_manifest(data, mid)
        return told.Head(label, found, data, release, guest)

    def number(self, session, mid):
        """The number of that version alone. Raises as newest."""
        with self._library.store.read() as tx:
            return self._newest(tx, session, mid, None)[3]

    def has_sealed(self, peer, mid):
        """Whether it is held here for a peer, though this node cannot read it. Args: peer (Remote)."""
        return self.holds_sealed is not None and self.holds_sealed(mid, peer.node_id)

    def page(self, session, mid, start, end, user=None):
        """The answer to mimei.chain: as many manifests from number `start` as fit. Args: as newest. Raises NotFound, Forbidden."""
        library, found, dropped, size = self._library, [], [], 0
        with library.store.read() as tx:
            mid, _, _, last = self._newest(tx, session, mid, user)
            rows = []
            for number, row in history.scan_versions(tx, mid, start):
                if number > min(end, last) or len(rows) >= told.PAGE_MAX:
                    break
                rows.append((number, row))
        for number, row in rows:
            data = library.blocks.get(row.manifest)
            if found and size + len(data) > told.PAGE_BYTES:
                break
            found.append(data)
            size += len(data)
            if row.dropped:
                dropped.append(number)
        if not found:
            raise NotFound(f"There is no version {start} of this MiMei here.")
        return {"manifests": found, "dropped": dropped}

    def _newest(self, tx, session, mid, user):
        """(mid, Identity, Head, number of the newest version) that a session, and a user where one is named, may read both."""
        library = self._library
        mid, identity = library.permitted(tx, session, mid, "info", "versions")
        mask, head = library.mask(tx, session, mid, identity), history.read_head(tx, mid)
        if user is not None:
            mask &= library.mask_of(tx, mid, identity, user)
            rights.require(mask, rights.SEE | rights.LIST, session, "have this for that user")
        return mid, identity, head, _newest_for(mask, head, session)

    async def _on_head(self, call):
        mid, user = read(told.read_head_question, call.arguments)
        try:
            head = await self._told(call, self.newest, mid, user)
        except Refused:
            # Whose key the node has is known of itself alone.
            if user in (None, call.peer.node_id) and await trio.to_thread.run_sync(self.has_sealed, call.peer, mid):
                return told.sealed_answer()
            raise
        return told.head_answer(head.data, head.release, head.guest)

    async def _on_chain(self, call):
        return await self._told(call, self.page, *read(told.read_chain_question, call.arguments))

    async def _told(self, call, function, *arguments):
        self._counters.add("mimei_told", what=call.method)
        try:
            return await trio.to_thread.run_sync(function, self.session_of(call.peer), *arguments)
        except Forbidden as error:
            if call.peer.is_friend:
                raise Refused("forbidden", f"{call.peer.name or 'The node that asks'} may not read it: {error}") from None
            raise Refused("not-found", "There is no such MiMei here.") from None
        except NotFound as error:
            raise Refused("not-found", str(error)) from None


def read(reader, value):
    """What a function of `told` reads in a question. Raises Refused."""
    try:
        return reader(value)
    except BadInput as error:
        raise Refused("bad-question", str(error)) from None


def _newest_for(mask, head, session):
    """The highest number that a mask lets be read. Raises NotFound, Forbidden."""
    if mask & rights.READ:
        if head.last is None:
            raise NotFound("This MiMei has no version yet.")
        return head.last
    rights.require(mask, rights.READ_RELEASE, session, "read it")
    if head.release is None:
        raise NotFound("This MiMei has no released version yet.")
    return head.release
