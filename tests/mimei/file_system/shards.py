"""Sharded folders as other programs, good and bad, make them: any fanout, any bits, any names."""

from leither_edge.mimei.files.hamt import hash_of
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb, unixfs
from leither_edge.mimei.ipld.dag_pb import Link


def put_shard(blocks, links, fanout=256, field=None, **more):
    """The label of a node with some links. Args: field (its bits; None: those of the links), more (of unixfs.Node)."""
    digits = (fanout.bit_length() + 2) // 4
    if field is None:
        field = sum(1 << int(link.name[:digits], 16) for link in links)
    data = field.to_bytes((field.bit_length() + 7) // 8, "big")
    node = unixfs.Node(unixfs.HAMT, data, **{"hash_type": unixfs.MURMUR3, "fanout": fanout} | more)
    block = dag_pb.encode(links, unixfs.encode(node))
    cid = cids.of(cids.DAG_PB, block)
    blocks.put(cid, block)
    return cid


def sharded(blocks, links, fanout, depth=0):
    """(label, size of all blocks) of a folder of a fanout, made in the simplest way. Args: links ([Link] with bare names)."""
    bits = fanout.bit_length() - 1
    digits = (bits + 3) // 4
    buckets = {}
    for link in links:
        buckets.setdefault(hash_of(link.name) >> (64 - bits * (depth + 1)) & (fanout - 1), []).append(link)
    found = []
    for bucket, some in sorted(buckets.items()):
        prefix = b"%0*X" % (digits, bucket)
        if len(some) == 1:
            found.append(some[0]._replace(name=prefix + some[0].name))
        else:
            cid, total = sharded(blocks, some, fanout, depth + 1)
            found.append(Link(cid, prefix, total))
    cid = put_shard(blocks, found, fanout)
    return cid, len(blocks.get(cid)) + sum(link.size for link in found)


def bomb(blocks, levels=8):
    """The label of a folder whose nodes all have the same node below, 256 times, down to one name."""
    leaf = Link(cids.of(cids.RAW, b""), b"00x", 0)
    cid = put_shard(blocks, [leaf])
    for _ in range(levels - 1):
        cid = put_shard(blocks, [Link(cid, b"%02X" % bucket, 0) for bucket in range(256)])
    return cid
