"""The list of contents: its structure, its words for licences, the same bytes each time."""

import copy
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.report import sbom
from image.report.licences import cyclonedx
from image.report.source import ReportError


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


def test_another_source_is_told():
    rows = [
        {"package": "musl", "how": "other version", "wanted": "1.2", "got": "1.3", "origin": "musl_1.3.orig.tar.gz", "sha256": "ef" * 32},
        {"package": "chip-firmware", "how": "other version", "wanted": "1.2", "got": "2026-1", "origin": "pool/chip-blobs_2026-1_all.deb"},
        {"package": "host-gcc", "how": "this machine's own", "got": "12"},
        "nonsense",
    ]
    document = bill(rows=rows)
    musl = component(document, "musl")
    assert (musl["version"], musl["purl"]) == ("1.3", "pkg:generic/musl@1.3") and ":1.3:" in musl["cpe"]
    assert musl["hashes"] == [{"alg": "SHA-256", "content": "ef" * 32}] and "externalReferences" not in musl
    assert {row["name"]: row["value"] for row in musl["properties"]}["leither:substituted:wanted"] == "1.2"
    assert component(document, "chip-firmware")["purl"] == "pkg:deb/debian/chip-blobs@2026-1"


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
