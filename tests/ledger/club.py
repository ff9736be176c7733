"""A small organization for tests: its keys, its certificate, and transfers between its members."""

import random

from leither_edge.core.accounts import TREASURY, system_account
from leither_edge.core.committee import Certificate, sign_certificate
from leither_edge.core.transfer import Transfer, needed, read_transfer, sign_transfer
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.ledger.book import create_book, open_book

MAP_BYTES = 64 << 20
NOW = 1_700_000_000
TREASURY_ACCOUNT = system_account(TREASURY)


def key(name):
    """The key that belongs to a name."""
    return KeyPair(random.Random(name).randbytes(32))


class Club:
    """organization, treasurer, bookkeeper: keys; members: {account: key}; certificate: message."""

    def __init__(self, members=8):
        self.organization, self.treasurer, self.bookkeeper = key("organization"), key("treasurer"), key("bookkeeper")
        self.id = self.organization.id
        keys = [key(f"member {number}") for number in range(members)]
        self.members = {member.id: member for member in keys}
        self.accounts = [member.id for member in keys]
        self.certificate = self.certify()

    def certify(self, organization=None, committee=None, threshold=1):
        organization = organization or self.organization
        keys = tuple(sorted(member.public_key for member in committee or [self.bookkeeper]))
        certificate = Certificate(organization.public_key, 0, threshold, keys, self.treasurer.public_key)
        return sign_certificate(certificate, organization.sign)

    def create(self, folder, **options):
        return create_book(folder, self.id, self.certificate, self.bookkeeper, MAP_BYTES, NOW, **options)

    def open(self, folder, **options):
        return open_book(folder, self.id, self.bookkeeper, MAP_BYTES, **options)

    def signers(self, transfer):
        keys = {**self.members, self.treasurer.id: self.treasurer}
        return [keys[id] for id in sorted(needed(transfer, self.treasurer.id))]

    def transfer(self, payers, payees, anchor, expires, **fields):
        """The Signed transfer between {account: amount} and {account: amount}."""
        transfer = self.terms(payers, payees, anchor, expires, **fields)
        data = sign_transfer(transfer, [(signer.id, signer.sign) for signer in self.signers(transfer)])
        return read_transfer(data)

    def terms(self, payers, payees, anchor, expires, **fields):
        public = len(payers) == 0 or TREASURY_ACCOUNT in payers
        terms = {
            "organization": self.id, "payers": tuple(sorted(payers.items())), "payees": tuple(sorted(payees.items())), "keys": (),
            "anchor": anchor, "expires": expires, "deposit": 0, "memo_hash": None, "reason": "because" if public else None,
            "evidence": None, **fields,
        }  # fmt: skip
        transfer = Transfer(**terms)
        if "keys" not in fields:
            transfer = transfer._replace(keys=tuple(sorted(signer.public_key for signer in self.signers(transfer))))
        return transfer

    def issue(self, amount, book, nonce=0):
        return self.transfer({}, {TREASURY_ACCOUNT: amount}, book.anchor, book.pulse + 3000 + nonce)

    def grant(self, member, amount, book, nonce=0):
        return self.transfer({TREASURY_ACCOUNT: amount}, {self.accounts[member]: amount}, book.anchor, book.pulse + 3000 + nonce)

    def pay(self, payer, payee, amount, book, nonce=0):
        payer, payee = self.accounts[payer], self.accounts[payee]
        return self.transfer({payer: amount}, {payee: amount}, book.anchor, book.pulse + 3000 + nonce)

    def fill(self, book, each=1000):
        """Issues points and gives each member the same."""
        assert book.close_pulse([self.issue(each * len(self.accounts), book)], NOW).pulse
        assert not book.close_pulse([self.grant(number, each, book) for number in range(len(self.accounts))], NOW).refused
