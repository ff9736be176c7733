"""Where nodes end: a rule over the entries since the node's start, so that equal content is cut equally, however it came to be.

An entry ends its node by its own hash, the likelier the fuller the node is (twice as full, twice as likely), so sizes lie close
together and a cut survives most changes before it. After a change the old cuts and the new ones meet again within a node or two.
The hash is CRC-32 with a multiplication behind it, which ends what CRC-32 keeps of regular keys: whoever wants bad nodes of his own
could find colliding keys under any public hash, and gets nodes of up to NODE_MAX bytes and slower writes, nothing else.
"""

from binascii import crc32

# A node then lies inline in a page of LMDB.
NODE_MAX = 4000
# Key and value of a row that stay in the leaf together; a larger value gets a block of its own, and its entry holds a link.
INLINE_MAX = 1000
# LMDB's own bound of a key.
KEY_MAX = 511
# Redis's bound of a value.
VALUE_MAX = 512 << 20
# Bytes beside an entry's own: the heads of an inline row, of the node, and of its array.
_HEADS_MAX = 16

# No node but the last of its level is smaller, and an entry of an index is: each level is at most half as long as the one below.
SIZE_MIN = 600
# The next entry still fits, whatever it is.
_SIZE_FULL = NODE_MAX - INLINE_MAX - _HEADS_MAX
# Share of 2**32 under which the hash ends a node, for each byte of the entry and byte over SIZE_MIN: half of the nodes end within 1,200.
_SHIFT = 12
# 2**32 over the golden ratio, odd.
_SPREAD = 0x9E3779B1
_MASK = 0xFFFFFFFF


def ends_node(hashed, entry_bytes, node_bytes):
    """True if the entry just added is the last of its node.

    hashed: bytes that stand for the entry: its key, or a list's element, or a list's child (its CID). entry_bytes: its size;
    node_bytes: size of all entries of the node with it; both as encoded.
    """
    if node_bytes < SIZE_MIN:
        return False
    return node_bytes >= _SIZE_FULL or crc32(hashed) * _SPREAD & _MASK < entry_bytes * (node_bytes - SIZE_MIN) << _SHIFT
