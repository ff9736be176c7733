"""What a book is asked, with answers as plain as JSON: the same whether its folder is open here or another process holds it.

Each question is a function of the book and of arguments that also stand in a URL; bytes are base64url, ids of accounts their text,
ids of transactions hexadecimal.
"""

import heapq
from collections import namedtuple

from leither_edge.core.ids import IdError, id_from_text, id_to_text
from leither_edge.core.receipt import read_receipt
from leither_edge.organization.offers import to_text

TOP_MAX = 1000
HISTORY_MAX = 10_000
_NUMBER_DIGITS_MAX = 10

# ask: (book, **arguments) -> dict. arguments: {name: text -> value}.
Question = namedtuple("Question", ("ask", "arguments"))


def head(book):
    """The newest header and the certificate of who signs it."""
    return {**header(book, book.pulse), "certificate": to_text(book.certificate_message)}


def header(book, pulse):
    """The header of a pulse."""
    found, message = book.header(pulse)
    return {
        "organization": id_to_text(book.organization), "pulse": found.pulse, "time": found.time, "accounts": found.accounts,
        "total": found.total, "issued": found.issued, "header": to_text(message),
    }  # fmt: skip


def history(book, account, limit):
    """Changes of an account, [pulse, amount] each, newest first."""
    changes = []
    for change in book.history(account):
        if len(changes) == min(limit, HISTORY_MAX):
            return {"changes": changes, "more": True}
        changes.append(list(change))
    return {"changes": changes, "more": False}


def transactions(book, pulse):
    """The transactions of a pulse."""
    return {"pulse": pulse, "transactions": [{"id": id.hex(), "data": to_text(data)} for id, data in book.transactions(pulse)]}


def transaction(book, id, pulse=None):
    """One transaction; without its pulse it is looked for in the last hour."""
    pulse, data = book.transaction(id, pulse)
    return {"pulse": pulse, "id": id.hex(), "data": to_text(data)}


def top(book, count):
    """The accounts that hold most, [id, amount, pulse of the last change] each."""
    most = heapq.nlargest(min(count, TOP_MAX), book.records(), key=lambda record: record[2])
    return {"accounts": [[id_to_text(bytes(account)), amount, pulse] for account, pulse, amount in most]}


def stat(book):
    """Sizes of the book."""
    return {"organization": id_to_text(book.organization), **book.stat()}


def proof(book, account, pulse=None):
    """(pulse, bytes of the proof) of what an account holds."""
    pulse = book.pulse if pulse is None else pulse
    return pulse, read_receipt(book.receipt(account, None, pulse)).proof


def number(text):
    """A number in a URL. Raises ValueError."""
    if not (text.isascii() and text.isdigit() and len(text) <= _NUMBER_DIGITS_MAX):
        raise ValueError(f"a number of 1 to {_NUMBER_DIGITS_MAX} digits is wanted")
    return int(text)


def account_id(text):
    """An account's id in a URL. Raises ValueError."""
    try:
        return id_from_text(text)
    except IdError as error:
        raise ValueError(f"the id of an account is wanted: {error}") from None


def transaction_id(text):
    """A transaction's id in a URL. Raises ValueError."""
    try:
        data = bytes.fromhex(text) if text.isascii() and len(text) == 64 else b""
    except ValueError:
        data = b""
    if len(data) != 32:
        raise ValueError("the id of a transaction has 64 hexadecimal digits")
    return data


# What the keeper alone may ask; head and header are open to all, what is about one account to who holds its key.
KEEPERS = {
    "transactions": Question(transactions, {"pulse": number}),
    "top": Question(top, {"count": number}),
    "stat": Question(stat, {}),
}
