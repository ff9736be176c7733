"""Balances are not public: what a bookkeeper's process tells about one account, and to whom."""

import json
import os
import time

import pytest

from leither_edge.core.ids import id_from_text, id_to_text
from leither_edge.core.proof import verify as verify_proof
from leither_edge.core.receipt import verify_receipt
from leither_edge.crypto import sodium
from leither_edge.organization.askers import GOOD_FOR_S
from leither_edge.organization.offers import TREASURY_ACCOUNT
from tests.cli.ledger_club import asked


@pytest.fixture
def paths(kept):
    """Every question about Anna's account, and about the grant that she signed."""
    kept.anna, kept.grant = kept.ok("balance", "anna")["account"], kept.ok("show", "2")["transactions"][0]["id"]
    return [
        f"/ledger/receipts/{kept.anna}", f"/ledger/receipts/{kept.anna}?at=1", f"/ledger/proofs/{kept.anna}",
        f"/ledger/history/{kept.anna}?limit=5", f"/ledger/transactions/{kept.grant}",
        f"/ledger/receipts/{kept.anna}?transaction={kept.grant}&at=2",
    ]  # fmt: skip


def refused(kept, path, headers=None, method="GET"):
    """(status, code, field) of a refusal, which says what to do and nothing else."""
    status, fields, body = asked(kept.keeper.address, method, path, headers=headers)
    assert status >= 400, body
    error = json.loads(body)["error"]
    assert error["message"].endswith(".") and "500" not in error["message"]
    assert (fields["www-authenticate"] == "Leither") == (status == 401)
    return status, error["code"], error["field"]


def test_the_accounts_own_key_asks(kept, paths):
    def told(path):
        status, fields, body = asked(kept.keeper.address, "GET", path, headers=kept.asking("anna", "GET", path))
        assert status == 200, body
        return fields, body

    shown = verify_receipt(told(paths[0])[1], id_from_text(kept.id), sodium.verify)
    assert (shown.amount, shown.account) == (500, id_from_text(kept.anna))
    fields, proof = told(paths[2])
    assert verify_proof(proof, shown.account, shown.header.root, shown.header.total) == (2, 500) and fields["ledger-pulse"] == "2"
    assert json.loads(told(paths[3])[1]) == {"changes": [[2, 500]], "more": False}
    assert json.loads(told(paths[4])[1])["id"] == kept.grant
    assert verify_receipt(told(paths[5])[1], id_from_text(kept.id), sodium.verify).transaction.hex() == kept.grant
    # Before the first issue nobody held anything.
    assert verify_receipt(told(f"{paths[0]}?at=0")[1], id_from_text(kept.id), sodium.verify).amount == 0


def test_the_keepers_word_opens_everything(kept, paths):
    _, word, _ = open(os.path.join(kept.folder, "address")).read().split()
    for path in paths:
        assert asked(kept.keeper.address, "GET", path, headers={"Authorization": f"Bearer {word}"})[0] == 200
        assert refused(kept, path, {"Authorization": f"Bearer {word}x"})[:2] == (403, "not-keeper")


def test_the_treasurer_asks_for_the_treasury(kept):
    path = f"/ledger/receipts/{id_to_text(TREASURY_ACCOUNT)}"
    assert asked(kept.keeper.address, "GET", path, headers=kept.asking("owner", "GET", path))[0] == 200
    assert refused(kept, path, kept.asking("anna", "GET", path)) == (403, "not-yours", "account")


def test_attacks(kept, paths):
    for path in paths:

        def asking(name="anna", method="GET", target=path, **changes):
            return kept.asking(name, method, target, **changes)

        good, now = asking()["Authorization"], time.time()
        assert refused(kept, path) == (401, "not-signed", "authorization")
        assert refused(kept, path, asking("ben"))[:2] == (403, "not-yours")
        assert refused(kept, path, asking(now=now - GOOD_FOR_S - 30)) == (401, "time", "time")
        assert refused(kept, path, asking(now=now + GOOD_FOR_S + 30)) == (401, "time", "time")
        assert refused(kept, path, asking(target=path + "0")) == (401, "another-request", "target")
        assert refused(kept, path + ("&" if "?" in path else "?") + "at=1", asking()) == (401, "another-request", "target")
        assert refused(kept, path, asking(method="POST")) == (401, "another-request", "method")
        assert refused(kept, path, asking(organization=bytes(20))) == (401, "wrong-organization", "organization")
        assert refused(kept, path, [("Authorization", good)] * 2) == (400, "malformed", "authorization")
        assert refused(kept, path, [("Authorization", good), ("Authorization", asking("ben")["Authorization"])])[0] == 400
        assert refused(kept, path, {"Authorization": good + "A" * 700}) == (400, "too-large", "authorization")
        assert refused(kept, path, {"Authorization": good + "A" * 4000}) == (400, "too-large", "authorization")
        assert refused(kept, path, {"Authorization": good[:-8]})[:2] == (400, "malformed")
        spoiled = good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB")
        assert refused(kept, path, {"Authorization": spoiled}) == (401, "bad-signature", "authorization")
        # Again within its minutes: the same answer, since it only reads.
        answers = [asked(kept.keeper.address, "GET", path, headers={"Authorization": good}) for _ in range(2)]
        assert answers[0][0] == 200 and answers[0][2] == answers[1][2]
    assert kept.state()[0] == 2


def test_only_parties_see_a_transaction(kept, paths):
    """A receipt of one's own account does not open another's payment."""
    ben = kept.ok("balance", "ben")["account"]
    path = f"/ledger/receipts/{ben}?transaction={kept.grant}&at=2"
    assert refused(kept, path, kept.asking("ben", "GET", path)) == (403, "not-yours", "transaction")
    path = f"/ledger/transactions/{kept.grant}"
    assert refused(kept, path, kept.asking("ben", "GET", path)) == (403, "not-yours", "transaction")
    assert asked(kept.keeper.address, "GET", path, headers=kept.asking("owner", "GET", path))[0] == 200


def test_a_member_elsewhere_sees_only_what_is_theirs(kept, run, monkeypatch, tmp_path):
    ben, anna = kept.ok("balance", "ben")["account"], kept.ok("balance", "anna")["account"]
    grant = kept.ok("show", "2")["transactions"][0]["id"]
    there = ["--book", kept.keeper.address, "--organization", kept.id]
    monkeypatch.setenv("LEITHER_HOME", str(tmp_path / "carla"))
    # With a passphrase, which a command asks for as it does for a payment.
    run("key", "new", "--json")
    for words in (["balance", anna], ["proof", anna], ["receipt", anna], ["history", ben], ["balance", "treasury"]):
        error = kept.no(*words, *there, code="not-yours", field="account", exit_code=1)["error"]
        assert "Ask the owner for a receipt" in error["fix"] and kept.id in error["fix"]
    kept.no("show", grant, *there, code="not-yours", field="transaction", exit_code=1)
    assert [entry["amount"] for entry in kept.ok("balance", *there)["accounts"]] == [0]
    assert "treasury" in run("ledger", "balance", *there).err
    assert kept.ok("history", *there)["changes"] == [] and kept.ok("proof", *there)["amount"] == 0
    monkeypatch.delenv("LEITHER_PASSPHRASE")
    kept.no("balance", *there, code="needs-passphrase", exit_code=2)
    assert kept.ok("show", *there)["pulse"] == 2, "what is open to all wants no key"


def test_the_treasurer_elsewhere(kept, monkeypatch, tmp_path):
    there = ["--book", kept.keeper.address, "--organization", kept.id]
    found = {entry["name"]: entry["amount"] for entry in kept.ok("balance", *there)["accounts"]}
    assert found == {"owner": 0, "anna": 500, "ben": 0, "treasury": 500}
    transaction = kept.ok("show", "2")["transactions"][0]["id"]
    kept.no("show", transaction, *there, code="which-key", exit_code=2)
    kept.no("show", transaction, "--key", "ben", *there, code="not-yours", exit_code=1)
    assert kept.ok("show", transaction, "--key", "anna", *there)["amount"] == 500


def test_a_receipt_that_nobody_here_may_ask_for_keeps_nothing_from_being_booked(kept, run, monkeypatch, tmp_path):
    """All have signed; somebody else brings it in."""
    from leither_edge.core.transfer import sign_transfer
    from leither_edge.organization import offers

    terms = offers.read_offer(kept.pay("ben", 3)["offer"]).signed.transfer
    text = offers.to_text(sign_transfer(terms, [kept.signer("anna"), kept.signer("ben")]))
    there = ["--book", kept.keeper.address, "--organization", kept.id]
    monkeypatch.setenv("LEITHER_HOME", str(tmp_path / "carla"))
    run("key", "new", "--no-passphrase", "--json")
    kept.no("accept", text, "--receipt", tmp_path / "r", *there, code="not-yours", exit_code=1)
    assert kept.ok("show", *there)["pulse"] == 2 and kept.ok("accept", text, *there)["pulse"] == 3


@pytest.mark.parametrize("elsewhere", [False, True])
def test_more_than_one_holds_is_offered_with_a_warning(kept, run, elsewhere):
    there = ["--book", kept.keeper.address, "--organization", kept.id] if elsewhere else []
    short = kept.pay("ben", 501, *there)
    assert short["offer"] and "anna holds 500" in short["warnings"][0] and "501" in short["warnings"][0]
    assert "warnings" not in kept.pay("ben", 500, *there)
    grant = kept.ok("grant", "ben", "501", "--reason", "x", *there)
    assert grant["offer"] and "treasury holds 500" in grant["warnings"][0]
    assert "warnings" not in kept.ok("grant", "ben", "500", "--reason", "x", *there)
    ran = run("ledger", "pay", "ben", "501", "--key", "anna", *there)
    assert ran.code == 0 and "! anna holds 500 now" in ran.err
