"""What the search looks at, whatever a version holds."""

import pytest

from leither_edge.mimei import indexing
from leither_edge.mimei.files import directory

from .people import ANNA, opened, work


@pytest.fixture
def library(tmp_path):
    with opened(tmp_path) as library:
        yield library


@pytest.fixture
def anna(library):
    return library.local_session(ANNA)


def found(library, anna, text):
    library.held.flush_now()
    return sorted(hit.path for hit in library.search(anna, text))


def test_what_comes_along_with_a_link_is_found(library, anna, tmp_path):
    mid = library.create(anna)
    library.put_file(anna, mid, "first.txt", [b"first"])
    library.backup(anna, mid)
    work(library)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "second.txt").write_text("second")
    (tmp_path / "more" / "a").symlink_to("second.txt")
    view = library.open(anna, mid).file_system
    view.put_folder("more", tmp_path / "more")
    view.copy("more/a", "a")
    library.backup(anna, mid)
    work(library)
    assert found(library, anna, "second") == ["more/second.txt"]


@pytest.mark.parametrize("file", [True, False])
def test_a_folder_that_stands_in_itself_a_million_million_times(library, anna, monkeypatch, file):
    monkeypatch.setattr(indexing, "NAMES_MAX", 500)
    mid = library.create(anna)
    view = library.open(anna, mid).file_system
    if file:
        view.put("in/file.txt", [b"buried"])
    else:
        view.make_directory("in")
    for _ in range(40):
        _double(view)
    library.backup(anna, mid)
    steps = 0
    while library.work_some():
        steps += 1
    other = library.create(anna, mark="other")
    library.put_file(anna, other, "found.txt", [b"treasure"])
    library.backup(anna, other)
    work(library)
    assert found(library, anna, "treasure") == ["found.txt"] and steps > 3


def _double(view):
    def step(system):
        cid = system.root
        return directory.directory_of(system.blocks, system.profile, [(name, cid, 1) for name in (b"a", b"b")])[0], None

    view._step(step)
