"""What a user gives that no book takes: a plain sentence, the field's name, and no change."""

import os

import pytest

from leither_edge.core.transfer import sign_transfer
from leither_edge.organization import offers


@pytest.fixture
def filled(club):
    club.fill()
    return club


@pytest.fixture
def still(filled):
    """The club again; at the end its book must be what it was."""
    before = filled.state()
    yield filled
    assert filled.state() == before


@pytest.mark.parametrize("amount", ["0", "-5", "1.5", "ten", "", "９", "1e3", str(1 << 53), "9" * 30])
@pytest.mark.parametrize("words", [["issue", "--reason", "x"], ["grant", "anna", "--reason", "x"], ["pay", "ben", "--key", "anna"]])
def test_amounts(still, words, amount):
    place = 1 if words[0] == "issue" else 2
    still.no(*words[:place], amount, *words[place:], code="amount", field="amount", exit_code=2)


def test_an_account_that_pays_itself(still):
    still.no("pay", "anna", "5", "--key", "anna", code="same-account", field="payees", exit_code=1)


def test_more_than_is_there(still):
    offer = still.pay("ben", 501)
    assert offer["warnings"] == ["anna holds 500 now, and this offers 501: it is booked only once there is that much."]
    still.no("accept", offer["offer"], code="below-zero", field="payers", exit_code=3)
    offer = still.ok("grant", "ben", "501", "--reason", "x")["offer"]
    still.no("accept", offer, code="below-zero", field="payers", exit_code=3)


def test_an_account_that_holds_nothing(still):
    still.no("accept", still.pay("anna", 1, key="ben")["offer"], code="unknown-account", field="payers", exit_code=3)


@pytest.mark.parametrize("who", ["nobody", "A" * 27, "A" * 48, "annna", "", "\x1b[31m", "\udcff"])
def test_nobody(still, who):
    told = still.no("pay", who, "5", "--key", "anna", code="unknown-account", field="account", exit_code=2)
    assert "\x1b" not in str(told)


def test_an_id_is_not_enough_to_pay(still):
    account = still.ok("balance", "ben")["account"]
    error = still.no("pay", account, "5", "--key", "anna", exit_code=2)["error"]
    assert "both keys are named" in error["why"] and "leither key show" in error["fix"]


def test_more_than_a_book_holds(club):
    most = str((1 << 53) - 1)
    for _ in range(8):
        club.ok("issue", most, "--reason", "much")
    before = club.state()
    club.no("issue", most, "--reason", "too much", code="overflow", field="payees", exit_code=3)
    assert club.state() == before


@pytest.mark.parametrize("reason", ["", "x" * 281, "\udcff"])
def test_reasons(still, reason):
    still.no("issue", "5", "--reason", reason, exit_code=1)
    assert still.run("ledger", "issue", "5", "--json").code == 2


@pytest.mark.parametrize("memo", ["", "x" * 281, "\udcff"])
def test_memos(still, memo):
    still.no("pay", "ben", "5", "--key", "anna", "--memo", memo, field="memo", exit_code=1)


def test_an_offer_twice(filled):
    offer = filled.pay("ben", 5)["offer"]
    filled.ok("accept", offer)
    before = filled.state()
    filled.no("accept", offer, code="replayed", field="id", exit_code=3)
    assert filled.state() == before


def test_a_doubled_signature(still):
    told = still.no("accept", still.pay("ben", 5)["offer"], "--key", "anna", "--yes", exit_code=1)
    assert told["field"] == "signatures"


def test_a_strangers_signature(still):
    still.no("accept", still.pay("ben", 5)["offer"], "--key", "owner", code="stranger", field="signatures", exit_code=1)


def test_an_offer_that_none_of_ones_keys_may_sign(still, run):
    offer = still.pay("ben", 5)["offer"]
    assert run("key", "delete", "ben", "--yes").code == 0
    told = still.no("accept", offer, code="no-key", field="signatures", exit_code=2)
    assert "--key" in told["error"]["fix"]


def test_spoiled_offers(still):
    offer = still.pay("ben", 5, "--memo", "Lunch")["offer"]
    data, _, memo = offer.partition(".")
    flipped = data[:200] + ("A" if data[200] != "A" else "B") + data[201:]
    for text in ("", "x", data[:-9], data + "AAAA", flipped, flipped + "." + memo, "é" * 40, "hwF" * 40, "A" * 9000):
        assert still.run("ledger", "accept", text, "--json").code in (1, 2), text
    other = offers.to_text(bytes(16) + b"Dinner")
    still.no("accept", f"{data}.{other}", code="memo", field="memo", exit_code=1)
    still.no("accept", f"{data}.", field="memo", exit_code=1)
    # Without its memo the offer is good all the same: its hash is what was signed.
    assert offers.read_offer(data).memo is None


def signed_anew(club, names, **changes):
    """The text of an offer with changed terms, signed by the names given."""
    terms = offers.read_offer(club.pay("ben", 5)["offer"]).signed.transfer._replace(**changes)
    return offers.to_text(sign_transfer(terms, [club.signer(name) for name in names]))


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"anchor": bytes(32)}, "anchor", "anchor"), ({"expires": 1}, "expired", "expires"),
        ({"expires": 100_000}, "expires-too-far", "expires"),
    ],
)  # fmt: skip
def test_anchors_and_expiry(still, changes, code, field):
    still.no("accept", signed_anew(still, ["anna"], **changes), code=code, field=field, exit_code=3)


def test_another_organizations_offer(still):
    told = still.no("accept", signed_anew(still, ["anna"], organization=bytes(20)), code="wrong-organization", field="organization")
    assert "--book" in told["error"]["fix"]


def test_receipts_that_are_not_good(still, tmp_path):
    text = still.ok("receipt", "anna")["receipt"]
    data = bytearray(offers.from_text(text, 12288))
    file = tmp_path / "r"
    for at in range(30, len(data), 61):
        spoiled = bytearray(data)
        spoiled[at] ^= 1
        file.write_bytes(spoiled)
        told = still.no("verify", file, "--organization", still.id, code="bad-receipt", exit_code=1)
        assert told["good"] is False and told["field"]
    for given in (text[:-8], text + "AAAA", "nothing", "x#r=", f"x#r={text[:-4]}", "é", "\udcff"):
        still.no("verify", given, "--organization", still.id, code="bad-receipt", exit_code=1)
    other = still.ok("balance", "ben")["account"]
    still.no("verify", text, "--organization", other, code="bad-receipt", field="organization", exit_code=1)
    still.no("verify", text, "--organization", "short", field="organization", exit_code=2)
    file.write_bytes(bytes(40_000))
    assert still.run("ledger", "verify", file, "--organization", still.id).code == 1


def test_pulses_and_transactions_that_are_not_there(still):
    still.no("show", "99", code="no-pulse", field="pulse", exit_code=1)
    still.no("show", "0" * 64, code="no-transaction", field="id", exit_code=1)
    still.no("show", "zz", field="transaction", exit_code=2)
    still.no("receipt", "anna", "--transaction", "0" * 63, field="transaction", exit_code=2)
    still.no("receipt", "anna", "--transaction", "0" * 64, code="no-transaction", exit_code=1)
    still.no("balance", "anna", "--at", "99", field="pulse", exit_code=1)
    still.no("balance", "anna", "--at", "tomorrow", field="pulse", exit_code=2)
    still.no("top", "0", exit_code=2)
    still.no("history", "anna", "--limit", "0", exit_code=2)


def test_books_that_are_not_there(run, tmp_path):
    run("key", "new", "--no-passphrase", "--json")
    for words, code in (("stat", "no-book"), ("stat --book club", "no-book"), ("stat --book 127.0.0.1:9", "no-organization")):
        ran = run("ledger", *words.split(), "--json")
        assert ran.code == 2 and ran.json["error"]["code"] == code
    ran = run("ledger", "stat", "--book", "127.0.0.1:9", "--organization", "A" * 27, "--timeout", "2", "--json")
    assert ran.code in (1, 4)
    assert run("ledger", "init", "club", "--json").code == 0
    assert run("ledger", "init", "club", "--json").json["error"]["code"] == "book-exists"
    assert run("ledger", "init", "../x", "--json").code == 2
    assert run("ledger", "init", "x", "--book", tmp_path / "no" / "where", "--json").code == 2
    assert run("ledger", "stat", "--organization", "A" * 27, "--json").json["field"] == "organization"


def test_a_book_that_was_cut_or_flipped(filled, run):
    """What fsck mends it mends; what it cannot it says, and never is a wrong balance shown."""
    path = os.path.join(filled.folder, "data.mdb")
    good = open(path, "rb").read()
    at = good.rindex(b"Stage")
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(b"Etage")
    told = filled.no("fsck", code="damaged", exit_code=1)
    assert told["findings"][0]["sentence"] and told["good"] is False
    assert "✗" in run("ledger", "fsck").out
    mended = filled.ok("fsck", "--repair")
    assert mended["repaired"] and filled.ok("fsck")["good"]
    assert filled.holds("anna") == 500
    with open(path, "r+b") as file:
        file.truncate(len(good) // 2)
    for words in (["balance", "anna"], ["fsck"], ["fsck", "--repair"]):
        ran = run("ledger", *words)
        assert ran.code == 1 and ran.err.startswith("✗ ")
    with open(os.path.join(filled.folder, "organization"), "w") as file:
        file.write("nonsense")
    with open(path, "wb") as file:
        file.write(good)
    filled.no("stat", code="organization", field="organization", exit_code=1)
