"""Calls on other nodes: the address book, meeting, letting in and shutting out. All of them are for who runs this node."""

import trio

from leither_edge.core.ids import IdError, id_to_text, key_id, public_key_from_text, public_key_to_text
from leither_edge.mimei import rights
from leither_edge.mimei.errors import BadInput, Forbidden, NotFound
from leither_edge.peer import addresses as places
from leither_edge.peer.book import BLOCKED, BY_DIAL, BY_HAND, FRIEND, KNOWN

from .failures import text_of, texts_of, told

NAME_CHARS_MAX, INVITATION_CHARS_MAX, ADDRESSES_MAX = 64, 4096, 8
PEER_CHARS_MAX = places.ADDRESS_MAX_CHARS
PINGS_MAX, PING_EVERY_S = 100, 0.5
MINUTES_MAX = 60


class PeerCalls:
    """See FlowCalls. Uses: peers (Peers), invitations, holder, may_run, start."""

    @told
    async def peer_list(self, session):
        """[facts of a node] of the address book, friends first."""
        self._must_run(session)
        return [self._facts(row) for row in self.peers.book.rows()]

    @told
    async def peer_add(self, session, peer, addresses, name, is_friend):
        """The facts of a node that was entered; where an address alone names it, it is asked who it is. Raises NotFound (unreachable)."""
        self._must_run(session)
        word, addresses = text_of(peer, "A node", PEER_CHARS_MAX), _addresses(addresses)
        state = FRIEND if is_friend else KNOWN
        name = _name(name)
        public_key, id20, how, seen = _key(word), None, BY_HAND, None
        if public_key is None:
            known = self.peers.book.find(word)
            if known is not None:
                id20, addresses = known.id, addresses or list(known.addresses)
            else:
                place = self._place(word)
                channel = await self.peers.connect(address=place)
                public_key, how, seen = channel.peer.public_key, BY_DIAL, int(self.library.clock())
                # Not where a channel that it began comes from: nobody listens there.
                addresses = [place, *addresses][:ADDRESSES_MAX]
        row = await self.peers.book.put(
            id20, public_key=public_key, name=name or None, addresses=addresses or None, state=state, seen=seen, how=BY_HAND
        )  # fmt: skip
        return {**self._facts(row), "how": how}

    @told
    async def peer_set(self, session, peer, name, is_friend, addresses, roles):
        """The facts of a node of which something was changed; None leaves things as they are."""
        self._must_run(session)
        row = self._known(peer)
        if addresses is not None:
            addresses = _addresses(addresses)
        if roles is not None:
            roles = texts_of(roles, "What a friend may do", 16, NAME_CHARS_MAX)
        state = None
        if is_friend is not None and row.state != BLOCKED:
            state = FRIEND if is_friend else KNOWN
        row = await self.peers.book.put(row.id, name=None if name is None else _name(name), addresses=addresses, state=state, roles=roles)
        return self._facts(row)

    @told
    async def peer_block(self, session, peer):
        """The facts of a node that is shut out from now on, known before or not."""
        self._must_run(session)
        public_key = _key(text_of(peer, "A node", PEER_CHARS_MAX))
        id20 = key_id(public_key) if public_key is not None else self._known(peer).id
        return self._facts(await self.peers.block(id20))

    @told
    async def peer_unblock(self, session, peer):
        """The facts of a node that may come again."""
        self._must_run(session)
        return self._facts(await self.peers.unblock(self._known(peer).id))

    @told
    async def peer_remove(self, session, peer):
        """Forget a node, with what it has left here: its backup, and MiMei that were sealed for others."""
        self._must_run(session)
        id20 = self._known(peer).id
        await self.holder.forget(id20)
        await self.peers.book.remove(id20)
        # What it began to push meanwhile.
        await self.holder.forget(id20)

    @told
    async def peer_stat(self, session, peer=None):
        """{peer, channels, bytes {service: [sent, received]}, held (bytes that it has left here)} of a node; of this one
        {id, key, addresses, known, bytes {name: ...}} and the figures of Peers.stat: channels [{id, name,
        address, open_s, round_trip_ms, sent, received ...}], rates, tunnels.
        """
        self._must_run(session)
        # It takes in what passed until now, too.
        figures, tally = self.peers.stat(), self.peers.tally
        channels = [{**each, "id": id_to_text(each["id"])} for each in figures["channels"]]
        if peer is not None:
            row = self._known(peer)
            return {
                "peer": self._facts(row), "bytes": {name: list(counts) for name, counts in tally.of(row.id).items()},
                "channels": [each for each in channels if each["id"] == id_to_text(row.id)], "held": self.holder.bytes_held(row.id),
            }  # fmt: skip
        own, rows = self.library.node_key, self.peers.book.rows()
        names = {row.id: row.name or id_to_text(row.id) for row in rows}
        return {
            **figures, "id": id_to_text(own.id), "key": public_key_to_text(own.public_key), "addresses": self.own_addresses(),
            "known": len(rows), "channels": channels,
            "bytes": {names.get(id20, id_to_text(id20)): list(counts) for id20, counts in tally.totals().items()},
        }  # fmt: skip

    @told
    async def peer_ping(self, session, peer, count):
        """A job: {id, name, address, connect_ms, ms [of each]}."""
        self._must_run(session)
        word = text_of(peer, "A node", PEER_CHARS_MAX)
        if not 0 < count <= PINGS_MAX:
            raise BadInput(f"A node is asked 1 to {PINGS_MAX} times.")

        @told
        async def work(tell):
            begin = trio.current_time()
            channel = await self._channel(word)
            connect_ms, found = (trio.current_time() - begin) * 1000, []
            while True:
                found.append(await channel.ping() * 1000)
                tell({"note": f"{found[-1]:.1f} ms"})
                if len(found) == count:
                    break
                await trio.sleep(PING_EVERY_S)
            remote = channel.peer
            return {
                "id": id_to_text(remote.node_id), "name": remote.name or "", "address": remote.address or "", "connect_ms": connect_ms,
                "ms": found,
            }  # fmt: skip

        return self.start(session, "peer ping", word, work)

    @told
    async def peer_invite(self, session, name, minutes):
        """A job that waits for a friend: its progress has {code, link, until}; it ends with the facts of his node."""
        self._must_run(session)
        name = _name(name)
        if not 0 < minutes <= MINUTES_MAX:
            raise BadInput(f"An invitation is good for 1 to {MINUTES_MAX} minutes.")

        @told
        async def work(tell):
            return self._facts(await self.invitations.invite(name, minutes * 60, tell))

        return self.start(session, "peer invite", name or "a friend", work)

    @told
    async def peer_accept(self, session, invitation, name):
        """A job that takes up an invitation (code or link); it ends with the facts of the friend's node."""
        self._must_run(session)
        invitation, name = text_of(invitation, "An invitation", INVITATION_CHARS_MAX).strip(), _name(name)

        @told
        async def work(tell):
            return self._facts(await self.invitations.accept(invitation, name, tell))

        # Not the code: jobs are listed.
        return self.start(session, "peer accept", name or "a friend", work)

    def _runs(self, session):
        # A pass that lets its holder only look makes nobody an operator.
        return bool(session.ceiling & rights.WRITE) and self.may_run(session)

    def _must_run(self, session):
        if not self._runs(session):
            raise Forbidden("Only who runs this node may do that: its owner and operators.")

    def _known(self, word):
        """The Known of a name, id, or public key. Raises NotFound."""
        word = text_of(word, "A node", PEER_CHARS_MAX)
        public_key = _key(word)
        row = self.peers.book.find(word) if public_key is None else self.peers.book.get(key_id(public_key))
        if row is None:
            raise NotFound(f"No node is known here by “{word[:60]}”, or several are.", "unknown-peer")
        return row

    async def _channel(self, word):
        """A channel to a node that is named by anything. Raises PeerError."""
        public_key = _key(word)
        if public_key is not None:
            return await self.peers.connect(public_key)
        row = self.peers.book.find(word)
        if row is not None:
            return await self.peers.connect(row.public_key or None, node_id=row.id)
        return await self.peers.connect(address=self._place(word))

    def _place(self, word):
        """The address that a word is. Raises NotFound."""
        try:
            # A bare word is a name that was mistyped, more likely than a host.
            if "." in word or ":" in word:
                return str(places.parse(word, self.default_port))
        except places.BadAddress:
            pass
        raise NotFound(f"No node is known here by “{word[:60]}”, and it is no address.", "unknown-peer")

    def _facts(self, row):
        """What is told of a Known."""
        return {
            "id": id_to_text(row.id), "key": public_key_to_text(row.public_key) if row.public_key else None, "name": row.name,
            "state": row.state, "may": list(row.roles) if row.state == FRIEND else [], "addresses": list(row.addresses),
            "added": row.added, "seen": row.seen, "how": row.how, "connected": self.peers.channel_of(row.id) is not None,
        }  # fmt: skip


def _key(word):
    """The public key that a word is, or None."""
    try:
        return public_key_from_text(word)
    except IdError:
        return None


def _name(thing):
    return text_of(thing, "A name", NAME_CHARS_MAX).strip()


def _addresses(things):
    found = texts_of(things, "Addresses of a node", ADDRESSES_MAX, PEER_CHARS_MAX)
    return [str(places.parse(text)) for text in found]
