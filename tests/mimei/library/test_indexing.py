"""What the search looks at, whatever a version holds."""

import pytest

from leither_edge.mimei import indexing, rights
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


def test_what_was_not_released_is_not_found_before_the_release_was_looked_at(library, anna):
    mid = library.create(anna, right=rights.PUBLIC)
    library.put_file(anna, mid, "first.txt", [b"first"])
    library.backup(anna, mid)
    library.put_file(anna, mid, "secret.txt", [b"secret"])
    library.backup(anna, mid)
    work(library)
    assert found(library, anna, "secret") == ["secret.txt"] and found(library, library.guest(), "secret") == []
    library.release(anna, mid, 0)
    assert found(library, library.guest(), "secret") == []
    work(library)
    assert found(library, library.guest(), "secret") == [] and found(library, library.guest(), "first") == ["first.txt"]


def test_what_was_not_released_is_not_found_where_there_was_too_much_to_look_at(library, anna, monkeypatch):
    monkeypatch.setattr(indexing, "NAMES_MAX", 5)
    mid = library.create(anna, right=rights.PUBLIC)
    library.put_file(anna, mid, "first.txt", [b"first"])
    library.backup(anna, mid)
    for number in range(3):
        library.put_file(anna, mid, f"a{number}.txt", [b"secret"])
    library.backup(anna, mid)
    work(library)
    monkeypatch.setattr(indexing, "NAMES_MAX", 2)
    library.release(anna, mid, 0)
    work(library)
    assert found(library, library.guest(), "secret") == []


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
