"""Inviting, and taking up an invitation: the trio edge.

Who comes asks with the invitation's tag, which the code gives, and gets the inviting side's proof; only then does he say who he is, with a
proof of his own. Each proof is over the hash of the channel's handshake, so that nobody between two channels can pass it on.
"""

import time

import trio

from leither_edge.core.fields import is_text
from leither_edge.core.ids import key_id
from leither_edge.peer.addresses import parse_all
from leither_edge.peer.book import BLOCKED, BY_INVITE, FRIEND, NAME_MAX_CHARS
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer.errors import PeerError
from leither_edge.peer.invite import record as records
from leither_edge.peer.invite.code import new_code, read_code
from leither_edge.peer.invite.errors import InviteError
from leither_edge.peer.invite.link import read_invitation, write_link
from leither_edge.peer.invite.offers import LIFE_MAX_S, Offers
from leither_edge.peer.invite.proof import COMING, INVITING, is_proof, prove
from leither_edge.peer.invite.secrets import secrets_of

SERVICE = "peer.invite"
LIFE_S = 600.0
# Time for the record to spread, for a node to be found and reached, and for both owners to type.
ACCEPT_S = 90.0
LOOK_AGAIN_S = 3.0
CALL_S = 20.0
NEARBY_MAX = 8
TWINS_MAX = 20


class Invitations:
    """Makes and takes up invitations of a node; its service is added by `__init__`.

    Args: peers (Peers), name (() -> what this node calls itself, may be ""), addresses (() -> [address text] by which others reach it),
    places ([where sealed records are kept: `publish(KeyPair, bytes)` until cancelled, `find(KeyPair)` -> bytes or None]), nearby (None, or
    async () -> [what has public_key and addresses]: the nodes of the own network), clock (-> s since 1970), make_secrets (see secrets_of).
    """

    def __init__(self, peers, *, name=lambda: "", addresses=list, places=(), nearby=None, clock=time.time, make_secrets=secrets_of):
        self._peers, self._name, self._addresses = peers, name, addresses
        self._places, self._nearby, self._clock, self._make_secrets = tuple(places), nearby, clock, make_secrets
        self._offers, self._over = Offers(), {}
        peers.services.add(SERVICE, self._answer, for_strangers=True)

    # who invites

    async def invite(self, name="", life_s=LIFE_S, tell=None):
        """Wait for a friend; his Known. Cancelled, the invitation is taken back.

        Args: name (what to call his node here, "" for its own name), life_s (at most an hour), tell (called with {code, link, until}).
        Raises InviteError: too-many, expired, spent, memory.
        """
        code = new_code(self._peers.random_bytes)
        secrets = await self._secrets(code)
        life_s = min(life_s, LIFE_MAX_S)
        record = records.Record(self._peers.key.public_key, self._own_name(), tuple(self._addresses()), int(self._clock() + life_s))
        sealed = records.seal(record, secrets.sealing, self._peers.random_bytes)
        link = write_link(read_code(code), record)
        offer = self._offers.add(secrets, name, life_s, trio.current_time())
        over = self._over[offer] = trio.Event()
        try:
            async with trio.open_nursery() as nursery:
                for place in self._places:
                    nursery.start_soon(place.publish, secrets.place, sealed)
                if tell is not None:
                    tell({"code": code, "link": link, "until": record.until})
                with trio.move_on_after(life_s):
                    await over.wait()
                nursery.cancel_scope.cancel()
        finally:
            self._offers.remove(offer)
            del self._over[offer]
        if offer.came is None:
            raise offer.error or InviteError("expired", "Nobody came while the invitation was good: make another one.")
        return offer.came

    async def _answer(self, call):
        """The service: {tag} gives {proof}; {tag, proof, name, addresses} gives {name, addresses}, and a friend."""
        asked, channel_hash, now = call.arguments, call.channel.hash, trio.current_time()
        self._count("asked")
        try:
            if asked.get("proof") is None:
                return {"proof": self._offers.greet(asked.get("tag"), channel_hash, now)}
            name, addresses = _said(asked)
            offer = self._offers.take(asked.get("tag"), asked["proof"], channel_hash, now)
        except InviteError as error:
            self._count(error.code)
            if error.code == "spent":
                self._tell_ended()
            raise Refused(error.code, str(error)) from None
        try:
            offer.came = await self._befriend(call.peer.public_key, offer.name or name, addresses)
        except PeerError as error:
            offer.error = error
            raise Refused("not-kept", "The node could not enter this one into its address book.") from None
        finally:
            if offer in self._over:
                self._over[offer].set()
        self._count("taken")
        return {"name": self._own_name(), "addresses": self._own_addresses()}

    def _tell_ended(self):
        for offer, over in self._over.items():
            if offer.error is not None:
                over.set()

    # who comes

    async def accept(self, invitation, name="", tell=None):
        """Take up an invitation (code or link); the Known of the friend's node.

        Args: name (what to call it here, "" for its own name), tell (called with {note} as it goes on).
        Raises InviteError: bad-code, bad-link, bad-record, expired, not-found, wrong-friend, memory, no-such and what else the other node
        says; PeerError: not reachable.
        """
        symbols, record = read_invitation(invitation)
        self._check(record)
        secrets = await self._secrets(symbols)
        note = (lambda text: None) if tell is None else (lambda text: tell({"note": text}))
        with trio.move_on_after(ACCEPT_S):
            if record is not None:
                return await self._come(record.public_key, record.addresses, secrets, name, note)
            return await self._look(secrets, name, note)
        raise InviteError("not-found", "No node was found that made this invitation: check the code, and that your friend still waits.")

    async def _look(self, secrets, name, note):
        """Follows whatever leads to the inviting node first: a record, or the nodes of the own network."""
        note("looking for your friend's node")
        done = []
        async with trio.open_nursery() as nursery:

            async def by(work):
                while not done:
                    found = await work(secrets, name, note)
                    if found is not None:
                        done.append(found)
                        nursery.cancel_scope.cancel()
                    await trio.sleep(LOOK_AGAIN_S)

            for place in self._places:
                nursery.start_soon(by, lambda *rest, place=place: self._by_record(place, *rest))
            if self._nearby is not None:
                nursery.start_soon(by, self._by_nearby)
        if not done:
            raise InviteError("not-found", "This node has no way to look for a code: ask your friend for the link of his invitation.")
        if isinstance(done[0], Exception):
            raise done[0]
        return done[0]

    async def _by_record(self, place, secrets, name, note):
        sealed = await place.find(secrets.place)
        if sealed is None:
            return None
        try:
            record = records.unseal(sealed, secrets.sealing)
            self._check(record)
        except InviteError as error:
            # Nobody but the holder of the code can put something there; what is over may be followed by what is not.
            return None if error.code == "bad-record" else error
        try:
            return await self._come(record.public_key, record.addresses, secrets, name, note)
        except InviteError as error:
            return error
        except PeerError as error:
            note(f"not reached yet: {error}")
            return None

    async def _by_nearby(self, secrets, name, note):
        found = []
        async with trio.open_nursery() as nursery:
            for near in (await self._nearby())[:NEARBY_MAX]:
                nursery.start_soon(self._ask_one, near.public_key, near.addresses, secrets, name, found)
        return found[0] if found else None

    async def _ask_one(self, public_key, addresses, secrets, name, found):
        try:
            found.append(await self._come(public_key, addresses, secrets, name, lambda text: None))
        except PeerError:
            # Most of them did not invite anybody.
            pass

    async def _come(self, public_key, addresses, secrets, name, note):
        note("connecting")
        channel = await self._peers.connect(public_key, addresses=list(addresses), at_once=True)
        tag, key = secrets.tag, secrets.proving
        try:
            shown = await channel.call(SERVICE, {"tag": tag}, timeout_s=CALL_S)
            if not isinstance(shown, dict) or not is_proof(shown.get("proof"), INVITING, channel.hash, key):
                raise InviteError("wrong-friend", "The node that answers does not know the code of this invitation.")
            proof = prove(COMING, channel.hash, key)
            mine = {"tag": tag, "proof": proof, "name": self._own_name(), "addresses": self._own_addresses()}
            theirs = await channel.call(SERVICE, mine, timeout_s=CALL_S)
        except Refused as error:
            raise InviteError(error.code, str(error)) from None
        try:
            said, more = _said(theirs)
        except InviteError:
            said, more = "", []
        kept = list(dict.fromkeys([*([channel.peer.address] if channel.is_initiator and channel.peer.address else []), *addresses, *more]))
        return await self._befriend(public_key, name or said, kept[: records.ADDRESSES_MAX])

    # both

    async def _befriend(self, public_key, name, addresses):
        """Enters a friend into the address book; his name there gets a number if another node has it."""
        book = self._peers.book
        known = book.get(key_id(public_key))
        if known is not None and known.state == BLOCKED:
            raise InviteError("blocked", "This node is blocked here: let it in again first.")
        addresses = [str(each) for each in parse_all(addresses, records.ADDRESSES_MAX)] or None
        if known is not None and known.name:
            name = known.name
        name = name.strip()
        for number in range(1, TWINS_MAX):
            wanted = name if number == 1 or not name else f"{name[: NAME_MAX_CHARS - 4]} {number}"
            try:
                return await book.put(public_key=public_key, name=wanted or None, addresses=addresses, state=FRIEND, how=BY_INVITE)
            except PeerError as error:
                if error.code != "name" or number == TWINS_MAX - 1:
                    raise

    def _check(self, record):
        if record is None:
            return
        if record.public_key == self._peers.key.public_key:
            raise InviteError("own-invitation", "This is an invitation of this very node: your friend enters it at his.")
        # A clock that was never set says nothing about an end.
        if 0 < record.until < self._clock() - LIFE_MAX_S:
            raise InviteError("expired", "This invitation is over: ask your friend for another one.")

    async def _secrets(self, code):
        try:
            return await trio.to_thread.run_sync(self._make_secrets, read_code(code), self._peers.network)
        except MemoryError:
            raise InviteError("memory", "There is too little free memory to work on a code: try again in a minute.") from None

    def _own_name(self):
        name = self._name().strip()[: records.NAME_MAX_CHARS]
        return name if name.isprintable() else ""

    def _own_addresses(self):
        return list(self._addresses())[: records.ADDRESSES_MAX]

    def _count(self, result):
        self._peers.counters.add("peer_invitations", result=result)


def _said(value):
    """(name, addresses) that the other side says of itself. Raises InviteError (malformed)."""
    name, addresses = (value.get("name"), value.get("addresses")) if isinstance(value, dict) else (None, None)
    if not is_text(name, 0, records.NAME_MAX_CHARS) or not records.are_addresses(addresses):
        raise InviteError("malformed", "The other node says its name and addresses in a form that is not known here.")
    return name if name.isprintable() else "", addresses
