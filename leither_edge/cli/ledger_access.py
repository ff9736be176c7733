"""A book, asked in one way: its folder is open here, or a running bookkeeper answers for it."""

import contextlib
import json
import os
import time
from urllib.parse import urlencode

from leither_edge.cli import transport
from leither_edge.cli.address import parse_address
from leither_edge.cli.failure import Failure, UnreachableError, UntrustedError
from leither_edge.cli.ledger_failures import failure, told
from leither_edge.cli.ledger_head import head
from leither_edge.cli.ledger_place import MAP_BYTES
from leither_edge.core.ids import IdError, id_from_text, id_to_text, key_id

# A pulse of 1,024 of the longest transfers, in base64.
ANSWER_MAX_BYTES = 8 << 20
# Another command is done with the folder in a moment; a bookkeeper that starts says its address.
IN_USE_S, IN_USE_PAUSE_S = 5, 0.05
TRANSFER_TYPE = "application/cose"


@contextlib.contextmanager
def opened(place, args, keys=None):
    """Open the book at a Place; ends with a Failure in plain words. ``keys``: OwnKeys that ask, where it is kept elsewhere."""
    with told():
        access = open_access(place, getattr(args, "timeout", transport.TOTAL_S), keys)
        try:
            yield access
        finally:
            access.close()


def open_access(place, timeout, keys=None):
    """Return a FolderBook, or a RunningBook where another process keeps the book."""
    from leither_edge.organization.book_folder import address_in, organization_of
    from leither_edge.storage import InUse

    if place.folder is None:
        return RunningBook(place.address, None, read_organization(place.organization), None, timeout, keys)
    organization = organization_of(place.folder)
    if place.organization and read_organization(place.organization) != organization:
        raise Failure(
            f"The book “{place.name}” is another organization's.", f"It is that of {id_to_text(organization)}.", code="organization",
            details={"field": "organization"},
        )  # fmt: skip
    end = time.monotonic() + min(timeout, IN_USE_S)
    while True:
        try:
            return FolderBook(place.folder)
        except InUse as error:
            found = address_in(place.folder)
            # The address of one that was killed is nobody's, or another program's.
            if found is not None and found[2] == error.pid:
                return RunningBook(found[0], found[1], organization, place.folder, timeout)
            if time.monotonic() > end:
                raise
        time.sleep(IN_USE_PAUSE_S)


def read_organization(text):
    """Return the id of an organization from its text."""
    try:
        return id_from_text(text.strip())
    except IdError as error:
        raise Failure(
            f"“{text[:60]}” is not the id of an organization.", f"{error}.", "It has 27 characters: see leither ledger stat",
            exit_code=2, code="usage", details={"field": "organization"},
        ) from None  # fmt: skip


class FolderBook:
    """A book whose folder this process holds. Attributes: folder, organization, address (None)."""

    address = None

    def __init__(self, folder):
        from leither_edge.organization.book_folder import open_in

        self.folder = folder
        self.book = open_in(folder, MAP_BYTES)
        self.organization = self.book.organization

    def ask(self, question, **arguments):
        """Return the answer to one of ``organization.questions``."""
        from leither_edge.organization import questions

        return getattr(questions, question)(self.book, **arguments)

    def receipt(self, account, transaction=None, pulse=None):
        """Return the bytes of a receipt."""
        return self.book.receipt(account, transaction, pulse)

    def submit(self, data):
        """Bring a signed transfer into the book; returns (pulse, id)."""
        from leither_edge.ledger.pool import read_signed

        closed = self.book.close_pulse([read_signed(data)], time.time())
        if closed.pulse is None:
            raise closed.refused[0][1]
        return closed.pulse, closed.taken[0].id

    def may_ask(self, account):
        """Whether this process may ask about an account: here about any."""
        return True

    def unlock(self, account):
        """Make ready to ask about an account: nothing is locked here."""

    def export(self, path):
        """Write the whole book to a file; returns the pulse."""
        from leither_edge.ledger.export import export_book

        return export_book(self.book, path).pulse

    def close(self):
        """Let the folder go."""
        self.book.close()


class RunningBook:
    """A book that another process keeps. Attributes: folder (None where it is not on this computer), organization, address (text).

    Args:
        address: where it answers.
        word: what opens the keeper's own questions, or None: then the accounts' own keys ask.
        organization: its id.
        folder: of the book, or None.
        timeout: seconds for each answer.
        keys: OwnKeys, or None where nothing is asked about one account.
    """

    def __init__(self, address, word, organization, folder, timeout, keys=None):
        self._at = parse_address(address)
        self._word, self._timeout, self._keys = word, timeout, keys
        self.address, self.organization, self.folder = f"http://{self._at}", organization, folder

    def ask(self, question, **arguments):
        """Return the answer to one of ``organization.questions``."""
        if question == "head":
            return self._json("GET", "/ledger/head", by_keeper=False)
        if question == "header":
            return self._json("GET", f"/ledger/headers/{arguments['pulse']}", by_keeper=False)
        if question == "history":
            account, limit = arguments["account"], arguments["limit"]
            return self._json("GET", target(f"/ledger/history/{id_to_text(account)}", limit=limit), signer=self._owner(account))
        if question == "transaction":
            path = target(f"/ledger/transactions/{arguments['id'].hex()}", at=arguments.get("pulse"))
            return self._json("GET", path, signer=None if self._word else self._keys.named())
        if self._word is None:
            raise Failure(
                "Only the keeper of the book may ask that.", f"{self.address} tells others headers, and each account to its owner.",
                "Run the command on the computer that keeps the book.", code="not-keeper",
            )  # fmt: skip
        return self._json("GET", target(f"/ledger/own/{question}", **arguments))

    def receipt(self, account, transaction=None, pulse=None):
        """Return the bytes of a receipt."""
        path = target(f"/ledger/receipts/{id_to_text(account)}", transaction=transaction, at=pulse)
        return self._request("GET", path, signer=self._owner(account))

    def may_ask(self, account):
        """Whether this process may ask about an account."""
        return self._word is not None or (self._keys is not None and self._keys.has(self._owner_id(account)))

    def unlock(self, account):
        """Make ready to ask about an account; a Failure says why that is not possible."""
        self._owner(account)

    def submit(self, data):
        """Bring a signed transfer into the book; returns (pulse, id)."""
        # Sent twice it is one transfer all the same: the same id counts once.
        booked = self._json("POST", "/ledger/transfers", data, by_keeper=False)
        return booked["pulse"], bytes.fromhex(booked["id"])

    def export(self, path):
        """Write the whole book to a file; returns the pulse."""
        done = self._json("POST", "/ledger/own/export", b"")
        made = os.path.join(self.folder, os.path.basename(done["file"]))
        try:
            os.rename(made, path)
        except OSError:
            # Another disk.
            import shutil

            shutil.copyfile(made, path)
            os.chmod(path, 0o600)
            os.unlink(made)
        return done["pulse"]

    def close(self):
        """Nothing is kept open."""

    def _owner_id(self, account):
        from leither_edge.organization.offers import TREASURY_ACCOUNT

        # Nobody holds a key of the treasury's; its treasurer asks.
        return key_id(head(self).certificate.treasurer) if account == TREASURY_ACCOUNT else account

    def _owner(self, account):
        """The Signer that asks about an account, None where the keeper's word does."""
        return None if self._word is not None else self._keys.signer(self._owner_id(account), account, self.organization)

    def _json(self, method, path, body=None, signer=None, by_keeper=True):
        try:
            content = json.loads(self._request(method, path, body, signer, by_keeper))
            if not isinstance(content, dict):
                raise ValueError
            return content
        except (ValueError, RecursionError):
            raise UntrustedError(f"What {self.address} answered makes no sense.", fix="Check the address.") from None

    def _request(self, method, path, body=None, signer=None, by_keeper=True):
        headers = None
        if signer is not None:
            from leither_edge.organization.askers import authorization

            asked = authorization(self.organization, method, path, time.time(), signer.public_key, signer.sign)
            headers = {"Authorization": asked}
        elif self._word is not None and by_keeper:
            headers = {"Authorization": f"Bearer {self._word}"}
        kind = None if body is None else TRANSFER_TYPE
        try:
            answer = transport.request(
                self._at, method, path, body, kind, timeout=self._timeout, max_bytes=ANSWER_MAX_BYTES, headers=headers
            )
        except UnreachableError as error:
            fix = "Is the bookkeeper running? leither ledger run"
            raise UnreachableError(f"The bookkeeper at {self.address} does not answer.", error.why, fix) from None
        if answer.status == 200:
            return answer.body
        raise self._refusal(answer)

    def _refusal(self, answer):
        try:
            error = json.loads(answer.body)["error"]
            return failure(str(error["code"])[:40], str(error["message"]), error.get("field"), error.get("refused") is True)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            reason = answer.body[:200].decode("utf-8", "replace")
            return failure("http", f"{self.address} answered {answer.status}: {reason.strip() or 'nothing'}")


def target(path, **arguments):
    """A path with a query of the arguments that are there."""
    given = {name: as_text(value) for name, value in arguments.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def as_text(value):
    """How an argument stands in a URL."""
    if isinstance(value, bytes):
        return id_to_text(value) if len(value) == 20 else value.hex()
    return str(value)
