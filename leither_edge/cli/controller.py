"""Sends signed commands to one device and believes only answers signed by its pinned key."""

import contextlib
import time
from collections import namedtuple

from leither_edge.cli import device
from leither_edge.cli.address import parse_address
from leither_edge.cli.delivery import Delivery
from leither_edge.cli.dht_way import told_by_config
from leither_edge.cli.failure import Failure, RefusedError, UnreachableError, UntrustedError
from leither_edge.cli.output import clean
from leither_edge.cli.refusals import MEANINGS, explained
from leither_edge.cli.sequence import next_sequence
from leither_edge.cli.transport import TOTAL_S
from leither_edge.cli.verbs import spoken

COMMAND_ID_BYTES = 16
# A command that was held back by the network is worthless, and may be harmful, a day later.
LIFE_S = 86400
CLOCK_OFF_S = 86400
# To tell whether an address that makes no sense is the device's at all.
CHECK_S = 3
# Clocks that are set by hand or by NTP agree to within this.
CLOCK_NOISE_S = 120

# What the user's book and the device's last signed words tell. All ids and keys as bytes.
Peer = namedtuple("Peer", "name address device_id public_key")


class Controller:
    """Commands one device.

    Args:
        home: the tool's folder.
        book: the Book.
        out: Output.
        name: the remote.
        timeout: seconds for one command with all its repetitions.
        address: where it is now, if not where the book says.
        ways: Ways by which commands may travel, None for that address alone.
    """

    def __init__(self, home, book, out, name, timeout=None, address=None, ways=None):
        from leither_edge.core.ids import id_from_text, public_key_from_text

        entry = book.remote(name)
        self._home, self._out = home, out
        self._timeout = timeout or TOTAL_S
        self._device_text = entry["device_id"]
        try:
            self.peer = Peer(
                name,
                address or parse_address(entry["address"]),
                id_from_text(entry["device_id"]),
                public_key_from_text(entry["public_key"]),
            )
        except ValueError as error:
            raise Failure(f"The entry of “{name}” in your book is damaged.", str(error), "Remove it and add it again.") from None
        self._seen = home.read_json("seen", f"{self._device_text}.json", default={})
        self.delivery = Delivery(home, self.peer, self._device_text, timeout, ways, lambda: self._seen)

    @property
    def audit_head(self):
        """The newest (index, hash) of the audit log that the device signed, or None."""
        head = self._seen.get("audit")
        return (head[0], bytes.fromhex(head[1])) if head else None

    @property
    def keyset_version(self):
        """The newest version of the keyset that the device told, or 0."""
        return self._seen.get("keyset_version", 0)

    def call(self, verb, arguments, signer, journal=None, resume=False):
        """Have a command done once, whatever the network does in between.

        Args:
            verb: text.
            arguments: {text: value}.
            signer: a Signer.
            journal: a begun Journal, or None.
            resume: send the journal's bytes again where there are some.

        Returns:
            Answer with the status "done".

        Raises:
            RefusedError, UnreachableError, UntrustedError, Failure.
        """
        # Sequence numbers must arrive in the order in which they were taken.
        with self._turn():
            data = journal.bytes_of(self.peer.name) if journal and resume else None
            if data is not None:
                return self._finished(self._exchange(data, signer, True), verb)
            if not self.keyset_version:
                self.learn_keyset(signer)
            answer = self._send(verb, arguments, signer, journal)
            for _ in range(3):
                change = self._remedy(answer, signer)
                if change is None:
                    break
                # A refused command did nothing, so a new one with what was missing is no second execution.
                answer = self._send(verb, arguments, signer, journal, **change)
            return self._finished(answer, verb)

    @contextlib.contextmanager
    def _turn(self):
        """Hold the device's lock, and say so where another command has it: through the DHT that one may take minutes."""
        lock = f"device-{self._device_text}"
        try:
            with self._home.locked(lock, wait=False):
                yield
            return
        except BlockingIOError:
            self._out.note(f"Another command to {self.peer.name} is under way; this one comes next.")
        with self._home.locked(lock):
            yield

    def learn_keyset(self, signer):
        """Learn the version of the keyset: from the device's statement where its address answers, else by a command."""
        if self.delivery.is_http_open:
            try:
                self.refresh()
                return
            except Failure as error:
                if not self.delivery.turns(error):
                    raise
        self._learn(self._send("keyset-get", {}, signer, None), "keyset-get")

    def refresh(self):
        """Ask the device for its signed statement and remember its keyset version and times."""
        statement = device.ask(self.peer.address, self._timeout, self.delivery.patience_s)
        device.expect(statement, self._device_text, self.peer.address, self.peer.name)
        self.remember_statement(statement)
        return statement

    def remember_statement(self, statement):
        """Keep what a checked statement of this very device tells."""
        facts = statement._asdict()
        kept = {key: facts[key] for key in ("keyset_version", "floor", "device_time", "claimed")}
        self._remember(device_name=statement.name, **kept)

    def _send(self, verb, arguments, signer, journal, challenge=None, at_least=0):
        from leither_edge.core.command import Command, CommandError, sign_command
        from leither_edge.core.ids import id_to_text
        from leither_edge.crypto.sodium import random_bytes

        now = int(time.time())
        command = Command(
            command_id=random_bytes(COMMAND_ID_BYTES),
            device_id=self.peer.device_id,
            issuer=signer.key_id,
            keyset_version=self.keyset_version,
            sequence=next_sequence(self._home, id_to_text(signer.key_id), self._device_text, at_least),
            issued=now,
            # A clock that is behind the device's floor must not make the command end before it began.
            expires=max(now, self._seen.get("floor", 0)) + LIFE_S,
            challenge=challenge,
            verb=verb,
            arguments=arguments,
            delegation=signer.delegation,
        )
        try:
            data = sign_command(command, signer.sign)
        except CommandError as error:
            raise Failure(f"The command “{verb}” cannot be sent.", f"{error}.", "Give fewer or shorter values.", code=error.code) from None
        if journal:
            journal.sent(self.peer.name, data)
        return self._exchange(data, signer, journal is not None)

    def _exchange(self, data, signer, keeps):
        """Deliver the bytes of a command until an answer comes, and check it."""
        from leither_edge.core.command import open_answer, open_command
        from leither_edge.crypto.sodium import verify

        body = self._delivered(data, signer, keeps)
        try:
            opened = open_answer(body, self.peer.public_key, verify)
            if opened.command_id != open_command(data)[0].command_id:
                raise ValueError("it answers another command than ours")
        except ValueError as error:
            if self.delivery.via == "http":
                self._check_identity()
            where = self.peer.address if self.delivery.via == "http" else self.peer.name
            raise UntrustedError(
                f"The answer of {where} cannot be believed.", f"{clean(error, 300)}.",
                "Something may sit between you and the device. The command may have been done.",
            ) from None  # fmt: skip
        self._remember(
            floor=opened.floor, device_time=opened.device_time, audit=[opened.audit[0], opened.audit[1].hex()] if opened.audit else None
        )
        self._check_clocks(opened)
        return opened

    def _delivered(self, data, signer, keeps):
        """The bytes of the signed answer, unchecked."""
        from leither_edge.core.command import ANSWER_MAX_BYTES

        answer = self.delivery.send(data, signer, ANSWER_MAX_BYTES + 1024, keeps)
        if self.delivery.via == "http" and "cose" not in answer.content_type:
            if not self.delivery.has_other or self._is_there():
                self._check_identity()
                raise self._unsigned_refusal(device.unsigned_refusal(self.peer.address, answer), data)
            # A café's sign-in page, a printer: it sits where the device sits at home.
            self.delivery.turn("is not what answers")
            answer = self.delivery.send(data, signer, ANSWER_MAX_BYTES + 1024, keeps)
        if self.delivery.via == "http":
            return answer.body
        if self.delivery.via == "dht":
            self._remember(mailbox={"every_s": answer.look_every_s, "last": int(time.time())})
        if answer.data is None:
            error = RefusedError(f"{self.peer.name} refused.", answer.sentence, code=answer.code, details={"signed": False})
            raise self._unsigned_refusal(error, data)
        return answer.data

    def _is_there(self):
        """Whether this very device answers at its address."""
        try:
            device.expect(device.ask(self.peer.address, CHECK_S), self._device_text, self.peer.address, self.peer.name)
        except Failure:
            return False
        return True

    def _unsigned_refusal(self, error, data):
        """The error for an answer without a signature: what helps is told by its code, as for a signed one."""
        from leither_edge.core.command import open_command

        if isinstance(error, RefusedError) and error.code in MEANINGS:
            error.what, error.fix = explained(self.peer.name, spoken(open_command(data)[0].verb), error.code)
        return error

    def _check_identity(self):
        """When an answer makes no sense, tell first if another device sits at the address."""
        try:
            statement = device.ask(self.peer.address, self._timeout)
        except (Failure, UnreachableError):
            return
        device.expect(statement, self._device_text, self.peer.address, self.peer.name)

    def _remedy(self, answer, signer):
        """What to change in a refused command so that it may be obeyed, or None."""
        code = (answer.error or {}).get("code") if answer.status == "refused" else None
        if code == "old-keyset":
            before = self.keyset_version
            self.learn_keyset(signer)
            return {} if self.keyset_version != before else None
        if code == "challenge-required":
            challenge = answer.result.get("challenge")
            return {"challenge": challenge} if isinstance(challenge, bytes) else None
        if code == "expired":
            # The floor in the refusal was remembered: the next one counts from there.
            return {} if answer.floor > time.time() + CLOCK_NOISE_S else None
        if code == "replay":
            # Another copy of this key was ahead of us, numbering by its clock as we do.
            ahead = answer.device_time * 1000
            return {"at_least": ahead} if ahead > time.time() * 1000 + CLOCK_NOISE_S * 1000 else None
        return None

    def _finished(self, answer, verb):
        """Return an answer that says "done"; raise for any other."""
        if answer.status == "done":
            self._learn(answer, verb)
            return answer
        error, said = answer.error or {}, spoken(verb)
        code, message = clean(error.get("code", answer.status), 32), clean(error.get("message", ""), 1024)
        details = {"device": self.peer.name, "verb": verb, "status": answer.status, "command_id": answer.command_id.hex()}
        if answer.status == "interrupted":
            raise Failure(
                f"{self.peer.name} was interrupted while doing “{said}”.",
                message or "It is not known how far it came.",
                f"Look first, then repeat the command if it is still wanted: leither remote {self.peer.name} status",
                code="interrupted",
                details=details,
            )
        if answer.status == "failed":
            raise Failure(f"{self.peer.name} could not do “{said}”.", message[:1].upper() + message[1:], code=code, details=details)
        what, fix = explained(self.peer.name, said, code)
        raise RefusedError(what, message[:1].upper() + message[1:], fix, code=code, details=details)

    def _learn(self, answer, verb):
        """Remember of an answer what later commands need: the keyset's version, and how the device can be found from elsewhere."""
        if answer.status != "done":
            return
        version, config = answer.result.get("version"), answer.result.get("config")
        if verb == "status" and isinstance(answer.result.get("reach"), dict):
            config = answer.result["reach"].get("config")
            port = answer.result["reach"].get("peer_port")
            if isinstance(port, int) and 0 < port < 65536:
                self._remember(peer_port=port)
        if verb in ("keyset-get", "keyset-set") and isinstance(version, int) and version != self.keyset_version:
            self._remember(keyset_version=version)
        told = told_by_config(config) if isinstance(config, dict) else None
        if told is not None and told != self._seen.get("dht"):
            self._remember(dht=told)

    def _remember(self, **facts):
        self._seen = {**self._seen, **{name: fact for name, fact in facts.items() if fact is not None}, "seen": int(time.time())}
        self._home.write_json(self._seen, "seen", f"{self._device_text}.json")

    def _check_clocks(self, answer):
        """Warn about clocks that would make commands or passes fail later."""
        now = time.time()
        if answer.floor > now + CLOCK_NOISE_S:
            self._out.warn(
                f"The clock of this computer is behind: {self.peer.name} has seen a signed time of {day(answer.floor)}, "
                f"here it is {day(now)}. Set this computer's clock."
            )
        elif abs(answer.device_time - now) > CLOCK_OFF_S:
            days = abs(answer.device_time - now) / 86400
            side = "ahead" if answer.device_time > now else "behind"
            self._out.warn(
                f"The clock of {self.peer.name} is {days:,.0f} days {side} ({day(answer.device_time)}). "
                "Commands work all the same; dates in its log are wrong until it reaches a time server."
            )


def day(timestamp):
    """A moment as people write it, in UTC."""
    if timestamp >= 1 << 36:
        return "a year after 4000"
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(timestamp))
