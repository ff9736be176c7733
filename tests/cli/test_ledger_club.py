"""A club and two members, end to end, with the book's folder open in each command."""

import os
import sys
import time

from leither_edge.cli import grammar
from leither_edge.cli.completion import candidates
from leither_edge.core.ids import id_from_text
from leither_edge.core.receipt import verify_receipt
from leither_edge.core.sha256 import sha256
from leither_edge.core.transfer import sign_transfer
from leither_edge.crypto import sodium
from leither_edge.organization import offers


def test_a_club_from_its_first_point_to_a_receipt(club, run, tmp_path):
    issued = club.ok("issue", "1000", "--reason", "Founding points")
    assert (issued["pulse"], club.holds("treasury")) == (1, 1000)
    granted = club.ok("grant", "anna", "500", "--reason", "Built the stage")
    assert club.holds("anna") == 0, "an offer changes nothing"
    accepted = club.ok("accept", granted["offer"])
    assert (accepted["kind"], accepted["pulse"], accepted["reason"]) == ("grant", 2, "Built the stage")

    offer, receipt = tmp_path / "20.offer", tmp_path / "20.receipt"
    paid = club.pay("ben", 20, "--memo", "午餐", "--out", offer)
    assert paid["file"] == str(offer) and oct(os.stat(offer).st_mode)[-3:] == "600"
    accepted = club.ok("accept", offer, "--receipt", receipt)
    assert accepted["memo"] == "午餐" and accepted["transaction"] == paid["transaction"]
    assert [club.holds(who) for who in ("treasury", "anna", "ben")] == [500, 480, 20]

    # The receipt needs no book.
    os.rename(club.folder, str(tmp_path / "away"))
    shown = run("ledger", "verify", receipt, "--organization", club.id, "--json").json
    assert shown["good"] and shown["amount"] == 20 and shown["transaction"] == paid["transaction"] and shown["pulse"] == 3
    page = run("ledger", "verify", receipt, "--organization", club.id)
    assert page.code == 0 and shown["account"] in page.out.splitlines()[1] and "ben" in page.out


def test_receipts_as_text_file_and_link(club, run, tmp_path):
    done = club.fill()
    text = run("ledger", "receipt", "anna", "--transaction", done["transaction"]).out.strip()
    assert run("ledger", "verify", text, "--organization", club.id).code == 0
    assert run("ledger", "verify", "-", "--organization", club.id, stdin=text[:70] + "\n" + text[70:] + "\n").code == 0
    link = run("ledger", "receipt", "anna", "--link").out.strip()
    assert link.startswith(f"receipt.html#o={club.id}&r=hw")
    assert run("ledger", "verify", link, "--organization", club.id).code == 0
    assert run("ledger", "receipt", "anna", "--link", "https://club.example/receipt").out.startswith("https://club.example/receipt#o=")
    told = club.no("verify", link, exit_code=2)
    assert club.id in told["error"]["why"] and "--organization" in told["error"]["fix"]
    file = tmp_path / "a.receipt"
    assert run("ledger", "receipt", "anna", "--out", file).code == 0
    shown = verify_receipt(file.read_bytes(), id_from_text(club.id), sodium.verify)
    assert shown.amount == 500 and shown.transaction is None
    club.no("verify", file, "--organization", club.id, "--account", "ben", code="wrong-account", exit_code=1)


def test_the_past(club, run):
    club.fill()
    club.ok("accept", club.pay("ben", 5)["offer"])
    now = time.time()
    assert [club.holds("anna", "--at", pulse) for pulse in (0, 1, 2, 3)] == [0, 0, 500, 495]
    # A time between opening and the first issue means pulse 0.
    opened = club.ok("proof", "treasury", "--at", "0")
    assert (opened["amount"], opened["total"], opened["proof"]) == (0, 0, "")
    assert club.holds("anna", "--at", time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(now + 60))) == 495
    club.no("balance", "anna", "--at", "2020-01-01", field="pulse", exit_code=2)
    proven = club.ok("proof", "anna", "--at", "2")
    assert (proven["amount"], proven["total"], proven["accounts"], proven["changed"]) == (500, 1000, 2, 2)
    absent = club.ok("proof", "ben", "--at", "2")
    assert absent["amount"] == 0 and absent["changed"] is None
    assert [(c["pulse"], c["amount"]) for c in club.ok("history", "anna")["changes"]] == [(3, 495), (2, 500)]
    assert club.ok("history", "anna", "--limit", "1")["more"] is True
    assert "-5" in run("ledger", "history", "anna").out


def test_what_is_in_the_book(club, run):
    done = club.fill()
    shown = club.ok("show")
    assert shown["pulse"] == 2 and [entry["kind"] for entry in shown["transactions"]] == ["grant"]
    assert club.ok("show", "1")["transactions"][0]["reason"] == "Founding"
    assert club.ok("show", done["transaction"])["reason"] == "Stage"
    assert [entry["amount"] for entry in club.ok("top")["accounts"]] == [500, 500] and len(club.ok("top", "1")["accounts"]) == 1
    stat = club.ok("stat")
    assert stat["accounts"] == 2 and stat["organization"] == club.id and stat["kept_by"] is None
    for words in ("show", "show 1", f"show {done['transaction']}", "top", "stat", "balance", "balance anna", "proof anna"):
        words = words.split()
        ran = run("ledger", *words)
        assert ran.code == 0 and ran.out and not ran.err, words
    assert {entry["name"] for entry in club.ok("balance")["accounts"]} == {"owner", "anna", "ben", "treasury"}


def test_two_payments_that_are_alike_are_two(club):
    club.fill()
    first, second = club.pay("ben", 5), club.pay("ben", 5)
    club.ok("accept", first["offer"])
    club.ok("accept", second["offer"])
    assert club.holds("ben") == 10


def test_evidence_is_hashed_not_kept(club, tmp_path):
    file = tmp_path / "minutes"
    file.write_bytes(b"we built the hall")
    club.ok("issue", "10", "--reason", "Hall", "--evidence", file)
    assert club.ok("show")["transactions"][0]["evidence"] == sha256(b"we built the hall").hexdigest()
    club.no("issue", "10", "--reason", "Hall", "--evidence", tmp_path / "none", exit_code=1)


def test_an_offer_by_which_one_pays_is_asked_about(club, run):
    """Somebody sends an offer as if it were money, and it would take some."""
    club.fill()
    offer = club.pay("ben", 5)["offer"]
    found = offers.read_offer(offer)
    # Ben signs first, and Anna, who would pay, is asked to accept.
    text = offers.to_text(sign_transfer(found.signed.transfer, [club.signer("ben")]))
    club.no("accept", text, code="needs-confirmation", exit_code=2)
    assert club.holds("anna") == 500
    assert club.ok("accept", text, "--yes")["amount"] == 5


def test_export_and_import(club, run, tmp_path):
    club.fill()
    file = tmp_path / "club.book"
    assert club.ok("export", file)["pulse"] == 2 and oct(os.stat(file).st_mode)[-3:] == "600"
    club.no("export", file, exit_code=2)
    taken = club.ok("import", file, "copy", "--organization", club.id)
    assert taken["total"] == 1000 and taken["keeps"] is False
    assert club.no("balance", "anna", code="which-book")["error"]["fix"].endswith("club, copy")
    assert club.ok("balance", "anna", "--book", "copy")["amount"] == 500
    # Without the bookkeeper's key it is for reading alone.
    club.no("issue", "1", "--reason", "x", "--book", "copy", code="no-key", field="key")
    club.no("run", "--book", "copy", code="no-key", exit_code=2)
    key = os.path.join(club.folder, "bookkeeper.key")
    club.ok("import", file, "again", "--organization", club.id, "--bookkeeper-key", key)
    assert club.ok("issue", "1", "--reason", "x", "--book", "again")["pulse"] == 3
    assert club.ok("fsck", "--book", "again")["good"]
    club.no("import", file, "other", "--organization", club.ok("balance", "anna", "--book", "club")["account"], exit_code=1)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    club.no("import", file, "bad", "--organization", club.id, code="bad-file", exit_code=1)
    assert not os.path.exists(os.path.join(os.path.dirname(club.folder), "bad"))


def test_a_treasurer_of_ones_own(run):
    for name in ("owner", "till"):
        run("key", "new", "--name", name, "--no-passphrase", "--json")
    assert run("ledger", "init", "club", "--key", "owner", "--treasurer", "till", "--json").code == 0
    assert run("ledger", "issue", "5", "--reason", "x", "--json").code == 0
    ran = run("ledger", "issue", "5", "--reason", "x", "--key", "owner", "--json")
    assert ran.code == 2 and ran.json["error"]["code"] == "not-treasurer"


def test_a_key_with_a_passphrase(run):
    run("key", "new", "--json")
    assert run("ledger", "init", "club", "--json").code == 0
    assert run("ledger", "issue", "5", "--reason", "x", "--json").json["pulse"] == 1


def test_plot_says_what_is_missing(club, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    told = club.no("plot", "--out", tmp_path / "a.png", code="missing-package", exit_code=1)
    assert "leither-edge[plot]" in told["error"]["fix"]
    club.no("plot", "--out", tmp_path / "a.bmp", exit_code=2)


def test_completion(club, run):
    def words(*typed):
        *before, current = typed
        return [word for word, _ in candidates(list(before), current) if word.startswith(current)]

    assert words("led") == ["ledger"]
    assert set(words("ledger", "")) == set(grammar.build().children()["ledger"].children())
    assert words("ledger", "pay", "be") == ["ben"] and words("ledger", "grant", "an") == ["anna"]
    assert words("ledger", "balance", "tr") == ["treasury"] and words("ledger", "history", "an") == ["anna"]
    assert words("ledger", "show", "--book", "") == ["club"] and words("ledger", "pay", "ben", "5", "--key", "an") == ["anna"]
    assert words("ledger", "issue", "--rea") == ["--reason"]
    assert words("ledger", "pay", "ben", "") == []


def test_every_command_has_a_page_with_examples():
    commands = grammar.build().children()["ledger"].children()
    wanted = "init issue grant pay accept balance receipt proof verify history show top export import fsck stat plot run"
    assert set(commands) == set(wanted.split())
    assert all("$ leither ledger" in page.format_help() for page in commands.values())
