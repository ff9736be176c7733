"""Whether a signed command is obeyed: the rules of ``core``, with what this device remembers."""

from collections import namedtuple

from appliance.commands import sequences
from appliance.commands.arguments import BadArgument, check_arguments
from appliance.commands.keyset_store import with_roots
from appliance.commands.plain import sentence
from appliance.commands.verbs import VERBS
from leither_edge.core.command import Refused, VerbRule, authorize, open_command
from leither_edge.core.delegation import PassError, parse_signed_pass
from leither_edge.core.sha256 import sha256
from leither_edge.crypto.sodium import verify

RULES = {verb.name: VerbRule(verb.role, verb.dangerous) for verb in VERBS.values()}
# Verbs that work across a change of keys: a controller learns of the new keyset, and root keys bring one.
ROOT_VERBS = ("keyset-get", "keyset-set")
# Refusals that leave no trace on disk, however often they come: what was said before, and keys that may no longer command.
_NOT_KEPT = ("replay", "stale", "revoked", "bad-pass", "pass-expired", "unknown-key")

# command: Command. envelope: Sign1. digest: SHA-256 of the whole message.
Received = namedtuple("Received", "command envelope digest")
# last: the issuer's Last. arguments: checked. authority: Authority of core. proven: the time it proves, s.
Admitted = namedtuple("Admitted", "verb arguments authority last proven")


class Unauthentic(Exception):
    """Not a command that any key of this device signed. code: a word for programs; the text is a sentence."""

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class Verifier:
    """Checks signatures; remembers the good ones of one command, which is judged twice but need not be verified twice."""

    __slots__ = ("_good",)

    def __init__(self):
        self._good = set()

    def __call__(self, signature, message, public_key):
        key = (signature, message, public_key)
        if key not in self._good:
            if not verify(*key):
                return False
            self._good.add(key)
        return True


def receive(data, max_bytes):
    """The Received of a message's bytes. Raises Unauthentic."""
    try:
        command, envelope = open_command(data, max_bytes)
    except ValueError as error:
        raise Unauthentic(getattr(error, "code", "malformed"), sentence(error)) from None
    return Received(command, envelope, sha256(data).digest())


class Admission:
    """Judges commands against the state in a transaction.

    challenges: Challenges; config: DesiredState; keysets: KeysetStore; floor: TimeFloor; device_id: 20 bytes.
    """

    __slots__ = ("_challenges", "_config", "_device_id", "_floor", "_keysets")

    def __init__(self, challenges, config, keysets, floor, device_id):
        self._challenges = challenges
        self._config = config
        self._keysets = keysets
        self._floor = floor
        self._device_id = device_id

    def admit(self, tx, received, verifier, clock, now):
        """The Admitted of a command that is to be executed.

        clock: s since 1970; now: monotonic s. Raises Unauthentic, or Refused with a good signature.
        """
        command = received.command
        keyset = self._keyset_for(tx, command)
        if keyset is None:
            raise Unauthentic("unclaimed", "This device has no owner yet: claim it first.")
        last = sequences.last(tx, command.issuer)
        try:
            authority = authorize(
                command, received.envelope, keyset, self._device_id, self._floor, clock, last.sequence, RULES, verifier,
                lambda _: self._challenges.answers(command, now),
            )  # fmt: skip
            if sequences.is_stale(last, command.issued):
                raise Refused("stale", "the command is older than this device remembers; send it again with the present time", True)
            verb = VERBS[command.verb]
            proven = self._floor.proven(command.issued, clock, authority.role == "owner")
            return Admitted(verb, self._arguments(verb, command.arguments), authority, last, proven)
        except Refused as refusal:
            if not refusal.authentic:
                raise Unauthentic(refusal.code, sentence(refusal)) from None
            if refusal.code == "challenge-required":
                self._arguments(VERBS[command.verb], command.arguments)
            raise

    def is_kept(self, tx, received, refusal):
        """Whether a refusal is recorded, which uses the command's sequence number up.

        Only for a key in good standing and a command not seen before: others could fill the log by it.
        """
        command = received.command
        last = sequences.last(tx, command.issuer)
        if refusal.code in _NOT_KEPT or command.sequence <= last.sequence or sequences.is_stale(last, command.issued):
            return False
        if command.delegation is None:
            return True
        try:
            return parse_signed_pass(command.delegation)[0].not_after > self._floor.floor
        except PassError:
            return False

    def is_revoked(self, tx, issuer):
        """Whether a key id stands in the keyset's list of revoked keys."""
        keyset = self._keysets.current(tx)
        return keyset is not None and issuer in keyset.revoked

    def check(self, verb, arguments):
        """Checked arguments of a verb. Raises BadArgument."""
        return self._config.check(arguments) if verb.arguments is None else check_arguments(verb.arguments, arguments)

    def _arguments(self, verb, arguments):
        try:
            return self.check(verb, arguments)
        except BadArgument as error:
            raise Refused("bad-argument", str(error), True) from None

    def _keyset_for(self, tx, command):
        keyset = self._keysets.current(tx)
        if keyset is None or command.verb not in ROOT_VERBS:
            return keyset
        if command.verb == "keyset-get":
            keyset = keyset._replace(version=command.keyset_version)
        return with_roots(keyset, command.issuer) if command.delegation is None else keyset

