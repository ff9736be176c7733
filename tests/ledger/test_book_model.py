"""A book beside a dictionary: any payments in any pulses, good and bad, with restarts; root, sums, past and replay agree."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.core.receipt import verify_receipt
from leither_edge.crypto import sodium
from tests.ledger import naive_tree
from tests.ledger.club import NOW, TREASURY_ACCOUNT, Club

CLUB = Club(5)
MEMBER = st.integers(0, 4)
STEP = st.one_of(
    st.tuples(st.just("issue"), st.integers(1, 200), MEMBER, MEMBER),
    st.tuples(st.just("grant"), st.integers(1, 120), MEMBER, MEMBER),
    st.tuples(st.just("pay"), st.integers(1, 90), MEMBER, MEMBER),
    st.tuples(st.just("again"), st.integers(0, 20), MEMBER, MEMBER),
)


def made(step, book, sent, nonce):
    kind, amount, one, other = step
    if kind == "issue":
        return CLUB.issue(amount, book, nonce)
    if kind == "grant":
        return CLUB.grant(one, amount, book, nonce)
    if kind == "again":
        return sent[amount % len(sent)] if sent else None
    return CLUB.pay(one, other, amount, book, nonce) if one != other else None


def applied(state, pulse, signed):
    """What a dictionary makes of a transfer, or None if it is not to be had."""
    transfer, after = signed.transfer, {account: amount for account, (_, amount) in state.items()}
    for account, amount in transfer.payers:
        if after.get(account, 0) < amount:
            return None
        after[account] -= amount
    for account, amount in transfer.payees:
        after[account] = after.get(account, 0) + amount
    return after


@settings(max_examples=25)
@given(st.lists(st.tuples(st.lists(STEP, min_size=1, max_size=5), st.booleans()), max_size=7))
def test_a_book_agrees_with_a_dictionary(pulses):
    with TemporaryDirectory() as folder:
        book = CLUB.create(Path(folder) / "book")
        state, states, done, sent, issued = {}, {}, set(), [], 0
        try:
            for steps, restart in pulses:
                transfers = [signed for number, step in enumerate(steps) if (signed := made(step, book, sent, number))]
                sent += transfers
                closed = book.close_pulse(transfers, NOW)
                pulse, before, good = book.pulse, state, []
                for signed in sorted(transfers, key=lambda signed: signed.id):
                    after = None if signed.id in done else applied(state, pulse, signed)
                    if after is not None:
                        done.add(signed.id)
                        good.append(signed.id)
                        issued += sum(amount for _, amount in signed.transfer.payees) if not signed.transfer.payers else 0
                        state = {account: (0, amount) for account, amount in after.items()}
                assert [signed.id for signed in closed.taken] == good and (closed.pulse is None) == (not good)
                assert len(closed.refused) == len(transfers) - len(good)
                kept = {account: before[account] for account in before if state.get(account, (0, 0))[1] == before[account][1]}
                state = {account: kept.get(account, (pulse, amount)) for account, (_, amount) in state.items() if amount}
                if closed.pulse:
                    states[pulse] = state
                if restart:
                    book.close()
                    book = CLUB.open(Path(folder) / "book")
                header, _ = book.head()
                assert (header.root, header.total) == naive_tree.root(state) and header.total == header.issued == issued
                assert header.accounts == len(state) and {account: (then, held) for account, then, held in book.records()} == state
            for pulse, past in states.items():
                for account in (TREASURY_ACCOUNT, *CLUB.accounts[:2]):
                    shown = verify_receipt(book.receipt(account, None, pulse), CLUB.id, sodium.verify)
                    assert (shown.changed, shown.amount) == past.get(account, (None, 0)) == book.balance(account, pulse)
        finally:
            book.close()
