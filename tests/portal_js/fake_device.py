"""A device of a few lines for the page's modules to talk to: its judgement is core's, its world a dictionary."""

import json
import secrets

from leither_edge.card.claim_token import normal_token
from leither_edge.core import cbor, cose
from leither_edge.core.claim import open_claim, token_hash
from leither_edge.core.command import Answer, Refused, VerbRule, authorize, open_command, sign_answer
from leither_edge.core.keyset import first_keyset
from leither_edge.core.time_floor import TimeFloor
from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair

TOKEN = "correct-horse-battery"
VERBS = {
    "echo": VerbRule("viewer", False),
    "break": VerbRule("operator", False),
    "sign-in": VerbRule("operator", False),
    "factory-reset": VerbRule("owner", True),
}


class FakeDevice:
    """Answers /device, /claim and /command as (status, content type, body); `knobs` turn what the checks want to see."""

    def __init__(self, clock_s):
        self.key = KeyPair(secrets.token_bytes(32))
        self.keyset = None
        self.keyset_version = 1
        self.clock_s = clock_s
        self.floor = TimeFloor(clock_s - 1000)
        self.sequences = {}
        self.answers = {}
        self.challenges = set()
        self.done = []
        self.lose_answers = 0
        self.damage_answers = 0

    def knobs(self, values):
        """Sets what a check asks for: {name: integer}."""
        for name, value in values.items():
            if name == "floor":
                self.floor = TimeFloor(int(value))
            else:
                setattr(self, name, int(value))
        return 200, "text/plain", str(len(self.done)).encode()

    def describe(self, nonce):
        payload = {
            1: self.key.id,
            2: self.key.public_key,
            3: "fake",
            4: self.keyset is not None,
            5: bytes.fromhex(nonce),
            6: {"node": "1"},
            7: self.floor.now(self.clock_s),
            8: self.floor.floor,
            9: self.keyset_version,
        }
        return 200, "application/cose", cose.sign1(cbor.encode(payload), cose.CT_DEVICE, self.key.id, self.key.sign)

    def claim(self, body):
        """The claim exactly as the contract has it; anything else is refused."""
        claim = open_claim(body, sodium.verify)
        known = token_hash(self.key.id, claim.public_key, normal_token(TOKEN))
        if claim.token_hash != known or claim.device_id != self.key.id or self.keyset or abs(claim.issued - self.clock_s) > 600:
            return self._unsigned("wrong-token", "The token is wrong.")
        self.keyset = first_keyset(self.key.id, claim.public_key)
        return self.describe("")

    def command(self, body):
        command, message = open_command(body)
        if command.command_id not in self.answers:
            try:
                self.answers[command.command_id] = self._execute(command, message)
            except Refused as refusal:
                if not refusal.authentic:
                    return self._unsigned(refusal.code, str(refusal))
                self.answers[command.command_id] = self._refuse(command, refusal)
        if self.lose_answers:
            self.lose_answers -= 1
            return None
        answer = self.answers[command.command_id]
        if self.damage_answers:
            self.damage_answers -= 1
            answer = answer[:-1] + bytes([answer[-1] ^ 1])
        return 200, "application/cose", answer

    def _unsigned(self, code, message):
        return 400, "application/json", json.dumps({"error": {"code": code, "message": message}}).encode()

    def _execute(self, command, message):
        keyset = self.keyset._replace(version=self.keyset_version)
        last = self.sequences.get(command.issuer, 0)
        authorize(
            command, message, keyset, self.key.id, self.floor, self.clock_s, last, VERBS, sodium.verify, self.challenges.__contains__
        )
        self.sequences[command.issuer] = command.sequence
        self.floor.observe(command.issued)
        self.challenges.discard(command.challenge)
        self.done.append(command)
        if command.verb == "break":
            return self._answer(command, "failed", {}, {"code": "broken", "message": "It broke."})
        return self._answer(command, "done", {"you-said": command.arguments, "count": len(self.done)})

    def _refuse(self, command, refusal):
        result = {}
        if refusal.code == "challenge-required":
            result["challenge"] = secrets.token_bytes(16)
            self.challenges.add(result["challenge"])
        return self._answer(command, "refused", result, {"code": refusal.code, "message": str(refusal)})

    def _answer(self, command, status, result, error=None):
        now = self.floor.now(self.clock_s)
        answer = Answer(command.command_id, self.key.id, status, now, result, error, None, self.floor.floor)
        return sign_answer(answer, self.key.id, self.key.sign)
