"""What is found to be missing below labels: all of it, each once, and without a walk of what earlier versions have."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.flow import missing as missing_module
from leither_edge.flow.missing import Missing
from leither_edge.mimei.blocks.digest_set import new_key
from leither_edge.mimei.errors import BadBlock, TooLarge
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_cbor, dag_pb
from leither_edge.mimei.ipld.walk import walk
from leither_edge.mimei.tree import build, change
from tests.mimei.memory_blocks import MemoryBlocks

KEY = new_key(lambda count: random.Random(1).randbytes(count))


class Sized(MemoryBlocks):
    def size(self, cid):
        return len(self.rows[cids.digest(cid)])


def fetched(target, source, missing, at_once=7):
    """[label] that came, in order. Args: target, source (stores)."""
    came = []
    while not missing.is_done:
        wanted = missing.some(at_once)
        for label in reversed(wanted):
            data = source.get(label)
            target.put(label, data)
            missing.arrived(label, data)
            came.append(label)
    return came


def put(blocks, value):
    data = dag_cbor.encode(value)
    label = cids.of(cids.DAG_CBOR, data)
    blocks.put(label, data)
    return label


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.integers(0, 40), max_size=6), min_size=1, max_size=40), st.integers(0, 2**40))
def test_any_part_of_any_graph_is_completed(shape, here):
    """Each node links to earlier ones; a made-up part of them is here already."""
    source, target, labels = Sized(), Sized(), []
    for number, below in enumerate(shape):
        links = [dag_cbor.Link(labels[place % len(labels)]) for place in below if labels]
        labels.append(put(source, [number, links]))
    for number, label in enumerate(labels):
        if here >> number & 1:
            target.put(label, source.get(label))
    came = fetched(target, source, Missing(target, [labels[-1]], KEY))
    assert dict(walk(target, [labels[-1]])) == dict(walk(source, [labels[-1]]))
    assert len(came) == len(set(came)) and not any(here >> labels.index(label) & 1 for label in came)


def test_a_changed_key_reads_a_few_nodes_of_what_is_here():
    rows = {b"%06d" % number: b"value of %d" % number for number in range(20_000)}
    source, target = Sized(), Sized()
    old = build.build(source, sorted(rows.items()))
    for label, data in walk(source, [old]):
        target.put(label, data)
    new = change.apply(source, old, [(b"012345", b"another")])
    target.reset()
    came = fetched(target, source, Missing(target, [new], KEY, [old]))
    nodes = sum(1 for _ in walk(source, [new]))
    assert len(came) <= 4 and target.gets <= 12 < nodes / 20
    target.reset()
    # Without the hint all that is here is looked at, and nothing more is asked for.
    assert not fetched(target, source, Missing(target, [new], KEY)) and target.gets >= nodes / 2
    assert dict(walk(target, [new])) == dict(walk(source, [new]))


def test_a_hint_that_is_not_true_costs_a_walk_and_nothing_else():
    rows = {b"%06d" % number: b"value of %d" % number for number in range(2000)}
    source, target = Sized(), Sized()
    old = build.build(source, sorted(rows.items()))
    new = change.apply(source, old, [(b"000345", b"another")])
    fetched(target, source, Missing(target, [new], KEY, [old]))
    assert dict(walk(target, [new])) == dict(walk(source, [new]))


def test_what_a_file_states_is_the_total():
    source, target = Sized(), Sized()
    chunks = [cids.of(cids.RAW, bytes([number]) * 100) for number in range(3)]
    data = dag_pb.encode([dag_pb.Link(chunk, b"", 100) for chunk in chunks], b"")
    root = cids.of(cids.DAG_PB, data)
    source.put(root, data)
    for number, chunk in enumerate(chunks):
        source.put(chunk, bytes([number]) * 100)
    target.put(chunks[1], bytes([1]) * 100)
    missing = Missing(target, [root], KEY)
    fetched(target, source, missing)
    assert (missing.total_bytes, missing.here_bytes) == (len(data) + 300, 100)


def test_links_without_end_are_refused(monkeypatch):
    monkeypatch.setattr(missing_module, "WAITING_MAX_BYTES", 10_000)
    source = Sized()
    root = put(source, [dag_cbor.Link(cids.of(cids.RAW, b"%d" % number)) for number in range(400)])
    missing = Missing(Sized(), [root], KEY)
    with pytest.raises(TooLarge, match="links"):
        missing.arrived(missing.some(1)[0], source.get(root))


def test_a_block_that_its_codec_cannot_read_is_the_authors_fault():
    label = cids.of(cids.DAG_PB, b"\xff\xff")
    missing = Missing(Sized(), [label], KEY)
    with pytest.raises(BadBlock):
        missing.arrived(missing.some(1)[0], b"\xff\xff")
