"""Shares MiMei with friends' nodes: lets the node read, offers it what is shared, and hears whether it takes it.

A friend who may share here has his offers taken by themselves; of others they wait until somebody takes them. What was offered and could
not be told is told as soon as the friend's node is there.
"""

from collections import namedtuple

import trio

from leither_edge.core.ids import ID_BYTES, key_id, public_key_to_text
from leither_edge.mimei import rights
from leither_edge.mimei.errors import Forbidden, MimeiError, NotFound
from leither_edge.mimei.tables import MEMBERS
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer.errors import PeerError
from leither_edge.storage import StorageError

from . import told
from .errors import Full
from .follow_rows import Follow, change_follow, put_follow, scan_follows
from .heads import read
from .sources import name_of
from .tables import FOLLOWERS, OFFERS, SHARES

OFFERS_MAX, OFFERS_OF_ONE_MAX, SHARES_MAX = 256, 64, 1024
CALL_S = 20.0
AGAIN_S = 300.0
TO_OFFER = "to-offer"
SHARE = "share"

# state: to-offer, waiting or accepted. users: ids let in. by: public key of who shared it. follows: whether the node asks for it.
Share = namedtuple("Share", ("mid", "node_id", "key", "by", "users", "state", "words", "since", "follows"))
# words: what the friend calls it.
Offered = namedtuple("Offered", ("node_id", "mid", "key", "author", "data_type", "words", "since"))


class Sharing:
    """Args: library, peers (peer.peers.Peers), following, own_key (public key of the user for whom offers are taken by themselves),
    follows_max, counters, log.
    """

    def __init__(self, library, peers, following, own_key, follows_max, counters, log=None):
        self._library, self._peers, self._following = library, peers, following
        self._own_key, self._follows_max, self._counters, self._log = own_key, follows_max, counters, log

    def add_to(self, services):
        """Have friends offer."""
        services.add(told.OFFER, self._on_offer)
        services.add(told.UNSHARE, self._on_unshare, for_strangers=True)

    # What is given

    async def share(self, session, mid, key, user=None, right=None):
        """The Share: a friend's node may read a MiMei, and was offered it, if it could be reached.

        Args: key (public key of the node), user (20 bytes: one who is let in beside the node), right (mask; None: to read, or what they
        may already). Raises Forbidden, NotFound, NotSignedIn, Full.
        """
        self._must_be_friend(key)
        share = await trio.to_thread.run_sync(self._write_share, session, mid, key, user, right)
        return await self._offer(share) or share

    async def unshare(self, session, mid, key):
        """The node, and those let in with it, may not read it any more; returns the Share that was. Raises NotFound, Forbidden."""
        share = await trio.to_thread.run_sync(self._drop_share, session, mid, key)
        with trio.move_on_after(CALL_S):
            try:
                channel = await self._peers.connect(key)
                await channel.call(told.UNSHARE, {"mid": share.mid}, timeout_s=CALL_S)
            except PeerError:
                # It finds out when it asks.
                pass
        return share

    def shares(self, session):
        """[Share] of what the session may say about."""
        with self._library.store.read() as tx:
            found = [_share(tx, bytes(key), row) for key, row in tx.scan(SHARES)]
        return [share for share in found if self._may(session, share.mid)]

    async def run(self):
        """Offers again what could not be offered, until cancelled."""
        while True:
            for share in await trio.to_thread.run_sync(self._to_offer):
                await self._offer(share)
            await trio.sleep(AGAIN_S)

    async def _offer(self, share):
        """The Share once its node has answered; None where it could not be asked."""
        library = self._library
        with trio.move_on_after(CALL_S):
            try:
                channel = await self._peers.connect(share.key)
                with library.store.read() as tx:
                    identity = library.identity(tx, share.mid)
                offer = {"mid": share.mid, "author": identity.public_key, "data_type": identity.data_type, "words": share.words}
                state = told.read_state(await channel.call(told.OFFER, offer, timeout_s=CALL_S))
                return await trio.to_thread.run_sync(library.held.call, lambda tx: _set_state(tx, share, state))
            except (PeerError, MimeiError, StorageError) as error:
                # Also where the answer cannot be noted: it is offered again.
                self._counters.add("mimei_not_offered", code=getattr(error, "code", "failed"))
        return None

    def _write_share(self, session, mid, key, user, right):
        library, node_id = self._library, key_id(key)
        with library.store.read() as tx:
            mid, identity = library.permitted(tx, session, mid, "set-right")
        users = [node_id] if user is None or user == node_id else [node_id, user]
        for each in users:
            # The author needs no entry of his own.
            if each != key_id(identity.public_key) and not (right is None and self._reads(mid, identity, each)):
                library.set_right(session, mid, each, rights.READ_ONLY if right is None else right)
        words = _words(identity)

        def put(tx):
            old = tx.get(SHARES, mid + node_id)
            if old is None and tx.count(SHARES) >= SHARES_MAX:
                raise Full(f"This node shares {SHARES_MAX} things already. Take one back first.")
            known = [bytes(each) for each in old[2]] if old is not None else []
            row = [key, session.public_key, list(dict.fromkeys(known + users)), TO_OFFER, words, library.now()]
            tx.put(SHARES, mid + node_id, row)
            return _share(tx, mid + node_id, row)

        return library.held.call(put)

    def _reads(self, mid, identity, user):
        """Whether somebody is let in as a member already, to read at least."""
        with self._library.store.read() as tx:
            is_member = tx.get(MEMBERS, mid + user) is not None
            return is_member and self._library.mask_of(tx, mid, identity, user) & rights.READ_ONLY == rights.READ_ONLY

    def _drop_share(self, session, mid, key):
        library, node_id = self._library, key_id(key)
        with library.store.read() as tx:
            mid, _ = library.permitted(tx, session, mid, "set-right")
            row = tx.get(SHARES, mid + node_id)
            if row is None:
                raise NotFound("This is not shared with that node.")
            share = _share(tx, mid + node_id, row)
            # Who reads it by another friend's node, too, goes on there.
            others = {user for other in _shares_of(tx, mid) if other.node_id != node_id for user in other.users}
        share = share._replace(users=tuple(user for user in share.users if user not in others))
        for each in share.users:
            library.set_right(session, mid, each, None)

        def drop(tx):
            for table in (SHARES, FOLLOWERS):
                if tx.get(table, mid + node_id) is not None:
                    tx.delete(table, mid + node_id)

        library.held.call(drop)
        return share

    def _to_offer(self):
        with self._library.store.read() as tx:
            return [_share(tx, bytes(key), row) for key, row in tx.scan(SHARES) if row[3] == TO_OFFER]

    def _must_be_friend(self, key):
        known = self._peers.book.get(key_id(key))
        if known is None or not known.is_friend:
            raise Forbidden("Things are shared with friends alone. Invite that node first: leither peer invite.")

    def _may(self, session, mid):
        try:
            with self._library.store.read() as tx:
                self._library.permitted(tx, session, mid, "rights")
        except MimeiError:
            return False
        return True

    # What is taken

    def offers(self):
        """[Offered] that wait to be taken."""
        with self._library.store.read() as tx:
            return [_offered(bytes(key), row) for key, row in tx.scan(OFFERS)]

    async def accept(self, session, mid, key=None):
        """The Follow of what a friend offered: fetched, and followed from now on. Args: key (whose offer; None: any). Raises NotFound."""
        self._library.must_keep(session)
        follow = await trio.to_thread.run_sync(self._library.held.call, lambda tx: self._take(tx, session.public_key, mid, key))
        self._following.look()
        return follow

    async def decline(self, mid, key=None):
        """Drops an offer. Raises NotFound."""
        await trio.to_thread.run_sync(self._library.held.call, lambda tx: self._pop(tx, mid, key))

    def _take(self, tx, user_key, mid, key):
        offers = self._pop(tx, mid, key)
        sources = tuple(public_key_to_text(offer.key) for offer in offers)
        row = Follow(mid, key_id(user_key), user_key, offers[0].author, sources, self._library.now(), 0, None, None)
        return put_follow(tx, row, self._follows_max)

    def _pop(self, tx, mid, key):
        found = [_offered(bytes(row_key), row) for row_key, row in tx.scan(OFFERS)]
        found = [offer for offer in found if offer.mid == mid and key in (None, offer.key)]
        if not found:
            raise NotFound("Nobody offered this, or it was taken back.")
        for offer in found:
            tx.delete(OFFERS, offer.node_id + mid)
        return found

    async def _on_offer(self, call):
        offer, peer = read(told.read_offer, call.arguments), call.peer
        known = self._peers.book.get(peer.node_id)
        is_taken = known is not None and known.may(SHARE)
        try:
            state = await trio.to_thread.run_sync(
                self._library.held.call, lambda tx: self._enter_offer(tx, peer.public_key, offer, is_taken)
            )
        except (MimeiError, StorageError) as error:
            raise Refused(getattr(error, "code", "failed"), str(error)) from None
        self._counters.add("mimei_offered", state=state)
        if self._log is not None:
            self._log.info("mimei-offered", peer=name_of(peer), state=state)
        if state == told.ACCEPTED:
            self._following.look()
        return {"state": state}

    def _enter_offer(self, tx, key, offer, is_taken):
        node_id = key_id(key)
        mine = next((each for each in scan_follows(tx, offer.mid) if public_key_to_text(key) in each.sources), None)
        if mine is not None:
            if mine.problem is not None:
                change_follow(tx, mine.mid, mine.user, problem=None)
            return told.ACCEPTED
        rows = [bytes(row_key) for row_key in tx.keys(OFFERS)]
        if node_id + offer.mid not in rows:
            if len(rows) >= OFFERS_MAX or sum(row.startswith(node_id) for row in rows) >= OFFERS_OF_ONE_MAX:
                raise Full("As many offers as are kept wait there already.")
        tx.put(OFFERS, node_id + offer.mid, [key, offer.author, offer.data_type, offer.words, self._library.now()])
        if not is_taken:
            return told.WAITING
        self._take(tx, self._own_key, offer.mid, key)
        return told.ACCEPTED

    async def _on_unshare(self, call):
        mid, key = read(told.read_mid, call.arguments), call.peer.public_key

        def drop(tx):
            if tx.get(OFFERS, key_id(key) + mid) is not None:
                tx.delete(OFFERS, key_id(key) + mid)
            for follow in list(scan_follows(tx, mid)):
                if public_key_to_text(key) in follow.sources:
                    change_follow(tx, mid, follow.user, problem=["unshared", "It is shared with this node no longer; what came stays."])

        await trio.to_thread.run_sync(self._library.held.call, drop)
        return {}


def _shares_of(tx, mid):
    """Yields each Share of a MiMei."""
    for key, row in tx.scan(SHARES, start=mid):
        if key[:ID_BYTES] != mid:
            return
        yield _share(tx, bytes(key), row)


def _words(identity):
    """What to call a MiMei in an offer: its mark, where somebody chose it."""
    mark = identity.mark
    drawn = len(mark) == 40 and all(char in "0123456789abcdef" for char in mark)
    name = "" if drawn or not mark.isprintable() else mark
    return " ".join(word for word in (name, identity.ext if identity.ext.isprintable() else "") if word)[: told.WORDS_MAX_CHARS]


def _set_state(tx, share, state):
    row = tx.get(SHARES, share.mid + share.node_id)
    if row is None:
        return share
    row[3] = state
    tx.put(SHARES, share.mid + share.node_id, row)
    return _share(tx, share.mid + share.node_id, row)


def _share(tx, key, row):
    node_key, by, users, state, words, since = row
    follows = tx.get(FOLLOWERS, key) is not None
    users = tuple(bytes(user) for user in users)
    state = told.ACCEPTED if follows else state
    return Share(key[:ID_BYTES], key[ID_BYTES:], bytes(node_key), bytes(by), users, state, words, since, follows)


def _offered(key, row):
    node_key, author, data_type, words, since = row
    return Offered(key[:ID_BYTES], key[ID_BYTES:], bytes(node_key), bytes(author), data_type, words, since)
