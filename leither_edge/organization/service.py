"""A book over HTTP: takes transfers in, hands out headers, receipts and proofs; what is the keeper's alone opens to a secret word.

    POST /ledger/transfers                      a signed transfer; answers once it is durable, or says why it was refused
    GET  /ledger/head                           the newest header and the certificate
    GET  /ledger/headers/PULSE
    GET  /ledger/receipts/ACCOUNT?transaction=ID&at=PULSE
    GET  /ledger/proofs/ACCOUNT?at=PULSE        the proof alone; field ledger-pulse says of which pulse
    GET  /ledger/own/QUESTION?...               the rest of questions.py: Authorization: Bearer WORD
    POST /ledger/own/export                     writes the book into a file of its folder, and says its name

Who knows an account's id may ask what it holds: an id cannot be guessed, and lists of accounts are the keeper's alone.
"""

import hmac
import json
import os

from leither_edge.core.transfer import TRANSFER_MAX_BYTES
from leither_edge.http import HttpError, Response
from leither_edge.ledger.bookkeeper import Bookkeeper
from leither_edge.ledger.errors import LedgerError, Refused
from leither_edge.ledger.export import export_book
from leither_edge.organization import questions
from leither_edge.organization.offers import to_text
from leither_edge.storage import StorageError

EXPORT_PREFIX = "exported-"
RECEIPT_TYPE = "application/leither-receipt+cbor"
BYTES_TYPE = "application/octet-stream"
_NO_STORE = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))
# Refusals that are over in a few seconds.
_LATER = ("pool-full", "pool-share", "stopped")
_NOT_THERE = ("no-pulse", "no-transaction", "purged", "pulse")


class Service:
    """A book that is being kept. bookkeeper: to be run beside.

    Args: book (Book), pool (Pool), counters (or None), folder (of the book; None: nothing is exported), word (opens the keeper's own
    questions; None: they are not there).
    """

    def __init__(self, book, pool, counters=None, folder=None, word=None):
        self.bookkeeper = Bookkeeper(book, pool, counters)
        self._book = book
        self._folder = folder
        self._word = word

    def add_routes(self, router):
        """Puts the routes above into a Router."""
        router.add("POST", "/ledger/transfers", self._told(self._take))
        router.add("GET", "/ledger/head", self._told(self._head))
        router.add("GET", "/ledger/headers/{pulse}", self._told(self._header))
        router.add("GET", "/ledger/receipts/{account}", self._told(self._receipt))
        router.add("GET", "/ledger/proofs/{account}", self._told(self._proof))
        if self._word is not None:
            router.add("GET", "/ledger/own/{question}", self._told(self._own))
            router.add("POST", "/ledger/own/export", self._told(self._export))

    def _told(self, handle):
        async def told(request):
            try:
                return await handle(request)
            except ValueError as error:
                return refusal(400, "malformed", f"The request cannot be read: {error}.", None)
            except LedgerError as error:
                return refusal(_status(error), error.code, str(error), error.field, isinstance(error, Refused))
            except StorageError as error:
                return refusal(500, "storage", str(error), getattr(error, "field", None))

        return told

    async def _take(self, request):
        data = await request.body(TRANSFER_MAX_BYTES)
        wanted = request.query.get("receipts") == "1"
        booked = await self.bookkeeper.submit(data, request.peer_address, wanted)
        receipts = {questions.id_to_text(account): to_text(receipt) for account, receipt in booked.receipts.items()}
        return answer({"pulse": booked.pulse, "id": booked.id.hex(), **({"receipts": receipts} if wanted else {})})

    async def _head(self, request):
        return answer(await self.bookkeeper.ask(questions.head, self._book))

    async def _header(self, request):
        return answer(await self.bookkeeper.ask(questions.header, self._book, questions.number(request.params["pulse"])))

    async def _receipt(self, request):
        account = questions.account_id(request.params["account"])
        transaction = _read(request.query, "transaction", questions.transaction_id)
        receipt = await self.bookkeeper.receipt(account, transaction, _read(request.query, "at", questions.number))
        return Response(200, receipt, RECEIPT_TYPE, _NO_STORE)

    async def _proof(self, request):
        account = questions.account_id(request.params["account"])
        pulse, proof = await self.bookkeeper.ask(questions.proof, self._book, account, _read(request.query, "at", questions.number))
        return Response(200, proof, BYTES_TYPE, (("ledger-pulse", str(pulse)), *_NO_STORE))

    async def _own(self, request):
        self._check_word(request)
        question = questions.KEEPERS.get(request.params["question"])
        if question is None:
            raise HttpError(404, "There is no such question.")
        given = {name: reader(request.query[name]) for name, reader in question.arguments.items() if name in request.query}
        missing = set(question.arguments) - set(given) - set(question.optional)
        if missing:
            raise ValueError(f"this is missing: {', '.join(sorted(missing))}")
        return answer(await self.bookkeeper.ask(lambda: question.ask(self._book, **given)))

    async def _export(self, request):
        self._check_word(request)
        if self._folder is None:
            raise HttpError(404, "This book is not exported over HTTP.")
        name = EXPORT_PREFIX + os.urandom(8).hex()
        header = await self.bookkeeper.ask(export_book, self._book, os.path.join(self._folder, name))
        return answer({"file": name, "pulse": header.pulse})

    def _check_word(self, request):
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._word}".encode()):
            raise HttpError(403, "Only the keeper of this book may ask that.")


def remove_exports(folder):
    """Removes exports that nobody has fetched."""
    for name in os.listdir(folder):
        if name.startswith(EXPORT_PREFIX):
            os.unlink(os.path.join(folder, name))


def answer(content):
    """A response of JSON."""
    return Response(200, json.dumps(content).encode() + b"\n", "application/json", _NO_STORE)


def refusal(status, code, sentence, field, refused=False):
    """What was wrong, as JSON. Args: refused (true: the transfer itself was refused)."""
    content = {"error": {"code": code, "message": sentence, "field": field, "refused": refused}}
    return Response(status, json.dumps(content).encode() + b"\n", "application/json", _NO_STORE)


def _status(error):
    if error.code in _LATER:
        return 503
    if isinstance(error, Refused):
        return 409
    return 404 if error.code in _NOT_THERE else 500


def _read(query, name, reader):
    return reader(query[name]) if name in query else None
