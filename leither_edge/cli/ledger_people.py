"""Who is meant, and who is shown: names of this user's keys for accounts, and the key that signs."""

from leither_edge.cli import keyring
from leither_edge.cli.book import Book
from leither_edge.cli.failure import UsageError
from leither_edge.cli.output import clean
from leither_edge.cli.parser import nearest
from leither_edge.core.ids import (
    ID_TEXT_CHARS,
    PUBLIC_KEY_TEXT_CHARS,
    IdError,
    id_from_text,
    id_to_text,
    key_id,
    public_key_from_text,
)

TREASURY = "treasury"


class People:
    """The names that this user knows.

    Args:
        home: the tool's folder.
    """

    def __init__(self, home):
        self.book = Book(home)
        self.keys = {name: public_key_from_text(entry["public_key"]) for name, entry in sorted(self.book.keys.items())}
        self._names = {key_id(public_key): name for name, public_key in self.keys.items()}

    def account(self, who):
        """Return the account id of WHO; of the only key where nobody is named."""
        if who is None:
            return key_id(keyring.find_key(self.book, None).public_key)
        if who in self.keys:
            return key_id(self.keys[who])
        if who == TREASURY:
            from leither_edge.organization.offers import TREASURY_ACCOUNT

            return TREASURY_ACCOUNT
        if len(who) == ID_TEXT_CHARS:
            try:
                return id_from_text(who)
            except IdError as error:
                raise self._nobody(who, f"{error}.") from None
        return key_id(self.public_key(who))

    def public_key(self, who):
        """Return the public key of WHO, which an id does not tell."""
        if who in self.keys:
            return self.keys[who]
        if len(who) == PUBLIC_KEY_TEXT_CHARS:
            try:
                return public_key_from_text(who)
            except IdError as error:
                raise self._nobody(who, f"{error}.") from None
        if len(who) == ID_TEXT_CHARS:
            raise self._nobody(who, "An id is not enough here: both sides sign, so both keys are named.", "Ask for it: leither key show")
        raise self._nobody(who, "It is no name of your keys, no id and no public key.")

    def name(self, account):
        """Return what to call an account: a key's name, treasury, or its id."""
        from leither_edge.organization.offers import TREASURY_ACCOUNT

        if account == TREASURY_ACCOUNT:
            return TREASURY
        return self._names.get(account) or id_to_text(account)

    def described(self, account):
        """Return a name with the id behind it."""
        name, text = self.name(account), id_to_text(account)
        return text if name == text else f"{name} ({text})"

    def own_key(self, account):
        """Return this user's Key of an account, None where it has none."""
        name = self._names.get(account)
        return None if name is None else keyring.find_key(self.book, name)

    def signer(self, wanted, out, args, what):
        """Unlock the key that ``--key`` names, or the one whose id is wanted.

        Args:
            wanted: ids of keys, one of which must sign, or None for any.
            out: Output.
            args: with key and passphrase_file.
            what: who must sign, for the message.
        """
        if args.key is not None:
            return keyring.unlock(keyring.find_key(self.book, args.key), out, args.passphrase_file)
        if wanted is None:
            return keyring.unlock(keyring.find_key(self.book, None), out, args.passphrase_file)
        mine = [self._names[id] for id in sorted(wanted) if id in self._names]
        if not mine:
            ids = ", ".join(id_to_text(id) for id in sorted(wanted))
            raise UsageError(
                f"{what} must sign, and none of your keys is that.", f"The key's id is {ids}.",
                "Name its file with --key, or see your keys: leither key list", code="no-key", details={"field": "signatures"},
            )  # fmt: skip
        return keyring.unlock(keyring.find_key(self.book, mine[0]), out, args.passphrase_file)

    def _nobody(self, who, why, fix=""):
        fix = fix or nearest(who, [*self.keys, TREASURY]) + "Names are those of leither key list; ids have 27 characters, public keys 48."
        return UsageError(f"“{clean(who, 60)}” is nobody here.", why, fix, code="unknown-account", details={"field": "account"})
