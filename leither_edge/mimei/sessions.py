"""Who asks: guests, keys that signed a challenge, passes, and keys held on this node.

Sessions live in memory and end with the process. Only hashes of their ids are kept, so that no table of them lets anybody in.
A challenge costs no memory until it is used: it is a time and a keyed hash of it.
"""

from binascii import b2a_base64
from collections import OrderedDict
from threading import Lock

from leither_edge.core import delegation
from leither_edge.core.ids import key_id
from leither_edge.core.sha256 import sha256
from leither_edge.crypto import sodium
from leither_edge.storage import StorageError

from .errors import BadInput, Busy, MimeiError, NotSignedIn
from .rights import ALL, LIST, READ, READ_RELEASE, REFERENCE, SEE, TAG, WRITE

CHALLENGE_BYTES = 32
CHALLENGE_LIFE_S = 120
SIGN_IN_WORDS = b"leither-sign-in-1\n"
# The verb that a pass for some verbs only must name.
PASS_VERB = "mimei"

_READER = SEE | READ_RELEASE | READ | LIST
# What a pass of each role lets its holder do in its issuer's name.
CEILINGS = {"viewer": _READER, "operator": _READER | WRITE | REFERENCE | TAG, "owner": ALL}


def sign_in_message(node_id, challenge):
    """What a key signs to sign in: never good on another node. Args: node_id (20 bytes), challenge (32 bytes)."""
    return SIGN_IN_WORDS + node_id + challenge


class Session:
    """Who asks, and how far he may go.

    Attributes: sid (text, empty for a guest), user_id (20 bytes, None for a guest), public_key (32 bytes or None), can_sign,
    ceiling (mask over all rights, for passes), may_keep (may make content here).
    """

    __slots__ = ("sid", "user_id", "public_key", "can_sign", "ceiling", "may_keep", "_record")

    def __init__(self, sid, record):
        self.sid = sid
        self.public_key, self.user_id, self.can_sign, self.ceiling, self.may_keep = record[:5]
        self._record = record

    def sign(self, message):
        """The 64-byte signature by the user's key. Raises NotSignedIn where this node does not hold it."""
        key = self._record[_KEY]
        if not self.can_sign or key is None:
            raise NotSignedIn("This session cannot sign: the key is not on this node. Sign with it and hand the signature in.")
        try:
            return key.sign(message)
        except ValueError:
            raise NotSignedIn("This session has ended. Sign in again.") from None


# A record: public key, user id, can sign, ceiling, may keep, key (or None), ends (s or None), last used (s), things opened.
_KEY, _ENDS, _USED, _THINGS = 5, 6, 7, 8
_GUEST = (None, None, False, ALL, False, None, None, 0, None)


class Sessions:
    """All sessions of one node. Thread-safe.

    Args: limits (profile section mimei), node_id (20 bytes), clock (-> s), random_bytes (count -> bytes), may_join ((public key,
    Pass or None) -> whether that user may keep content here; None: everybody may).
    """

    def __init__(self, limits, node_id, clock, random_bytes, may_join=None):
        self._max, self._life_s = limits.sessions_max, limits.session_life_s
        self._node_id, self._clock, self._random, self._may_join = node_id, clock, random_bytes, may_join
        self._secret = random_bytes(32)
        self._open = OrderedDict()
        self._things = OrderedDict()
        # To be closed outside the lock: closing may wait for the disk, and some ask here while they hold the writer.
        self._ended = []
        self._used = OrderedDict()
        self._lock = Lock()

    def guest(self):
        """The Session of one who has not signed in."""
        return Session("", _GUEST)

    def challenge(self):
        """32 bytes to be signed (see sign_in_message), good once and for two minutes."""
        head = int(self._clock()).to_bytes(8, "big") + self._random(8)
        return head + self._mac(head)

    def sign_in(self, public_key, challenge, signature, pass_bytes=None, issuer_key=None):
        """The Session of a key that signed a challenge.

        Args: pass_bytes (a signed pass, by which the key acts for its issuer), issuer_key (the issuer's 32 bytes). Raises NotSignedIn.
        """
        now = self._clock()
        self._check_challenge(challenge, now)
        if not sodium.verify(signature, sign_in_message(self._node_id, challenge), public_key):
            raise NotSignedIn("The signature of the challenge is not good. Ask for a new challenge and sign that.")
        self._use_up(challenge, now)
        if pass_bytes is None:
            return self._begin(public_key, None, ALL, None, self.admits(public_key, None))
        granted = self._check_pass(public_key, pass_bytes, issuer_key, now)
        return self._begin(issuer_key, None, CEILINGS[granted.role], granted.not_after, self.admits(issuer_key, granted))

    def begin_with_key(self, key):
        """The Session of a key that this node holds. Args: key (with public_key and sign, perhaps forget)."""
        return self._begin(key.public_key, key, ALL, None, self.admits(key.public_key, None))

    def find(self, sid):
        """The Session of an id (text), empty for a guest. Raises NotSignedIn."""
        if not sid:
            return self.guest()
        with self._lock:
            return Session(sid, self._record(sid))

    def sign_out(self, sid):
        """Ends a session and forgets its key; returns whether `sweep` has something to close. One that has ended already is no error."""
        with self._lock:
            self._end(_hashed(sid))
            return bool(self._ended)

    def sweep(self):
        """Ends sessions that nobody used for too long, and what guests left open so long; closes what was opened in ended ones.

        For threads that may wait.
        """
        now = self._clock()
        with self._lock:
            self._end_unused(now)
            for hashed, found in list(self._things.items()):
                if found[1] is None and now - found[2] > self._life_s:
                    self._close(hashed)
            ended, self._ended = self._ended, []
        for thing in ended:
            try:
                thing.close()
            except (MimeiError, StorageError):
                # Such as a right that was taken meanwhile: nobody is left who could be told.
                pass

    def keep(self, session, thing):
        """An id (text) for something opened; it is closed soon after the end of the session. Raises NotSignedIn, Busy (too much open)."""
        with self._lock:
            record = self._record(session.sid) if session.sid else None
            if record is not None and len(record[_THINGS]) >= max(4, self._max // 4):
                raise Busy("This session has too much open. Close something first.")
            self._make_room()
            sid, hashed = self._new_id()
            self._things[hashed] = [thing, None if record is None else _hashed(session.sid), self._clock()]
            if record is not None:
                record[_THINGS].append(hashed)
        return sid

    def kept(self, sid):
        """What `keep` got. Raises NotSignedIn."""
        with self._lock:
            found = self._things.get(_hashed(sid))
            if found is None:
                raise NotSignedIn("What this id opened is closed, or its session has ended. Open it again.")
            self._things.move_to_end(_hashed(sid))
            found[2] = self._clock()
            if found[1] is not None and self._touch(found[1]) is None:
                raise NotSignedIn("The session that opened this has ended. Sign in again.")
        return found[0]

    def drop(self, sid):
        """Forgets what `keep` got; returns it for the caller to close, or None."""
        with self._lock:
            hashed = _hashed(sid)
            found = self._things.pop(hashed, None)
            if found is None:
                return None
            record = self._open.get(found[1])
            if record is not None:
                record[_THINGS].remove(hashed)
        return found[0]

    def __len__(self):
        return len(self._open)

    def close(self):
        """Ends all sessions."""
        with self._lock:
            for hashed in list(self._open):
                self._end(hashed)
        self.sweep()

    def admits(self, public_key, granted):
        """Whether a user may keep content here. Args: public_key (None: anybody who registers), granted (Pass or None)."""
        return self._may_join is None or bool(self._may_join(public_key, granted))

    def _mac(self, head):
        return sha256(self._secret + head).digest()[: CHALLENGE_BYTES - len(head)]

    def _check_challenge(self, challenge, now):
        good = isinstance(challenge, bytes) and len(challenge) == CHALLENGE_BYTES
        good = good and sodium.equal(challenge[16:], self._mac(challenge[:16]))
        if not good or not 0 <= now - int.from_bytes(challenge[:8], "big") <= CHALLENGE_LIFE_S:
            raise NotSignedIn("This challenge is not of this node, or has expired. Ask for a new one.")

    def _use_up(self, challenge, now):
        with self._lock:
            while self._used and next(iter(self._used.values())) < now - CHALLENGE_LIFE_S:
                self._used.popitem(last=False)
            if challenge in self._used:
                raise NotSignedIn("This challenge was used already. Ask for a new one.")
            if len(self._used) >= 16 * self._max:
                raise Busy("Too many sign-ins at once. Try again in two minutes.")
            self._used[challenge] = now

    def _check_pass(self, public_key, pass_bytes, issuer_key, now):
        if issuer_key is None:
            raise NotSignedIn("The issuer of the pass is not known here.")
        try:
            granted = delegation.open_pass(pass_bytes, issuer_key, sodium.verify)
        except delegation.PassError as error:
            raise NotSignedIn(f"The pass is not taken: {error}.") from None
        if granted.subject != public_key:
            raise NotSignedIn("The pass is another key's.")
        if granted.device_id not in (None, self._node_id):
            raise NotSignedIn("The pass is for another device.")
        if not granted.not_before <= now < granted.not_after:
            raise NotSignedIn("The pass is not valid now.")
        if granted.verbs is not None and PASS_VERB not in granted.verbs:
            raise NotSignedIn(f"The pass does not name the verb \"{PASS_VERB}\".")
        return granted

    def _begin(self, public_key, key, ceiling, ends, may_keep):
        record = [public_key, key_id(public_key), key is not None, ceiling, may_keep, key, ends, self._clock(), []]
        with self._lock:
            self._make_room(may_keep)
            sid, hashed = self._new_id()
            self._open[hashed] = record
        return Session(sid, record)

    def _new_id(self):
        sid = b2a_base64(self._random(32), newline=False).decode().rstrip("=").replace("+", "-").replace("/", "_")
        return sid, _hashed(sid)

    def _record(self, sid):
        record = self._touch(_hashed(sid))
        if record is None:
            raise NotSignedIn("This session has ended, or never was. Sign in again.")
        return record

    def _touch(self, hashed):
        record = self._open.get(hashed)
        if record is None:
            return None
        now = self._clock()
        if self._is_over(record, now):
            self._end(hashed)
            return None
        record[_USED] = now
        self._open.move_to_end(hashed)
        return record

    def _make_room(self, may_keep=True):
        if len(self._open) + len(self._things) < self._max:
            return
        self._end_unused(self._clock())
        for hashed, found in list(self._things.items()):
            if len(self._open) + len(self._things) < self._max:
                return
            if found[1] is None:
                self._close(hashed)
        # Strangers' sessions give way first, so that no flood of keys signs out those who live here.
        for wanted in (False, True)[: 1 + may_keep]:
            for hashed, record in list(self._open.items()):
                if len(self._open) + len(self._things) < self._max:
                    return
                if record[4] is wanted:
                    self._end(hashed)
        if len(self._open) + len(self._things) >= self._max:
            raise Busy("Too many are signed in, or too much is open. Close something, or try again later.")

    def _end_unused(self, now):
        for hashed, record in list(self._open.items()):
            if self._is_over(record, now):
                self._end(hashed)

    def _is_over(self, record, now):
        return now - record[_USED] > self._life_s or (record[_ENDS] is not None and now >= record[_ENDS])

    def _close(self, hashed):
        found = self._things.pop(hashed, None)
        if found is not None and hasattr(found[0], "close"):
            self._ended.append(found[0])

    def _end(self, hashed):
        record = self._open.pop(hashed, None)
        if record is None:
            return
        for thing in record[_THINGS]:
            self._close(thing)
        if hasattr(record[_KEY], "forget"):
            record[_KEY].forget()


def _hashed(sid):
    if not isinstance(sid, str) or len(sid) > 100:
        raise BadInput("The id of a session is a text of 43 characters.")
    return sha256(sid.encode("utf-8", "replace")).digest()
