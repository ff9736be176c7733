"""A store of blocks in a folder, and made-up content for it."""

from contextlib import contextmanager

from leither_edge.mimei.blocks import BLOCK_TABLES, BlockLimits, BlockStore
from leither_edge.mimei.ipld import cid as label
from leither_edge.mimei.ipld import dag_cbor
from leither_edge.storage import Table, open_store
from leither_edge.storage.held import HeldWriter

ROOTS = Table("roots", "bytes", "u64")
LIMITS = BlockLimits(quota_bytes=64 << 20, free_min_bytes=0, inline_max_bytes=4000)


@contextmanager
def opened(folder, limits=LIMITS, map_bytes=16 << 20, period_s=1000.0):
    with open_store(f"{folder}/db", map_bytes, [*BLOCK_TABLES, ROOTS]) as store:
        held = HeldWriter(store, period_s=period_s)
        try:
            yield BlockStore(f"{folder}/blocks", store, held, limits)
        finally:
            held.close()


def raw(data):
    return label.of(label.RAW, data), data


def node(*parts):
    """A block of DAG-CBOR with links: (label, bytes). A part is a label or a number."""
    data = dag_cbor.encode([dag_cbor.Link(part) if isinstance(part, bytes) else part for part in parts])
    return label.of(label.DAG_CBOR, data), data


def put_all(blocks, *pairs, root=None):
    """Put blocks and record one of the labels as a root, in one go."""
    with blocks.writer() as writer:
        for cid, data in pairs:
            writer.put(cid, data)
        writer.finish(None if root is None else lambda tx: tx.put(ROOTS, root, 1))


def roots_of(blocks):
    with blocks.store.read() as tx:
        return list(tx.keys(ROOTS))


def remove_root(blocks, cid):
    blocks.held.call(lambda tx: tx.delete(ROOTS, cid))
    return cid
