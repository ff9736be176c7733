"""Rows of what goes between nodes, in the store of the content."""

from leither_edge.peer.tables import PEER_TABLES

FLOW_TABLES = ()
ALL = (*PEER_TABLES, *FLOW_TABLES)
