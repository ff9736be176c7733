"""Rows of snapshots that are made, and of a restore on its way."""

from leither_edge.storage import Table

# By scope: [root, time (s), MiMei, versions, labels left out, bytes of blocks here, sealed root or None, signed head or b""].
SNAPSHOTS = Table("snapshots")
# By scope: [user who is charged, number of the head, plain root, blocks so far, bytes so far, whether all is here, gone on with (s),
# sealed root].
RESTORING = Table("restoring")
# By scope, depth (2 bytes, deepest first) and plain label: sealed label. What is to be fetched.
LEFT = Table("restoring_left", "bytes", "bytes")
# By scope and plain label: nothing. Nodes whose links are entered.
ENTERED = Table("restoring_entered", "bytes", "bytes")
# MiMei that were sealed by themselves (one_mimei.py); by mid: [author's id, root, sealed root or None, signed head or b"", number].
SEALED_MIMEI = Table("sealed_mimei")

SNAPSHOT_TABLES = (SNAPSHOTS, RESTORING, LEFT, ENTERED, SEALED_MIMEI)
