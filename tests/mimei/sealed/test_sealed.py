"""Content is sealed on the fly, opened by its readers alone, and held by those who cannot read it."""

import pytest

from leither_edge.crypto.key_pair import KeyPair
from leither_edge.mimei.errors import BadBlock, BadInput, BlockMissing, Forbidden
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_cbor
from leither_edge.mimei.ipld.links import links
from leither_edge.mimei.ipld.walk import walk
from leither_edge.mimei.sealed import form, head, opening
from leither_edge.mimei.sealed.epochs import EPOCHS_MAX
from leither_edge.mimei.sealed.sealing import SealedBlocks
from leither_edge.mimei.sealed.tables import SEALED, SEALED_AS
from tests.mimei.library.people import ANNA, BEN, NODE, opened
from tests.mimei.memory_blocks import MemoryBlocks

SCOPE = bytes(range(20))
KEYS = form.keys_of(b"k" * 32)
BIG = cids.BLOCK_MAX


class Sealer:
    """A library's sealed content, with a head of it."""

    def __init__(self, library, readers=(ANNA,)):
        self.library = library
        self.sealed = SealedBlocks(library.blocks, library.store, library.held, library.random_bytes)
        self.sealed.set_readers(SCOPE, [reader.public_key for reader in readers])

    def head(self, root):
        sealed_root = self.sealed.seal(SCOPE, root)
        number, epochs = self.sealed.next_number(SCOPE)
        return head.open_head(head.make_head(NODE, SCOPE, number, epochs, root, sealed_root, 5, 7))

    def held(self, root):
        """All sealed blocks under a root, as a holder without a key walks them."""
        return dict(walk(self.sealed, [root]))


@pytest.fixture
def library(tmp_path):
    with opened(tmp_path / "store") as found:
        yield found


def put(library, value, codec=cids.DAG_CBOR):
    data = value if isinstance(value, bytes) else dag_cbor.encode(value)
    label = cids.of(codec if not isinstance(value, bytes) else cids.RAW, data)
    library.blocks.put(label, data)
    return label


def tree(library, *leaves):
    return put(library, [dag_cbor.Link(put(library, leaf)) for leaf in leaves])


def open_with(found, key, held):
    blocks = MemoryBlocks()
    unlocked = head.unlock(found, key)
    opening.open_all(unlocked, held.__getitem__, blocks.has, blocks.put)
    return blocks


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 1000, 65535, 65536, 65537, 1 << 20, BIG - 24, BIG - 20, BIG])
def test_a_block_of_any_size_is_sealed_and_opened(size):
    data = bytes(size)
    label = cids.of(cids.RAW, data)
    made = form.seal(KEYS, 3, label, data, [])
    assert all(len(sealed) <= BIG and cids.of(cids.codec(name), sealed) == name for name, sealed in made)
    by_name = dict(made)
    unlocked = head.Unlocked(label, made[-1][0], {3: KEYS})
    assert opening.open_block(unlocked, label, *made[-1], by_name.__getitem__) == (data, [])
    # A holder finds the parts by their links.
    assert set(links(*made[-1])) == {name for name, _ in made[:-1]}


def test_sizes_are_told_in_steps_alone():
    def size(count):
        data = bytes(count)
        return len(form.seal(KEYS, 0, cids.of(cids.RAW, data), data, [])[-1][1])

    assert len({size(count) for count in range(1000, 1025)}) == 1
    assert len({size(count) for count in range(100_000, 102_400, 99)}) == 1
    assert all(size(count) <= count * 9 // 8 + 24 for count in range(32, 5000, 61))
    assert size(1 << 20) == (1 << 20) + 24


def test_what_is_sealed_opens_to_the_same_blocks_and_holds_no_plain_byte(library):
    secret = b"the words that nobody else may read " * 40
    root = tree(library, secret, b"second", b"")
    sealer = Sealer(library)
    found = sealer.head(root)
    held = sealer.held(found.root)
    assert len(held) == 4 and not any(secret[:20] in data for data in held.values())
    for label, data in held.items():
        cids.check(label, data)
    got = open_with(found, ANNA, held)
    assert dict(walk(got, [root])) == dict(walk(library.blocks, [root]))


def test_the_root_may_be_a_single_leaf(library):
    root = put(library, b"alone")
    sealer = Sealer(library)
    found = sealer.head(root)
    assert open_with(found, ANNA, sealer.held(found.root)).get(root) == b"alone"


def test_who_is_no_reader_opens_nothing(library):
    sealer = Sealer(library)
    found = sealer.head(tree(library, b"one"))
    with pytest.raises(Forbidden):
        head.unlock(found, BEN)
    stolen = found._replace(boxes=[[BEN.id, found.boxes[0][1]]])
    with pytest.raises(head.BadHead):
        head.unlock(stolen, BEN)


def test_unchanged_content_is_sealed_to_the_same_labels(library):
    sealer = Sealer(library)
    first = sealer.held(sealer.head(tree(library, b"one", b"two")).root)
    second = sealer.held(sealer.head(tree(library, b"one", b"three")).root)
    assert len(set(first) & set(second)) == 1
    sealed = SealedBlocks(library.blocks, library.store, library.held, library.random_bytes)
    assert all(sealed.get(label) == data and sealed.has(label) for label, data in second.items())


def test_a_reader_let_go_reads_what_he_could_and_nothing_newer(library):
    sealer = Sealer(library, (ANNA, BEN))
    old = sealer.head(tree(library, b"one", b"two"))
    held = sealer.held(old.root)
    ben = head.unlock(old, BEN)
    assert sealer.sealed.set_readers(SCOPE, [ANNA.public_key]) == 1
    new_root = tree(library, b"one", b"three")
    new = sealer.head(new_root)
    newer = sealer.held(new.root)
    assert len(set(newer) - set(held)) == 2, "what did not change stays as it was"
    with pytest.raises(Forbidden):
        head.unlock(new, BEN)
    for label in set(newer) - set(held):
        with pytest.raises(Forbidden):
            opening.open_block(ben, new_root, label, newer[label], newer.__getitem__)
    # Who still reads gets the earlier epochs' keys in the newer head.
    assert open_with(new, ANNA, newer).get(put(library, b"one")) == b"one"


def test_a_reader_more_begins_no_epoch(library):
    sealer = Sealer(library)
    assert sealer.sealed.set_readers(SCOPE, [ANNA.public_key, BEN.public_key]) == 0
    found = sealer.head(put(library, b"x"))
    assert head.is_reader(found, BEN.id) and open_with(found, BEN, sealer.held(found.root))


def test_after_many_epochs_all_is_sealed_anew(library):
    sealer = Sealer(library)
    root = tree(library, b"one", b"two")
    before = sealer.held(sealer.head(root).root)
    people = [KeyPair(bytes([number]) * 32) for number in range(100, 100 + EPOCHS_MAX)]
    for person in people:
        sealer.sealed.set_readers(SCOPE, [person.public_key])
    assert sealer.sealed.readers(SCOPE)[1] == EPOCHS_MAX
    found = sealer.head(root)
    after = sealer.held(found.root)
    assert not set(before) & set(after) and len(head.unlock(found, people[-1]).keys) == 1
    with pytest.raises(BlockMissing):
        sealer.sealed.get(next(iter(before)))


def test_readers_are_some_and_not_too_many(library):
    with pytest.raises(BadInput):
        Sealer(library, ())
    with pytest.raises(BadInput):
        Sealer(library, [KeyPair(number.to_bytes(32, "big")) for number in range(65)])


def test_a_large_node_is_sealed_in_parts(library):
    root = put(library, [b"x" * (BIG - 300), dag_cbor.Link(put(library, b"leaf"))])
    sealer = Sealer(library)
    found = sealer.head(root)
    held = sealer.held(found.root)
    assert len(held) == 1 + 3 + 1
    assert open_with(found, ANNA, held).get(root) == library.blocks.get(root)
    list(sealer.sealed.sweep(SCOPE, []))
    with library.store.read() as tx:
        assert tx.count(SEALED) == tx.count(SEALED_AS) == 0


def test_links_in_labels_with_content_are_followed(library):
    leaf = put(library, b"deep")
    inner = dag_cbor.encode([dag_cbor.Link(leaf)])
    inline = b"\x01\x71\x00" + bytes((len(inner),)) + inner
    root = put(library, [dag_cbor.Link(inline)])
    sealer = Sealer(library)
    found = sealer.head(root)
    held = sealer.held(found.root)
    assert len(held) == 2
    assert open_with(found, ANNA, held).get(leaf) == b"deep"


def test_a_sweep_takes_what_no_root_reaches(library):
    sealer = Sealer(library)
    old, new = tree(library, b"one", b"two"), tree(library, b"one", b"three")
    first, second = sealer.held(sealer.head(old).root), sealer.held(sealer.head(new).root)
    for _ in sealer.sealed.sweep(SCOPE, [new], step=1):
        pass
    for label in set(first) - set(second):
        with pytest.raises(BlockMissing):
            sealer.sealed.get(label)
    assert sealer.held(sealer.head(new).root) == second


def test_after_a_sweep_that_was_broken_off_all_is_looked_at_again(library):
    sealer = Sealer(library)
    root = tree(library, b"one", b"two")
    before = sealer.held(sealer.head(root).root)
    # As if the process had ended between two steps.
    sealer.sealed._mark(SCOPE, True)
    leaf = put(library, b"one")
    row = library.held.call(lambda tx: tx.get(SEALED_AS, SCOPE + leaf))
    library.held.call(lambda tx: (tx.delete(SEALED_AS, SCOPE + leaf), tx.delete(SEALED, cids.digest(row))))
    with pytest.raises(BlockMissing):
        sealer.held(sealer.sealed.sealed_label(SCOPE, root))
    assert sealer.held(sealer.head(root).root) == before


def test_what_is_gone_is_missing(library):
    sealer = Sealer(library)
    root = tree(library, b"one")
    label = sealer.head(root).root
    library.blocks.collect(lambda: []).run()
    assert not sealer.sealed.has(label)
    with pytest.raises(BlockMissing):
        sealer.sealed.get(label)


def test_a_draw_names_blocks_of_that_scope(library):
    sealer = Sealer(library)
    root = tree(library, *(b"%d" % number for number in range(20)))
    held = sealer.held(sealer.head(root).root)
    drawn = sealer.sealed.some(SCOPE, root, 5)
    assert drawn and len(drawn) <= 5 and set(drawn) <= set(held)
    assert sealer.sealed.some(b"x" * 20, root, 5) == []


def test_blocks_in_each_others_place_are_refused(library):
    sealer = Sealer(library)
    found = sealer.head(tree(library, b"one", b"two"))
    unlocked, held = head.unlock(found, ANNA), sealer.held(found.root)
    (plain_a, sealed_a), (plain_b, sealed_b) = opening.open_block(unlocked, unlocked.root, found.root, held[found.root], None)[1]
    assert opening.open_block(unlocked, plain_a, sealed_a, held[sealed_a], None)[0] == b"one"
    with pytest.raises(BadBlock):
        opening.open_block(unlocked, plain_a, sealed_b, held[sealed_b], None)
    with pytest.raises(BadBlock):
        opening.open_block(unlocked, plain_a, sealed_a, held[sealed_b], None)


def test_a_head_that_was_changed_is_refused(library):
    sealer = Sealer(library)
    number, epochs = sealer.sealed.next_number(SCOPE)
    root = put(library, b"x")
    data = head.make_head(NODE, SCOPE, number, epochs, root, root, 5, 7)
    assert head.open_head(data).public_key == NODE.public_key
    for at in range(0, len(data), 7):
        with pytest.raises(head.BadHead):
            head.open_head(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :])
    other = head.open_head(data)._replace(number=9)
    with pytest.raises(head.BadHead):
        head.unlock(other, ANNA)


def test_who_was_let_go_before_a_restore_is_let_go_after_it(library):
    sealed = SealedBlocks(library.blocks, library.store, library.held, library.random_bytes)
    sealed.take_over(SCOPE, 5, {0: b"k" * 32}, [ANNA.id, BEN.id])
    assert sealed.set_readers(SCOPE, [ANNA.public_key]) == 1
    sealed.forget(SCOPE)
    sealed.take_over(SCOPE, 5, {0: b"k" * 32}, [ANNA.id])
    assert sealed.set_readers(SCOPE, [ANNA.public_key]) == 0 and sealed.readers(SCOPE) == ((ANNA.public_key,), 0)
