"""Rows of what is sealed: which sealed block is made of which plain one, and the keys."""

from leither_edge.storage import Table

# By digest of the sealed block (32 bytes): scope (20), epoch (4), part (1; 0: the block itself), plain label.
SEALED = Table("sealed", "bytes", "bytes")
# By scope and plain label: sealed label (36 bytes), digest of each of its parts (32).
SEALED_AS = Table("sealed_as", "bytes", "bytes")
# By scope: [number of the newest head, first epoch, [content key of that one and each after it], [reader's public key, or id], whether
# rows are being swept].
EPOCHS = Table("sealed_epochs")

SEALED_TABLES = (SEALED, SEALED_AS, EPOCHS)
