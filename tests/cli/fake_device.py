"""A device for tests: a real HTTP server in a thread that judges commands by the rules of core, and fails on demand."""

import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from appliance.commands.keyset_store import with_roots
from leither_edge.card.claim_token import normal_token
from leither_edge.core import audit, cbor, cose
from leither_edge.core import keyset as keysets
from leither_edge.core.claim import open_claim, token_hash
from leither_edge.core.command import Answer, Refused, VerbRule, authorize, open_command, sign_answer
from leither_edge.core.time_floor import TimeFloor
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.crypto.sodium import random_bytes, verify

COSE = 'application/cose; cose-type="cose-sign1"'
TOKEN = "T7KQ2-0000A-BBBBB-CCCCC"
ROLES = {
    "status": "viewer",
    "config-get": "viewer",
    "keyset-get": "viewer",
    "audit": "viewer",
    "logs": "operator",
    "config-set": "operator",
    "identify": "operator",
    "mimei-collect": "operator",
    "reboot": "operator",
    "wifi-scan": "operator",
    "wifi-set": "operator",
    "sign-in": "viewer",
    "name-keep": "operator",
    "name-forget": "operator",
    "keyset-set": "owner",
    "factory-reset": "owner",
}
DANGEROUS = ("keyset-set", "factory-reset")


class FakeDevice:
    """Attributes to set: clock (() -> s), faults (list of "drop", "drop-answer", "busy", "full", "forge", "huge", "slow"; used one a
    command), more_status (added to the result of ``status``)."""

    def __init__(self, name="Leither-Test"):
        self.key = KeyPair(random_bytes(32))
        self.keyset = None
        self.floor = TimeFloor(1_700_000_000)
        self.clock = time.time
        self.config = {"name": name, "language": "en", "storage_share_mib": 1024, "metrics_remote": False}
        self.sequences, self.answers, self.challenges = {}, {}, set()
        self.executed, self.received, self.entries = [], [], []
        self.packets = {}
        self.head = audit.EMPTY
        self.faults = []
        self.more_status = {}
        self.released = threading.Event()
        self.lines = [{"n": n, "time": 1_760_000_000 + n, "text": f"info started part={n}"} for n in range(1, 6)]
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def address(self):
        return f"127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def statement(self, nonce, key=None):
        key = key or self.key
        version = self.keyset.version if self.keyset else 0
        now = self.floor.now(int(self.clock()))
        payload = {1: key.id, 2: key.public_key, 3: self.config["name"], 4: self.keyset is not None, 5: nonce, 6: {"node": "0.1.0"}}
        payload.update({7: now, 8: self.floor.floor, 9: version})
        return cose.sign1(cbor.encode(payload), cose.CT_DEVICE, key.id, key.sign)

    def claim(self, data):
        claim = open_claim(data, verify)
        assert claim.device_id == self.key.id and normal_token(TOKEN).encode() not in data
        if claim.token_hash != token_hash(self.key.id, claim.public_key, normal_token(TOKEN)):
            return 403, {"code": "wrong-token", "message": "The claim token is not right."}
        if self.keyset is not None:
            return 409, {"code": "claimed", "message": "This device has an owner already."}
        self.keyset = keysets.first_keyset(self.key.id, claim.public_key)
        return 200, self.statement(b"")

    def command(self, data):
        """(HTTP status, body) for the bytes of a command."""
        with self._lock:
            self.received.append(data)
            command, message = open_command(data)
            digest = hashlib.sha256(data).digest()
            if command.command_id in self.answers:
                kept, answer = self.answers[command.command_id]
                return (200, answer) if kept == digest else (400, {"code": "replay", "message": "Another command had this id."})
            if self.keyset is None:
                return 400, {"code": "unclaimed", "message": "This device has no owner yet."}
            rules = {verb: VerbRule(role, verb in DANGEROUS) for verb, role in ROLES.items()}
            last = self.sequences.get(command.issuer, 0)
            keyset = self.keyset
            if command.verb in ("keyset-get", "keyset-set") and command.delegation is None:
                keyset = with_roots(keyset, command.issuer)
            if command.verb == "keyset-get":
                keyset = keyset._replace(version=command.keyset_version)
            try:
                authorize(
                    command, message, keyset, self.key.id, self.floor, int(self.clock()), last, rules, verify, self.challenges.__contains__
                )
            except Refused as refused:
                if not refused.authentic:
                    return 400, {"code": refused.code, "message": str(refused)}
                result = {}
                if refused.code == "challenge-required":
                    result["challenge"] = random_bytes(16)
                    self.challenges.add(result["challenge"])
                return 200, self._answer(command, "refused", result, {"code": refused.code, "message": str(refused)})
            self.sequences[command.issuer] = command.sequence
            self.challenges.discard(command.challenge)
            self.floor.observe(command.issued)
            self.executed.append((command.verb, command.arguments))
            try:
                status, result, error = "done", self._do(command), None
            except ValueError as failed:
                status, result, error = "failed", {}, {"code": "failed", "message": str(failed)}
            answer = self._answer(command, status, result, error)
            data, self.head = audit.append(
                self.head,
                int(self.clock()),
                command.issuer,
                command.sequence,
                command.verb,
                digest,
                hashlib.sha256(answer).digest(),
                status,
            )
            self.entries.append(data)
            self.answers[command.command_id] = (digest, answer)
            return 200, answer

    def _answer(self, command, status, result, error):
        now = self.floor.now(int(self.clock()))
        head = tuple(self.head) if self.head.index else None
        answer = Answer(command.command_id, self.key.id, status, now, result, error, head, self.floor.floor)
        return sign_answer(answer, self.key.id, self.key.sign)

    def _do(self, command):
        arguments = command.arguments
        if command.verb == "status":
            return {
                "name": self.config["name"],
                "uptime_s": 7260,
                "versions": {"node": "0.1.0"},
                "memory": {"rss_kib": 30000, "max_kib": 196608},
                **self.more_status,
            }
        if command.verb == "logs":
            after, limit = arguments.get("after", 0), arguments.get("limit", 100)
            return {"lines": [line for line in self.lines if line["n"] > after][-limit:]}
        if command.verb == "config-get":
            return {"config": self.config, "issued": 0}
        if command.verb == "config-set":
            if not set(arguments) <= set(self.config):
                raise ValueError("There is no such setting.")
            self.config.update(arguments)
            return {"config": self.config, "issued": command.issued}
        if command.verb == "keyset-get":
            return {"keyset": keysets.encode_keyset(self.keyset), "version": self.keyset.version}
        if command.verb == "keyset-set":
            self.keyset = keysets.open_rotation(self.keyset, arguments["keyset"], verify)
            return {"version": self.keyset.version}
        if command.verb == "mimei-collect":
            return {"finished": self.config["name"] != "Slow", "blocks": 3, "bytes": 5 << 20}
        if command.verb == "name-keep":
            self.packets[arguments["packet"][:32]] = arguments["packet"]
            return {"stored": 8}
        if command.verb == "name-forget":
            return {"kept": self.packets.pop(arguments["key"], None) is not None}
        if command.verb == "audit":
            kept = self.entries[arguments.get("after", 0) :][: arguments.get("limit", 3)]
            first = audit.parse_entry(kept[0]) if kept else None
            start = [first.index - 1, first.previous] if first else list(self.head)
            return {"start": start, "entries": kept, "head": list(self.head)}
        if command.verb == "wifi-scan":
            return {"networks": [{"ssid": "Home", "signal_dbm": -50, "security": "wpa2", "channel": 6}]}
        if command.verb == "wifi-set":
            return {"ok": True, "address": "192.168.1.23"}
        return {}

    def _handler(device):
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def do_GET(self):
                url = urlsplit(self.path)
                if url.path != "/device":
                    self.reply(404, "text/plain", b"nothing here\n")
                    return
                self.reply(200, COSE, device.statement(bytes.fromhex(parse_qs(url.query).get("nonce", [""])[0])))

            def do_POST(self):
                data = self.rfile.read(int(self.headers["Content-Length"]))
                fault = device.faults.pop(0) if device.faults and self.path == "/command" else None
                if fault == "drop":
                    self.close_connection = True
                    return
                if fault == "full":
                    self.reply(507, "application/json", json.dumps({"error": {"code": "storage", "message": "The disk is full."}}).encode())
                    return
                if fault == "busy":
                    self.reply(503, "text/plain", b"busy\n")
                    return
                status, body = device.claim(data) if self.path == "/claim" else device.command(data)
                if fault == "drop-answer":
                    self.close_connection = True
                    return
                if fault == "slow":
                    device.released.wait(30)
                if fault == "forge":
                    other = KeyPair(random_bytes(32))
                    command = open_command(data)[0]
                    now = int(time.time())
                    body = sign_answer(Answer(command.command_id, other.id, "done", now, {}, None, None, now), other.id, other.sign)
                if fault == "huge":
                    body = bytes(2_000_000)
                if isinstance(body, dict):
                    self.reply(status, "application/json", json.dumps({"error": body}).encode())
                else:
                    self.reply(status, COSE, body)

            def reply(self, status, content_type, body):
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass

        return Handler
