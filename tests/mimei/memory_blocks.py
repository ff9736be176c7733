"""A store of blocks in memory, which counts what is put and refuses what its label does not name."""

from leither_edge.mimei.errors import BlockMissing
from leither_edge.mimei.ipld import cid as cids


class MemoryBlocks:
    """get, has and put as every store of blocks has them.

    .puts and .bytes_put count calls, .new and .new_bytes only what was not there; .gets counts reads. ``reset()`` sets them to 0.
    """

    def __init__(self):
        self.rows = {}
        self.reset()

    def reset(self):
        self.puts = self.bytes_put = self.new = self.new_bytes = self.gets = 0

    def get(self, cid):
        inline = cids.inline(cid)
        if inline is not None:
            return inline
        self.gets += 1
        data = self.rows.get(cids.digest(cid))
        if data is None:
            raise BlockMissing(f"The block {cids.to_text(cid)} is not here.", cid)
        return data

    def has(self, cid):
        return cids.inline(cid) is not None or cids.digest(cid) in self.rows

    def put(self, cid, data):
        cids.check(cid, data)
        assert len(data) <= cids.BLOCK_MAX
        self.puts += 1
        self.bytes_put += len(data)
        key = cids.digest(cid)
        if key is not None and key not in self.rows:
            self.new += 1
            self.new_bytes += len(data)
            self.rows[key] = bytes(data)

    def __len__(self):
        return len(self.rows)
