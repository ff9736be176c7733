"""Users who sign in with a name and a password: their key lies here, sealed under what Argon2id makes of the password.

A row, by name: {1 public key, 2 passes of Argon2id, 3 its memory in KiB, 4 salt, 5 nonce, 6 sealed seed}; the sealing also
covers name, public key and cost. Whoever loses the password loses the key: nobody here can open it.
"""

from threading import Lock

from leither_edge.core import cbor
from leither_edge.crypto import sodium
from leither_edge.crypto.held_key import unsealed

from .errors import BadInput, Busy, Conflict, NotSignedIn, QuotaReached
from .tables import ACCOUNT_KEYS, ACCOUNTS

NAME_MAX_CHARS = 64
PASSWORD_MAX_BYTES = 1024
PASSWORD_MIN_CHARS = 8
# RFC 9106 section 4: three passes where memory is short.
OPERATIONS = 3
ACCOUNTS_MAX = 10000
# Wrong passwords of one name before each further try waits twice as long, up to the last figure (s).
FREE_TRIES, WAIT_MAX_S = 5, 300
NAMES_WATCHED_MAX = 256

_PUBLIC_KEY, _OPERATIONS, _MEMORY_KIB, _SALT, _NONCE, _SEALED = range(1, 7)


class Accounts:
    """Names and sealed keys in the store's table. Thread-safe; one password is worked on at a time, as each takes memory.

    Args: held (HeldWriter), store (Store), memory_kib (Argon2id's), clock (-> s), random_bytes (count -> bytes).
    """

    def __init__(self, held, store, memory_kib, clock, random_bytes):
        self._held, self._store = held, store
        self._memory_kib, self._clock, self._random = memory_kib, clock, random_bytes
        self._one = Lock()
        self._wrong = {}

    def register(self, name, password):
        """Makes a key for a new name; returns its public key (32 bytes). Raises BadInput, Conflict (the name is taken), QuotaReached."""
        packed, secret = _check_name(name), _check_password(password, PASSWORD_MIN_CHARS)
        with self._store.read() as tx:
            _refuse_taken(tx, packed, name)
        seed = self._random(sodium.SEED_BYTES)
        public_key = sodium.keypair_from_seed(seed)[0]
        row = self._sealed(packed, public_key, seed, secret)

        def put(tx):
            _refuse_taken(tx, packed, name)
            tx.put(ACCOUNTS, packed, row)
            tx.put(ACCOUNT_KEYS, public_key, packed)

        self._held.call(put)
        return public_key

    def has_key(self, public_key):
        """Whether a public key (32 bytes) is that of a name here."""
        with self._store.read() as tx:
            return tx.get(ACCOUNT_KEYS, public_key) is not None

    def unlock(self, name, password):
        """The HeldKey of a name. Raises NotSignedIn (wrong name or password, which of them is not said), Busy (too many tries)."""
        try:
            packed, secret = _check_name(name), _check_password(password, 0)
        except BadInput:
            raise _wrong() from None
        with self._one:
            self._check_tries(packed)
            with self._store.read() as tx:
                row = tx.get(ACCOUNTS, packed)
            # A name that is not there costs as much time, so that nobody learns which names are.
            wanted = row or {_OPERATIONS: OPERATIONS, _MEMORY_KIB: self._memory_kib, _SALT: bytes(sodium.SALT_BYTES)}
            key = _stretched(secret, wanted)
            held = row and unsealed(row[_SEALED], _bound(packed, row), row[_NONCE], key)
            if not held or held.public_key != row[_PUBLIC_KEY]:
                self._note_wrong(packed)
                raise _wrong()
            self._wrong.pop(packed, None)
        return held

    def _sealed(self, packed, public_key, seed, secret):
        row = {_PUBLIC_KEY: public_key, _OPERATIONS: OPERATIONS, _MEMORY_KIB: self._memory_kib, _SALT: self._random(sodium.SALT_BYTES)}
        nonce = self._random(sodium.NONCE_BYTES)
        with self._one:
            key = _stretched(secret, row)
        return {**row, _NONCE: nonce, _SEALED: sodium.seal(seed, _bound(packed, row), nonce, key)}

    def _check_tries(self, packed):
        count, last = self._wrong.get(packed, (0, 0))
        if count < FREE_TRIES:
            return
        left = last + min(WAIT_MAX_S, 1 << min(count - FREE_TRIES, 16)) - self._clock()
        if 0 < left <= WAIT_MAX_S:
            raise Busy(f"Too many wrong passwords. Try again in {int(left) + 1} s.")

    def _note_wrong(self, packed):
        count = self._wrong.pop(packed, (0, 0))[0]
        if len(self._wrong) >= NAMES_WATCHED_MAX:
            del self._wrong[next(iter(self._wrong))]
        self._wrong[packed] = (count + 1, self._clock())


def _check_name(name):
    if not isinstance(name, str) or not 0 < len(name) <= NAME_MAX_CHARS or name != name.strip() or not name.isprintable():
        raise BadInput(f"A user's name is 1 to {NAME_MAX_CHARS} characters, with no space around it.")
    try:
        return name.casefold().encode()
    except UnicodeError:
        raise BadInput("A user's name is not proper text.") from None


def _check_password(password, least):
    if not isinstance(password, str) or len(password) < least:
        raise BadInput(f"A password has at least {least} characters.")
    secret = password.encode("utf-8", "replace")
    if len(secret) > PASSWORD_MAX_BYTES:
        raise BadInput(f"A password has at most {PASSWORD_MAX_BYTES} bytes.")
    return secret


def _refuse_taken(tx, packed, name):
    if tx.get(ACCOUNTS, packed) is not None:
        raise Conflict(f"There is a user named \"{name}\" already. Choose another name.")
    if tx.count(ACCOUNTS) >= ACCOUNTS_MAX:
        raise QuotaReached("This node has as many users as it takes.")


def _stretched(secret, row):
    try:
        return sodium.argon2id(secret, row[_SALT], row[_OPERATIONS], row[_MEMORY_KIB] << 10)
    except MemoryError:
        raise Busy("There is no memory to check a password just now. Try again later.") from None


def _bound(packed, row):
    return cbor.encode([packed, row[_PUBLIC_KEY], row[_OPERATIONS], row[_MEMORY_KIB], row[_SALT]])


def _wrong():
    return NotSignedIn("The name or the password is wrong.")
