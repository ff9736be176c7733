"""Content and whole MiMei as CAR files: there and back, and what a liar sends."""

import pytest

from leither_edge.core import cose
from leither_edge.core.fields import write_record
from leither_edge.core.ids import key_id
from leither_edge.mimei import info, manifest, rights
from leither_edge.mimei.errors import BadBlock, BadInput, BlockMissing, Conflict, Forbidden, NotFound, NotSignedIn, QuotaReached
from leither_edge.mimei.ipld import car
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.manifest import BadManifest, Manifest

from .people import ANNA, BEN, opened, read, write

EVERY = pytest.mark.parametrize("data_type", info.DATA_TYPES, ids=info.TYPE_NAMES.values())


@pytest.fixture
def two(tmp_path):
    """Two libraries: the one that exports and the one that imports."""
    with opened(tmp_path / "one") as one, opened(tmp_path / "two") as two:
        yield one, two


def versions(library, session, data_type, *texts, **more):
    mid = library.create(session, data_type=data_type, **more)
    for text in texts:
        write(library, session, mid, text)
        library.backup(session, mid)
    return mid


@EVERY
def test_whole_mimei_there_and_back(two, data_type):
    one, other = two
    anna, ben = one.local_session(ANNA), other.local_session(BEN)
    mid = versions(one, anna, data_type, b"one", b"two", b"three")
    one.delete_versions(anna, mid, [1])
    data = b"".join(one.export_car(anna, mid, "all"))
    # In pieces of any size.
    found = other.import_car(ben, (data[at : at + 777] for at in range(0, len(data), 777)))
    assert (found.mid, found.numbers) == (mid, [0, 2])
    assert [read(other, ben, mid, version) for version in (0, "last", "cur")] == [b"one", b"three", b"three"]
    assert other.info(ben, mid).author == ANNA.id and other.fsck(ben) == []
    with pytest.raises(Forbidden):
        write(other, ben, mid, b"not mine")
    other.collect(ben)
    assert other.import_car(ben, [data]).numbers == []
    assert b"".join(other.export_car(ben, mid, "all")) == data


def test_references_come_along(two):
    one, other = two
    anna, ben = one.local_session(ANNA), other.local_session(BEN)
    mid = one.create(anna, data_type=info.FILE)
    label = one.add(anna, [b"referred to"])
    one.add_references(anna, mid, [label, label])
    one.backup(anna, mid)
    other.import_car(ben, one.export_car(anna, mid))
    assert other.references(ben, mid) == other.references(ben, mid, 0) == {label: 2}
    other.collect(ben)
    assert b"".join(other.cat(ben, label)) == b"referred to" and other.fsck(ben) == []


def test_newer_versions_are_added_and_cur_stays(two):
    one, other = two
    anna, there = one.local_session(ANNA), other.local_session(ANNA)
    mid = versions(one, anna, info.FILE, b"one")
    other.import_car(there, one.export_car(anna, mid))
    write(other, there, mid, b"local")
    write(one, anna, mid, b"two")
    one.backup(anna, mid)
    assert other.import_car(there, one.export_car(anna, mid)).numbers == [1]
    assert read(other, there, mid) == b"local" and read(other, there, mid, "last") == b"two"
    assert other.backup(there, mid).number == 2


def test_other_history_of_the_same_mimei_is_refused(two):
    one, other = two
    anna, there = one.local_session(ANNA), other.local_session(ANNA)
    mid = versions(one, anna, info.FILE, b"one", mark="m")
    versions(other, there, info.FILE, b"another one", mark="m")
    with pytest.raises(Conflict, match="another way"):
        other.import_car(there, one.export_car(anna, mid))
    assert read(other, there, mid, 0) == b"another one" and len(other.versions(there, mid)) == 1


def test_versions_of_another_type_than_what_is_here_are_refused(two):
    one, other = two
    anna, there = one.local_session(ANNA), other.local_session(ANNA)
    mid = versions(one, anna, info.DATABASE, b"one", mark="m")
    other.create(there, mark="m", data_type=info.FILES)
    with pytest.raises(Conflict, match="holds files"):
        other.import_car(there, one.export_car(anna, mid))
    assert other.versions(there, mid) == []


def test_label_alone_and_cur_alone(two):
    one, other = two
    anna, ben = one.local_session(ANNA), other.local_session(BEN)
    mid = versions(one, anna, info.DATABASE, b"one")
    label = one.add(anna, [b"bytes"])
    found = other.import_car(ben, one.export_car(anna, label), pin=True)
    assert found.mid is None and [pin[0] for pin in other.pins(ben)] == found.roots == [label]
    other.collect(ben)
    assert b"".join(other.cat(other.guest(), label)) == b"bytes"
    assert other.unpin(ben, label) and not other.unpin(ben, label)
    other.collect(ben)
    with pytest.raises(NotFound):
        other.cat(ben, label)
    write(one, anna, mid, b"two")
    assert other.import_car(ben, one.export_car(anna, mid, "cur")).mid is None
    with pytest.raises(NotSignedIn):
        other.import_car(other.guest(), one.export_car(anna, label))
    with pytest.raises(BlockMissing):
        other.export_car(ben, cids.of(cids.RAW, b"not here"))
    with pytest.raises(BadInput):
        one.export_car(anna, one.create(anna), "all")


def manifest_of(key, number=0, previous=None, **changes):
    content = b"content %d" % number
    words = {"app_type": "", "ext": "", "mark": "m"}
    found = Manifest(
        key.public_key, info.mid_of(key_id(key.public_key), *words.values()), number, info.FILE, cids.of(cids.RAW, content), previous, None,
        1_800_000_000 + number, "", None, **words,
    )._replace(**changes)  # fmt: skip
    # Signed without the checks of our own writer.
    data = cose.sign1(write_record(found, manifest._FIELDS, ValueError, ""), cose.CT_MANIFEST, key.id, key.sign)
    return cids.of(cids.RAW, data), data, (found.root, content)


def chain(*parts):
    """A CAR whose first root is the last of some manifests (as manifest_of gives them)."""
    blocks = [pair for label, data, content in parts for pair in ((label, data), content)]
    return b"".join(car.write([parts[-1][0]], blocks))


FIRST = manifest_of(ANNA)
SECOND = manifest_of(ANNA, 1, FIRST[0])
LIES = {
    "missing parent": chain(SECOND),
    "wrong number": chain(FIRST, manifest_of(ANNA, 2, FIRST[0])),
    "first is not 0": chain(manifest_of(ANNA, 1)),
    "by another author": chain(FIRST, manifest_of(BEN, 1, FIRST[0])),
    "mid of another author": chain(manifest_of(BEN, mid=info.mid_of(ANNA.id, "", "", "m"))),
    "another type": chain(FIRST, manifest_of(ANNA, 1, FIRST[0], data_type=info.FILES)),
    "its content is missing": b"".join(car.write([FIRST[0]], [(FIRST[0], FIRST[1])])),
}


@pytest.mark.parametrize("data", LIES.values(), ids=LIES)
def test_lying_chain_is_refused_and_changes_nothing(two, data):
    library = two[0]
    ben = library.local_session(BEN)
    with pytest.raises(BadManifest):
        library.import_car(ben, [data])
    assert library.list(ben) == [] and library.usage(ben)[0] == 0 and library.fsck(ben) == []
    library.collect(ben)
    assert library.stat(ben)["blocks"] == 0


def test_right_chain_is_taken(two):
    library = two[0]
    ben = library.local_session(BEN)
    found = library.import_car(ben, [chain(FIRST, SECOND)])
    assert found.numbers == [0, 1] and read(library, ben, found.mid) == b"content 1" and library.fsck(ben) == []


def test_bad_signature_is_refused(two):
    library = two[0]
    data = bytearray(FIRST[1])
    data[-1] ^= 1
    label = cids.of(cids.RAW, bytes(data))
    with pytest.raises(BadManifest, match="signature"):
        library.import_car(library.local_session(BEN), [b"".join(car.write([label], [(label, bytes(data)), FIRST[2]]))])


def test_cut_garbled_and_incomplete_files_are_refused(two):
    one, other = two
    anna, ben = one.local_session(ANNA), other.local_session(BEN)
    mid = one.create(anna, data_type=info.FILES)
    one.open(anna, mid).file_system.put_many([(f"{name}.txt", one.add(anna, [name.encode()]), None) for name in "abc"])
    one.backup(anna, mid)
    data = b"".join(one.export_car(anna, mid))
    garbled = bytearray(data)
    garbled[-1] ^= 1
    for bad in (b"", data[:-1], data[: len(data) // 2], bytes(garbled)):
        with pytest.raises(BadBlock):
            other.import_car(ben, [bad])
    blocks = list(car.read([data]))
    roots = []
    list(car.read([data], on_roots=roots.extend))
    with pytest.raises(BlockMissing):
        other.import_car(ben, [b"".join(car.write(roots, blocks[:-1]))])
    assert other.list(ben) == [] and other.usage(ben)[0] == 0


def test_import_counts_for_who_imports_and_stops_at_his_share(tmp_path):
    with opened(tmp_path / "one") as one, opened(tmp_path / "two", mimei={"user_quota_mib": 1}) as other:
        anna, ben = one.local_session(ANNA), other.local_session(BEN)
        label = one.add(anna, [b"a" * (3 << 20)])
        with pytest.raises(QuotaReached):
            other.import_car(ben, one.export_car(anna, label))
        assert other.usage(ben) == (0, 1 << 20)
        small = one.add(anna, [b"b" * 1000])
        other.import_car(ben, one.export_car(anna, small))
        assert other.usage(ben)[0] == 1000


def test_member_with_the_right_alone_may_bring_versions(two):
    one, other = two
    anna, there, ben = one.local_session(ANNA), other.local_session(ANNA), other.local_session(BEN)
    mid = versions(one, anna, info.FILE, b"one")
    other.import_car(there, one.export_car(anna, mid))
    write(one, anna, mid, b"two")
    one.backup(anna, mid)
    with pytest.raises(Forbidden):
        other.import_car(ben, one.export_car(anna, mid))
    other.set_right(there, mid, BEN.id, rights.BACKUP)
    assert other.import_car(ben, one.export_car(anna, mid)).numbers == [1]
