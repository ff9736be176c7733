"""Lists of references that came from elsewhere."""

import pytest

from leither_edge.mimei import references
from leither_edge.mimei.errors import BadBlock, BlockMissing
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_cbor
from tests.mimei.memory_blocks import MemoryBlocks

from .people import ANNA, opened

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


@pytest.mark.parametrize("keep", ["pin", "add_references", "put_label", "put_many"])
def test_what_is_half_collected_cannot_be_kept(tmp_path, keep):
    with opened(tmp_path) as library:
        anna = library.local_session(ANNA)
        mid = library.create(anna)
        library.backup(anna, mid)
        (tmp_path / "some").mkdir()
        for number in range(10):
            (tmp_path / "some" / f"{number}.bin").write_bytes(bytes([number]) * 5000)
        label = library.add_folder(anna, tmp_path / "some")
        collection = library.blocks.collect(library.roots, step=1)
        while not collection.removed:
            collection.step()
        assert library.blocks.has(label)
        calls = {
            "pin": lambda: library.pin(anna, label),
            "add_references": lambda: library.add_references(anna, mid, [label]),
            "put_label": lambda: library.open(anna, mid).file_system.put_label("some", label),
            "put_many": lambda: library.open(anna, mid).file_system.put_many([("some", label, None)]),
        }
        with pytest.raises(BlockMissing):
            calls[keep]()
        collection.run()
        # Whole again, it is kept: a collection that runs beside takes nothing of it.
        library.add_folder(anna, tmp_path / "some")
        collection = library.blocks.collect(library.roots, step=1)
        while collection.phase == "mark":
            collection.step()
        calls[keep]()
        collection.run()
        library.collect(anna)
        assert library.fsck(anna) == []
