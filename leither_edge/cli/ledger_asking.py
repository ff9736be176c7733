"""With which of this user's keys a command asks a book that another computer keeps: balances are for their owners to ask."""

from leither_edge.cli import keyring
from leither_edge.cli.failure import Failure
from leither_edge.core.ids import id_to_text


class OwnKeys:
    """This user's keys, each unlocked once, when a book wants to know who asks.

    Args:
        people: People.
        out: Output.
        args: with key and passphrase_file.
    """

    def __init__(self, people, out, args):
        self._people, self._out, self._args = people, out, args
        self._unlocked = {}
        self._named = None

    def add(self, signer):
        """Remember a key that is unlocked already; returns it."""
        self._unlocked[signer.key_id] = signer
        return signer

    def has(self, id):
        """Whether a key id is one of this user's keys."""
        return id in self._unlocked or self._people.own_key(id) is not None

    def signer(self, id, account, organization):
        """Return the Signer of a key id; a Failure says why none of this user's keys may ask.

        Args:
            id: of the key.
            account: about which it asks.
            organization: whose book it is.
        """
        if id not in self._unlocked and self._args.key is not None:
            self.named()
        if id not in self._unlocked:
            key = self._people.own_key(id)
            if key is None:
                raise not_yours(self._people.described(account), organization)
            self._unlock(key)
        return self._unlocked[id]

    def named(self):
        """Return the Signer of ``--key``, or of the only key."""
        if self._named is None:
            self._named = self._unlock(keyring.find_key(self._people.book, self._args.key))
        return self._named

    def _unlock(self, key):
        return self.add(keyring.unlock(key, self._out, self._args.passphrase_file))


def not_yours(described, organization):
    """The Failure for a question about somebody else's account."""
    return Failure(
        f"Only its owner may ask what {described} holds.",
        "Balances are not public: where a book is kept elsewhere, it tells each account to the account's own key.",
        "Ask the owner for a receipt: leither ledger receipt --out FILE\n"
        f"And check it: leither ledger verify FILE --organization {id_to_text(organization)}",
        code="not-yours", details={"field": "account"},
    )  # fmt: skip
