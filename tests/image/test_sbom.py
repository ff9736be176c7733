"""The list of contents: its structure, its words for licences, the same bytes each time."""

import copy
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.report import contents, sbom
from image.report.licences import cyclonedx
from image.report.source import ReportError

from .tree import CHECKOUT


def package(name, **more):
    base = {"type": "target", "name": name, "virtual": False, "version": "1.2", "licenses": "MIT", "install_target": True}
    download = {"source": f"{name}-1.2.tar.xz", "uris": [f"https+https://example.org/{name}"]}
    return {**base, "dependencies": [], "downloads": [download], **more}


INFO = {
    "busybox": package("busybox", licenses="GPL-2.0, bzip2-1.0.4", patches=["busybox/0001-a fix.patch"], dependencies=["toolchain"]),
    "toolchain": {"type": "target", "name": "toolchain", "virtual": True, "dependencies": ["toolchain-internal"]},
    "toolchain-internal": {"type": "target", "virtual": True, "dependencies": ["musl", "toolchain", "host-gcc"]},
    "musl": package("musl", **{"cpe-id": "cpe:2.3:a:musl-libc:musl:1.2:-:*:*:*:*:*:*", "hashes": ["package/musl/musl.hash"]}),
    "linux": package("linux", licenses="GPL-2.0", install_target=False, install_images=True),
    "linux-headers": package("linux-headers"),
    "host-gcc": package("host-gcc", type="host"),
    "rootfs-squashfs": {"type": "rootfs", "image_name": "rootfs.squashfs"},
    "python-trio": package(
        "python-trio", downloads=[{"source": "trio-1.2.tar.gz", "uris": ["https+https://files.pythonhosted.org/packages/d8", "https+https://sources.buildroot.net/x"]}]
    ),
    "chip-firmware": package("chip-firmware", downloads=[{"source": "f.tar.gz", "uris": ["https+https://github.com/Some/Chip/archive/abc"]}]),
    "leither-edge": package("leither-edge", version="checkout", downloads=[], dependencies=["python-trio", "host-gcc"]),
}  # fmt: skip


def bill(info=INFO, rows=(), **more):
    return sbom.bill(info, rows, "router", "0.1.0", **more)


def a_root(folder):
    """A finished root file system of INFO in a folder, in which python-lmdb was added and python-cffi was pruned."""
    site, target, build = "usr/lib/python3.13/site-packages", folder / "target", folder / "build"
    content = {
        "bin/busybox": "busybox", "lib/libc.so": "musl", f"{site}/trio/__init__.pyc": "trio", f"{site}/lmdb/cpython.so": "lmdb",
        f"{site}/appliance/portal/web/manifest": "version=1\nwords=yes\n", f"{site}/attr.pyc": "a stand-in",
        "etc/leither/profile": "router", "etc/hostname": "leither",
    }  # fmt: skip
    for name, text in content.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text)
    (build / "python-lmdb-2.2/lib").mkdir(parents=True)
    (build / "python-lmdb-2.2/lib/lmdb.h").write_text("".join(f"#define MDB_VERSION_{part}\t{number}\n" for part, number in VERSION))
    (build / "packages-file-list.txt").write_text(
        f"busybox,./bin/busybox\nmusl,./lib/libc.so\npython-trio,./{site}/trio/__init__.py\npython-lmdb,./{site}/lmdb/cpython.so\n"
        f"python-cffi,./{site}/cffi/api.py\n"
    )
    return sbom.Root(target, build, FULL)


VERSION = (("MAJOR", 0), ("MINOR", 9), ("PATCH", 35))
PYPI = [{"source": "x-1.2.tar.gz", "uris": ["https+https://files.pythonhosted.org/packages/d8"]}]
FULL = {**INFO, "python-lmdb": package("python-lmdb", downloads=PYPI), "python-cffi": package("python-cffi")}


def component(document, name):
    return next(one for one in document["components"] if one["name"] == name)


def test_structure():
    document = bill(seconds=0)
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", document["serialNumber"])
    assert document["metadata"]["timestamp"] == "1970-01-01T00:00:00Z"
    names = [one["name"] for one in document["components"]]
    assert names == ["busybox", "chip-firmware", "leither-edge", "linux", "musl", "python-trio"]
    references = {one["bom-ref"] for one in document["components"]} | {document["metadata"]["component"]["bom-ref"]}
    assert {one["ref"] for one in document["dependencies"]} == references
    assert all(set(one["dependsOn"]) <= references for one in document["dependencies"])
    kinds = {one["name"]: one["type"] for one in document["components"]}
    assert kinds["linux"] == "operating-system" and kinds["chip-firmware"] == "firmware" and kinds["musl"] == "library"


def test_dependencies_go_through_virtual_packages():
    depends = {one["ref"]: one["dependsOn"] for one in bill()["dependencies"]}
    assert depends["busybox"] == ["musl"] and depends["leither-edge"] == ["python-trio"]
    assert depends["leither-edge-image-router"] == ["busybox", "chip-firmware", "leither-edge", "linux"]


def test_names_that_others_know():
    document = bill()
    urls = {one["name"]: one["purl"] for one in document["components"]}
    assert urls["python-trio"] == "pkg:pypi/trio@1.2" and urls["musl"] == "pkg:generic/musl@1.2"
    assert urls["chip-firmware"] == "pkg:github/some/chip@1.2" and urls["leither-edge"] == "pkg:generic/leither-edge@0.1.0"
    assert component(document, "musl")["cpe"].startswith("cpe:2.3:a:musl-libc")
    assert component(document, "musl")["externalReferences"][0]["url"] == "https://example.org/musl/musl-1.2.tar.xz"
    assert component(document, "busybox")["pedigree"]["patches"][0]["diff"]["url"] == "0001-a%20fix.patch"


def test_sums_come_from_buildroot(tmp_path):
    (tmp_path / "package/musl").mkdir(parents=True)
    (tmp_path / "package/musl/musl.hash").write_text(f"# ours\nsha256  {'ab' * 32}  musl-1.2.tar.xz\nsha256  {'cd' * 32}  COPYRIGHT\n")
    assert component(bill(tree=tmp_path), "musl")["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert "hashes" not in component(bill(), "musl")


ROWS = [
    {"package": "musl", "how": "other version", "wanted": "1.2", "got": "1.3", "origin": "musl_1.3.orig.tar.gz", "sha256": "ef" * 32},
    {"package": "chip-firmware", "how": "other version", "wanted": "1.2", "got": "2026-1", "origin": "pool/chip-blobs_2026-1_all.deb"},
    {"package": "host-gcc", "how": "this machine's own", "got": "12"},
    "nonsense",
]


def test_another_source_is_told():
    document = bill(rows=ROWS)
    musl = component(document, "musl")
    assert (musl["version"], musl["purl"]) == ("1.3", "pkg:generic/musl@1.3") and ":1.3:" in musl["cpe"]
    assert musl["hashes"] == [{"alg": "SHA-256", "content": "ef" * 32}] and "externalReferences" not in musl
    assert {row["name"]: row["value"] for row in musl["properties"]}["leither:substituted:wanted"] == "1.2"
    assert component(document, "chip-firmware")["purl"] == "pkg:deb/debian/chip-blobs@2026-1"


def test_only_what_is_in_the_root_file_system_is_listed(tmp_path):
    root = a_root(tmp_path)
    lock = {"trio": ("0.35.0", []), "mnemonic": ("0.21", ["ab" * 32, "cd" * 32])}
    document = bill(FULL, root=root, lock=lock, digest="ef" * 32, buildroot="2026.02.3")
    names = [one["name"] for one in document["components"]]
    # The kernel has an image beside the root; the chip's firmware has neither image nor file.
    assert names == ["busybox", "leither-edge", "linux", "musl", "python-lmdb", "python-trio", "mnemonic"]
    metadata = document["metadata"]
    assert [one["value"] for one in metadata["properties"]] == ["chip-firmware", "python-cffi"]
    assert metadata["component"]["hashes"] == [{"alg": "SHA-256", "content": "ef" * 32}]
    assert metadata["lifecycles"] == [{"phase": "post-build"}]
    trio = {one["name"]: one["value"] for one in component(document, "python-trio")["properties"]}
    assert trio["leither:root:files"] == "1" and trio["leither:root:bytes"] == "4" and trio["leither:locked-for-tests"] == "0.35.0"
    own = {one["name"]: one["value"] for one in component(document, "leither-edge")["properties"]}
    assert own["leither:root:files"] == "3"  # the page's manifest, the stand-in, the profile
    (bundled,) = component(document, "python-lmdb")["components"]
    assert (bundled["name"], bundled["version"]) == ("lmdb", "0.9.35")
    words = component(document, "mnemonic")
    assert words["version"] == "0.21" and [one["hashes"][0]["content"] for one in words["externalReferences"]] == ["ab" * 32, "cd" * 32]
    assert "mnemonic" in next(one for one in document["dependencies"] if one["ref"] == "leither-edge")["dependsOn"]


def test_a_changed_file_changes_the_sum_of_its_package_alone(tmp_path):
    one = a_root(tmp_path).content
    (tmp_path / "target/lib/libc.so").write_text("MUSL")
    two = a_root_again(tmp_path).content
    assert {name for name in one if one[name] != two[name]} == {"musl"}


def a_root_again(folder):
    return sbom.Root(folder / "target", folder / "build", FULL)


def test_the_lock_file_of_this_project_is_read():
    lock = contents.locked((CHECKOUT / "requirements/run.lock").read_text())
    assert {"trio", "cbor2", "lmdb", "h11", "pysodium", "mnemonic"} <= set(lock)
    assert all(version and sums and all(len(one) == 64 for one in sums) for version, sums in lock.values())


def test_a_target_that_is_none_is_named(tmp_path):
    with pytest.raises(ReportError, match="is no folder"):
        sbom.Root(tmp_path / "none", None, INFO)


def test_the_same_input_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    info = tmp_path / "info.json"
    texts = []
    for order in (INFO, dict(reversed(INFO.items()))):
        info.write_text(json.dumps(order))
        sbom.main(["--info", str(info), "--out", str(tmp_path / "out.json"), "--profile", "router"])
        texts.append((tmp_path / "out.json").read_bytes())
    assert texts[0] == texts[1]
    other = copy.deepcopy(INFO)
    other["musl"]["version"] = "1.3"
    assert bill(other)["serialNumber"] != bill()["serialNumber"]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("MIT", [{"license": {"id": "MIT"}}]),
        ("GPL-2.0+", [{"license": {"id": "GPL-2.0-or-later"}}]),
        ("GPL-2.0+ (programs), LGPL-2.1+ (libraries, both)", [{"expression": "GPL-2.0-or-later AND LGPL-2.1-or-later"}]),
        ("BSD-3-Clause, Apache-2.0 or MIT", [{"expression": "BSD-3-Clause AND (Apache-2.0 OR MIT)"}]),
        ("Apache-2.0 or MIT", [{"expression": "Apache-2.0 OR MIT"}]),
        ("GPL-2.0, bzip2-1.0.4", [{"license": {"id": "GPL-2.0-only"}}, {"license": {"name": "bzip2-1.0.4"}}]),
        ("PROPRIETARY", [{"license": {"name": "PROPRIETARY"}}]),
        ("unknown", []),
        (None, []),
    ],
)
def test_licences(words, wanted):
    assert cyclonedx(words) == wanted


@given(st.text(alphabet="GPLMIT-2.0+(), or", max_size=80))
def test_any_words_make_one_expression_or_a_list(words):
    entries = cyclonedx(words)
    assert len(entries) == 1 or all("license" in one for one in entries)
    assert all(one.get("expression") or one["license"].get("id") or one["license"].get("name") for one in entries)


@pytest.mark.parametrize("info", [{}, {"a": 1}, {"a": package("a", version=3)}, {"a": package("a", type="host")}])
def test_an_info_that_is_none(info):
    with pytest.raises(ReportError):
        bill(info)


@given(st.dictionaries(st.sampled_from(list(package("x"))), st.none() | st.integers() | st.text() | st.lists(st.none() | st.text())))
def test_any_description_makes_a_bill_or_an_error(row):
    try:
        bill({"musl": INFO["musl"], "odd": {**package("odd"), **row}})
    except ReportError:
        pass


def test_the_time_is_a_number():
    assert sbom.epoch({}) is None and sbom.epoch({"SOURCE_DATE_EPOCH": "12"}) == 12
    with pytest.raises(ReportError):
        sbom.epoch({"SOURCE_DATE_EPOCH": "soon"})
