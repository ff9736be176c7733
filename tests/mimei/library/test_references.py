"""Lists of references that came from elsewhere."""

import pytest

from leither_edge.mimei import references
from leither_edge.mimei.errors import BadBlock
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_cbor
from tests.mimei.memory_blocks import MemoryBlocks

LABELS = [cids.of(cids.RAW, b"%d" % number) for number in range(9)]


def test_lists_of_every_length(monkeypatch):
    monkeypatch.setattr(references, "LIST_MAX", 4)
    blocks = MemoryBlocks()
    for count in range(len(LABELS) + 1):
        counts = {label: number + 1 for number, label in enumerate(LABELS[:count])}
        assert references.read_list(blocks, references.list_root(blocks, counts)) == counts


def test_a_list_that_names_one_part_again_and_again_is_refused_before_all_are_read(monkeypatch):
    blocks = MemoryBlocks()
    root = references.list_root(blocks, {LABELS[0]: 1})
    data = dag_cbor.encode([dag_cbor.Link(root)] * 5000)
    many = cids.of(cids.DAG_CBOR, data)
    blocks.put(many, data)
    reads = []
    monkeypatch.setattr(blocks, "get", lambda cid, get=blocks.get: reads.append(cid) or get(cid))
    with pytest.raises(BadBlock):
        references.read_list(blocks, many)
    assert len(reads) < 10
