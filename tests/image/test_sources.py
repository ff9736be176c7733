"""Where a source comes from when the projects' own sites are out of reach, and that no substitution stays unsaid."""

import hashlib
import json
import lzma
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from image import sources
from image.sources import Missing, Orig, Wanted, nearest, numbers, upstream, wanted_files


def orig(version):
    return Orig(f"x_{version}.orig.tar.xz", version, f"debian/pool/x_{version}.orig.tar.xz", "0" * 64)


@pytest.mark.parametrize(
    "debian, project",
    [("6.3.0+dfsg", "6.3.0"), ("1.3.dfsg+really1.3.2", "1.3.2"), ("4.0.33-1+really4.0.32", "4.0.32"), ("1.20260408+ds", "1.20260408"),
     ("2.71", "2.71"), ("1:2.3~git20240101", "2.3")],
)  # fmt: skip
def test_what_debian_appends_to_a_version_goes(debian, project):
    assert upstream(debian) == project


@pytest.mark.parametrize(
    "wanted, there, chosen",
    [
        ("1.2.3", ["1.2.2", "1.2.3", "1.2.4"], "1.2.3"),
        ("1.2.3", ["1.2.1", "1.2.5", "1.3.0", "2.0"], "1.2.5"),
        ("1.2.3", ["1.2.1", "1.2.2"], "1.2.2"),
        ("1.2.3", ["1.1.9", "2.0"], "1.1.9"),
        ("2.11", ["2.10", "2.12~rc1"], "2.10"),
    ],
)
def test_the_neighbour_is_of_the_same_series_and_rather_newer(wanted, there, chosen):
    assert nearest(wanted, [orig(version) for version in there], None).version == chosen


def test_a_pinned_neighbour_wins():
    assert nearest("3.14.5", [orig("3.14.5"), orig("3.13.15")], "3.13.15").version == "3.13.15"


def test_numbers_compare_as_numbers():
    assert numbers("1.10.2") > numbers("1.9")


def tarball(folder, name, files):
    """A tarball of xz kind with one top folder."""
    top = folder / name
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    made = folder / f"{name}.orig.tar.xz"
    subprocess.run(["tar", "-cJf", made, "-C", folder, name], check=True)
    return made


def test_files_that_debian_left_out_are_put_there_and_lines_amended(tmp_path):
    packed = tarball(tmp_path, "thing-1.0", {"Makefile.in": "all: manual\n", "a": "b"})
    rule = {"empty": ["doc/Makefile.am"], "amend": [{"file": "Makefile.in", "from": "all: manual", "to": "all:"}]}
    for made in ("one.tar.gz", "two.tar.gz"):
        sources.repack(packed, tmp_path / made, rule)
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    told = subprocess.run(["tar", "-xzOf", tmp_path / "one.tar.gz", "thing-1.0/Makefile.in"], capture_output=True, text=True, check=True)
    assert told.stdout == "all:\n"
    listed = subprocess.run(["tar", "-tzf", tmp_path / "one.tar.gz"], capture_output=True, text=True, check=True).stdout
    assert "thing-1.0/doc/Makefile.am" in listed


def test_an_amendment_that_does_not_fit_is_refused(tmp_path):
    packed = tarball(tmp_path, "thing-1.0", {"Makefile.in": "other\n"})
    with pytest.raises(Missing, match="does not say"):
        sources.repack(packed, tmp_path / "made.tar.gz", {"amend": [{"file": "Makefile.in", "from": "all:", "to": ""}]})


@pytest.fixture
def archive(tmp_path):
    """A made-up Debian archive, served; its folder, and its URL."""
    served = tmp_path / "archive"
    served.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=served))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield served, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def publish(served, packed, version, digest=None):
    """Put a tarball and an index of all suites into the archive."""
    pool = served / "debian" / "pool" / "thing"
    pool.mkdir(parents=True, exist_ok=True)
    name = f"thing_{version}.orig.tar.xz"
    data = packed.read_bytes()
    (pool / name).write_bytes(data)
    digest = digest or hashlib.sha256(data).hexdigest()
    text = f"Package: thing\nDirectory: pool/thing\nChecksums-Sha256:\n {digest} {len(data)} {name}\n\n"
    for suite in sources.SUITES:
        for area in sources.AREAS:
            folder = served / suite / area / "source"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "Sources.xz").write_bytes(lzma.compress((text if area == "main" else "").encode()))


def wanted(version, digest, package_dir="package/thing"):
    hashes = (("sha256", digest),)
    return Wanted("thing", version, f"thing-{version}.tar.xz", "thing", package_dir, (), hashes, ())


def test_the_same_bytes_are_called_identical_and_kept(archive, tmp_path):
    served, url = archive
    packed = tarball(tmp_path, "thing-1.0", {"a": "b"})
    publish(served, packed, "1.0")
    downloads = tmp_path / "downloads"
    index = sources.debian_index(url, downloads / "debian")
    asked = wanted("1.0", hashlib.sha256(packed.read_bytes()).hexdigest())
    assert sources.fill(asked, downloads, (index, {}), {}, url).how == "identical"
    (served / "debian" / "pool" / "thing" / "thing_1.0.orig.tar.xz").unlink()
    assert sources.fill(asked, downloads, (index, {}), {}, url).origin == "kept"


def test_other_bytes_and_other_versions_are_substitutions(archive, tmp_path):
    served, url = archive
    publish(served, tarball(tmp_path, "thing-1.1", {"a": "b"}), "1.1+dfsg")
    downloads = tmp_path / "downloads"
    index = sources.debian_index(url, downloads / "debian")
    same = sources.fill(wanted("1.1", "1" * 64), downloads, (index, {}), {}, url)
    assert (same.how, same.got) == ("same version, other bytes", "1.1")
    other = sources.fill(wanted("1.0", "1" * 64), downloads, (index, {}), {}, url)
    assert (other.how, other.got, other.source) == ("other version", "1.1", "thing-1.1.tar.xz")


def test_bytes_that_are_not_those_of_the_index_are_refused(archive, tmp_path):
    served, url = archive
    publish(served, tarball(tmp_path, "thing-1.0", {"a": "b"}), "1.0", digest="2" * 64)
    downloads = tmp_path / "downloads"
    index = sources.debian_index(url, downloads / "debian")
    with pytest.raises(Missing, match="not those of Debian's index"):
        sources.fill(wanted("1.0", "1" * 64), downloads, (index, {}), {}, url)
    assert not list((downloads / "debian").glob("thing*"))


def test_what_no_archive_has_is_missing(archive, tmp_path):
    _, url = archive
    with pytest.raises(Missing, match="no tarball of a source package thing"):
        sources.fill(wanted("1.0", "1" * 64), tmp_path / "downloads", ({}, {}), {}, url)


def test_a_substitution_is_carried_out_in_the_copy_only(tmp_path):
    original, copy = tmp_path / "original", tmp_path / "copy"
    for tree in (original, copy):
        folder = tree / "package" / "thing"
        folder.mkdir(parents=True)
        (folder / "thing.mk").write_text("THING_VERSION = 1.0\n")
        (folder / "thing.hash").write_text("sha256  00  thing-1.0.tar.xz\nsha256  11  COPYING\n")
        (folder / "0001-old.patch").write_text("")
    asked = Wanted("thing", "1.0", "thing-1.0.tar.xz", "thing", "package/thing", (), (), (str(original / "package/thing/thing.hash"),))
    filled = sources.Filled("thing", "thing-1.1.tar.xz", "other version", "1.0", "1.1", "somewhere", "ab")
    sources.substitute(copy, original, asked, filled, {"remove": ["package/thing/*.patch"]})
    folder = copy / "package" / "thing"
    assert (folder / "thing.mk").read_text() == "THING_VERSION = 1.1\n"
    assert "sha256  ab  thing-1.1.tar.xz" in (folder / "thing.hash").read_text() and "COPYING" in (folder / "thing.hash").read_text()
    assert not (folder / "0001-old.patch").exists()
    assert (original / "package/thing/thing.mk").read_text() == "THING_VERSION = 1.0\n"
    assert (original / "package/thing/0001-old.patch").exists()


@pytest.mark.parametrize(
    "recipe, want, got, made",
    [
        ("X_VERSION = 1.0\n", "1.0", "1.1", "X_VERSION = 1.1\n"),
        (
            "X_VERSION_MAJOR = 4.1\nX_VERSION = $(X_VERSION_MAJOR).1\n", "4.1.1", "4.1.0",
            "X_VERSION_MAJOR = 4.1\nX_VERSION = $(X_VERSION_MAJOR).0\n",
        ),
        ("X_VERSION = 1.0\nX_API_VERSION = 1\n", "", "1.1", "X_VERSION = 1.0\nX_API_VERSION = 1\n"),
    ],
)
def test_a_recipe_gets_the_other_version_however_it_says_it(recipe, want, got, made):
    assert sources.with_version(recipe, want, got) == made


def test_what_buildroot_wants_is_read_once_a_file(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package/thing.hash").write_text("# comment\nsha256  aa  thing-1.tar.xz\n")
    entry = {
        "version": "1", "dl_dir": "thing", "package_dir": "package", "hashes": ["package/thing.hash"],
        "downloads": [{"source": "thing-1.tar.xz", "uris": ["https+https://example.org"]}],
    }  # fmt: skip
    found = wanted_files(json.loads(json.dumps({"thing": entry, "host-thing": entry})), tmp_path)
    assert [(one.package, one.hashes) for one in found] == [("thing", (("sha256", "aa"),))]
