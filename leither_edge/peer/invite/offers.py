"""The invitations of this node that are open. Pure: time is passed in."""

from leither_edge.crypto import sodium
from leither_edge.peer.invite.errors import InviteError
from leither_edge.peer.invite.proof import COMING, INVITING, is_proof, prove

OFFERS_MAX = 4
LIFE_MAX_S = 3600.0
WRONG_MAX = 5
# How often a minute somebody may ask for an invitation that is not there: guessing has no end otherwise.
STRANGE_PER_MINUTE = 60


class Offer:
    """One invitation. Attributes: secrets, name (what the inviting owner calls who comes, or ""), ends_at (s), wrong (proofs that were not
    good), came (what `finish` was given, else None), error (InviteError that ended it, else None).
    """

    __slots__ = ("secrets", "name", "ends_at", "wrong", "came", "error")

    def __init__(self, secrets, name, ends_at):
        self.secrets, self.name, self.ends_at = secrets, name, ends_at
        self.wrong, self.came, self.error = 0, None, None


class Offers:
    """All that are open, by their tags."""

    __slots__ = ("_open", "_strange", "_strange_since")

    def __init__(self):
        self._open = []
        self._strange, self._strange_since = 0, 0.0

    def __len__(self):
        return len(self._open)

    def add(self, secrets, name, life_s, now):
        """A new Offer. Raises InviteError (too-many)."""
        self._let_expire(now)
        if len(self._open) >= OFFERS_MAX:
            raise InviteError("too-many", f"{OFFERS_MAX} invitations are open already: wait until they end, or take one back.")
        offer = Offer(secrets, name, now + min(life_s, LIFE_MAX_S))
        self._open.append(offer)
        return offer

    def remove(self, offer):
        """Takes an offer back; a second call does nothing."""
        if offer in self._open:
            self._open.remove(offer)

    def greet(self, tag, channel_hash, now):
        """The proof of this side for whoever knows the tag. Raises InviteError: no-such, too-many."""
        return prove(INVITING, channel_hash, self._of(tag, now).secrets.proving)

    def take(self, tag, proof, channel_hash, now):
        """The Offer for whoever proves that he knows its code; nobody else gets it. Raises InviteError: as greet, wrong-proof, spent."""
        offer = self._of(tag, now)
        if not is_proof(proof, COMING, channel_hash, offer.secrets.proving):
            offer.wrong += 1
            if offer.wrong >= WRONG_MAX:
                self._end(offer, InviteError("spent", f"Somebody tried {WRONG_MAX} wrong codes. The invitation is over: make another."))
                raise InviteError("spent", "Too many wrong proofs: this invitation is over.")
            raise InviteError("wrong-proof", "The proof is not good for this invitation.")
        self.remove(offer)
        return offer

    def _of(self, tag, now):
        self._let_expire(now)
        for offer in self._open:
            if isinstance(tag, bytes) and sodium.equal(tag, offer.secrets.tag):
                return offer
        if now - self._strange_since >= 60:
            self._strange, self._strange_since = 0, now
        self._strange += 1
        if self._strange > STRANGE_PER_MINUTE:
            raise InviteError("too-many", "This node was asked for too many invitations that it does not have: try again in a minute.")
        raise InviteError("no-such", "This node has no such invitation: it is another's, was used, or is over.")

    def _let_expire(self, now):
        for offer in [each for each in self._open if now >= each.ends_at]:
            self._end(offer, InviteError("expired", "Nobody came while the invitation was good: make another one."))

    def _end(self, offer, error):
        offer.error = error
        self.remove(offer)
