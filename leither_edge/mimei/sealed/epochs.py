"""The keys of a scope: one for each epoch. A reader less begins a new epoch; what was sealed before stays as it is.

So a new version after a revocation costs what is new in it, and whoever was let go reads nothing that came after. What he could read
before he may have kept anyway. A reader of the newest epoch gets the keys of all before it.
"""

from collections import namedtuple

from leither_edge.core.ids import ID_BYTES, key_id
from leither_edge.crypto import sodium
from leither_edge.mimei.errors import BadInput

from .tables import EPOCHS

# Keys that one head carries. After so many everything is sealed anew.
EPOCHS_MAX = 64
READERS_MAX = 64

# number: of the newest head, -1 before the first. first: epoch of keys[0]. keys: content keys, 32 bytes each. readers: public keys, or
# ids where a restore brought no more.
# is_sweeping: rows are being taken away, so that not all are there.
Epochs = namedtuple("Epochs", "number first keys readers is_sweeping")


def read_epochs(tx, scope):
    """The Epochs of a scope, None where nothing was sealed yet."""
    row = tx.get(EPOCHS, scope)
    return None if row is None else Epochs(row[0], row[1], tuple(row[2]), tuple(row[3]), row[4])


def write_epochs(tx, scope, epochs):
    """Keeps the Epochs of a scope."""
    tx.put(EPOCHS, scope, [epochs.number, epochs.first, list(epochs.keys), list(epochs.readers), epochs.is_sweeping])


def newest_epoch(epochs):
    """The number of the epoch that is sealed under now."""
    return epochs.first + len(epochs.keys) - 1


def with_readers(epochs, readers, random_bytes):
    """(Epochs for these readers, whether all is to be sealed anew): with a new epoch where one of before is missing.

    Args: epochs (None: none yet), readers ([public key, 32 bytes]), random_bytes (count -> bytes). Raises BadInput.
    """
    readers = tuple(sorted(set(readers)))
    if not 0 < len(readers) <= READERS_MAX:
        raise BadInput(f"Content is sealed for 1 to {READERS_MAX} readers.")
    if epochs is None:
        return Epochs(-1, 0, (random_bytes(sodium.KEY_BYTES),), readers, False), False
    if {_id_of(reader) for reader in epochs.readers} <= set(map(key_id, readers)):
        return epochs._replace(readers=readers), False
    key = random_bytes(sodium.KEY_BYTES)
    if len(epochs.keys) >= EPOCHS_MAX:
        return epochs._replace(first=newest_epoch(epochs) + 1, keys=(key,), readers=readers), True
    return epochs._replace(keys=(*epochs.keys, key), readers=readers), False


def _id_of(reader):
    return reader if len(reader) == ID_BYTES else key_id(reader)
