"""The key of a store of this computer, kept in the store's backup for the user's owner keys: without it, what comes back is nobody's."""

from leither_edge.cli import keyring
from leither_edge.cli.failure import Failure


def owner_keys(home):
    """[public key] of this user's owner keys: they open what is backed up, beside the store's own key, which goes with the store."""
    from leither_edge.cli.book import Book

    keys = Book(home).keys
    return [keyring.entry_to_key(name, entry).public_key for name, entry in sorted(keys.items()) if entry.get("kind") == "owner"]


class Owners:
    """The same, as it is whenever it is called: who serves a store makes such a key while that runs. Args: home."""

    def __init__(self, home):
        self._home = home
        self._known = owner_keys(home)

    def __call__(self):
        try:
            self._known = owner_keys(self._home)
        except Failure:
            # A book that cannot be read now: whom it named before is named still.
            pass
        return self._known


def keep(library, key, owners):
    """Put a store's key into a row that goes with its backup, in a box for each owner. Args: key (KeyPair), owners ([public key])."""
    from leither_edge.core.ids import key_id
    from leither_edge.crypto.sodium import seal_to
    from leither_edge.flow.tables import OWN_KEYS

    def put(tx):
        old = tx.get(OWN_KEYS, key.id)
        # A box is another one each time it is made, and would be a change each time.
        if old is None or [bytes(row[0]) for row in old] != [key_id(owner) for owner in owners]:
            tx.put(OWN_KEYS, key.id, [[key_id(owner), seal_to(key.seed, owner)] for owner in owners])

    if owners:
        library.held.call(put)


def bring_back(content, signer):
    """Give a store the key that came with a backup; returns its id, None where it keeps its own.

    A store that has made anything under its own key keeps that. So it does where nothing that came back is of the key in the backup.
    Args: content (LocalContent), signer (Signer of an owner).
    """
    import os

    from leither_edge.cli.mimei_store import KEY_NAME
    from leither_edge.crypto.key_pair import KeyPair
    from leither_edge.flow.tables import OWN_KEYS
    from leither_edge.mimei.tables import BY_AUTHOR

    def has_made(tx, id20):
        return any(bytes(key).startswith(id20) for key, _ in tx.scan(BY_AUTHOR, start=id20, limit=1))

    library = content.library
    with library.store.read() as tx:
        if has_made(tx, library.node_key.id):
            return None
        rows = [(bytes(id20), row) for id20, row in tx.scan(OWN_KEYS) if has_made(tx, bytes(id20))]
    for id20, row in rows:
        for owner, box in row:
            seed = signer.unseal(bytes(box)) if bytes(owner) == signer.key_id else None
            if seed is not None and len(seed) == keyring.SEED_BYTES and KeyPair(seed).id == id20:
                keyring.write_open_file(os.path.join(content.folder, KEY_NAME), seed, exclusive=False)
                return id20
    return None
