"""Who a browser is: an id in a cookie, a form token bound to it, and the short code with which an owner signs it in.

A browser that has not signed in costs no memory: its form token and its code are keyed hashes of the id it carries, so no
flood of visitors can push out a person in the middle of the setup. Only signed-in sessions and codes on a screen are kept,
both bounded.
"""

from _operator import _compare_digest as equal  # hmac.compare_digest without the import of OpenSSL
from binascii import b2a_base64
from collections import namedtuple

from leither_edge.core.sha256 import sha256

ID_BYTES = 18
ID_CHARACTERS = 24
# Crockford's alphabet: no I, L, O or U, so a code read aloud or typed from a screen stays itself.
CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8  # 40 bits, valid for minutes, useless without the owner's signature
CODE_LIFE_S = 300
CODES_SHOWN_MAX = 64
CODES_PER_ADDRESS_MAX = 8

Session = namedtuple("Session", "id role via expires")


class Sessions:
    """Signed-in sessions of one device, in memory: a restart signs everybody out.

    Args:
        random: function of a byte count.
        clock: monotonic seconds.
        sessions_max: how many signed-in sessions; the oldest goes first.
        life_s: how long one lasts.
    """

    def __init__(self, random, clock, sessions_max, life_s):
        self._random = random
        self._clock = clock
        self._max = sessions_max
        self._life_s = life_s
        self._secret = random(32)
        self._sessions = {}
        self._shown = {}
        self._approved = {}

    def new_id(self):
        """A fresh id for a cookie, 24 characters of base64url."""
        return b2a_base64(self._random(ID_BYTES), newline=False).decode().replace("+", "-").replace("/", "_")

    def form_token(self, session_id):
        """The token each form of this browser carries."""
        return self._keyed("form", session_id)[:16].hex()

    def form_token_ok(self, session_id, token):
        return equal(self.form_token(session_id).encode(), token.encode("utf-8", "replace"))

    def open(self, role, via, ends=None):
        """Start a signed-in session under a fresh id (never the browser's old one: that would allow session fixation).

        ends: when the pass that let it in ends (s of the clock), None without one.
        """
        self._expire()
        while len(self._sessions) >= self._max:
            self._sessions.pop(next(iter(self._sessions)))
        expires = self._clock() + self._life_s
        session = Session(self.new_id(), role, via, expires if ends is None else min(expires, ends))
        self._sessions[session.id] = session
        return session

    def get(self, session_id):
        """The signed-in session of this id or None."""
        session = self._sessions.get(session_id)
        if session is not None and session.expires <= self._clock():
            del self._sessions[session_id]
            return None
        return session

    def close(self, session_id):
        self._sessions.pop(session_id, None)

    def close_all(self):
        self._sessions.clear()
        self._approved.clear()

    def show_code(self, session_id, address):
        """The code to put on this browser's screen, as XXXX-XXXX; counts as shown for the next minutes.

        address: the browser's; one that asks for many codes pushes out its own.
        """
        code = self._code(session_id, 0)
        self._shown.pop(code, None)
        own = [shown for shown, (_, whose) in self._shown.items() if whose == address]
        if len(own) >= CODES_PER_ADDRESS_MAX:
            self._shown.pop(own[0])
        elif len(self._shown) >= CODES_SHOWN_MAX:
            self._shown.pop(next(iter(self._shown)))
        self._shown[code] = self._clock() + CODE_LIFE_S, address
        return code[:4] + "-" + code[4:]

    def approve(self, typed_code, issuer, role, pass_left_s=None):
        """A signed command approved this code. Returns False if no browser shows it (any more).

        pass_left_s: seconds until the pass of the issuer ends, and with it the session; None without one.
        """
        code = normal_code(typed_code)
        shown_until, _ = self._shown.pop(code, (0, None))
        if shown_until <= self._clock():
            return False
        if len(self._approved) >= self._max:
            self._approved.pop(next(iter(self._approved)))
        ends = None if pass_left_s is None else self._clock() + pass_left_s
        self._approved[code] = (role, issuer, ends, self._clock() + CODE_LIFE_S)
        return True

    def collect(self, session_id):
        """Sign this browser in if its code was approved: the new Session, or None. An approval works once."""
        for age in (0, 1):
            role, via, ends, until = self._approved.pop(self._code(session_id, age), (None, None, None, 0))
            if until > self._clock() and (ends is None or ends > self._clock()):
                return self.open(role, via, ends)
        return None

    def _code(self, session_id, age):
        period = int(self._clock() // CODE_LIFE_S) - age
        digest = self._keyed(f"code {period}", session_id)
        return "".join(CODE_ALPHABET[byte & 31] for byte in digest[:CODE_LENGTH])

    def _keyed(self, purpose, session_id):
        # Secret first and last: SHA-256 alone is open to length extension.
        return sha256(b"\0".join((self._secret, purpose.encode(), session_id.encode(), self._secret))).digest()

    def _expire(self):
        now = self._clock()
        for session_id in [session.id for session in self._sessions.values() if session.expires <= now]:
            del self._sessions[session_id]


def normal_code(typed):
    """A code as typed by a person: case, spaces and hyphens do not count, O is 0, I and L are 1."""
    code = typed.upper().replace("-", "").replace(" ", "").replace("O", "0").replace("I", "1").replace("L", "1")
    return code[: CODE_LENGTH + 1]


def id_ok(session_id):
    """Whether a cookie has the form of an id."""
    return len(session_id) == ID_CHARACTERS and all(c.isascii() and (c.isalnum() or c in "-_") for c in session_id)
