"""A book over HTTP: takes transfers in, hands out headers, and tells what is about one account to who may know it.

    POST /ledger/transfers                      a signed transfer; answers once it is durable, or says why it was refused
    POST /ledger/transfers?receipts=1           with the receipt of the party that asks, or, to the keeper, those of all
    GET  /ledger/head                           the newest header and the certificate
    GET  /ledger/headers/PULSE
    GET  /ledger/receipts/ACCOUNT?transaction=ID&at=PULSE
    GET  /ledger/proofs/ACCOUNT?at=PULSE        the proof alone; field ledger-pulse says of which pulse
    GET  /ledger/history/ACCOUNT?limit=N
    GET  /ledger/transactions/ID?at=PULSE       for who signed it
    GET  /ledger/own/QUESTION?...               the rest of questions.py, for the keeper
    POST /ledger/own/export                     writes the book into a file of its folder, and says its name

Transfers, head and headers are open to all. Balances are not public: the rest wants the field Authorization (askers.py), of the
account's own key or the keeper. Each party gets its own receipt alone, since a receipt shows what its account holds.
"""

import json
import os
import time

from leither_edge.core.transfer import TRANSFER_MAX_BYTES, read_transfer
from leither_edge.http import HttpError, Response
from leither_edge.ledger.bookkeeper import Bookkeeper
from leither_edge.ledger.errors import LedgerError, Refused
from leither_edge.ledger.export import export_book
from leither_edge.organization import questions
from leither_edge.organization.askers import KEEPER, SCHEME, Askers, NotAllowed
from leither_edge.organization.offers import from_text, to_text
from leither_edge.storage import StorageError

EXPORT_PREFIX = "exported-"
RECEIPT_TYPE = "application/leither-receipt+cbor"
BYTES_TYPE = "application/octet-stream"
_NO_STORE = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))
# Refusals that are over in a few seconds.
_LATER = ("pool-full", "pool-share", "stopped")
_NOT_THERE = ("no-pulse", "no-transaction", "purged", "pulse")
_NOT_ALLOWED = {"malformed": 400, "too-large": 400, "not-yours": 403, "not-keeper": 403}
_HISTORY_DEFAULT = 50


class Service:
    """A book that is being kept. bookkeeper: to be run beside.

    Args: book (Book), pool (Pool), counters (or None), folder (of the book; None: nothing is exported), word (opens the keeper's own
    questions; None: they are not there), clock (wall clock, s).
    """

    def __init__(self, book, pool, counters=None, folder=None, word=None, clock=time.time):
        self.bookkeeper = Bookkeeper(book, pool, counters, clock)
        self._askers = Askers(book.organization, book.treasurer, word, clock)
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
        router.add("GET", "/ledger/history/{account}", self._told(self._history))
        router.add("GET", "/ledger/transactions/{id}", self._told(self._transaction))
        if self._word is not None:
            router.add("GET", "/ledger/own/{question}", self._told(self._own))
            router.add("POST", "/ledger/own/export", self._told(self._export))

    def _told(self, handle):
        async def told(request):
            try:
                return await handle(request)
            except ValueError as error:
                return refusal(400, "malformed", f"The request cannot be read: {error}.", None)
            except NotAllowed as error:
                status = _NOT_ALLOWED.get(error.code, 401)
                # RFC 9110, section 11.6.1.
                more = (("www-authenticate", SCHEME),) if status == 401 else ()
                return refusal(status, error.code, str(error), error.field, headers=more)
            except LedgerError as error:
                return refusal(_status(error), error.code, str(error), error.field, isinstance(error, Refused))
            except StorageError as error:
                return refusal(500, "storage", str(error), getattr(error, "field", None))

        return told

    async def _take(self, request):
        data = await request.body(TRANSFER_MAX_BYTES)
        wanted = request.query.get("receipts") == "1"
        # Before it is booked: who is refused has lost nothing, and may send it without.
        asker = await self._asked(request, lambda asker: asker) if wanted else None
        booked = await self.bookkeeper.submit(data, request.peer_address, wanted)
        if not wanted:
            return answer({"pulse": booked.pulse, "id": booked.id.hex()})
        own = {account: receipt for account, receipt in booked.receipts.items() if self._askers.owns(asker, account)}
        receipts = {questions.id_to_text(account): to_text(receipt) for account, receipt in own.items()}
        return answer({"pulse": booked.pulse, "id": booked.id.hex(), "receipts": receipts})

    async def _head(self, request):
        return answer(await self.bookkeeper.ask(questions.head, self._book))

    async def _header(self, request):
        return answer(await self.bookkeeper.ask(questions.header, self._book, questions.number(request.params["pulse"])))

    async def _receipt(self, request):
        account = questions.account_id(request.params["account"])
        transaction = _read(request.query, "transaction", questions.transaction_id)
        pulse = _read(request.query, "at", questions.number)

        def made(asker):
            self._askers.check_account(asker, account)
            if transaction is not None and asker is not KEEPER:
                self._seen(asker, transaction, pulse)
            return self._book.receipt(account, transaction, pulse)

        return Response(200, await self._asked(request, made), RECEIPT_TYPE, _NO_STORE)

    async def _proof(self, request):
        account, pulse = questions.account_id(request.params["account"]), _read(request.query, "at", questions.number)
        pulse, proof = await self._asked(request, lambda asker: questions.proof(self._book, account, pulse), account)
        return Response(200, proof, BYTES_TYPE, (("ledger-pulse", str(pulse)), *_NO_STORE))

    async def _history(self, request):
        account, limit = questions.account_id(request.params["account"]), _read(request.query, "limit", questions.number)
        limit = _HISTORY_DEFAULT if limit is None else limit
        return answer(await self._asked(request, lambda asker: questions.history(self._book, account, limit), account))

    async def _transaction(self, request):
        id, pulse = questions.transaction_id(request.params["id"]), _read(request.query, "at", questions.number)
        return answer(await self._asked(request, lambda asker: self._seen(asker, id, pulse)))

    async def _asked(self, request, ask, account=None):
        """ask(asker) in the worker's thread, which checks signatures, too; where an account is named, for its owner alone."""
        query = request.raw_query.decode("latin-1")
        target = f"{request.path}?{query}" if query else request.path
        given = request.headers.get("authorization")

        def asked():
            asker = self._askers.asker(given, request.method, target)
            if account is not None:
                self._askers.check_account(asker, account)
            return ask(asker)

        return await self.bookkeeper.ask(asked)

    def _seen(self, asker, id, pulse):
        """The answer about a transaction, for one of its parties."""
        found = questions.transaction(self._book, id, pulse)
        self._askers.check_party(asker, read_transfer(from_text(found["data"], TRANSFER_MAX_BYTES)).transfer.keys)
        return found

    async def _own(self, request):
        self._askers.check_word(request.headers.get("authorization"))
        question = questions.KEEPERS.get(request.params["question"])
        if question is None:
            raise HttpError(404, "There is no such question.")
        given = {name: reader(request.query[name]) for name, reader in question.arguments.items() if name in request.query}
        missing = set(question.arguments) - set(given)
        if missing:
            raise ValueError(f"this is missing: {', '.join(sorted(missing))}")
        return answer(await self.bookkeeper.ask(lambda: question.ask(self._book, **given)))

    async def _export(self, request):
        self._askers.check_word(request.headers.get("authorization"))
        if self._folder is None:
            raise HttpError(404, "This book is not exported over HTTP.")
        name = EXPORT_PREFIX + os.urandom(8).hex()
        header = await self.bookkeeper.ask(export_book, self._book, os.path.join(self._folder, name))
        return answer({"file": name, "pulse": header.pulse})


def remove_exports(folder):
    """Removes exports that nobody has fetched."""
    for name in os.listdir(folder):
        if name.startswith(EXPORT_PREFIX):
            os.unlink(os.path.join(folder, name))


def answer(content):
    """A response of JSON."""
    return Response(200, json.dumps(content).encode() + b"\n", "application/json", _NO_STORE)


def refusal(status, code, sentence, field, refused=False, headers=()):
    """What was wrong, as JSON. Args: refused (true: the transfer itself was refused), headers (more of them)."""
    content = {"error": {"code": code, "message": sentence, "field": field, "refused": refused}}
    return Response(status, json.dumps(content).encode() + b"\n", "application/json", (*headers, *_NO_STORE))


def _status(error):
    if error.code in _LATER:
        return 503
    if isinstance(error, Refused):
        return 409
    return 404 if error.code in _NOT_THERE else 500


def _read(query, name, reader):
    return reader(query[name]) if name in query else None
