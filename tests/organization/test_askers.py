"""Who asks, and what is theirs to know, with a clock that stands still."""

import pytest

from leither_edge.core.ids import key_id
from leither_edge.crypto import sodium
from leither_edge.organization.askers import GOOD_FOR_S, KEEPER, Askers, NotAllowed, authorization
from leither_edge.organization.offers import TREASURY_ACCOUNT
from tests.ledger.club import NOW, key

ORGANIZATION, TREASURER, ANNA, BEN = key("organization"), key("treasurer"), key("anna"), key("ben")
TARGET = "/ledger/receipts/anna?at=3"
WORD = "word"


def askers(word=WORD, now=NOW, verify=sodium.verify):
    return Askers(ORGANIZATION.id, TREASURER.id, word, lambda: now, verify)


def signed(signer=ANNA, organization=ORGANIZATION.id, method="GET", target=TARGET, now=NOW):
    return authorization(organization, method, target, now, signer.public_key, signer.sign)


def code_of(ask, *arguments):
    with pytest.raises(NotAllowed) as caught:
        ask(*arguments)
    assert str(caught.value).endswith(".") and caught.value.field
    return caught.value.code


def test_who_asks():
    assert askers().asker(signed(), "GET", TARGET) == ANNA.id == key_id(ANNA.public_key)
    assert askers().asker(f"Bearer {WORD}", "GET", TARGET) is KEEPER


@pytest.mark.parametrize(("apart", "good"), [(0, True), (GOOD_FOR_S, True), (GOOD_FOR_S + 1, False), (10**9, False)])
def test_a_question_is_good_for_two_minutes_around_the_clock(apart, good):
    for now in (NOW + apart, NOW - apart):
        if good:
            assert askers(now=now).asker(signed(), "GET", TARGET) == ANNA.id
        else:
            assert code_of(askers(now=now).asker, signed(), "GET", TARGET) == "time"


def test_a_clock_before_1970_refuses_rather_than_fails():
    assert code_of(askers(now=-5).asker, signed(), "GET", TARGET) == "time"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (None, "not-signed"), ("", "malformed"), ("Leither", "malformed"), ("Leither ", "malformed"), ("Leither =", "malformed"),
        ("Leither \xe9", "malformed"), ("Basic YW5uYTpw", "malformed"), (signed().lower(), "malformed"), (signed() + "A", "malformed"),
        (f"{signed()}, {signed()}", "malformed"), (f"{signed()},", "malformed"), (signed() + "A" * 700, "too-large"),
        (signed(BEN)[:-6] + signed()[-6:], "bad-signature"), (signed(organization=bytes(20)), "wrong-organization"),
        (signed(target=TARGET + "1"), "another-request"), (signed(method="POST"), "another-request"),
        ("Bearer", "not-keeper"), ("Bearer ", "not-keeper"), ("Bearer wore", "not-keeper"), ("Bearer \xe9", "not-keeper"),
        (f"Bearer {WORD}, Bearer {WORD}", "not-keeper"), (f"Bearer {WORD} ", "not-keeper"), (f"Bearer {WORD}, {signed()}", "not-keeper"),
    ],
)  # fmt: skip
def test_what_tells_nobody(given, code):
    assert code_of(askers().asker, given, "GET", TARGET) == code


@pytest.mark.parametrize(("method", "target"), [("HEAD", TARGET), ("GET", TARGET[:-1]), ("GET", TARGET + "&at=3"), ("GET", "/")])
def test_another_request_is_not_the_one_that_was_signed(method, target):
    assert code_of(askers().asker, signed(), method, target) == "another-request"


def test_without_a_word_there_is_no_keeper():
    for given in (None, "", "Bearer", "Bearer ", "Bearer None"):
        assert code_of(askers(word=None).check_word, given) == "not-keeper"


def test_no_signature_is_checked_of_what_is_too_long():
    def verify(*_):
        raise AssertionError

    assert code_of(askers(verify=verify).asker, signed() + "A" * 700, "GET", TARGET) == "too-large"


def test_what_is_whose():
    asked = askers()
    for asker, account in ((KEEPER, ANNA.id), (KEEPER, TREASURY_ACCOUNT), (ANNA.id, ANNA.id), (TREASURER.id, TREASURY_ACCOUNT)):
        asked.check_account(asker, account)
    for asker, account in ((BEN.id, ANNA.id), (ANNA.id, TREASURY_ACCOUNT), (ORGANIZATION.id, ANNA.id), (TREASURER.id, ANNA.id)):
        assert code_of(asked.check_account, asker, account) == "not-yours"
    parties = (ANNA.public_key, TREASURER.public_key)
    for asker in (KEEPER, ANNA.id, TREASURER.id):
        asked.check_party(asker, parties)
    for asker in (BEN.id, TREASURY_ACCOUNT, ORGANIZATION.id):
        assert code_of(asked.check_party, asker, parties) == "not-yours"
