"""A node's snapshot holds all of it, costs what is new, and gives it back onto an empty node."""

import pytest

from leither_edge.core.ids import key_id
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.mimei import info, rights
from leither_edge.mimei.blocks.rows import BLOCKS
from leither_edge.mimei.errors import BadBlock
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.walk import walk
from leither_edge.mimei.sealed import head as heads
from leither_edge.mimei.sealed.sealing import SealedBlocks
from leither_edge.mimei.snapshot import fetching, making, rebuilding, rows
from leither_edge.mimei.snapshot.described import describe, differences
from leither_edge.mimei.snapshot.row_forms import check_row
from leither_edge.mimei.tables import HEADS
from tests.mimei.library.people import ANNA, BEN, NODE, Clock, opened, work, write

OWNER = KeyPair(b"o" * 32)


class Source:
    """A library with some of everything, and what makes snapshots of it."""

    def __init__(self, library):
        self.library = library
        self.sealed = SealedBlocks(library.blocks, library.store, library.held, library.random_bytes)
        library.keepers.append(making.keeper)
        self.anna = library.local_session(ANNA)

    def fill(self):
        library, anna = self.library, self.anna
        for data_type in info.DATA_TYPES:
            mid = library.create(anna, "app", "ext", f"mark {data_type}", data_type)
            for number in range(3):
                write(library, anna, mid, b"text %d" % number * 50)
                library.backup(anna, mid, f"memo {number}")
            write(library, anna, mid, b"not backed up yet")
            library.release(anna, mid, 1)
            library.delete_versions(anna, mid, [0])
        library.set_tags(anna, mid, ["one", "two"])
        library.set_right(anna, mid, "guest", rights.PUBLIC)
        library.set_right(anna, mid, key_id(BEN.public_key), rights.READ)
        library.set_right(anna, mid, b"x" * 20, "member")
        label = library.add(anna, [b"pinned" * 1000])
        library.pin(anna, label, "a name")
        library.add_references(anna, mid, [label])
        library.fork(anna, mid, 2, "fork")
        library.register("Carl", "correct horse battery")
        return mid

    @property
    def files(self):
        return info.mid_of(ANNA.id, "app", "ext", f"mark {info.FILES}")

    def snapshot(self, **more):
        return making.make_snapshot(self.library, self.sealed, [OWNER.public_key, NODE.public_key], **more)

    def held(self, snapshot):
        return dict(walk(self.sealed, [snapshot.sealed_root]))


@pytest.fixture
def source(tmp_path):
    with opened(tmp_path / "source") as library:
        yield Source(library)


def begin(library, snapshot, key=OWNER):
    head = heads.open_head(snapshot.head)
    return fetching.Fetching(library, head, heads.unlock(head, key), NODE.id)


def fetch(library, snapshot, held, most=None, count=7, asked=None):
    """Fetches all, or at most so many turns; returns the Fetching."""
    found = begin(library, snapshot)
    while wanted := found.wanted(count):
        if asked is not None:
            asked += [item.sealed_label for item in wanted]
        found.take([(item, held[item.sealed_label]) for item in wanted])
        if most is not None:
            most -= 1
            if not most:
                break
    found.close()
    return found


def restore(folder, snapshot, held):
    with opened(folder) as library:
        found = fetch(library, snapshot, held)
        rebuilt = rebuilding.rebuild(library, found.state().root)
        list(rebuilding.recount(library))
        found.finish()
        work(library)
        assert library.fsck(library.local_session(ANNA)) == []
        return describe(library), rebuilt


def test_everything_is_equal_on_the_other_node(source, tmp_path):
    source.fill()
    snapshot = source.snapshot()
    described = describe(source.library)
    assert (snapshot.mimei, snapshot.versions, snapshot.left_out) == (5, 8, 0)
    again, rebuilt = restore(tmp_path / "new", snapshot, source.held(snapshot))
    assert list(differences(described, again)) == []
    assert (rebuilt.mimei, rebuilt.versions, rebuilt.kept) == (5, 8, [])
    assert len(described) > 80 and not any("not here" in fact for fact in described.values())


def test_what_is_restored_goes_on(source, tmp_path):
    source.fill()
    snapshot = source.snapshot()
    restore(tmp_path / "new", snapshot, source.held(snapshot))
    with opened(tmp_path / "new") as library:
        anna = library.local_session(ANNA)
        for found in library.list(anna):
            write(library, anna, found.mid, b"more")
            assert library.backup(anna, found.mid).number == found.next
        assert library.sign_in_with_password("carl", "correct horse battery").can_sign
        assert library.search(anna, "#two")
        library.collect(anna)
        assert library.fsck(anna) == []
        assert library.usage(anna)[0] > 0


def test_a_snapshot_of_no_change_is_the_same(source):
    source.fill()
    first = source.snapshot()
    assert source.snapshot() == first


def test_one_version_more_costs_few_blocks(source):
    source.fill()
    for number in range(100):
        source.library.create(source.anna, "many", "", str(number))
    before = source.held(source.snapshot())
    write(source.library, source.anna, source.files, b"a new text")
    source.library.backup(source.anna, source.files)
    after = source.held(source.snapshot())
    assert len(set(after) - set(before)) < 12 and len(after) > 40


def test_a_rebuilt_tree_is_the_one_that_grew(source):
    source.fill()
    first = source.snapshot().root
    write(source.library, source.anna, source.files, b"a new text")
    source.library.backup(source.anna, source.files)
    source.library.delete(source.anna, info.mid_of(ANNA.id, "app", "ext", "fork"))
    grown = source.snapshot().root
    source.library.held.call(lambda tx: tx.delete(making.SNAPSHOTS, NODE.id))
    assert source.snapshot().root == grown != first


def test_who_is_no_reader_gets_nothing(source):
    source.fill()
    with pytest.raises(heads.Forbidden):
        heads.unlock(heads.open_head(source.snapshot().head), BEN)
    assert heads.unlock(heads.open_head(source.snapshot().head), NODE).root == source.snapshot().root


def test_a_reader_less_is_told_by_a_new_head_alone(source):
    source.fill()
    first = source.snapshot()
    second = making.make_snapshot(source.library, source.sealed, [NODE.public_key])
    assert first.root == second.root and first.sealed_root == second.sealed_root
    with pytest.raises(heads.Forbidden):
        heads.unlock(heads.open_head(second.head), OWNER)


def test_a_restore_that_is_broken_off_goes_on_and_asks_nothing_twice(source, tmp_path):
    source.fill()
    snapshot = source.snapshot()
    held = source.held(snapshot)
    asked, turns = [], 0
    while True:
        with opened(tmp_path / "new") as library:
            library.keepers.append(fetching.keeper(library.clock))
            found = fetch(library, snapshot, held, most=1, count=3, asked=asked)
            # What a collection takes meanwhile is not missing later.
            library.blocks.collect(library.roots).run()
            turns += 1
            if found.state().is_here:
                rebuilding.rebuild(library, found.state().root)
                again = describe(library)
                break
    assert turns > 10 and len(asked) == len(set(asked)) <= len(held)
    assert list(differences(describe(source.library), again)) == []


def test_a_newer_snapshot_goes_on_from_an_older_ones_blocks(source, tmp_path):
    source.fill()
    old = source.snapshot()
    held = source.held(old)
    with opened(tmp_path / "new") as library:
        fetch(library, old, held, most=5)
        write(source.library, source.anna, source.files, b"newer")
        source.library.backup(source.anna, source.files)
        new = source.snapshot()
        found = fetch(library, new, source.held(new))
        rebuilding.rebuild(library, found.state().root)
        assert list(differences(describe(source.library), describe(library))) == []


def test_a_restore_that_was_given_up_begins_anew(source, tmp_path):
    source.fill()
    snapshot, clock = source.snapshot(), Clock()
    held = source.held(snapshot)
    with opened(tmp_path / "new", clock) as library:
        library.keepers.append(fetching.keeper(library.clock))
        fetch(library, snapshot, held, most=5)
        clock.now += fetching.KEPT_S + 1
        # Nobody keeps what came.
        library.blocks.collect(library.roots).run()
        found = fetch(library, snapshot, held)
        rebuilt = rebuilding.rebuild(library, found.state().root)
        assert (rebuilt.mimei, rebuilt.failed) == (5, [])


def test_a_restore_goes_on_with_what_another_node_sealed(source, tmp_path):
    source.fill()
    snapshot = source.snapshot()
    with opened(tmp_path / "new") as library:
        fetch(library, snapshot, source.held(snapshot), most=5)
        # The same content, under another key.
        source.sealed.forget(NODE.id)
        source.library.held.call(lambda tx: tx.put(making.SNAPSHOTS, NODE.id, list(snapshot._replace(head=b""))))
        again = source.snapshot()
        assert again.root == snapshot.root and again.sealed_root != snapshot.sealed_root
        found = fetch(library, again, source.held(again))
        assert rebuilding.rebuild(library, found.state().root).mimei == 5


def test_wrong_bytes_are_not_taken(source, tmp_path):
    source.fill()
    snapshot = source.snapshot()
    held = source.held(snapshot)
    with opened(tmp_path / "new") as library:
        found = begin(library, snapshot)
        root = found.wanted(1)[0]
        data = held[root.sealed_label]
        with pytest.raises(BadBlock):
            found.take([(root, data[:-1] + b"\0")])
        found.give_back([root])
        assert found.wanted(5) == [root] and found.state().blocks == 0


def test_a_root_that_cannot_be_read_is_left_out_and_all_else_is_there(source, tmp_path):
    source.fill()
    blocks = source.library.blocks
    lost = source.library.versions(source.anna, source.files)[0].root
    blocks.held.call(lambda tx: tx.delete(BLOCKS, cids.digest(lost)))
    snapshot = source.snapshot()
    assert snapshot.left_out == 1
    with opened(tmp_path / "new") as library:
        found = fetch(library, snapshot, source.held(snapshot))
        rebuilding.rebuild(library, found.state().root)
        assert list(differences(describe(source.library), describe(library))) == []


def test_versions_that_their_author_did_not_sign_are_refused(source, tmp_path, monkeypatch):
    source.fill()
    # A holder who makes a backup of his own for the reader, and puts words into her mouth.
    real = rows.entries

    def forged(blocks, table, key, value, labels):
        if table.name == "versions":
            value = [*value[:5], 1234, "forged", value[7]]
            value[0] = source.library.versions(source.anna, source.files)[0].root
        return real(blocks, table, key, value, labels)

    monkeypatch.setattr(rows, "entries", forged)
    snapshot = source.snapshot()
    with opened(tmp_path / "new") as library:
        found = fetch(library, snapshot, source.held(snapshot))
        rebuilt = rebuilding.rebuild(library, found.state().root)
        assert rebuilt.versions == 0 and all("manifest" in why for _, why in rebuilt.failed) and len(rebuilt.failed) == 4


@pytest.mark.parametrize("what", ["manifest", "cur"])
def test_what_was_left_out_costs_that_alone(source, tmp_path, what):
    source.fill()
    blocks = source.library.blocks
    database = info.mid_of(ANNA.id, "app", "ext", f"mark {info.DATABASE}")
    if what == "manifest":
        lost = source.library.versions(source.anna, source.files)[0].manifest
    else:
        snapshot = source.snapshot()
        lost = rows.get(blocks, snapshot.root, HEADS, database)[0]
        source.library.held.call(lambda tx: tx.delete(making.SNAPSHOTS, NODE.id))
    blocks.held.call(lambda tx: tx.delete(BLOCKS, cids.digest(lost)))
    snapshot = source.snapshot(with_cur=what == "manifest")
    with opened(tmp_path / "new") as library:
        found = fetch(library, snapshot, source.held(snapshot))
        rebuilt = rebuilding.rebuild(library, found.state().root)
        there = {one.mid for one in library.list(library.local_session(ANNA))}
        assert len(there) == 5 - len(rebuilt.failed)
        told = list(differences(describe(source.library, False), describe(library, False)))
        assert told if what == "manifest" else True


def test_one_mimei_that_is_spoilt_does_not_keep_the_others_back(source, tmp_path, monkeypatch):
    source.fill()
    real = rows.entries

    def without_its_head(blocks, table, key, value, labels):
        # As rows look that were made while they were gone through.
        return [] if table is HEADS and key == source.files else real(blocks, table, key, value, labels)

    monkeypatch.setattr(rows, "entries", without_its_head)
    snapshot = source.snapshot()
    with opened(tmp_path / "new") as library:
        found = fetch(library, snapshot, source.held(snapshot))
        rebuilt = rebuilding.rebuild(library, found.state().root)
        assert [mid for mid, _ in rebuilt.failed] == [source.files] and rebuilt.mimei == 4


def test_differences_are_named():
    told = list(differences({"a": "1", "b": "2"}, {"b": "3", "c": "4"}, ("A", "B")))
    assert told == ["a: 1 in A, not there in B.", "b: 2 in A, 3 in B.", "c: not there in A, 4 in B."]


def spoilt(value):
    """Values near one."""
    if isinstance(value, list):
        yield value[:-1]
        yield [*value, 1]
        for at, item in enumerate(value):
            for other in (None, -1, b"x", "x" * 2000, [], 1 << 70):
                if other != item:
                    yield [*value[:at], other, *value[at + 1 :]]
    yield from (None, "", b"", {}, 1.5)


def test_rows_of_another_form_are_refused(source):
    source.fill()
    root = source.snapshot().root
    refused = taken = 0
    for table in rows.TABLES:
        found = list(rows.scan(source.library.blocks, root, table))
        assert found
        for row in found:
            check_row(table, row.key, row.value)
        for value in spoilt(found[-1].value):
            try:
                check_row(table, found[-1].key, value)
                taken += 1
            except BadBlock:
                refused += 1
    assert refused > 150 and taken < 20
