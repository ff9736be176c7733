"""A club for the tests of ``leither ledger``: keys, a book, and a bookkeeper's process."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from leither_edge.cli.book import Book
from leither_edge.cli.home import Home
from leither_edge.cli.keyring import find_key, read_open_file, signer_from_seed
from leither_edge.core.ids import id_from_text
from leither_edge.organization.askers import authorization

ROOT = Path(__file__).resolve().parent.parent.parent
STOP_LIMIT_S = 20


def asked(address, method, path, body=None, headers=None):
    """(status, headers, body) of a request; headers: mapping, or pairs where a name stands twice."""
    at = urlsplit(address)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
    try:
        connection.putrequest(method, path)
        for name, value in dict(headers or {}).items() if not isinstance(headers, list) else headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


class Club:
    """A book “club”, the organization's key “owner” and two members' keys, all through the command line.

    Args:
        run: the fixture that runs ``leither``.
    """

    def __init__(self, run):
        self.run = run
        for name in ("owner", "anna", "ben"):
            assert run("key", "new", "--name", name, "--no-passphrase", "--json").code == 0
        made = self.ok("init", "club", "--key", "owner")
        self.id, self.folder = made["organization"], made["folder"]

    def ok(self, *words):
        """Run a command that must work; returns its JSON."""
        ran = self.run("ledger", *words, "--json")
        assert ran.code == 0, ran.out + ran.err
        return ran.json

    def no(self, *words, code=None, field=None, exit_code=None):
        """Run a command that must fail, in plain words and in JSON; returns what the JSON says."""
        ran = self.run("ledger", *words, "--json")
        assert ran.code == ran.json["exit_code"] and ran.code != 0, ran.out
        error = ran.json["error"]
        assert error["message"].endswith((".", "?", ")")), error
        for wanted, found in ((code, error["code"]), (field, ran.json.get("field")), (exit_code, ran.code)):
            assert wanted is None or wanted == found, ran.json
        return ran.json

    def fill(self):
        """1,000 points are issued, and 500 of them are Anna's."""
        self.ok("issue", "1000", "--reason", "Founding")
        return self.ok("accept", self.ok("grant", "anna", "500", "--reason", "Stage")["offer"])

    def pay(self, who, amount, *more, key="anna"):
        """An offer's JSON."""
        return self.ok("pay", who, str(amount), "--key", key, *more)

    def holds(self, who, *more):
        """What somebody holds."""
        return self.ok("balance", who, *more)["amount"]

    def key(self, name):
        """The Signer of one of the keys."""
        return signer_from_seed(read_open_file(find_key(Book(Home()), name).file), name)

    def signer(self, name):
        """(key id, message -> signature) of one of the keys."""
        key = self.key(name)
        return key.key_id, key.sign

    def asking(self, name, method, path, **changes):
        """Header fields with which one of the keys asks; changes: other arguments of authorization."""
        key = self.key(name)
        given = {"organization": id_from_text(self.id), "method": method, "target": path, "now": time.time(), **changes}
        return {"Authorization": authorization(**given, public_key=key.public_key, sign=key.sign)}

    def state(self):
        """Pulse and root, which a refused transfer must not change."""
        shown = self.ok("show")
        return shown["pulse"], shown["root"]


class Keeper:
    """``leither ledger run`` as a process; a context manager. address: where it answers."""

    def __init__(self, *words):
        command = [sys.executable, "-m", "leither_edge.cli", "ledger", "run", "--json", *words]
        self.process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = self.process.stdout.readline()
        assert said, self.process.stderr.read()
        self.facts = json.loads(said)
        self.address = self.facts["address"]

    def stop(self, number=signal.SIGTERM):
        """End it; returns the exit code."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=STOP_LIMIT_S)
        assert "Traceback" not in err, err
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        if self.process.poll() is None:
            self.stop()
