"""How a device gets its owner: once, by whoever holds the claim token, within the claim window.

The token stands on the flashing tool's screen or the device's; it proves that one had the device in hand. It lies in the
state folder until the claim. The first keyset is what makes a device claimed: there is no moment with one and without
the other.
"""

import os
from collections import deque
from contextlib import contextmanager

import trio

from appliance.commands import audit_log
from appliance.commands.keyset_store import KeysetStore
from appliance.commands.plain import sentence
from leither_edge.card.claim_token import TOKEN_CHARACTERS, in_groups, is_token, normal_token, token_from
from leither_edge.core.claim import BadClaim, open_claim, token_hash
from leither_edge.core.ids import id_to_text, key_id
from leither_edge.core.keyset import find_key, first_keyset
from leither_edge.core.sha256 import sha256
from leither_edge.crypto.sodium import equal, random_bytes, verify

TOKEN_FILE = "claim-token"
WRONG_TRIES_MAX = 10
WRONG_TRIES_S = 60
TYPED_MAX = 64


class ClaimError(Exception):
    """The device is not claimed by this. code: claimed, wrong-token, too-many-tries, window-closed, bad-key, bad-claim or wrong-device."""

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class Claim:
    """Whether the device has an owner, and the way to become it. Made anew at each start, which opens the claim window.

    store: Store with tables.TABLES; device_id: 20 bytes; folder: state folder for the token; window_s: seconds from now;
    audit_entries_max: of the profile; floor: TimeFloor; clock: () -> s since 1970; counters and log of the node. Raises OSError.
    """

    def __init__(self, store, device_id, folder, window_s, audit_entries_max, floor, clock, counters, log):
        self._store = store
        self._device_id = device_id
        self._path = os.path.join(folder, TOKEN_FILE)
        self._audit_entries_max = audit_entries_max
        self._floor = floor
        self._clock = clock
        self._counters = counters
        self._log = log
        self._keysets = KeysetStore()
        self._closes = trio.current_time() + window_s
        self._wrong_tries = deque(maxlen=WRONG_TRIES_MAX)
        self._token = None
        with store.read() as tx:
            self.claimed = self._keysets.current(tx) is not None
        if self.claimed:
            self._forget_token()
        else:
            self._token = _load_or_create(self._path)

    @property
    def token(self):
        """The claim token in groups of five, None once claimed."""
        return None if self._token is None else in_groups(self._token)

    @property
    def window_s(self):
        """Seconds until the claim window closes, 0 if it has, or if the device is claimed."""
        return 0 if self.claimed else max(0, self._closes - trio.current_time())

    def use_token(self, token):
        """Take the token of the card instead of the made one, for this start; a claimed device takes none.

        token: as on the card, hyphens or not.
        """
        if not self.claimed:
            self._token = normal_token(token)

    async def claim(self, token, owner_public_key):
        """Make the key's holder the owner, where token and key come in one hand on the device's own page; returns the first Keyset.

        token: as typed; owner_public_key: 32 bytes. Raises ClaimError, StorageError.
        """
        with self._counted("claims_refused"):
            if not isinstance(owner_public_key, bytes) or len(owner_public_key) != 32:
                raise ClaimError("bad-key", "The owner's public key must have 32 bytes.")
            self._check_open()
            typed = token if isinstance(token, str) and len(token) <= TYPED_MAX else ""
            self._check_token(equal(normal_token(typed).encode("utf-8", "replace"), self._token.encode()))
            return await self._install(owner_public_key, None)

    async def claim_signed(self, data):
        """Make the key that signed a claim (bytes) the owner; returns the first Keyset.

        A claim repeated by the owner, whose answer was lost, succeeds again. Raises ClaimError, StorageError.
        """
        with self._counted("claims_refused"):
            claim = self._opened(data)
            if self.claimed:
                return self._repeated(claim.public_key)
            self._check_signed(claim)
            return await self._install(claim.public_key, sha256(data).digest())

    def check_signed(self, data):
        """Whether ``claim_signed`` would take this: for a page that shows recovery words only for a claim that will succeed.

        Raises ClaimError. Wrong tokens count as tries.
        """
        with self._counted("claim_checks_refused"):
            self._check_signed(self._opened(data))

    async def preset_owner(self, public_key):
        """Make ``public_key`` (32 bytes), which was on the card, the owner if there is none yet. Returns whether it did."""
        try:
            await self._install(public_key, None)
        except ClaimError as error:
            if error.code != "claimed":
                raise
            return False
        return True

    @contextmanager
    def _counted(self, name):
        try:
            yield
        except ClaimError as error:
            self._counters.add(name, code=error.code)
            raise

    def _check_open(self):
        if self.claimed:
            raise _claimed()
        if trio.current_time() >= self._closes:
            raise ClaimError("window-closed", "The time to claim this device has passed. Switch it off and on to claim it.")

    def _check_signed(self, claim):
        self._check_open()
        self._check_token(equal(claim.token_hash, token_hash(self._device_id, claim.public_key, self._token)))

    def _check_token(self, is_right):
        # The right token is never held up: guesses are, and nobody guesses 100 bits, limit or not.
        if is_right:
            return
        now = trio.current_time()
        if len(self._wrong_tries) == WRONG_TRIES_MAX and now - self._wrong_tries[0] < WRONG_TRIES_S:
            wait = int(self._wrong_tries[0] + WRONG_TRIES_S - now) + 1
            raise ClaimError("too-many-tries", f"Too many wrong tokens. Try again in {wait} seconds.")
        self._wrong_tries.append(now)
        self._log.warning("claim with a wrong token")
        raise ClaimError("wrong-token", "The claim token is not right. It is shown where the device starts, in four groups of five.")

    def _opened(self, data):
        try:
            claim = open_claim(data, verify)
        except BadClaim as error:
            raise ClaimError("bad-claim", sentence(error)) from None
        if claim.device_id != self._device_id:
            raise ClaimError("wrong-device", "The claim is for another device.")
        return claim

    def _repeated(self, public_key):
        with self._store.read() as tx:
            keyset = self._keysets.current(tx)
        if keyset.version != 1 or find_key(keyset, key_id(public_key)) is None:
            raise _claimed()
        return keyset

    async def _install(self, public_key, claim_hash):
        keyset = first_keyset(self._device_id, public_key)

        def install(tx):
            if self._keysets.current(tx) is not None:
                raise _claimed()
            self._keysets.install(tx, keyset)
            audit_log.record(
                tx, self._audit_entries_max, time=self._floor.now(max(0, int(self._clock()))), issuer=key_id(public_key), sequence=0,
                verb="claim", command_hash=claim_hash, answer_hash=None, status="done",
            )  # fmt: skip

        await self._store.commit(install)
        self.claimed = True
        self._token = None
        self._forget_token()
        self._counters.add("claims")
        self._log.info("claimed", owner=id_to_text(key_id(public_key)))
        return keyset

    def _forget_token(self):
        try:
            os.unlink(self._path)
        except FileNotFoundError:
            pass
        except OSError as error:
            # Useless by now: a claimed device takes no token.
            self._log.warning("claim token not removed", why=error.strerror)


def _claimed():
    return ClaimError("claimed", "This device has an owner already. Only its owner can pass it on, or reset it.")


def _load_or_create(path):
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            token = normal_token(file.read(TYPED_MAX))
        if is_token(token):
            os.chmod(path, 0o600)
            return token
    except FileNotFoundError:
        pass
    token = token_from(random_bytes(TOKEN_CHARACTERS))
    new = path + ".new"
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(file, 0o600)
        os.write(file, in_groups(token).encode() + b"\n")
        os.fsync(file)
    finally:
        os.close(file)
    os.rename(new, path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return token
