#!/usr/bin/env python3
"""A real `leither ledger run` under 30 transfers a second, and a process that knows nothing but the organization's id.

Members with keys of their own pay each other; both sides sign, and each transfer goes over HTTP to the bookkeeper's process. Balances
are not public, so each member asks for its own receipt with its key, and this process hands what came, over a pipe, to the other one,
which verifies it: every receipt of both sides, meanwhile, and a part of them asked for again afterwards, when they are of the past.
Latency of acknowledgement: from sending a transfer to the answer that it is durable; of the receipt: from sending the transfer until
the receipt is verified. CPU share and memory are those of the bookkeeper's process alone.
"""

import argparse
import base64
import json
import os
import queue
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent.parent
# In place of this folder, whose http.py would stand for the standard library's package.
sys.path[0] = str(ROOT)
import http.client  # noqa: E402

RATE_PER_S = 30
MEMBERS = 300
EACH = 1_000_000
# A transfer waits a second at most for its pulse, so twice as many are on their way as come in a second; the rest is slack.
SENDERS = 90
FETCHERS = 4
AGAIN = 1000
HEAD_EVERY_S = 60
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Connection:
    """A kept connection to the bookkeeper."""

    def __init__(self, url):
        self.url, at = url, urlsplit(url)
        self._connection = http.client.HTTPConnection(at.hostname, at.port, timeout=60)

    def request(self, method, path, body=None, headers=None):
        """(status, body) of a request, once more where the server has closed an idle connection."""
        for last in (False, True):
            try:
                self._connection.request(method, path, body, headers or {})
                answer = self._connection.getresponse()
                return answer.status, answer.read()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self._connection.close()
                if last:
                    raise
        raise AssertionError


def percentile(values, share):
    """A percentile of measured values, ms."""
    values = sorted(values)
    return round(1000 * values[min(len(values) - 1, int(len(values) * share))], 1) if values else None


# The process that knows the organization's id: `ledger_run.py verify ID`; on standard input, lines of: 1 where it was asked for again,
# account, transaction, pulse, moment of sending, receipt, as the parties got it.


def verify_all(organization_text):
    from leither_edge.core.ids import id_from_text
    from leither_edge.core.receipt import RECEIPT_MAX_BYTES, verify_receipt
    from leither_edge.crypto import sodium
    from leither_edge.organization.offers import from_text

    organization = id_from_text(organization_text)
    verified, latencies, problems = [0, 0], [], []
    for line in sys.stdin:
        again, account, transaction, pulse, sent, receipt = line.split()
        try:
            shown = verify_receipt(from_text(receipt, RECEIPT_MAX_BYTES), organization, sodium.verify)
            if (shown.account, shown.transaction, shown.pulse) != (id_from_text(account), bytes.fromhex(transaction), int(pulse)):
                raise ValueError("the receipt is of something else")
        except ValueError as error:
            problems.append(f"{type(error).__name__}: {error}")
            continue
        verified[int(again)] += 1
        if again == "0":
            latencies.append(time.monotonic() - float(sent))
    print(json.dumps({
        "verified": verified[0], "verified_again": verified[1], "problems": len(problems), "first_problems": problems[:3],
        "p50_ms": percentile(latencies, 0.5), "p99_ms": percentile(latencies, 0.99),
    }))  # fmt: skip


# The members.


class Club:
    """An organization, its members' keys, and its book, kept by a process of the command line."""

    def __init__(self, home):
        from leither_edge.crypto.key_pair import KeyPair

        self._environment = {**os.environ, "LEITHER_HOME": home, "PYTHONPATH": str(ROOT)}
        key = self._leither("key", "new", "--name", "club", "--no-passphrase", "--json")
        self.organization = self._leither("ledger", "init", "club", "--json")["organization"]
        with open(key["file"], "rb") as file:
            self.treasurer = KeyPair(base64.urlsafe_b64decode(json.load(file)["seed"]))
        self.members = [KeyPair(os.urandom(32)) for _ in range(MEMBERS)]

    def _leither(self, *words):
        ran = subprocess.run(
            [sys.executable, "-m", "leither_edge.cli", *words], env=self._environment, cwd=ROOT, capture_output=True, check=True
        )
        return json.loads(ran.stdout)

    def start(self):
        """Start the bookkeeper; returns (process, URL)."""
        process = subprocess.Popen(
            [sys.executable, "-m", "leither_edge.cli", "ledger", "run", "--json"], env=self._environment, cwd=ROOT, stdout=subprocess.PIPE
        )
        return process, json.loads(process.stdout.readline())["address"]

    def take_anchor(self, connection):
        """Read the newest header, which the transfers of the next minute name."""
        from leither_edge.core.header import header_hash
        from leither_edge.core.ids import id_from_text
        from leither_edge.core.signed_header import read_certificate, read_signed_header
        from leither_edge.crypto import sodium
        from leither_edge.organization.offers import from_text

        head = json.loads(connection.request("GET", "/ledger/head")[1])
        certificate = read_certificate(from_text(head["certificate"], 4096), id_from_text(self.organization), sodium.verify)
        header, payload = read_signed_header(from_text(head["header"], 4096), certificate, sodium.verify)
        self.anchor, self.pulse = header_hash(payload), header.pulse

    def issue(self, amount):
        """The bytes of an issue."""
        from leither_edge.organization.offers import issue_terms

        terms = issue_terms(self.treasurer.id, self.treasurer.public_key, amount, "bench", self.anchor, self.pulse, os.urandom(16))
        return self._signed(terms, [self.treasurer])

    def grant(self, member, amount):
        """The bytes of a grant to a member."""
        from leither_edge.organization.offers import grant_terms

        terms = grant_terms(
            self.treasurer.id, self.treasurer.public_key, member.public_key, amount, "bench", self.anchor, self.pulse, os.urandom(16)
        )
        return self._signed(terms, [self.treasurer, member])

    def payment(self, payer, payee, amount):
        """The bytes of a payment, signed by both."""
        from leither_edge.organization.offers import payment_terms

        terms = payment_terms(self.treasurer.id, payer.public_key, payee.public_key, amount, self.anchor, self.pulse, os.urandom(16))
        return self._signed(terms, [payer, payee])

    def _signed(self, terms, signers):
        from leither_edge.core.transfer import sign_transfer

        return sign_transfer(terms, [(signer.id, signer.sign) for signer in signers])


class Senders:
    """Threads that send transfers, each on a connection of its own, and note what came back."""

    def __init__(self, url, told):
        self._url, self._told = url, told
        self._queue = queue.Queue()
        self._lock = threading.Lock()
        self.latencies, self.refused, self.sent = [], [], []
        self._threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def put(self, data, parties):
        """Send a transfer; parties: keys of those who want a receipt."""
        self._queue.put((data, parties))

    def finish(self):
        """Wait until all are answered."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _send(self):
        connection = Connection(self._url)
        while (one := self._queue.get()) is not None:
            data, parties = one
            begin = time.monotonic()
            status, body = connection.request("POST", "/ledger/transfers", data)
            took = time.monotonic() - begin
            booked = json.loads(body)
            with self._lock:
                if status != 200:
                    self.refused.append(booked)
                    continue
                self.latencies.append(took)
                for party in parties:
                    one = (party, booked["id"], booked["pulse"], begin)
                    self.sent.append(one)
                    self._told(*one)


class Fetchers:
    """Threads that ask for receipts, each as the member whose it is, and hand them to the process that verifies."""

    def __init__(self, url, organization, pipe):
        self._url, self._organization, self._pipe = url, organization, pipe
        self._queue = queue.Queue()
        self._lock = threading.Lock()
        self.problems = []
        self._threads = [threading.Thread(target=self._fetch) for _ in range(FETCHERS)]
        for thread in self._threads:
            thread.start()

    def put(self, member, transaction, pulse, sent, again=0):
        """Fetch a receipt of a member's. Args: transaction (its id in text), sent (moment), again (1: not for the first time)."""
        self._queue.put((member, transaction, pulse, sent, again))

    def finish(self):
        """Wait until all are handed over."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _fetch(self):
        from leither_edge.core.ids import id_to_text
        from leither_edge.organization.askers import authorization
        from leither_edge.organization.offers import to_text

        connection = Connection(self._url)
        while (one := self._queue.get()) is not None:
            member, transaction, pulse, sent, again = one
            account = id_to_text(member.id)
            path = f"/ledger/receipts/{account}?transaction={transaction}&at={pulse}"
            asking = authorization(self._organization, "GET", path, time.time(), member.public_key, member.sign)
            try:
                status, data = connection.request("GET", path, headers={"Authorization": asking})
                if status != 200:
                    raise ValueError(f"{status}: {data[:200]!r}")
                with self._lock:
                    self._pipe.write(f"{again} {account} {transaction} {pulse} {sent} {to_text(data)}\n")
                    self._pipe.flush()
            except (ValueError, OSError, http.client.HTTPException) as error:
                with self._lock:
                    self.problems.append(f"{type(error).__name__}: {error}")


def memory_mb(pid):
    """{"all", "anonymous"} of a process, MB."""
    found = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "RssAnon"):
            found[name] = int(value.split()[0]) / 1024
    return {"all": round(found["VmRSS"], 1), "anonymous": round(found["RssAnon"], 1)}


def cpu_seconds(pid):
    """CPU time of a process, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def fill(club, connection):
    """Issue points and give each member the same."""
    club.take_anchor(connection)
    status, body = connection.request("POST", "/ledger/transfers", club.issue(MEMBERS * EACH))
    if status != 200:
        raise SystemExit(f"the issue was refused: {body.decode()}")
    senders = Senders(connection.url, lambda *one: None)
    for member in club.members:
        senders.put(club.grant(member, EACH), ())
    senders.finish()
    if senders.refused:
        raise SystemExit(f"a grant was refused: {senders.refused[0]}")


def measure(seconds):
    """Run it all; returns the figures."""
    with tempfile.TemporaryDirectory() as home:
        club = Club(home)
        process, url = club.start()
        try:
            connection = Connection(url)
            fill(club, connection)
            verifier = subprocess.Popen(
                [sys.executable, __file__, "verify", club.organization], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            fetchers = Fetchers(url, club.treasurer.id, verifier.stdin)
            senders = Senders(url, fetchers.put)
            choice = random.Random(1)
            memory = {"start": memory_mb(process.pid)}
            first_pulse, cpu, begin = club.pulse, cpu_seconds(process.pid), time.monotonic()
            settle, next_head = min(60, seconds / 4), begin
            for number in range(int(seconds * RATE_PER_S)):
                due = begin + number / RATE_PER_S
                if due >= next_head:
                    club.take_anchor(connection)
                    first_pulse = club.pulse if next_head == begin else first_pulse
                    next_head += HEAD_EVERY_S
                if "minute" not in memory and due >= begin + settle:
                    memory["minute"] = memory_mb(process.pid)
                time.sleep(max(0, due - time.monotonic()))
                payer, payee = choice.sample(club.members, 2)
                senders.put(club.payment(payer, payee, choice.randint(1, 5)), (payer, payee))
            senders.finish()
            took = time.monotonic() - begin
            used = cpu_seconds(process.pid) - cpu
            memory["end"] = memory_mb(process.pid)
            club.take_anchor(connection)
            for one in choice.sample(senders.sent, min(AGAIN, len(senders.sent))):
                fetchers.put(*one, again=1)
            fetchers.finish()
            checked = json.loads(verifier.communicate()[0])
            book_bytes = os.path.getsize(os.path.join(home, "ledger", "club", "data.mdb"))
        finally:
            process.terminate()
            process.wait()
    return {
        "seconds": round(took, 1), "transfers": len(senders.latencies), "transfers_per_s": round(len(senders.latencies) / took, 1),
        "refused": len(senders.refused), "pulses": club.pulse - first_pulse, "members": MEMBERS,
        "cpu_share": round(used / took, 4), "rss_mb": memory, "rss_growth_mb": round(memory["end"]["all"] - memory["minute"]["all"], 1),
        "anonymous_growth_mb": round(memory["end"]["anonymous"] - memory["minute"]["anonymous"], 1),
        "receipts_verified": checked["verified"], "receipts_verified_again": checked["verified_again"],
        "problems": checked["problems"] + len(fetchers.problems),
        "first_problems": checked["first_problems"] + fetchers.problems[:3] + [str(one) for one in senders.refused[:3]],
        "acknowledged_p50_ms": percentile(senders.latencies, 0.5), "acknowledged_p99_ms": percentile(senders.latencies, 0.99),
        "receipt_p50_ms": checked["p50_ms"], "receipt_p99_ms": checked["p99_ms"], "book_mb": round(book_bytes / 1e6, 1),
        "mean_ms": round(1000 * statistics.mean(senders.latencies), 1),
    }  # fmt: skip


def table(figures):
    """The figures for people."""
    memory = figures["rss_mb"]
    rows = [
        ("transfers", f"{figures['transfers']} in {figures['seconds']} s, {figures['transfers_per_s']} a second"),
        ("pulses", figures["pulses"]),
        ("refused", figures["refused"]),
        ("CPU of one core", f"{figures['cpu_share']:.1%}"),
        ("memory at start, minute, end", ", ".join(f"{memory[when]['all']} MB" for when in ("start", "minute", "end"))),
        ("of which not the book's file", ", ".join(f"{memory[when]['anonymous']} MB" for when in ("start", "minute", "end"))),
        ("book on disk", f"{figures['book_mb']} MB"),
        ("receipts verified", f"{figures['receipts_verified']}, and again later {figures['receipts_verified_again']}"),
        ("receipts not good", figures["problems"]),
        ("acknowledged after", f"{figures['acknowledged_p50_ms']} ms, one in a hundred {figures['acknowledged_p99_ms']} ms"),
        ("receipt verified after", f"{figures['receipt_p50_ms']} ms, one in a hundred {figures['receipt_p99_ms']} ms"),
    ]  # fmt: skip
    for name, value in rows:
        print(f"{name:<30} {value}")


def main():
    if sys.argv[1:2] == ["verify"]:
        verify_all(*sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long (600)")
    parser.add_argument("--quick", action="store_true", help="20 seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    figures = measure(20 if options.quick else options.seconds)
    print(json.dumps(figures)) if options.json else table(figures)
    good = not figures["refused"] and not figures["problems"] and figures["receipts_verified"] == 2 * figures["transfers"]
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
