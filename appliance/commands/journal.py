"""What is written down about commands. Every method takes the caller's transaction, so that all of it holds or none.

For a command that changes only our tables one transaction records sequence number, effect, answer and audit entry. For one
with an effect outside a first transaction records that it was accepted, before the effect, and a second one its answer;
after a crash in between it is answered as interrupted.
"""

from collections import namedtuple

from appliance.commands import audit_log, pass_holders, sequences
from appliance.commands.answer_ring import Running
from appliance.commands.answers import INTERRUPTED
from appliance.commands.plain import sentence
from appliance.commands.tables import CONTROL
from appliance.commands.verbs import LAST, OUTSIDE, VerbFailed
from leither_edge.core.command import Refused
from leither_edge.core.sha256 import sha256

FLOOR_KEY = "floor"
RESET_KEY = "factory_reset"

# What a command came to. answer: bytes, None while an effect outside is still to come. code: of a refusal or failure.
# admitted: Admitted if the command was obeyed for the first time.
Outcome = namedtuple("Outcome", "answer status code admitted", defaults=(None, None))
TO_REFUSE = object()


class Journal:
    """Records commands. admission: Admission; ring: AnswerRing; answerer: Answerer; challenges: Challenges; limits: profile.commands."""

    __slots__ = ("_admission", "_answerer", "_challenges", "_limits", "_revoked_seen", "_ring")

    def __init__(self, admission, ring, answerer, challenges, limits):
        self._admission = admission
        self._ring = ring
        self._answerer = answerer
        self._challenges = challenges
        self._limits = limits
        self._revoked_seen = set()

    def recorded(self, tx, received):
        """The Outcome of a command whose very bytes came before, or None."""
        kept = self._ring.find(tx, received.command.command_id)
        if kept is None or kept.digest != received.digest:
            return None
        answer = kept.answer
        if answer is None:
            # Its effect is over, but its answer could not be written: the disk was full or failed.
            answer = self._answerer.signed(tx, received.command.command_id, "interrupted", {}, INTERRUPTED)
        return Outcome(answer, "repeated")

    def first_look(self, tx, received, verifier, clock, now):
        """What a snapshot says: Admitted, TO_REFUSE for a refusal that is to be recorded, or the Outcome where nothing is.

        Raises Unauthentic.
        """
        outcome = self.recorded(tx, received)
        if outcome is not None:
            return outcome
        try:
            return self._admission.admit(tx, received, verifier, clock, now)
        except Refused as refusal:
            if self._admission.is_kept(tx, received, refusal) or self._is_new_revoked(tx, received, refusal):
                # Not the exception itself: its traceback would keep the snapshot.
                return TO_REFUSE
            return self._refused(tx, received, refusal, {})

    def accept(self, tx, received, verifier, clock, now, make_call, failure=None):
        """Judge a command, and record it with its effect on our tables, or as accepted if its effect lies outside.

        make_call: Admitted -> Call; failure: VerbFailed of what had to be asked before, or None. Raises Unauthentic.
        """
        command = received.command
        outcome = self.recorded(tx, received)
        if outcome is not None:
            return outcome
        try:
            admitted = self._admission.admit(tx, received, verifier, clock, now)
            if self._ring.find(tx, command.command_id) is not None:
                raise Refused("id-reused", "another command had this id; make a new one", True)
        except Refused as refusal:
            return self._refuse(tx, received, refusal, now)
        self._challenges.use(command)
        sequences.use(tx, command.issuer, admitted.last, command.sequence, command.issued, self._limits.issuers_max)
        if admitted.authority.via is not None:
            pass_holders.note(tx, admitted.authority.via, command.issued)
        if admitted.proven > tx.get(CONTROL, FLOOR_KEY, 0):
            tx.put(CONTROL, FLOOR_KEY, admitted.proven)
        if admitted.verb.kind == OUTSIDE:
            self._ring.start(tx, _running(received))
            return Outcome(None, "accepted", admitted=admitted)
        status, result, error = "done", {}, None
        try:
            if failure is not None:
                raise failure
            if admitted.verb.kind != LAST:
                result = admitted.verb.run(make_call(admitted), tx)
            elif command.verb == "factory-reset":
                # Owed from now on, a power cut or not: the answer says that it will be done.
                tx.put(CONTROL, RESET_KEY, True)
        except VerbFailed as failed:
            status, error = "failed", (failed.code, str(failed))
        answer, status = self._answerer.bounded(tx, command.command_id, status, result, error)
        self._ring.put(tx, command.command_id, received.digest, answer)
        self._audit(tx, _running(received), answer, status)
        return Outcome(answer, status, error and error[0], admitted)

    def settle(self, tx, received, admitted, status, result, error):
        """Record the answer of a command whose effect lay outside."""
        answer, status = self._answerer.bounded(tx, received.command.command_id, status, result, error)
        running = _running(received)
        self._ring.settle(tx, running, answer)
        self._audit(tx, running, answer, status)
        return Outcome(answer, status, error and error[0], admitted)

    def is_interrupted(self, tx):
        """Whether a crash left commands without an answer."""
        return bool(self._ring.running(tx))

    def settle_interrupted(self, tx):
        """Answer what a crash cut short, so that it never runs again. Returns the Running records."""
        interrupted = self._ring.running(tx)
        for running in interrupted:
            answer = self._answerer.signed(tx, running.command_id, "interrupted", {}, INTERRUPTED)
            self._ring.settle(tx, running, answer)
            self._audit(tx, running, answer, "interrupted")
        return interrupted

    def note_local(self, tx, issuer, verb, status):
        """Audit what a signed-in browser did. No hashes: that of a Wi-Fi password would help to guess it."""
        audit_log.record(
            tx, self._limits.audit_entries_max, time=self._answerer.now(), issuer=issuer, sequence=0, verb=verb,
            command_hash=None, answer_hash=None, status=status,
        )  # fmt: skip

    def saw_revoked(self, issuer):
        """A revoked key's try is on record; further tries until the next start are only counted."""
        self._revoked_seen.add(issuer)

    def _refuse(self, tx, received, refusal, now):
        command = received.command
        result = {}
        if refusal.code == "challenge-required":
            result = {"challenge": self._challenges.issue(command, now), "expires_s": self._challenges.life_s}
        outcome = self._refused(tx, received, refusal, result)
        kept = self._admission.is_kept(tx, received, refusal)
        if kept:
            last = sequences.last(tx, command.issuer)
            sequences.use(tx, command.issuer, last, command.sequence, 0, self._limits.issuers_max)
            if refusal.code != "id-reused":
                self._ring.put(tx, command.command_id, received.digest, outcome.answer)
        if kept or self._is_new_revoked(tx, received, refusal):
            self._audit(tx, _running(received), outcome.answer, "refused")
        return outcome

    def _refused(self, tx, received, refusal, result):
        answer = self._answerer.signed(tx, received.command.command_id, "refused", result, (refusal.code, sentence(refusal)))
        return Outcome(answer, "refused", refusal.code)

    def _is_new_revoked(self, tx, received, refusal):
        # A stolen phone's try is worth an entry, but not one for each try: it could push everything else out of the log.
        issuer = received.command.issuer
        return refusal.code == "revoked" and issuer not in self._revoked_seen and self._admission.is_revoked(tx, issuer)

    def _audit(self, tx, running, answer, status):
        audit_log.record(
            tx, self._limits.audit_entries_max, time=self._answerer.now(), issuer=running.issuer, sequence=running.sequence,
            verb=running.verb, command_hash=running.digest, answer_hash=sha256(answer).digest(), status=status,
        )  # fmt: skip


def _running(received):
    command = received.command
    return Running(command.command_id, received.digest, command.issuer, command.sequence, command.verb)
