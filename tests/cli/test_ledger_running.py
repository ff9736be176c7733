"""A bookkeeper as a process: the same commands through it, members on other computers, and its HTTP."""

import json
import os
import signal
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest

from leither_edge.core.ids import id_from_text, id_to_text
from leither_edge.core.receipt import verify_receipt
from leither_edge.core.transfer import sign_transfer
from leither_edge.crypto import sodium
from leither_edge.organization import offers
from tests.cli.ledger_club import ROOT, Keeper, asked


def test_every_command_goes_to_the_process_that_keeps_the_book(kept, run, tmp_path):
    address = os.path.join(kept.folder, "address")
    assert oct(os.stat(address).st_mode)[-3:] == "600"
    assert kept.ok("issue", "7", "--reason", "more")["pulse"] == 3
    done = kept.ok("accept", kept.pay("ben", 20, "--memo", "Lunch")["offer"], "--receipt", tmp_path / "r")
    assert done["pulse"] == 4 and done["memo"] == "Lunch"
    assert run("ledger", "verify", tmp_path / "r", "--organization", kept.id).code == 0
    assert [kept.holds(who) for who in ("treasury", "anna", "ben")] == [507, 480, 20]
    assert kept.holds("anna", "--at", "2") == 500 and kept.ok("proof", "anna", "--at", "2")["amount"] == 500
    assert [c["pulse"] for c in kept.ok("history", "anna")["changes"]] == [4, 2]
    assert kept.ok("show")["transactions"][0]["id"] == kept.ok("show", done["transaction"])["id"] == done["transaction"]
    assert [entry["amount"] for entry in kept.ok("top")["accounts"]] == [507, 480, 20]
    assert kept.ok("stat")["kept_by"] == kept.keeper.address.rstrip("/")
    assert kept.ok("receipt", "ben", "--link")["link"].startswith(kept.keeper.address + "receipt#o=")
    assert kept.ok("export", tmp_path / "club.book")["pulse"] == 4
    assert kept.ok("import", tmp_path / "club.book", "copy", "--organization", kept.id)["total"] == 1007
    assert not [name for name in os.listdir(kept.folder) if name.startswith("exported")]
    for words in (["fsck", "--book", "club"], ["run", "--book", "club"]):
        kept.no(*words, code="in-use", exit_code=1)
    for words in (["accept", kept.pay("ben", 9999, "--book", "club")["offer"]], ["show", "99"], ["balance", "anna", "--at", "99"]):
        assert kept.run("ledger", *words, "--book", "club").code in (1, 3)
    assert kept.keeper.stop() == 0
    assert not os.path.exists(address)
    assert kept.ok("stat", "--book", "club")["pulse"] == 4 and kept.ok("fsck", "--book", "club")["good"]


def test_ctrl_c_stops_it_and_a_killed_one_is_forgotten(club):
    club.fill()
    with Keeper() as keeper:
        assert keeper.stop(signal.SIGINT) == 0
    with Keeper() as keeper:
        keeper.stop(signal.SIGKILL)
    # Its address is still written there, and nobody answers; the folder is free.
    assert os.path.exists(os.path.join(club.folder, "address"))
    assert club.holds("anna") == 500
    with Keeper():
        assert club.holds("anna") == 500


def test_members_on_other_computers(kept, run, monkeypatch, tmp_path):
    """Each has a home of their own, knows the organization's id and the address, and nothing else."""
    there = ["--book", kept.keeper.address, "--organization", kept.id]
    keys = {}
    for name in ("carla", "dan"):
        monkeypatch.setenv("LEITHER_HOME", str(tmp_path / name))
        keys[name] = run("key", "new", "--no-passphrase", "--json").json["public_key"]
    monkeypatch.setenv("LEITHER_HOME", str(tmp_path / "home"))
    grant = kept.ok("grant", keys["carla"], "50", "--reason", "Welcome")["offer"]
    monkeypatch.setenv("LEITHER_HOME", str(tmp_path / "carla"))
    assert kept.ok("accept", grant, *there)["pulse"] == 3
    offer = kept.ok("pay", keys["dan"], "8", "--memo", "Tea", *there)["offer"]
    monkeypatch.setenv("LEITHER_HOME", str(tmp_path / "dan"))
    done = kept.ok("accept", offer, *there)
    assert (done["pulse"], done["memo"]) == (4, "Tea")
    receipt = kept.ok("receipt", "--transaction", done["transaction"], *there)
    assert receipt["amount"] == 8 and kept.ok("verify", receipt["receipt"], "--organization", kept.id)["good"]
    assert [one["amount"] for one in kept.ok("balance", *there)["accounts"]] == [8] and kept.ok("show", *there)["transactions"] is None
    assert [one["amount"] for one in kept.ok("history", *there)["changes"]] == [8]
    assert kept.ok("show", done["transaction"], *there)["amount"] == 8
    for words in (["top"], ["stat"], ["export", tmp_path / "x"]):
        kept.no(*words, *there, code="not-keeper", exit_code=1)
    other = ["--book", kept.keeper.address, "--organization", "A" * 27]
    kept.no("balance", *other, exit_code=1)
    kept.no("pay", keys["carla"], "1", *other, exit_code=1)


def test_both_parties_may_send_it_and_each_hears_of_its_own(kept):
    found = offers.read_offer(kept.pay("ben", 3)["offer"]).signed
    signers = [kept.signer("anna"), kept.signer("ben")]
    data = sign_transfer(found.transfer, signers)
    path, answers = "/ledger/transfers?receipts=1", {}

    def send(id, headers):
        answers[id] = asked(kept.keeper.address, "POST", path, data, headers)

    _, word, _ = open(os.path.join(kept.folder, "address")).read().split()
    headers = {id: kept.asking(name, "POST", path) for (id, _), name in zip(signers, ("anna", "ben"), strict=True)}
    threads = [threading.Thread(target=send, args=one) for one in [*headers.items(), ("keeper", {"Authorization": f"Bearer {word}"})]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = {id: json.loads(body) for id, (status, _, body) in answers.items() if status == 200}
    assert good and all(status in (200, 409) for status, _, _ in answers.values())
    assert {one["id"] for one in good.values()} == {found.id.hex()}
    for id, one in good.items():
        assert set(one["receipts"]) == {id_to_text(party) for party in (headers if id == "keeper" else [id])}
        for account, text in one["receipts"].items():
            shown = verify_receipt(offers.from_text(text, 12288), id_from_text(kept.id), sodium.verify)
            assert shown.transaction == found.id and shown.account == id_from_text(account)
    assert kept.holds("ben") == 3


def test_a_receipt_is_asked_for_by_name_before_anything_is_booked(kept):
    """Who sends a transfer without saying who it is gets it booked, and no receipt."""
    found = offers.read_offer(kept.pay("ben", 3)["offer"]).signed
    data = sign_transfer(found.transfer, [kept.signer("anna"), kept.signer("ben")])
    status, _, body = asked(kept.keeper.address, "POST", "/ledger/transfers?receipts=1", data)
    assert (status, json.loads(body)["error"]["code"]) == (401, "not-signed") and kept.state()[0] == 2
    # Of somebody else's payment there is nothing to be had.
    path = "/ledger/transfers?receipts=1"
    status, _, body = asked(kept.keeper.address, "POST", path, data, kept.asking("owner", "POST", path))
    assert status == 200 and json.loads(body)["receipts"] == {} and kept.state()[0] == 3


def test_what_anyone_may_ask(kept):
    address = kept.keeper.address
    status, _, body = asked(address, "GET", "/ledger/head")
    head = json.loads(body)
    assert status == 200 and head["organization"] == kept.id and head["pulse"] == 2 and head["certificate"]
    assert json.loads(asked(address, "GET", "/ledger/headers/1")[2])["total"] == 1000
    status, headers, page = asked(address, "GET", "/receipt")
    assert status == 200 and headers["content-type"].startswith("text/html") and b"<script" in page


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/ledger/transfers", b"", 409), ("POST", "/ledger/transfers", b"\xd8\x62", 409),
        ("POST", "/ledger/transfers", bytes(4000), 413), ("GET", "/ledger/headers/x", None, 400),
        ("GET", "/ledger/headers/99999999999", None, 400), ("GET", "/ledger/headers/77", None, 404),
        ("GET", "/ledger/receipts/x", None, 400), ("GET", f"/ledger/receipts/{'A' * 27}?transaction=00", None, 400),
        ("GET", f"/ledger/receipts/{'A' * 27}?transaction={'0' * 64}", None, 401), ("GET", f"/ledger/receipts/{'A' * 27}?at=77", None, 401),
        ("GET", f"/ledger/proofs/{'A' * 27}?at=-1", None, 400), ("GET", "/ledger/own/stat", None, 403), ("GET", "/ledger/own/x", None, 403),
        ("POST", "/ledger/own/export", b"", 403), ("DELETE", "/ledger/head", None, 405), ("GET", "/ledger", None, 404),
    ],
)  # fmt: skip
def test_bad_requests(kept, method, path, body, status):
    answer = asked(kept.keeper.address, method, path, body)
    assert answer[0] == status, answer
    if answer[1]["content-type"] == "application/json":
        error = json.loads(answer[2])["error"]
        assert error["code"] and error["message"] and "Traceback" not in error["message"]
    assert kept.state()[0] == 2


def test_what_is_not_signed_by_everyone_is_refused(kept):
    found = offers.read_offer(kept.pay("ben", 3)["offer"]).signed
    status, _, body = asked(kept.keeper.address, "POST", "/ledger/transfers", found.data)
    error = json.loads(body)["error"]
    assert (status, error["code"], error["field"], error["refused"]) == (409, "signature-missing", "signatures", True)
    spoiled = bytearray(sign_transfer(found.transfer, [kept.signer("anna"), kept.signer("ben")]))
    spoiled[-1] ^= 1
    status, _, body = asked(kept.keeper.address, "POST", "/ledger/transfers", bytes(spoiled))
    assert (status, json.loads(body)["error"]["code"]) == (409, "bad-signature")
    assert kept.state()[0] == 2


def test_a_wrong_word_opens_nothing(kept):
    for word in ("", "Bearer", "Bearer x", "Bearer \xe9"):
        assert asked(kept.keeper.address, "GET", "/ledger/own/stat", headers={"Authorization": word.encode("latin-1")})[0] in (400, 403)
    url, word, _ = open(os.path.join(kept.folder, "address")).read().split()
    headers = {"Authorization": f"Bearer {word}"}
    assert asked(url, "GET", "/ledger/own/stat", headers=headers)[0] == 200
    assert asked(url, "GET", "/ledger/own/top", headers=headers)[0] == 400
    assert asked(url, "GET", "/ledger/own/nothing", headers=headers)[0] == 404
    # What is the keeper's alone no account's key opens.
    for path in ("/ledger/own/stat", "/ledger/own/top?count=1"):
        assert asked(url, "GET", path, headers=kept.asking("owner", "GET", path))[0] == 403


def test_a_port_that_is_taken(kept, run):
    port = urlsplit(kept.keeper.address).port
    run("ledger", "init", "second", "--key", "owner", "--json")
    ran = run("ledger", "run", "--book", "second", "--port", port, "--json")
    assert ran.code == 2 and str(port) in ran.json["error"]["why"]
    assert run("ledger", "run", "--book", "second", "--listen", "nonsense", "--json").code == 2
    assert run("ledger", "run", "--book", "second", "--port", "70000", "--json").code == 2


@pytest.mark.parametrize("answer", [b"", b"{}", b"[]", b'{"header": 5}', b'{"header": "AAAA", "certificate": "AAAA"}', b"[" * 100_000])
def test_nonsense_from_an_address_is_told(run, answer):
    """Something answers that is no bookkeeper."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments):
            pass

    run("key", "new", "--no-passphrase", "--json")
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        for words in (["show"], ["balance"], ["proof"], ["receipt"]):
            ran = run("ledger", *words, "--book", f"127.0.0.1:{server.server_address[1]}", "--organization", "A" * 27, "--json")
            assert ran.code == 1 and ran.json["error"]["code"] in ("untrusted", "bad-receipt"), ran.out
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_commands_at_the_same_time_wait_for_each_other(club):
    command = [sys.executable, "-m", "leither_edge.cli", "ledger", "issue", "1", "--reason", "x", "--key", "owner", "--json"]
    processes = [subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    pulses = [json.loads(process.communicate(timeout=60)[0])["pulse"] for process in processes]
    assert sorted(pulses) == [1, 2, 3, 4] and club.holds("treasury") == 4
