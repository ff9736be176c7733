"""A whole device in processes of its own, supervisor and all, and a controller that commands it over real sockets.

For tests and benchmarks that must see what a user runs. Synchronous, so that its own cost stays small.
"""

import http.client
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

from leither_edge.card.claim_token import normal_token
from leither_edge.core import cose
from leither_edge.core.cbor import decode
from leither_edge.core.claim import Claim, sign_claim, token_hash
from leither_edge.core.command import Command, open_answer, sign_command
from leither_edge.core.ids import key_id
from leither_edge.crypto.sodium import keypair_from_seed, sign, verify

ROOT = Path(__file__).resolve().parent.parent
START_LIMIT_S = 30
STOP_LIMIT_S = 10


class DeviceProcess:
    """A supervisor and its node on a free port of loopback; a context manager.

    folder: state folder; profile: hardware profile; module: what is run; arguments: more of them; environment: extra variables;
    log: where standard error goes, as for subprocess; command: what starts it, in place of this Python and the module.
    """

    def __init__(
        self, folder, profile="pi-zero", module="appliance.supervisor", arguments=(), environment=None, log=subprocess.DEVNULL, command=None
    ):
        self._log = log
        command = command or [sys.executable, "-m", module]
        self._command = [*command, "--profile", profile, "--state", str(folder), "--port", "0", *arguments]
        self._environment = {**os.environ, "LEITHER_FAKE_SPEED": "0", **(environment or {})}
        self.port = None
        self.token = None
        self.start()

    def start(self):
        """Start it and wait until it has said where it serves."""
        self.process = subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=self._log, text=True)
        said = []
        for line in self.process.stdout:
            said.append(line)
            found = re.search(r"http://127\.0\.0\.1:(\d+)/(?:\?t=(\w+))?", line)
            if found:
                self.port, self.token = int(found[1]), found[2]
                return self
        raise AssertionError("the device did not start:\n" + "".join(said))

    def stop(self):
        """End it as Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def kill(self, number=signal.SIGKILL):
        """End it as a power cut does; the node follows its supervisor."""
        node = self.node_pid
        self.process.send_signal(number)
        self.process.wait()
        self.process.stdout.close()
        deadline = time.monotonic() + STOP_LIMIT_S
        while os.path.exists(f"/proc/{node}") and time.monotonic() < deadline:
            time.sleep(0.005)

    @property
    def node_pid(self):
        """Process id of the node; of the only process where there is no supervisor."""
        return (child_pids(self.process.pid) or [self.process.pid])[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Controller:
    """An owner with a key, who claims a device and commands it over one kept connection."""

    def __init__(self, port, seed=None):
        self.seed = seed or secrets.token_bytes(32)
        self.public_key, self.secret = keypair_from_seed(self.seed)
        self.id = key_id(self.public_key)
        self.sequence = 0
        self.keyset_version = 1
        self.connect(port)
        self.meet()

    def connect(self, port):
        """Talk to the device at this port from now on."""
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def meet(self):
        """Read who the device is."""
        card = cose.parse_sign1(self.request("GET", "/device")[1], cose.CT_DEVICE)
        said = decode(card.payload)
        cose.verify1(card, said[2], verify)
        self.device_id, self.device_key = said[1], said[2]
        return said

    def claim(self, token):
        """Become the owner; the status and body of the device's answer."""
        known = token_hash(self.device_id, self.public_key, normal_token(token))
        return self.request("POST", "/claim", sign_claim(Claim(self.device_id, self.public_key, int(time.time()), known), self.sign))

    def command(self, verb, arguments=None, issued=None, **fields):
        """The bytes of the next signed command."""
        self.sequence += 1
        issued = int(time.time()) if issued is None else issued
        values = {"expires": issued + 300, "challenge": None, "delegation": None, **fields}
        command = Command(
            command_id=secrets.token_bytes(16), device_id=self.device_id, issuer=self.id, keyset_version=self.keyset_version,
            sequence=self.sequence, issued=issued, verb=verb, arguments=arguments or {}, **values,
        )  # fmt: skip
        return sign_command(command, self.sign)

    def send(self, data):
        """The checked Answer to the bytes of a command. Raises ConnectionError if the device is going down."""
        status, body = self.request("POST", "/command", data)
        if status == 503:
            raise ConnectionError(body)
        assert status == 200, (status, body)
        return open_answer(body, self.device_key, verify)

    def do(self, verb, arguments=None, **fields):
        """Sign and send a command."""
        return self.send(self.command(verb, arguments, **fields))

    def sign(self, message):
        return sign(message, self.secret)

    def request(self, method, path, body=None, headers=None):
        """(status, body) of one request."""
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def child_pids(pid):
    """Process ids of a process's children."""
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def rss_kib(pid):
    """Resident memory of a process, KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("the process has ended")
