"""Folders of the computer into blocks and back."""

import os

import pytest

from leither_edge.mimei.errors import BadInput, Conflict, MimeiError, QuotaReached, TooLarge
from leither_edge.mimei.files import directory
from leither_edge.mimei.files.add_folder import add_folder
from leither_edge.mimei.files.file_system import FileSystem, put_symlink
from leither_edge.mimei.files.label_profile import V0_2015, V1_2025
from leither_edge.mimei.files.write_folder import write_folder
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb, unixfs
from leither_edge.mimei.ipld.dag_pb import Link
from tests.mimei.memory_blocks import MemoryBlocks

from .trees import content, tree_of

FILES = {"a.txt": b"a", "é/b": b"bee", "d/e/c": os.urandom(1 << 20) + b"more", "d/empty": b""}


def lay(folder, files):
    for path, data in files.items():
        at = folder / path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(data)
    return folder


def files_in(folder):
    return {str(at.relative_to(folder)): at.read_bytes() for at in folder.rglob("*") if at.is_file() and not at.is_symlink()}


@pytest.mark.parametrize("profile", [V1_2025, V0_2015], ids=lambda profile: profile.name)
def test_a_folder_there_and_back(tmp_path, profile):
    lay(tmp_path / "in", FILES)
    (tmp_path / "in/none").mkdir()
    blocks, told = MemoryBlocks(), []
    added = add_folder(blocks, tmp_path / "in", profile, progress=lambda *args: told.append(args))
    tree = FileSystem(blocks, added.cid, profile)
    assert {path: data for path, data in content(tree).items() if data is not None} == FILES
    assert added[1:] == (tree.stat("").size, 4, sum(map(len, FILES.values())), 0) and told[-1][1:] == added[2:4]
    assert tree.stat("none").kind == "directory" and tree.remove("none") == tree_of(FILES, profile).root
    written = write_folder(blocks, added.cid, tmp_path / "out" / "deep", progress=lambda *args: told.append(args))
    assert written == (4, added.bytes, []) and told[-1][1:] == written[:2]
    assert files_in(tmp_path / "out/deep") == FILES and (tmp_path / "out/deep/none").is_dir()
    assert sorted(os.listdir(tmp_path / "out/deep")) == ["a.txt", "d", "none", "é"]


def test_what_begins_with_a_dot_and_links_by_choice(tmp_path):
    lay(tmp_path, {"a": b"a", ".b": b"b", ".c/d": b"d"})
    (tmp_path / "to").symlink_to("a")
    os.mkfifo(tmp_path / "pipe")
    blocks = MemoryBlocks()
    added = add_folder(blocks, tmp_path)
    assert content(FileSystem(blocks, added.cid, V1_2025)) == {"a": b"a", "to": ("link", "a")} and added.skipped == 1
    all_of_it = add_folder(blocks, tmp_path, hidden=True, links=False)
    assert content(FileSystem(blocks, all_of_it.cid, V1_2025)) == {"a": b"a", ".b": b"b", ".c": None, ".c/d": b"d"}


def test_folders_that_cannot_be_read_or_named(tmp_path):
    with pytest.raises(MimeiError, match="not there|cannot be read"):
        add_folder(MemoryBlocks(), tmp_path / "none")
    (tmp_path / os.fsdecode(b"\xff")).write_bytes(b"")
    with pytest.raises(BadInput):
        add_folder(MemoryBlocks(), tmp_path)


def test_a_folder_too_deep_is_refused(tmp_path):
    at = tmp_path
    for _ in range(66):
        at = at / "d"
    at.mkdir(parents=True)
    with pytest.raises(TooLarge):
        add_folder(MemoryBlocks(), tmp_path)


def test_writing_again_leaves_what_is_right_and_mends_the_rest(tmp_path):
    tree = tree_of(FILES)
    write_folder(tree.blocks, tree.root, tmp_path)
    kept = (tmp_path / "a.txt").stat().st_ino
    (tmp_path / "d/e/c").write_bytes(b"wrong")
    (tmp_path / "d/empty").write_bytes(b"x")
    (tmp_path / "own").write_bytes(b"mine")
    assert write_folder(tree.blocks, tree.root, tmp_path).files == 4
    assert files_in(tmp_path) == FILES | {"own": b"mine"} and (tmp_path / "a.txt").stat().st_ino == kept


def test_writing_goes_on_where_it_stopped(tmp_path):
    tree = tree_of(FILES)

    def stop(path, files, size):
        if size > 1 << 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(tree.blocks, tree.root, tmp_path, progress=stop)
    parts = list((tmp_path / ".leither-part").iterdir())
    assert len(parts) == 1
    inode = parts[0].stat().st_ino
    (tmp_path / ".leither-part/old").write_bytes(b"of another tree")
    write_folder(tree.blocks, tree.root, tmp_path)
    assert files_in(tmp_path) == FILES and not (tmp_path / ".leither-part").exists()
    assert (tmp_path / "d/e/c").stat().st_ino == inode


@pytest.mark.parametrize("name", [b"..", b".", b"", b"a/b", b"../../x", b"/etc", b"a\0", b"\xff", b"n" * 256, b"/"])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    blocks = MemoryBlocks()
    cid = cids.of(cids.RAW, b"x")
    blocks.put(cid, b"x")
    block = dag_pb.encode([Link(cid, name, 1)], b"\x08\x01")
    root = cids.of(cids.DAG_PB, block)
    blocks.put(root, block)
    with pytest.raises((BadInput, TooLarge)):
        write_folder(blocks, root, tmp_path / "in" / "here")
    assert files_in(tmp_path) == {}


def test_no_link_on_the_way_is_followed(tmp_path):
    tree = tree_of({"d/f": b"x", "g": b"y"})
    (tmp_path / "out").mkdir()
    (tmp_path / "out/d").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in/d").symlink_to(tmp_path / "out/d")
    with pytest.raises(Conflict):
        write_folder(tree.blocks, tree.root, tmp_path / "in")
    (tmp_path / "in/d").unlink()
    # A link in place of a file is replaced itself.
    (tmp_path / "out/g").write_bytes(b"kept")
    (tmp_path / "in/g").symlink_to(tmp_path / "out/g")
    write_folder(tree.blocks, tree.root, tmp_path / "in")
    assert files_in(tmp_path / "out") == {"g": b"kept"} and files_in(tmp_path / "in") == {"d/f": b"x", "g": b"y"}


@pytest.mark.parametrize("way", ["f/g", "f"])
def test_something_else_in_the_way(tmp_path, way):
    tree = tree_of({"f": b"x"} if way == "f/g" else {"f/g": b"x"})
    lay(tmp_path, {way: b"mine"})
    with pytest.raises(Conflict):
        write_folder(tree.blocks, tree.root, tmp_path)
    assert files_in(tmp_path)[way] == b"mine"


@pytest.mark.parametrize(
    "at, target, stays",
    [
        ("l", b"f", True),
        ("d/l", b"../f", True),
        ("d/e/l", b"../../f", True),
        ("d/l", b"./e/", True),
        ("l", b"../f", False),
        ("d/l", b"../../f", False),
        ("l", b"/etc/passwd", False),
        # Where m leads up, m/.. leads further up than it looks.
        ("d/l", b"m/../../f", False),
        ("l", b"d/..", False),
        ("l", b"", False),
        ("l", b"a\0b", False),
    ],
)
def test_only_links_that_stay_inside_are_written(tmp_path, at, target, stays):
    tree = tree_of({"f": b"x", "d/e/g": b"y"})
    tree = FileSystem(tree.blocks, tree.put(at, *put_symlink(tree.blocks, V1_2025, target)), V1_2025)
    written = write_folder(tree.blocks, tree.root, tmp_path)
    assert os.path.lexists(tmp_path / at) == stays and written.skipped == ([] if stays else [at])
    if stays:
        assert os.readlink(os.fsencode(tmp_path / at)) == target
        write_folder(tree.blocks, tree.root, tmp_path)
    assert write_folder(tree.blocks, tree.root, tmp_path, links=False).skipped == [at]


def test_a_tree_that_unfolds_without_end_is_cut(tmp_path):
    blocks = MemoryBlocks()
    cid, total = directory.directory_of(blocks, V1_2025, ())
    for _ in range(30):
        cid, total = directory.directory_of(blocks, V1_2025, [(b"a", cid, total), (b"b", cid, total)])
    with pytest.raises(TooLarge):
        write_folder(blocks, cid, tmp_path, entries_max=50)


def test_a_file_larger_than_the_disk_is_not_begun(tmp_path):
    blocks = MemoryBlocks()
    cid, size = cids.of(cids.RAW, bytes(1 << 20)), 1 << 20
    blocks.put(cid, bytes(1 << 20))
    # The same megabyte a billion times.
    for _ in range(3):
        node = unixfs.Node(unixfs.FILE, None, size * 1000, [size] * 1000)
        block = dag_pb.encode([Link(cid, b"", size)] * 1000, unixfs.encode(node))
        cid, size = cids.of(cids.DAG_PB, block), size * 1000
        blocks.put(cid, block)
    root = directory.directory_of(blocks, V1_2025, [(b"huge", cid, 1)])[0]
    with pytest.raises(QuotaReached):
        write_folder(blocks, root, tmp_path)


def test_a_tree_with_the_name_of_our_parts_is_refused(tmp_path):
    tree = tree_of({".leither-part": b"x"})
    with pytest.raises(Conflict):
        write_folder(tree.blocks, tree.root, tmp_path)
