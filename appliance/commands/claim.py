"""How a device gets its owner: once, by whoever holds the claim token, within the claim window.

The token stands on the flashing tool's screen or the device's; it proves that one had the device in hand. It lies in the
state folder until the claim. The first keyset is what makes a device claimed: there is no moment with one and without
the other.
"""

import os
from collections import deque

import trio

from appliance.commands import audit_log
from appliance.commands.keyset_store import KeysetStore
from leither_edge.card.claim_token import TOKEN_CHARACTERS, in_groups, is_token, normal_token, token_from
from leither_edge.core import cose
from leither_edge.core.cbor import CborError, decode
from leither_edge.core.ids import key_id
from leither_edge.core.keyset import find_key, first_keyset
from leither_edge.core.sha256 import sha256
from leither_edge.crypto.sodium import equal, random_bytes, verify

TOKEN_FILE = "claim-token"
WRONG_TRIES_MAX = 10
WRONG_TRIES_S = 60
TYPED_MAX = 64
PROOF_MAX_BYTES = 1024


class ClaimError(Exception):
    """The device is not claimed by this. code: claimed, wrong-token, too-many-tries, window-closed, bad-key or bad-proof."""

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

    async def claim(self, token, owner_public_key, proof=None):
        """Make the key's holder the owner; returns the first Keyset.

        token: as typed; owner_public_key: 32 bytes; proof: COSE_Sign1 of that key over device, key and token, None where the token
        and the key come in one hand on the device's own page. A proof repeated by the owner, whose answer was lost, succeeds again.
        Raises ClaimError, StorageError.
        """
        try:
            return await self._claim(token, owner_public_key, proof)
        except ClaimError as error:
            self._counters.add("claims_refused", code=error.code)
            raise

    async def preset_owner(self, public_key):
        """Make ``public_key`` (32 bytes), which was on the card, the owner if there is none yet. Returns whether it did."""
        try:
            await self._install(public_key, None)
        except ClaimError as error:
            if error.code != "claimed":
                raise
            return False
        return True

    async def _claim(self, token, public_key, proof):
        if not isinstance(public_key, bytes) or len(public_key) != 32:
            raise ClaimError("bad-key", "The owner's public key must have 32 bytes.")
        typed = token if isinstance(token, str) and len(token) <= TYPED_MAX else ""
        message = None if proof is None else self._open_proof(proof, public_key, typed)
        if self.claimed:
            return self._repeated(public_key, message)
        if trio.current_time() >= self._closes:
            raise ClaimError("window-closed", "The time to claim this device has passed. Switch it off and on to claim it.")
        self._check_token(typed)
        return await self._install(public_key, message and sha256(proof).digest())

    def _check_token(self, typed):
        # The right token is never held up: guesses are, and nobody guesses 100 bits, limit or not.
        if equal(normal_token(typed).encode("utf-8", "replace"), self._token.encode()):
            return
        now = trio.current_time()
        if len(self._wrong_tries) == WRONG_TRIES_MAX and now - self._wrong_tries[0] < WRONG_TRIES_S:
            wait = int(self._wrong_tries[0] + WRONG_TRIES_S - now) + 1
            raise ClaimError("too-many-tries", f"Too many wrong tokens. Try again in {wait} seconds.")
        self._wrong_tries.append(now)
        self._log.warning("claim with a wrong token")
        raise ClaimError("wrong-token", "The claim token is not right. It is shown where the device starts, in four groups of five.")

    def _open_proof(self, proof, public_key, typed):
        try:
            message = cose.parse_sign1(proof, cose.CT_CLAIM, PROOF_MAX_BYTES)
            cose.verify1(message, public_key, verify)
            said = decode(message.payload, PROOF_MAX_BYTES)
        except (cose.CoseError, CborError) as error:
            raise ClaimError("bad-proof", f"The proof of the owner's key is not good: {error}.") from None
        # The hash is over the token as sent or in its normal form; both bind the proof to this token.
        hashes = [sha256(text.encode("utf-8", "replace")).digest() for text in (typed, normal_token(typed))]
        issued = said.get(3) if isinstance(said, dict) else None
        if not isinstance(issued, int) or said != {1: self._device_id, 2: public_key, 3: issued, 4: said.get(4)} or said[4] not in hashes:
            raise ClaimError("bad-proof", "The proof of the owner's key is for another device, key or token.")
        return message

    def _repeated(self, public_key, message):
        with self._store.read() as tx:
            keyset = self._keysets.current(tx)
        if message is None or keyset.version != 1 or find_key(keyset, key_id(public_key)) is None:
            raise _claimed()
        return keyset

    async def _install(self, public_key, proof_hash):
        keyset = first_keyset(self._device_id, public_key)

        def install(tx):
            if self._keysets.current(tx) is not None:
                raise _claimed()
            self._keysets.install(tx, keyset)
            audit_log.record(
                tx, self._audit_entries_max, time=self._floor.now(max(0, int(self._clock()))), issuer=key_id(public_key), sequence=0,
                verb="claim", command_hash=proof_hash, answer_hash=None, status="done",
            )  # fmt: skip

        await self._store.commit(install)
        self.claimed = True
        self._token = None
        self._forget_token()
        self._counters.add("claims")
        self._log.info("claimed", owner=key_id(public_key))
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
