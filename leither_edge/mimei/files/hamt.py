"""Folders of many names: a trie of nodes by the hash of the name (UnixFS, HAMTDirectory).

A node has up to ``fanout`` links in the order of their buckets. The bits of a name's hash, highest first, choose the bucket at each
level; a link's name is the bucket as hex digits, alone (a node below, in which at least two names are) or with the one name of that bucket
behind it. So the shape depends on nothing but the names. Whoever chooses names can make their hashes alike, which makes a chain of
nodes, as long as the hash has bits; two names with one hash do not fit, here as in other programs.
"""

from leither_edge.mimei.errors import BadBlock, BadInput
from leither_edge.mimei.ipld import unixfs
from leither_edge.mimei.ipld.dag_pb import Link

from . import folder_node as nodes
from .murmur3 import murmur3

HASH_BITS = 64
# What is written has this fanout; others are read.
FANOUT, BITS, _WIDTH = 256, 8, 2
# The shortest label and a name of one byte; a node has two names below it at least.
_LEAST_WEIGHT = 5
EMPTY = unixfs.Node(unixfs.HAMT, b"", hash_type=unixfs.MURMUR3, fanout=FANOUT)


def hash_of(name):
    """The hash of a name (bytes) as a number of 64 bits."""
    return int.from_bytes(murmur3(name), "big")


def bits_of(node):
    """How many bits of the hash a level takes. Raises BadBlock: a hash or a fanout that no folder has."""
    fanout = node.fanout
    if node.hash_type != unixfs.MURMUR3 or not fanout or fanout & fanout - 1 or not 8 <= fanout <= 1024:
        raise BadBlock("A sharded folder is of a form that is not known here: only murmur3 and 8 to 1024 links a node are.")
    return fanout.bit_length() - 1


def find(blocks, block, name):
    """The Link of a name (bytes) from the block of a folder's root node, None if there is none. Raises BadBlock, BlockMissing."""
    code, left = hash_of(name), HASH_BITS
    bits = bits_of(nodes.node_of(block))
    while left >= bits:
        left -= bits
        prefix = b"%0*X" % (width(bits), code >> left & (1 << bits) - 1)
        link = nodes.scan(block, (prefix + name, prefix))[1]
        if link is None:
            return None
        if len(link.name) > len(prefix):
            return link._replace(name=name)
        block = blocks.get(link.cid)
        if bits_of(nodes.node_of(block)) != bits:
            break
    raise BadBlock("A sharded folder is deeper than hashes reach, or of two forms.")


def slots(node, links):
    """[(bucket, Link)] of a node, each at its own bucket and in their order, as the node's bits say. Raises BadBlock."""
    digits, last, field, found = width(bits_of(node)), -1, 0, []
    for link in links:
        try:
            bucket = int(link.name[:digits], 16)
        except (ValueError, TypeError):
            bucket = -1
        if not last < bucket < node.fanout or link.name[:digits] != b"%0*X" % (digits, bucket):
            raise BadBlock("A node of a sharded folder has a link that belongs into no bucket.")
        last = bucket
        field |= 1 << bucket
        found.append((bucket, link))
    if field != int.from_bytes(node.data or b"", "big"):
        raise BadBlock("A node of a sharded folder says that it has other links than it has.")
    return found


def entries(blocks, node, links, after=-1, path=0, left=HASH_BITS):
    """Yields the Link of each name in the order of hashes.

    Args: node, links (the root's), after (a hash: begin behind it). The rest is the way down. In each node one name's hash is compared with
    the way, so that a node that stands in many places, the bomb of a folder, ends this. Raises BadBlock, BlockMissing.
    """
    bits = bits_of(node)
    left -= bits
    if left < 0:
        raise BadBlock("A sharded folder is deeper than hashes reach.")
    if not links:
        raise BadBlock("A sharded folder has an empty node.")
    digits, compared = width(bits), False
    for bucket, link in slots(node, links):
        place = path << bits | bucket
        if place < after >> left:
            continue
        name = link.name[digits:]
        if not name:
            yield from entries(blocks, *below(blocks, link, node.fanout), after, place, left)
            continue
        if not compared or place == after >> left:
            code, compared = hash_of(name), True
            if code >> left != place:
                raise BadBlock("A sharded folder has a name where its hash does not lead.")
            if code <= after:
                continue
        yield Link(link.cid, name, link.size)


def weighs_over(blocks, node, links, weight, limit):
    """Whether the names of a folder of our own fanout weigh more than a limit together; reads no more nodes than it needs.

    Args: weight (function of a Link, at least the bytes of its label and name), limit. Raises BadBlock, BlockMissing.
    """
    # Mostly they weigh far more, and lengths alone show it in a tenth of the time.
    return _lengths_over(blocks, links, limit) or _all_over(blocks, node, links, weight, limit)


def _lengths_over(blocks, links, limit):
    for link in links:
        if len(link.name) > _WIDTH:
            limit -= len(link.cid) + len(link.name) - _WIDTH
        else:
            for label_bytes, name_bytes in nodes.link_lengths(blocks.get(link.cid)):
                limit -= label_bytes + name_bytes - _WIDTH if name_bytes > _WIDTH else 2 * _LEAST_WEIGHT
        if limit < 0:
            return True
    return False


def _all_over(blocks, node, links, weight, limit):
    level = [(node, links)]
    for _ in range(HASH_BITS // BITS):
        deeper = []
        for at, some in level:
            for _, link in slots(at, some):
                if len(link.name) > _WIDTH:
                    limit -= weight(link._replace(name=link.name[_WIDTH:]))
                else:
                    deeper.append(link)
            # Counted so, a tree of strangers that has no names cannot make us read it for ever.
            if limit < 2 * _LEAST_WEIGHT * len(deeper):
                return True
        # A generator: the nodes of a level are not in memory together.
        level = (below(blocks, link, FANOUT) for link in deeper)
    return False


class Change:
    """Puts, replaces and removes names of a folder of our own fanout; each node on their ways is written once, at the end.

    Args: blocks, profile, weight (function of a Link), replacing (called with each Link that goes and the Link or None that comes; it may
    raise). ``.grown``: by how much the weight of all names grew.
    """

    __slots__ = ("blocks", "profile", "weight", "replacing", "grown")

    def __init__(self, blocks, profile, weight, replacing):
        self.blocks, self.profile, self.weight, self.replacing = blocks, profile, weight, replacing
        self.grown = 0

    def apply(self, node, links, rows):
        """The root's links after a change, its block not yet written.

        Args: node, links (the root's; root([]), [] for a new one), rows ([(hash, name, Link or None)], sorted, each name once).
        Raises BadBlock, BlockMissing, BadInput: two names have one hash.
        """
        return self._node(node, links, rows, HASH_BITS - BITS)

    def _node(self, node, links, rows, left):
        if left < 0:
            raise BadInput("Two names of this folder have the same hash, so it cannot hold both: rename one.")
        found = dict(slots(node, links))
        at = 0
        while at < len(rows):
            bucket = rows[at][0] >> left & FANOUT - 1
            end = at + 1
            while end < len(rows) and rows[end][0] >> left & FANOUT - 1 == bucket:
                end += 1
            link = self._bucket(found.get(bucket), b"%02X" % bucket, rows[at:end], left)
            at = end
            if link is None:
                found.pop(bucket, None)
            else:
                found[bucket] = link
        return [found[bucket] for bucket in sorted(found)]

    def _bucket(self, old, prefix, rows, left):
        """The Link of a bucket after a change, None if it becomes empty."""
        if old is not None and len(old.name) == _WIDTH:
            node, links = below(self.blocks, old, FANOUT)
            links = self._node(node, links, rows, left - BITS)
        else:
            if old is not None:
                old = old._replace(name=old.name[_WIDTH:])
                self.grown -= self.weight(old)
                known = [row for row in rows if row[1] == old.name]
                if known:
                    self.replacing(old, known[0][2])
                else:
                    rows = sorted([*rows, (hash_of(old.name), old.name, old)])
            links = [link for _, _, link in rows if link is not None]
            if len(links) < 2:
                self.grown += sum(map(self.weight, links))
                return links[0]._replace(name=prefix + links[0].name) if links else None
            links = self._node(EMPTY, [], [row for row in rows if row[2] is not None], left - BITS)
        if not links:
            return None
        if len(links) == 1 and len(links[0].name) > _WIDTH:
            return links[0]._replace(name=prefix + links[0].name[_WIDTH:])
        cid, size = nodes.write(self.blocks, self.profile, root(links), links)
        return Link(cid, prefix, size)


def root(links, node=EMPTY):
    """The unixfs.Node over some links. Args: links, node (whose mode and time of change it keeps)."""
    field = 0
    for link in links:
        field |= 1 << int(link.name[:_WIDTH], 16)
    # Without leading zeros, as every other program writes it.
    return EMPTY._replace(data=field.to_bytes(field.bit_length() + 7 >> 3, "big"), mode=node.mode, mtime=node.mtime)


def width(bits):
    """How many hex digits of a bucket begin each link's name. Args: bits (of a level)."""
    return bits + 3 >> 2


def below(blocks, link, fanout):
    """(node, links) of a node below another. Raises BadBlock: it is of another form; BlockMissing."""
    node, links = nodes.load(blocks, link.cid)
    if node.kind != unixfs.HAMT or node.fanout != fanout:
        raise BadBlock("A sharded folder has a node of another form below.")
    return node, links
