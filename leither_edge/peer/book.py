"""The address book: the nodes that this one knows, in the store of the content."""

from collections import namedtuple

from leither_edge.core.ids import PUBLIC_KEY_BYTES, key_id

from .addresses import parse
from .errors import BookFull, PeerError, UnknownPeer
from .tables import PEERS

KNOWN, FRIEND, BLOCKED = "known", "friend", "blocked"
STATES = (KNOWN, FRIEND, BLOCKED)
# What a friend may ask of this node beside reading what he has the right to.
ROLES = ("share", "search", "backup", "tunnel")
# How a row came to be.
BY_HAND, BY_INVITE, BY_DIAL = "hand", "invite", "dial"
NAME_MAX_CHARS = 64
ADDRESSES_MAX = 8
# A peer seen again is written down so often at most: each write is a flush of the medium.
SEEN_EVERY_S = 3600


class Known(namedtuple("Known", "id public_key static name addresses state roles added seen how")):
    """One row.

    id (20 bytes), public_key (32 bytes, or b"" if only the id is known), static (X25519 key of its channels, 32 bytes or b""), name (text,
    "" for none), addresses (tuple of texts, best first), state (of STATES), roles (tuple of ROLES), added and seen (s since 1970, 0 for
    never), how (text).
    """

    __slots__ = ()

    @property
    def is_friend(self):
        """Whether the owner of this node named it a friend."""
        return self.state == FRIEND

    def may(self, role):
        """Whether it is a friend who may ask for a role's work."""
        return self.state == FRIEND and role in self.roles


class Book:
    """Reads rows at once, writes them durably. For the trio thread.

    Args: library (its store and held writer), known_max (rows), clock (-> s since 1970).
    Attribute: changed (functions of an id and its Known, None once it is removed, called after a change is durable).
    """

    __slots__ = ("changed", "_store", "_held", "_most", "_clock", "_statics")

    def __init__(self, library, known_max, clock):
        self._store, self._held = library.store, library.held
        self._most, self._clock = known_max, clock
        self.changed = []
        self._statics = None

    def get(self, id20):
        """The Known of a node id, or None."""
        with self._store.read() as tx:
            row = tx.get(PEERS, id20)
        return None if row is None else _known(id20, row)

    def find(self, text):
        """The one Known of a name, a node id's text or the start of one (6 characters at least); None if there is no such, or several."""
        from leither_edge.core.ids import id_to_text

        rows = self.rows()
        found = [row for row in rows if row.name == text or id_to_text(row.id) == text]
        if not found and len(text) >= 6:
            found = [row for row in rows if id_to_text(row.id).startswith(text)]
        return found[0] if len(found) == 1 else None

    def rows(self):
        """Every Known, friends first, then by name."""
        with self._store.read() as tx:
            found = [_known(bytes(id20), row) for id20, row in tx.scan(PEERS)]
        return sorted(found, key=lambda row: (STATES.index(row.state) if row.state != FRIEND else -1, row.name, row.id))

    async def put(
        self, id20=None, *, public_key=None, static=None, name=None, addresses=None, state=None, roles=None, seen=None, how=BY_HAND
    ):
        """Make a row, or change what is given of it; durable when this returns. Returns the Known.

        Args: as in Known; id20 or public_key must be there. addresses replace those that were.
        Raises PeerError (code "name", "state", "role", "key"), BadAddress, BookFull.
        """
        id20 = _id(id20, public_key)
        _check(name, addresses, state, roles)
        now = int(self._clock())

        def change(tx):
            row = tx.get(PEERS, id20)
            if row is None:
                self._make_room(tx)
                old = Known(id20, b"", b"", "", (), KNOWN, (), now, 0, how)
            else:
                old = _known(id20, row)
                if old.how == BY_DIAL:
                    old = old._replace(how=how)
            new = old._replace(**{key: value for key, value in given.items() if value is not None})
            if new.state == FRIEND and old.state != FRIEND and roles is None:
                new = new._replace(roles=ROLES)
            if name:
                _refuse_twin(tx, new)
            tx.put(PEERS, id20, _row(new))
            return new

        given = {"public_key": public_key, "static": static, "name": name, "state": state, "seen": seen}
        given["addresses"] = None if addresses is None else tuple(addresses)
        given["roles"] = None if roles is None else tuple(roles)
        row = await self._held.commit(change)
        self._tell(id20, row)
        return row

    async def remove(self, id20):
        """Forget a node. Raises UnknownPeer."""
        if not await self._held.commit(lambda tx: tx.delete(PEERS, id20)):
            raise UnknownPeer("The address book has no such node.")
        self._tell(id20, None)

    async def met(self, remote_key, static, address, name=""):
        """Note what a handshake showed of a node that is in the book: its keys, the address where it answered, that it was there."""
        id20 = key_id(remote_key)
        known, now = self.get(id20), int(self._clock())
        if known is None or known.state == BLOCKED:
            return
        addresses = known.addresses
        if address and (address not in addresses or addresses[0] != address):
            addresses = (address, *[each for each in addresses if each != address])[:ADDRESSES_MAX]
        changed = (remote_key, static, addresses) != (known.public_key, known.static, known.addresses)
        if not changed and now - known.seen < SEEN_EVERY_S:
            return

        def change(tx):
            row = tx.get(PEERS, id20)
            if row is not None:
                new = _known(id20, row)._replace(public_key=remote_key, static=static, addresses=addresses, seen=now)
                tx.put(PEERS, id20, _row(new if new.name or not name else new._replace(name=name)))

        await self._held.commit(change)
        self._statics = None

    def statics(self):
        """The channel keys of friends."""
        if self._statics is None:
            self._statics = {row.static for row in self.rows() if row.is_friend and row.static}
        return self._statics

    def _tell(self, id20, row):
        self._statics = None
        for listener in self.changed:
            listener(id20, row)

    def _make_room(self, tx):
        if tx.count(PEERS) < self._most:
            return
        # Whom nobody asked to remember gives way; friends, blocked ones and those added by hand do not.
        found = [row for row in (_known(bytes(id20), value) for id20, value in tx.scan(PEERS)) if row.state == KNOWN and row.how == BY_DIAL]
        if not found:
            raise BookFull(f"The address book holds the {self._most} nodes that this device's profile allows: remove one first.")
        tx.delete(PEERS, min(found, key=lambda row: row.seen).id)


def _id(id20, public_key):
    if public_key is None:
        if not isinstance(id20, bytes) or len(id20) != 20:
            raise PeerError("A node is named by its public key (32 bytes) or its id (20 bytes).", "key")
        return id20
    if not isinstance(public_key, bytes) or len(public_key) != PUBLIC_KEY_BYTES or (id20 is not None and key_id(public_key) != id20):
        raise PeerError("The public key of a node has 32 bytes, and its id is made of them.", "key")
    return key_id(public_key)


def _check(name, addresses, state, roles):
    if name is not None and (not isinstance(name, str) or len(name) > NAME_MAX_CHARS or not (name.isprintable() and name == name.strip())):
        raise PeerError(f"A node's name has at most {NAME_MAX_CHARS} characters, all of them visible, and no space at its ends.", "name")
    if state is not None and state not in STATES:
        raise PeerError(f"A node is one of {', '.join(STATES)}.", "state")
    for role in roles or ():
        if role not in ROLES:
            raise PeerError(f"What a friend may do here is one of {', '.join(ROLES)}.", "role")
    if addresses is not None and len(addresses) > ADDRESSES_MAX:
        raise BookFull(f"At most {ADDRESSES_MAX} addresses of a node are kept.")
    for address in addresses or ():
        parse(address)


def _refuse_twin(tx, new):
    for id20, row in tx.scan(PEERS):
        if row[2] == new.name and bytes(id20) != new.id:
            raise PeerError(f"Another node has the name {new.name}: choose one that tells them apart.", "name")


def _row(known):
    addresses, roles = list(known.addresses), list(known.roles)
    return [known.public_key, known.static, known.name, addresses, known.state, roles, known.added, known.seen, known.how]


def _known(id20, row):
    public_key, static, name, addresses, state, roles, added, seen, how = row
    return Known(bytes(id20), public_key, static, name, tuple(addresses), state, tuple(roles), added, seen, how)
