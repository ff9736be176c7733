"""Files, folders and CAR files beside another implementation: the same labels in both profiles, and each reads the other's."""

import pytest

from leither_edge.mimei.files import build, edit, read
from leither_edge.mimei.files.directory import directory_of
from leither_edge.mimei.files.file_system import FileSystem, empty, put_symlink
from leither_edge.mimei.files.label_profile import V0_2015, V1_2025
from leither_edge.mimei.ipld import car
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.walk import walk
from tests.mimei.memory_blocks import MemoryBlocks

from .inputs import ROOT, described, drawn, inputs
from .unixfs_process import Unixfs

pytestmark = pytest.mark.interop
INPUTS = inputs()
PIECE = 64 << 10


@pytest.fixture(scope="module")
def theirs():
    with Unixfs() as process:
        yield process


def leaves(blocks, profile, entries):
    """[(path below the root, label and size of all blocks, or None for a folder)]; what is the same is built once."""
    made = {}
    for entry in entries:
        path = entry["path"].partition("/")[2]
        if "size" in entry:
            key = entry["seed"], entry["size"]
            if key not in made:
                cid, _, total = build.build(blocks, profile, drawn(*key))
                made[key] = cid, total
            yield path, made[key]
        elif "link" in entry:
            yield path, put_symlink(blocks, profile, entry["link"].encode())
        else:
            yield path, None


def ours(blocks, profile, entries):
    """(label, size of all blocks) of an input, folders from the innermost out."""
    top = {}
    for path, made in leaves(blocks, profile, entries):
        if not path and made is not None:
            return made
        folder, *names = top, *path.split("/")
        for name in names[:-1]:
            folder = folder.setdefault(name, {})
        if path:
            folder[names[-1]] = {} if made is None else made
    return _folder(blocks, profile, top)


def _folder(blocks, profile, content):
    rows = []
    for name, below in content.items():
        rows.append((name.encode(), *(_folder(blocks, profile, below) if isinstance(below, dict) else below)))
    return directory_of(blocks, profile, rows)


def step_by_step(profile, entries):
    """The label of a folder that is filled through the file system's own calls."""
    blocks = MemoryBlocks()
    system = FileSystem(blocks, empty(blocks, profile), profile)
    rows = list(leaves(blocks, profile, entries))
    root = system.put_many([(path, *made) for path, made in rows if path and made is not None])
    for path, made in rows:
        if path and made is None:
            root = FileSystem(blocks, root, profile).make_directory(path)
    return root


def check(theirs, entries, profile, folder):
    blocks = MemoryBlocks()
    cid, total = ours(blocks, profile, entries)
    their = theirs.do("add", profile=profile.name, entries=entries)
    assert cids.to_text(cid) == their["cid"]
    assert total == their["total"]
    if entries[0]["path"] != ROOT or "size" not in entries[0]:
        assert step_by_step(profile, entries) == cid

    path, count = folder / "ours.car", sum(1 for _ in walk(blocks, [cid]))
    with open(path, "wb") as file:
        for piece in car.write([cid], walk(blocks, [cid])):
            file.write(piece)
    read = theirs.do("read", car=str(path))
    path.unlink()
    assert read["roots"] == [cids.to_text(cid)] and read["count"] == count
    assert {path: tuple(rest) for path, *rest in read["found"]} == described(entries)


@pytest.mark.parametrize("profile", [V1_2025, V0_2015], ids=["v1", "v0"])
@pytest.mark.parametrize(
    "entries", [pytest.param(entries, id=name, marks=() if quick else pytest.mark.slow) for name, entries, quick in INPUTS]
)
def test_both_make_the_same_label_and_they_read_our_car_file(theirs, entries, profile, tmp_path):
    check(theirs, entries, profile, tmp_path)


def test_there_are_forty():
    assert len(INPUTS) == 40 and len({name for name, _, _ in INPUTS}) == 40


def taken_over(theirs, folder, **asked):
    """(blocks, root) of what they add, through their CAR file."""
    path, back, roots = folder / "theirs.car", MemoryBlocks(), []
    their = theirs.do("add", car=str(path), **asked)
    with open(path, "rb") as file:
        for cid, data in car.read(iter(lambda: file.read(PIECE), b""), on_roots=roots.extend):
            back.put(cid, data)
    assert [cids.to_text(root) for root in roots] == [their["cid"]]
    assert {cids.digest(cid) for cid, _ in walk(back, roots)} <= set(back.rows)
    return back, roots[0]


@pytest.mark.parametrize("profile", [V1_2025, V0_2015], ids=["v1", "v0"])
def test_we_read_their_car_file(theirs, profile, tmp_path):
    entries = next(entries for name, entries, _ in INPUTS if name == "folders in folders")
    back, root = taken_over(theirs, tmp_path, profile=profile.name, entries=entries)
    content = b"".join(FileSystem(back, root, profile).read("a/z"))
    assert content == b"".join(drawn("a/z", (1 << 20) + 7))


NODES = {"cidVersion": 0, "rawLeaves": False, "leafType": "raw"}
# How files of others may look: (what is asked of the file, what of the importer).
OTHER_LAYOUTS = {
    "trickle": ({}, {"layout": "trickle", "chunk": 5000, "options": {"cidVersion": 1}}),
    "trickle, nodes as leaves": ({}, {"layout": "trickle", "chunk": 5000, "options": NODES}),
    "flat": ({}, {"layout": "flat", "chunk": 3000, "options": {"cidVersion": 1}}),
    "the profile's, other leaves": ({}, {"profile": V0_2015.name, "options": {"leafType": "raw"}}),
    "the profile's, other chunks": ({}, {"profile": V1_2025.name, "chunk": 1000}),
    "with mode and time": ({"mode": 0o640, "seconds": -5}, {"profile": V1_2025.name}),
}


@pytest.mark.parametrize("name", OTHER_LAYOUTS)
def test_files_that_look_otherwise_are_read_and_become_the_profile_s_when_changed(theirs, name, tmp_path):
    of_file, asked = OTHER_LAYOUTS[name]
    size = 600_001
    back, root = taken_over(theirs, tmp_path, entries=[{"path": ROOT, "seed": name, "size": size, **of_file}], **asked)
    content = b"".join(drawn(name, size))
    assert read.size(back, root) == size and b"".join(read.read(back, root)) == content
    assert b"".join(read.read(back, root, 123_456, 250_000)) == content[123_456:373_456]
    for profile in (V1_2025, V0_2015):
        changed = edit.write(back, root, 300_000, b"changed", profile)
        assert tuple(changed) == build.build(back, profile, [content[:300_000], b"changed", content[300_007:]])
