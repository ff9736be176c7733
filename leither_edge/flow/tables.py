"""Rows of what goes between nodes, in the store of the content."""

from leither_edge.peer.tables import PEER_TABLES
from leither_edge.storage import Table

# What is on its way (fetch_rows.py); by user and label: when it was begun or gone on with, s since 1970.
FETCHING = Table("fetching", "bytes", "u64")
# Providers of wrong bytes (fetch_rows.py); by what names them: [how often, when last (s), for how long they are not asked (s), name].
SHUNNED = Table("shunned")

FLOW_TABLES = (FETCHING, SHUNNED)
ALL = (*PEER_TABLES, *FLOW_TABLES)
