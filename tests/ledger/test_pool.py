import pytest

from leither_edge.core.transfer import sign_transfer
from leither_edge.crypto import sodium
from leither_edge.ledger.errors import Refused
from leither_edge.ledger.pool import Pool, check
from leither_edge.ledger.validation import Situation, nothing_frozen
from tests.ledger.club import Club

CLUB = Club(6)
ANCHOR = b"\x07" * 32
SITUATION = Situation(CLUB.id, CLUB.treasurer.id, 11, 600, lambda account: 100, {ANCHOR: 10}.get, lambda id: False, nothing_frozen)


def pay(number, expires=20):
    payer, payee = CLUB.accounts[number % 6], CLUB.accounts[(number + 1) % 6]
    return CLUB.transfer({payer: 1 + number}, {payee: 1 + number}, ANCHOR, expires)


PAYMENTS = [pay(number) for number in range(40)]


def offered(pool, payments, submitter="a"):
    for signed in payments:
        pool.offer(signed.data, submitter, SITUATION)


def check_all(pool):
    return pool.checked(check(pool.unchecked(1000), CLUB.treasurer.id, sodium.verify))


def code(pool, data, submitter="a", situation=SITUATION):
    with pytest.raises(Refused) as raised:
        pool.offer(data, submitter, situation)
    return raised.value.code


def test_a_pulse_gets_its_share_in_the_order_of_ids_and_the_rest_stays():
    pool = Pool(100, 100_000, 100)
    offered(pool, PAYMENTS)
    assert pool.take(11, 16) == ([], []) and check_all(pool) == []
    seen = []
    for most in (16, 16, 8):
        taken, expired = pool.take(11, 16)
        assert len(taken) == most and expired == [] and [signed.id for signed in taken] == sorted(signed.id for signed in taken)
        pool.forget(taken)
        seen += taken
    assert {signed.id for signed in seen} == {signed.id for signed in PAYMENTS}
    assert len(pool) == 0 and pool.bytes == 0 and pool.ready_count == 0


def test_what_a_failed_pulse_gives_back_is_taken_again():
    pool = Pool(100, 100_000)
    offered(pool, PAYMENTS[:3])
    check_all(pool)
    taken, _ = pool.take(11, 10)
    pool.put_back(taken)
    assert pool.take(11, 10)[0] == taken


def test_it_is_bounded():
    pool = Pool(3, 100_000, 3)
    offered(pool, PAYMENTS[:3])
    assert code(pool, PAYMENTS[3].data) == "pool-full"
    pool = Pool(100, len(PAYMENTS[0].data) * 2)
    offered(pool, PAYMENTS[:2])
    assert code(pool, PAYMENTS[3].data) == "pool-full"
    pool = Pool(8, 100_000)
    offered(pool, PAYMENTS[:2])
    assert code(pool, PAYMENTS[3].data) == "pool-share"
    offered(pool, PAYMENTS[3:5], "b")
    check_all(pool)
    taken, _ = pool.take(11, 4)
    pool.forget(taken)
    offered(pool, PAYMENTS[5:7])


def test_nobody_waits_for_all_that_another_one_sent():
    pool = Pool(100, 100_000, 100)
    offered(pool, PAYMENTS[:30], "greedy")
    offered(pool, PAYMENTS[30:32], "modest")
    assert PAYMENTS[30] in pool.unchecked(4) or PAYMENTS[30] in pool.unchecked(4)
    pool = Pool(100, 100_000, 100)
    offered(pool, PAYMENTS[:30], "greedy")
    offered(pool, PAYMENTS[30:32], "modest")
    check_all(pool)
    taken, _ = pool.take(11, 4)
    assert {signed.id for signed in PAYMENTS[30:32]} <= {signed.id for signed in taken}


def test_signatures_are_checked_in_portions():
    pool = Pool(100, 100_000, 100)
    offered(pool, PAYMENTS[:10])
    portion = pool.unchecked(5)
    assert len(portion) == 2 and pool.unchecked_count == 8 and pool.signatures_checked == 0
    pool.checked(check(portion, CLUB.treasurer.id, sodium.verify))
    assert pool.signatures_checked == 4 and pool.ready_count == 2
    assert len(pool.unchecked(1)) == 1, "one transfer must always get its turn"


def test_one_that_is_there_is_refused_and_a_bad_copy_keeps_no_good_one_out():
    pool = Pool(100, 100_000)
    signed = PAYMENTS[0]
    bad = signed.data.replace(signed.message.signatures[1].signature, bytes(64))
    pool.offer(bad, "rogue", SITUATION)
    pool.offer(signed.data, "a", SITUATION)
    assert code(pool, signed.data) == "doubled"
    [(refused, error)] = check_all(pool)
    assert refused.data == bad and (error.code, error.field) == ("bad-signature", "signatures")
    assert code(pool, signed.data, "b") == "doubled"
    assert code(pool, bad, "b") == "doubled"
    assert len(pool) == 1 and pool.take(11, 5)[0] == [signed]


def test_the_same_terms_with_signatures_in_another_order_count_once():
    pool = Pool(100, 100_000)
    transfer = PAYMENTS[0].transfer
    signers = [(signer.id, signer.sign) for signer in CLUB.signers(transfer)]
    for order in (signers, signers[::-1]):
        pool.offer(sign_transfer(transfer, order), "a", SITUATION)
    assert [error.code for _, error in check_all(pool)] == ["doubled"] and len(pool) == 1


def test_those_whose_time_is_over_are_dropped():
    pool = Pool(100, 100_000)
    offered(pool, [pay(0, 20), pay(1, 12), pay(2, 30)])
    check_all(pool)
    taken, expired = pool.take(21, 1)
    assert sorted(signed.transfer.expires for signed, _ in expired) == [12, 20] and {error.code for _, error in expired} == {"expired"}
    assert [signed.transfer.expires for signed in taken] == [30] and len(pool) == 1


def test_bad_ones_do_not_come_in():
    pool = Pool(100, 100_000)
    assert code(pool, b"") == "malformed" and code(pool, bytes(5000)) == "too-large"
    assert code(pool, pay(0, 5).data) == "expired"
    assert code(pool, PAYMENTS[0].data, situation=SITUATION._replace(replayed=lambda id: True)) == "replayed"
    assert len(pool) == 0 and pool.bytes == 0 and pool.unchecked_count == 0
