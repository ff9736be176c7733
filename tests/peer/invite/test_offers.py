"""Who gets an invitation, how often, how long."""

import pytest

from leither_edge.peer.invite.errors import InviteError
from leither_edge.peer.invite.offers import OFFERS_MAX, STRANGE_PER_MINUTE, WRONG_MAX, Offers
from leither_edge.peer.invite.proof import COMING, INVITING, is_proof, prove
from leither_edge.peer.invite.secrets import secrets_of

SECRETS = secrets_of("A" * 12, bytes(8), 1, 8192)
OTHER = secrets_of("B" * 12, bytes(8), 1, 8192)
HASH = b"h" * 32
GOOD = prove(COMING, HASH, SECRETS.proving)


@pytest.fixture
def offers():
    offers = Offers()
    offers.add(SECRETS, "ben", 600, 1000.0)
    return offers


def code_of(call, *arguments):
    with pytest.raises(InviteError) as caught:
        call(*arguments)
    return caught.value.code


def test_good_once(offers):
    assert is_proof(offers.greet(SECRETS.tag, HASH, 1001.0), INVITING, HASH, SECRETS.proving)
    assert offers.take(SECRETS.tag, GOOD, HASH, 1002.0).name == "ben"
    assert code_of(offers.take, SECRETS.tag, GOOD, HASH, 1003.0) == "no-such"
    assert code_of(offers.greet, SECRETS.tag, HASH, 1003.0) == "no-such"


def test_good_for_a_while(offers):
    offer = offers._open[0]
    offers.greet(SECRETS.tag, HASH, 1599.9)
    assert code_of(offers.take, SECRETS.tag, GOOD, HASH, 1600.0) == "no-such"
    assert offer.error.code == "expired" and not len(offers)


def test_five_wrong_proofs_end_it(offers):
    offer = offers._open[0]
    # What the other side proved, a proof of another channel, one of another code, none.
    wrong = [prove(INVITING, HASH, SECRETS.proving), prove(COMING, b"x" * 32, SECRETS.proving), prove(COMING, HASH, OTHER.proving), b"", 7]
    assert len(wrong) == WRONG_MAX
    for proof in wrong[:-1]:
        assert code_of(offers.take, SECRETS.tag, proof, HASH, 1001.0) == "wrong-proof"
    assert code_of(offers.take, SECRETS.tag, wrong[-1], HASH, 1001.0) == "spent"
    assert offer.error.code == "spent"
    assert code_of(offers.take, SECRETS.tag, GOOD, HASH, 1001.0) == "no-such"


def test_others_codes_do_not_end_it(offers):
    for tag in (OTHER.tag, b"", None, 5, "text", bytes(1000)):
        for _ in range(WRONG_MAX + 1):
            assert code_of(offers.greet, tag, HASH, 1001.0) == "no-such"
    assert offers.take(SECRETS.tag, GOOD, HASH, 1002.0)


def test_guessing_has_a_rate(offers):
    codes = [code_of(offers.greet, OTHER.tag, HASH, 1001.0) for _ in range(STRANGE_PER_MINUTE + 1)]
    assert codes == ["no-such"] * STRANGE_PER_MINUTE + ["too-many"]
    assert offers.greet(SECRETS.tag, HASH, 1002.0)
    assert code_of(offers.greet, OTHER.tag, HASH, 1070.0) == "no-such"


def test_few_at_a_time(offers):
    for number in range(1, OFFERS_MAX):
        offers.add(secrets_of(f"{number:012}", bytes(8), 1, 8192), "", 60, 1001.0)
    assert code_of(offers.add, OTHER, "", 60, 1002.0) == "too-many"
    assert offers.add(OTHER, "", 60, 1062.0)
