"""The two ways to cut and link a file that give everybody the same label (IPIP-499)."""

from collections import namedtuple

from leither_edge.mimei.errors import BadInput
from leither_edge.mimei.ipld import cid as cids

# chunk_bytes: of a file's leaf; width: links of a file's node; raw_leaves: a leaf is the bare bytes, not a node of its own;
# cid_version: of nodes; shard_fanout: of a sharded folder, which one becomes that is larger than shard_bytes, counted by its block
# (shard_by_block) or by its names and labels.
LabelProfile = namedtuple("LabelProfile", "name chunk_bytes width raw_leaves cid_version shard_fanout shard_bytes shard_by_block")

V1_2025 = LabelProfile("unixfs-v1-2025", 1 << 20, 1024, True, 1, 256, 256 << 10, True)
V0_2015 = LabelProfile("unixfs-v0-2015", 256 << 10, 174, False, 0, 256, 256 << 10, False)


def by_name(name):
    """The profile of its name. Raises BadInput."""
    for profile in (V1_2025, V0_2015):
        if profile.name == name:
            return profile
    raise BadInput(f"There is no label profile {name[:40]!r}: use {V1_2025.name} or {V0_2015.name}.")


def node_cid(profile, block):
    """The label of a dag-pb block under a profile."""
    return cids.of(cids.DAG_PB, block) if profile.cid_version else cids.v0_of(block)
