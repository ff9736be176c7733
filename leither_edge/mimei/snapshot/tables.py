"""Rows of snapshots that are made, and of a restore on its way."""

from leither_edge.storage import Table

# By scope: [root, time (s), MiMei, versions, labels left out, bytes of blocks here, sealed root or None, signed head or b""].
SNAPSHOTS = Table("snapshots")
# Under "restore": [scope, number of the head, plain root, blocks so far, bytes so far, whether all is here].
RESTORING = Table("restoring", "text")
# By depth (2 bytes, deepest first) and plain label: sealed label. What is to be fetched.
LEFT = Table("restoring_left", "bytes", "bytes")
# By plain label: nothing. Nodes whose links are entered.
ENTERED = Table("restoring_entered", "bytes", "bytes")

SNAPSHOT_TABLES = (SNAPSHOTS, RESTORING, LEFT, ENTERED)
