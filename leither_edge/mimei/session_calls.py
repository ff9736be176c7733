"""Calls of the library that say who asks."""

from leither_edge.core import delegation
from leither_edge.core.ids import key_id

from .access import Access
from .errors import Forbidden, NotSignedIn
from .rights import ALL
from .sessions import Session
from .tables import KEYS


class SessionCalls(Access):
    """Guests, sign-in, sign-out."""

    def guest(self):
        """The Session of one who has not signed in."""
        return self.sessions.guest()

    def challenge(self):
        """32 bytes for sign_in, good once and for two minutes."""
        return self.sessions.challenge()

    def sign_in(self, public_key, challenge, signature, pass_bytes=None):
        """The Session of a key that signed sessions.sign_in_message(this node's id, challenge).

        Args: public_key (32 bytes), pass_bytes (a signed Pass; the session then acts for its issuer). Raises NotSignedIn, Busy.
        """
        issuer_key = None
        if pass_bytes is not None:
            try:
                granted, _ = delegation.parse_signed_pass(pass_bytes)
            except delegation.PassError as error:
                raise NotSignedIn(f"The pass is not taken: {error}.") from None
            with self.store.read() as tx:
                issuer_key = tx.get(KEYS, granted.issuer) or self.key_of(granted.issuer)
        session = self.sessions.sign_in(public_key, challenge, signature, pass_bytes, issuer_key)
        self._remember_key(session)
        return session

    def register(self, name, password):
        """Makes a user with a key that this node keeps sealed under a password; returns the user's id (20 bytes).

        Raises BadInput, Conflict (the name is taken), Forbidden (this node takes no new users), Busy, QuotaReached.
        """
        if not self.sessions.admits(None, None):
            raise Forbidden("This node takes no new users. Ask its owner.")
        return key_id(self.accounts.register(name, password))

    def sign_in_with_password(self, name, password):
        """The Session of a registered user; it can sign. Raises NotSignedIn (name or password wrong), Busy."""
        session = self.sessions.begin_with_key(self.accounts.unlock(name, password))
        self._remember_key(session)
        return session

    def local_session(self, key_pair):
        """The Session of a key that the caller holds. Args: key_pair (KeyPair)."""
        session = self.sessions.begin_with_key(key_pair)
        self._remember_key(session)
        return session

    def acting_for(self, public_key, ceiling=ALL, may_keep=True):
        """A Session for work of this node itself in somebody's name; it has no id, cannot sign and never ends.

        Args: public_key (32 bytes), ceiling (mask over all rights), may_keep (may make content here).
        """
        return Session("", (public_key, key_id(public_key), False, ceiling, may_keep, None, None, 0, None))

    def session(self, sid):
        """The Session of an id (text), a guest's for "". Raises NotSignedIn."""
        return self.sessions.find(sid)

    def sign_out(self, sid):
        """Ends a session with all that it opened."""
        if self.sessions.sign_out(sid):
            self.wake()

    def keep(self, session, thing):
        """An id (text, hard to guess) for something opened, which ends with the session. Raises NotSignedIn, Busy."""
        return self.sessions.keep(session, thing)

    def kept(self, sid):
        """What `keep` got. Raises NotSignedIn."""
        return self.sessions.kept(sid)

    def drop(self, sid):
        """Closes what `keep` got; returns it, or None."""
        return self.sessions.drop(sid)

    def _remember_key(self, session):
        # Passes name their issuer by id; strangers' keys would only fill the table.
        if not session.may_keep:
            return
        with self.store.read() as tx:
            if tx.get(KEYS, session.user_id) is not None:
                return
        self.held.call(lambda tx: tx.put(KEYS, session.user_id, session.public_key))
