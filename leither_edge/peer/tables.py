"""Rows of peers, in the store of the content."""

PEER_TABLES = ()
