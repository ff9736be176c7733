"""Rows of what goes between nodes, in the store of the content."""

from leither_edge.peer.tables import PEER_TABLES
from leither_edge.storage import Table

# What is on its way (fetch_rows.py); by user and label: when it was begun or gone on with, s since 1970.
FETCHING = Table("fetching", "bytes", "u64")
# Providers of wrong bytes (fetch_rows.py); by what names them: [how often, when last (s), for how long they are not asked (s), name].
SHUNNED = Table("shunned")

# What users have this node follow (follow_rows.py); by mid and user: [public key, author, sources, since, asked (s), number, problem].
FOLLOWS = Table("follows")
# Friends' nodes that follow what is here (news.py); by mid and node id: [public key, number told last or null].
FOLLOWERS = Table("followers")
# MiMei that this node announces to have (publishing.py); by mid: [public key of who asked for it, announced last (s)].
PROVIDED = Table("provided")
# What was shared with a friend's node (sharing.py); by mid and node id: [public key, who shared it, users let in, state, words, since (s)].
SHARES = Table("shares")
# What friends' nodes offered (sharing.py); by node id and mid: [public key, author's public key, data type, words, since (s)].
OFFERS = Table("offers")
# Sealed snapshots that are held for others (backup/held_rows.py); by node id, scope and number (8 bytes): [sealed root, time (s), bytes
# there, whether all is here, came (s), ids of its readers, signed head].
HELD = Table("held")
# What they take here, in bytes; by node id.
HELD_BYTES = Table("held_bytes", "bytes", "u64")
# Nodes that hold this one's backup (backup/keeping.py); by node id: [public key, name, since (s), what they had last, how a check went,
# what went wrong].
BACKUPS = Table("backups")
# MiMei that are left sealed with other nodes (backup/leaving.py); by mid and node id: [public key, by whom, version or null, when (s),
# bytes, what went wrong].
LEFT_WITH = Table("left_with")
# The key of this store in boxes for its user's owner keys, where a backup is all that may be left; by its id: [[owner's id, box]].
OWN_KEYS = Table("own_keys")

FLOW_TABLES = (FETCHING, SHUNNED, FOLLOWS, FOLLOWERS, PROVIDED, SHARES, OFFERS, HELD, HELD_BYTES, BACKUPS, LEFT_WITH, OWN_KEYS)
ALL = (*PEER_TABLES, *FLOW_TABLES)
