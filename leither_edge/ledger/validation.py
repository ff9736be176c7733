"""Which of a pulse's transfers are good, and what the accounts hold after them. Pure: all that it knows is passed in.

Transfers are taken in the order of their ids, so every bookkeeper that has the same ones comes to the same state; one that is
refused changes nothing. Source: white paper part II, sections 6.3 and 7.2.
"""

from collections import namedtuple

from leither_edge.core.accounts import TREASURY, system_account
from leither_edge.core.sum_tree import TOTAL_BOUND
from leither_edge.core.transfer import EXPIRY_MAX_PULSES, TransferError, check_signatures
from leither_edge.ledger.errors import Refused, refused

# organization: its id. treasurer: key id of who signs for the treasury. pulse: the one that is being made. total: of all accounts
# before it. balance: account -> amount, 0 for none. anchor_pulse: SHA-256 of a header -> its pulse, or None.
# replayed: transaction id -> bool. frozen: account -> amount of it that must stay.
Situation = namedtuple("Situation", ("organization", "treasurer", "pulse", "total", "balance", "anchor_pulse", "replayed", "frozen"))
# taken: [Signed, ...] in the order of ids. changes: {account: new amount}, only those that differ. issued: amount.
# refused: [(Signed, Refused), ...].
Outcome = namedtuple("Outcome", ("taken", "changes", "issued", "refused"))

TREASURY_ACCOUNT = system_account(TREASURY)


def nothing_frozen(account):
    """Until there are disputes no account has an amount that must stay."""
    return 0


def validate(transfers, situation, verify=None):
    """The Outcome of transfers ([Signed, ...], in any order).

    Args: situation (Situation), verify ((signature, message, public key) -> bool; None where the signatures were checked before).
    """
    before, after, ids = {}, {}, set()
    taken, turned_away = [], []
    total = situation.total
    for signed in sorted(transfers, key=_id):
        try:
            if signed.id in ids:
                raise _replayed()
            check_terms(signed, situation)
            moved, issued = _moved(signed.transfer, after, situation, total)
            if verify is not None:
                check_signed(signed, situation.treasurer, verify)
        except Refused as error:
            turned_away.append((signed, error))
            continue
        for account, amount in moved.items():
            if account not in before:
                before[account] = situation.balance(account)
            after[account] = amount
        total += issued
        ids.add(signed.id)
        taken.append(signed)
    changes = {account: amount for account, amount in after.items() if amount != before[account]}
    return Outcome(taken, changes, total - situation.total, turned_away)


def check_terms(signed, situation):
    """What a transfer says of itself: whose book, since and until when, and that it is not there already. Raises Refused."""
    transfer = signed.transfer
    if transfer.organization != situation.organization:
        raise Refused("wrong-organization", "the transfer is for another organization's book", "organization")
    if transfer.deposit:
        raise Refused("deposit", "this book takes no security deposits yet: make the transfer again with a deposit of 0", "deposit")
    if situation.pulse > transfer.expires:
        raise Refused("expired", f"the transfer was good until pulse {transfer.expires}: make a new one", "expires")
    anchor = situation.anchor_pulse(transfer.anchor)
    if anchor is None:
        raise Refused("anchor", "the header that the transfer names is not a recent one of this book: make the transfer again", "anchor")
    if anchor + EXPIRY_MAX_PULSES < situation.pulse:
        raise Refused("anchor-too-old", f"the header that the transfer names is of pulse {anchor}: make the transfer again", "anchor")
    if transfer.expires > anchor + EXPIRY_MAX_PULSES:
        raise Refused("expires-too-far", f"a transfer expires at most {EXPIRY_MAX_PULSES} pulses after the header it names", "expires")
    if situation.replayed(signed.id):
        raise _replayed()


def check_signed(signed, treasurer, verify):
    """That everyone concerned has signed, and nobody else. Raises Refused."""
    try:
        check_signatures(signed, treasurer, verify)
    except TransferError as error:
        raise refused(error, "signatures") from None


def _moved(transfer, after, situation, total):
    """({account: new amount}, amount issued) of one transfer on top of those before it. Raises Refused."""
    moved = {}
    issued = 0
    if not transfer.payers:
        issued = sum(amount for _, amount in transfer.payees)
    for account, amount in transfer.payers:
        _check_amount(amount, "payers")
        held = after[account] if account in after else situation.balance(account)
        if account in moved:
            raise Refused("same-account", "an account stands twice among those who pay", "payers")
        if not held:
            raise Refused("unknown-account", "an account that shall pay holds nothing in this book", "payers")
        if amount > held:
            raise Refused("below-zero", f"an account that shall pay {amount} holds {held}", "payers")
        kept = situation.frozen(account)
        if amount > held - kept:
            raise Refused("frozen", f"of the {held} in an account that shall pay {amount}, {kept} are frozen", "payers")
        moved[account] = held - amount
    for account, amount in transfer.payees:
        _check_amount(amount, "payees")
        if account in moved:
            raise Refused("same-account", "an account cannot pay itself", "payees")
        moved[account] = (after[account] if account in after else situation.balance(account)) + amount
    # The reader of transfers has seen to these; money is not made of a mistake there.
    given = sum(amount for _, amount in transfer.payers) + issued
    if given != sum(amount for _, amount in transfer.payees):
        raise Refused("unbalanced", "what the payers give is not what the payees get", "payees")
    if issued and set(moved) != {TREASURY_ACCOUNT}:
        raise Refused("issue", "new points go to the treasury, and to nobody else", "payees")
    if total + issued >= TOTAL_BOUND:
        raise Refused("overflow", f"the book would hold {total + issued}, and no book holds 2^56 or more", "payees")
    return moved, issued


def _check_amount(amount, field):
    if amount <= 0:
        raise Refused("amount", "an amount is 1 or more", field)


def _replayed():
    return Refused("replayed", "this very transfer is in the book already", "id")


def _id(signed):
    return signed.id
