"""Rows of peers, in the store of the content."""

from leither_edge.storage import Table

# The address book (book.py); by node id: [public key or empty, channel key or empty, name, addresses, state, roles, added, seen, how].
PEERS = Table("peers")
# Bytes of each service (tally.py), {name: [sent, received]}; by node id and day since 1970 (4 bytes; 0: all days before those kept).
PEER_BYTES = Table("peer_bytes")

PEER_TABLES = (PEERS, PEER_BYTES)
