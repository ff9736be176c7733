"""Legal information: what was really built, its licence texts, and what has none."""

import csv
import hashlib
import io
import json
import re
import tarfile
from importlib.metadata import distribution

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.report import legal
from image.report.source import ReportError

from .tree import CHECKOUT

HEAD = '"PACKAGE","VERSION","LICENSE","LICENSE FILES","SOURCE ARCHIVE","SOURCE SITE","DEPENDENCIES WITH LICENSES"\n'


def substitution(package, source, how, wanted, got, origin="", sha256=""):
    return {"package": package, "source": source, "how": how, "wanted": wanted, "got": got, "origin": origin, "sha256": sha256}


SUBSTITUTIONS = [
    substitution("dnsmasq", "dnsmasq-2.93.tar.xz", "other version", "2.92", "2.93", "pool/d", "ab" * 32),
    substitution("radio-firmware", "r.tar.gz", "other version", "abc", "2026-1", "x.deb", "cd" * 32),
    substitution("bison", "", "this machine's own", "3", "2"),
]


def download(source):
    return [{"source": source, "uris": ["https+https://example.org/x"]}]


INFO = {
    "dnsmasq": {"type": "target", "version": "2.93", "downloads": download("dnsmasq-2.93.tar.xz")},
    "radio-firmware": {"type": "target", "version": "abc", "licenses": "PROPRIETARY", "downloads": download("r.tar.gz")},
    "regdb": {"type": "target", "version": "1", "licenses": "ISC", "downloads": download("regdb-1.tar.xz")},
    "host-tar": {"type": "host", "version": "1.35", "licenses": "GPL-3.0+", "downloads": download("tar-1.35.cpio.gz")},
    "skeleton": {"type": "target"},
    "rootfs-squashfs": {"type": "rootfs"},
}


@pytest.fixture
def output(tmp_path):
    """What Buildroot leaves when two packages' licence texts are not the ones it knows."""
    content = {
        "legal-info/manifest.csv": HEAD
        + '"dnsmasq","2.93","GPL-2.0 or GPL-3.0","COPYING","dnsmasq-2.93.tar.xz","https://example.org","musl [MIT]"\n'
        + '"leither-edge","checkout","Apache-2.0, MIT (recovery words)","LICENSE","not saved","this checkout",""\n',
        "legal-info/host-manifest.csv": HEAD + '"buildroot","2026.02.3","GPL-2.0+","COPYING","not saved","not saved"\n',
        "legal-info/licenses/dnsmasq-2.93/COPYING": "GPL",
        "legal-info/licenses/leither-edge-checkout/LICENSE": "Apache",
        "legal-info/host-licenses/buildroot/COPYING": "GPL",
        "legal-info/sources/dnsmasq-2.93/dnsmasq-2.93.tar.xz": "source",
        "legal-info/sources/dnsmasq-2.93/0001-fix.patch": "a patch",
        "build/regdb-1/LICENSE": "ISC",
        "build/regdb-1/licensed.c": "code",
        "build/radio-firmware-abc/brcm/radio.bin": "blob",
        "build/host-tar-1.35/COPYING": "GPL",
    }
    for name, text in content.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def collect(output, substitutions=SUBSTITUTIONS):
    return legal.collect(output / "legal-info", output / "build", INFO, substitutions, "router", b"BR2_arm=y\n", "0.1.0")


def rows(files, name):
    return {row["package"]: row for row in csv.DictReader(io.StringIO(files[name].decode()))}


def test_the_manifest_has_every_package_and_says_what_was_built(output):
    files, missing = collect(output)
    found = rows(files, "manifest.csv")
    assert list(found) == ["dnsmasq", "leither-edge", "radio-firmware", "regdb"]
    assert found["dnsmasq"]["built from"] == "SUBSTITUTION (other version): 2.93 instead of 2.92, from pool/d"
    assert found["dnsmasq"]["sha256 of the source"] == hashlib.sha256(b"source").hexdigest()
    assert found["radio-firmware"]["built from"].startswith("SUBSTITUTION") and found["radio-firmware"]["sha256 of the source"] == "cd" * 32
    assert found["leither-edge"]["version"] == "0.1.0" and found["regdb"]["built from"] == ""
    assert list(rows(files, "build-tools.csv")) == ["buildroot", "tar"]
    assert missing == ["radio-firmware-abc"]


def test_licence_texts_come_from_buildroot_or_from_the_source(output):
    files, _ = collect(output)
    names = set(files)
    assert {"licences/dnsmasq-2.93/COPYING", "licences/regdb-1/LICENSE", "licences/leither-edge-checkout/LICENSE"} <= names
    assert {"licences of build tools/tar-1.35/COPYING", "patches/dnsmasq-2.93/0001-fix.patch"} <= names
    assert not any("licensed.c" in name or "tar.xz" in name for name in names)
    assert files["without-licence-text.txt"].decode() == "No licence text came with the sources of:\nradio-firmware abc: PROPRIETARY\n"


def test_the_first_page_names_substitutions_and_the_machines_own_programs(output):
    text = collect(output)[0]["README.txt"].decode()
    assert "2 sources are not those Buildroot names" in text and "dnsmasq: 2.93 instead of 2.92 (other version)" in text
    assert "bison" in text and "names the 1 packages" in text
    plain = collect(output, [])[0]
    assert b"SUBSTITUTION" not in plain["manifest.csv"] and b"substitutions" not in plain["README.txt"]


def test_a_source_that_two_packages_share_is_told_for_both():
    entry = legal.Entry("host", "gcc-initial", "14", "GPL", "", "gcc-14.tar.xz", "")
    row = {"package": "gcc-final", "source": "gcc-14.tar.xz", "how": "same version, other bytes", "got": "14"}
    assert legal.built_from(entry, [row])[0]


def test_the_archive_is_the_same_twice_and_unpacks(output, monkeypatch, capsys):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    (output / "legal-info/show-info.json").write_text(json.dumps(INFO))
    (output / "defconfig").write_text("BR2_arm=y\n")
    (output / "substitutions.json").write_text(json.dumps(SUBSTITUTIONS))
    words = ["--legal-info", output / "legal-info", "--build", output / "build", "--profile", "router"]
    words += ["--configuration", output / "defconfig", "--substitutions", output / "substitutions.json"]
    words += ["--out", output / "legal-info.tar.xz"]
    made = []
    for _ in range(2):
        legal.main([str(word) for word in words])
        made.append((output / "legal-info.tar.xz").read_bytes())
    assert made[0] == made[1] and "no licence text came with: radio-firmware-abc" in capsys.readouterr().out
    with tarfile.open(output / "legal-info.tar.xz") as archive:
        members = archive.getmembers()
    assert all(member.mtime == 1700000000 and member.mode == 0o644 and member.name.startswith("legal-info/") for member in members)
    assert str(output).encode() not in made[0]


@pytest.mark.parametrize("text", ["", "PACKAGE\n", HEAD + '"a","b"\n', "x" * 100])
def test_a_manifest_that_is_none_is_named(output, text):
    (output / "legal-info/manifest.csv").write_text(text)
    with pytest.raises(ReportError, match="manifest.csv"):
        collect(output)
    (output / "legal-info/manifest.csv").unlink()
    with pytest.raises(ReportError, match="cannot be read"):
        collect(output)


def test_a_name_that_leads_out_of_the_folder_is_refused(output):
    with (output / "legal-info/manifest.csv").open("a") as file:
        file.write('"x","/../../etc","MIT","","x",""\n')
    with pytest.raises(ReportError, match="is no name of a package"):
        collect(output)


JSON = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5)


@given(st.dictionaries(st.sampled_from(["type", "version", "licenses", "downloads", "virtual"]), JSON))
def test_any_description_of_a_package_is_taken_or_passed_over(row):
    try:
        entries = legal.passed_over({"odd": {"type": "target", **row}}, [])
    except ReportError:
        return
    assert all(isinstance(field, str) for entry in entries for field in entry)


def sums(package):
    """{file: sha256} of one of our packages' hash files."""
    text = (CHECKOUT / "image/package" / package / f"{package}.hash").read_text()
    return {name: digest for digest, name in re.findall(r"^sha256  ([0-9a-f]{64})  (\S+)$", text, re.M)}


def test_our_own_packages_name_their_licence_files_with_sums():
    own = sums("leither-edge")
    assert own["LICENSE"] == hashlib.sha256((CHECKOUT / "LICENSE").read_bytes()).hexdigest()
    assert own["LICENSE.recovery-words"] == hashlib.sha256(distribution("mnemonic").read_text("LICENSE").encode()).hexdigest()
    for package in ("leither-edge", "python-pysodium"):
        recipe = (CHECKOUT / "image/package" / package / f"{package}.mk").read_text()
        files = re.search(r"^\w+_LICENSE_FILES = (.*)$", recipe, re.M)[1].split()
        assert files and set(files) <= set(sums(package)), package
