"""What one does with files and folders."""

import pytest

from leither_edge.mimei.errors import BadInput, Conflict, NotFound
from leither_edge.mimei.files.file_system import FileSystem
from leither_edge.mimei.files.label_profile import V0_2015, V1_2025
from leither_edge.mimei.ipld import cid as cids

from .trees import content, moved, new_tree, put, stored, tree_of

FILES = {"a.txt": b"a", "docs/b.txt": b"bee", "docs/deep/c.txt": b"c" * 3_000_000, "e": b""}


@pytest.fixture(params=[V1_2025, V0_2015], ids=lambda profile: profile.name)
def tree(request):
    return tree_of(FILES, request.param)


def files(tree):
    return {path: data for path, data in content(tree).items() if data is not None}


def test_an_empty_tree_has_the_label_everybody_knows():
    assert cids.to_text(new_tree().root) == "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"
    assert cids.to_text(new_tree(V0_2015).root) == "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
    assert list(new_tree().list()) == []


def test_what_was_put_is_there(tree):
    assert content(tree) == FILES | {"docs": None, "docs/deep": None}
    assert [entry.name for entry in tree.list()] == ["a.txt", "docs", "e"]
    assert tree.stat("/docs/b.txt")[2:] == (3, "file") and tree.stat("").kind == tree.stat("docs").kind == "directory"
    assert b"".join(tree.read("docs/deep/c.txt", 2_999_998, 10)) == b"cc"
    assert tree.find("docs/none") is tree.find("a.txt/below") is None


def test_one_by_one_gives_the_same_label_as_at_once(tree):
    other = new_tree(tree.profile)
    for path, data in reversed(FILES.items()):
        other = put(other, path, data)
    assert other.root == tree.root


def test_the_old_tree_stays_as_it_is(tree):
    before = content(tree)
    moved(tree, tree.remove("docs", recursive=True))
    assert content(tree) == before


def test_copying_and_moving_copies_no_content(tree):
    tree.blocks.reset()
    copied = moved(tree, tree.copy("docs", "more/docs"))
    renamed = moved(copied, copied.rename("docs/deep/c.txt", "c"))
    assert tree.blocks.new_bytes < 2000
    assert files(renamed) == {"a.txt": b"a", "docs/b.txt": b"bee", "c": FILES["docs/deep/c.txt"], "e": b""} | {
        f"more/{path}": data for path, data in FILES.items() if path.startswith("docs")
    }
    assert renamed.stat("docs/deep").kind == "directory"
    assert tree.rename("e", "e") == tree.root


def test_removing(tree):
    gone = moved(tree, tree.remove("docs/b.txt"))
    assert files(gone).keys() == FILES.keys() - {"docs/b.txt"}
    with pytest.raises(Conflict):
        tree.remove("docs")
    none = moved(tree, tree.remove("docs", recursive=True))
    none = moved(none, none.remove("e"))
    assert none.remove("a.txt") == new_tree(tree.profile).root


def test_writing_into_the_middle(tree):
    written = moved(tree, tree.write("docs/b.txt", 1, b"EEs"))
    assert files(written)["docs/b.txt"] == b"bEEs"
    assert written.root == put(tree, "docs/b.txt", b"bEEs").root
    assert files(moved(tree, tree.write("new/f", 2, b"x")))["new/f"] == b"\0\0x"
    assert tree.truncate("docs/b.txt", 1) == put(tree, "docs/b.txt", b"b").root


def test_links_are_kept_and_never_followed(tree):
    linked = moved(tree, tree.make_link("docs/up", "../../etc"))
    assert linked.link_target("docs/up") == "../../etc" and linked.stat("docs/up").kind == "symlink"
    assert linked.find("docs/up/passwd") is None
    for refused in (lambda: linked.write("docs/up/passwd", 0, b"x"), lambda: linked.put("docs/up/x", *stored(linked, b"x"))):
        with pytest.raises(Conflict):
            refused()
    with pytest.raises(Conflict):
        list(linked.read("docs/up"))
    with pytest.raises(Conflict):
        tree.link_target("a.txt")


def test_a_folder_is_never_replaced_by_a_slip(tree):
    for refused in (
        lambda: tree.put("docs", *stored(tree, b"x")),
        lambda: tree.make_directory("docs"),
        lambda: tree.make_directory("a.txt"),
        lambda: tree.copy("a.txt", "e"),
        lambda: tree.rename("a.txt", "docs"),
        lambda: tree.put("a.txt/x", *stored(tree, b"x")),
        lambda: tree.make_directory("a.txt/x"),
        lambda: tree.truncate("docs", 0),
    ):
        with pytest.raises(Conflict):
            refused()
    assert tree.put("docs", tree.stat("docs").cid) == tree.root


@pytest.mark.parametrize("path", ["", "/", "..", "a/../../b", "x//y"])
def test_bad_paths_change_nothing(tree, path):
    for refused in (
        lambda: tree.put(path, *stored(tree, b"x")),
        lambda: tree.make_directory(path),
        lambda: tree.copy("a.txt", path),
        lambda: tree.rename("a.txt", path),
        lambda: tree.remove(path, recursive=True),
        lambda: tree.write(path, 0, b"x"),
    ):
        with pytest.raises(BadInput):
            refused()


def test_what_is_not_there(tree):
    for refused in (
        lambda: tree.stat("none"),
        lambda: list(tree.list("none")),
        lambda: tree.remove("none"),
        lambda: tree.rename("none", "x"),
        lambda: tree.copy("none", "x"),
        lambda: tree.truncate("none", 0),
    ):
        with pytest.raises(NotFound):
            refused()


def test_a_folder_does_not_go_into_itself(tree):
    with pytest.raises(BadInput):
        tree.rename("docs", "docs/deep/docs")
    copied = moved(tree, tree.copy("docs", "docs/again"))
    assert files(copied)["docs/again/b.txt"] == b"bee"


def test_the_same_way_twice_in_one_change_is_refused(tree):
    x = stored(tree, b"x")
    for items in ([("n", *x), ("n", *x)], [("n", *x), ("n/m", *x)], [("n/m", *x), ("n", *x)]):
        with pytest.raises(BadInput):
            tree.put_many(items)


def test_a_list_goes_on_where_it_ended(tree):
    assert [entry.name for entry in tree.list("", "a.txt", 1)] == ["docs"]
    assert [entry.name for entry in tree.list("", "b")] == ["docs", "e"]
    assert list(tree.list("", limit=0)) == []


def test_a_label_whose_block_is_not_here_is_listed():
    tree = new_tree()
    gone = cids.of(cids.DAG_PB, b"nowhere")
    tree = moved(tree, tree.put("gone", gone, 7))
    assert list(tree.list()) == [("gone", gone, 7, "unknown")]


def test_a_file_is_no_tree(tree):
    root = stored(tree, b"x")[0]
    with pytest.raises(Conflict):
        list(FileSystem(tree.blocks, root, tree.profile).list())
