"""Sizes of a build: figures, table, budgets."""

import json
import os

import pytest

from image.report import parts, size
from image.report.source import ReportError


@pytest.fixture
def build(tmp_path):
    """A made-up build of router: images, target, and Buildroot's list of who wrote what."""
    images, target = tmp_path / "images", tmp_path / "target"
    content = {"usr/bin/python3": 3000, "usr/lib/python3/os.pyc": 500, "bin/busybox": 1000, "lib/modules/6/a.ko": 400}
    content["etc/leither/profile"] = 7
    for name, count in content.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(os.urandom(count))
    os.link(target / "bin/busybox", target / "bin/sh")
    (target / "bin/ash").symlink_to("busybox")
    images.mkdir()
    (images / "rootfs.squashfs").write_bytes(bytes(4000))
    (images / "zImage").write_bytes(bytes(2048))
    (tmp_path / "build").mkdir()
    (tmp_path / "build/packages-file-list.txt").write_text(
        "python3,./usr/bin/python3\npython3,./usr/lib/python3/os.pyc\nbusybox,./bin/busybox\nlinux,./lib/modules/6/a.ko\ngone,./opt/gone\n"
    )
    return tmp_path


def words(build, *more):
    places = {"--images": build / "images", "--target": build / "target", "--out": build / "size.json"}
    return [*(word for name, path in places.items() for word in (name, str(path))), "--profile", "router", *more]


def test_figures_and_table(build, capsys):
    card = build / "card.img.xz"
    card.write_bytes(bytes(5000))
    assert size.main(words(build, "--card", str(card))) == 0
    figures = json.loads((build / "size.json").read_text())["router"]
    assert {key: figures[key] for key in figures if key != "parts"} == {
        "squashfs_bytes": 4000, "kernel_bytes": 2048, "card_xz_bytes": 5000, "modules_bytes": 400, "target_bytes": 4907,
    }  # fmt: skip
    assert [part["name"] for part in figures["parts"]] == ["python3", "busybox", "linux", "etc/leither/"]
    assert figures["parts"][0]["bytes"] == 3500
    assert 3990 <= sum(part["packed_bytes"] for part in figures["parts"]) <= 4000
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "router" and shown[2].split() == ["root", "file", "system", "(squashfs)", "4", "6,144", "99%"]


def test_the_table_names_ten_parts_with_versions_and_the_rest(build, capsys):
    for number in range(12):
        (build / f"target/opt/{number}").mkdir(parents=True)
        (build / f"target/opt/{number}/x").write_bytes(os.urandom(100 + number))
    contents = build / "sbom.cdx.json"
    contents.write_text('{"components": [{"name": "python3", "version": "3.13.15"}, {"name": 3}, null]}')
    assert size.main(words(build, "--contents", str(contents))) == 0
    shown = capsys.readouterr().out.splitlines()
    parts = shown[shown.index("") + 2 :]
    assert len(parts) == size.PARTS_SHOWN + 1 and parts[-1].startswith("  all others")
    assert parts[0].split()[:3] == ["python3", "3.13.15", "4"]
    assert 98 <= sum(int(line.split()[-1].rstrip("%")) for line in parts) + len(parts) <= 111
    contents.write_text('{"components": 3}')
    assert size.main(words(build, "--contents", str(contents))) == 0


def test_boot_files_are_counted_where_all_are_there(build):
    assert size.main(words(build)) == 0
    assert "boot_bytes" not in json.loads((build / "size.json").read_text())["router"]
    board = build / "board"
    board.mkdir()
    (board / "boot-files").write_text("# Comment.\nzImage\nsub/x.dtb x.dtb\n")
    assert "boot_bytes" not in size.measure(build / "images", build / "target", None, board)
    (build / "images/sub").mkdir()
    (build / "images/sub/x.dtb").write_bytes(bytes(10))
    assert size.measure(build / "images", build / "target", None, board)["boot_bytes"] == 2058


def test_figures_of_other_profiles_stay_and_what_is_missing_is_said(build, capsys):
    (build / "size.json").write_text('{"pi-zero": {"squashfs_bytes": 1}}')
    assert size.main(words(build)) == 0
    known = json.loads((build / "size.json").read_text())
    assert known["pi-zero"] == {"squashfs_bytes": 1} and "card_xz_bytes" not in known["router"]
    assert "not built" in capsys.readouterr().out
    first = (build / "size.json").read_bytes()
    size.main(words(build))
    assert (build / "size.json").read_bytes() == first


def test_a_budget_that_is_passed_fails_with_a_sentence(build, capsys):
    with (build / "images/rootfs.squashfs").open("wb") as file:
        file.truncate(6145 * 1024)
    assert size.main(words(build)) == 1
    said = capsys.readouterr().err
    assert said.startswith("The root file system of router is 6,145 KiB, 1 KiB over its budget: ") and "squashfs_max_kib" in said
    assert json.loads((build / "size.json").read_text())["router"]["squashfs_bytes"] == 6145 * 1024


def test_a_budget_met_to_the_byte_passes(build):
    with (build / "images/rootfs.squashfs").open("wb") as file:
        file.truncate(6144 * 1024)
    assert size.main(words(build)) == 0


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_a_damaged_size_json_is_named(build, text):
    (build / "size.json").write_text(text)
    with pytest.raises(ReportError, match="size.json"):
        size.main(words(build))


def test_no_build_and_no_profile(build, tmp_path):
    with pytest.raises(ReportError, match="must both be folders"):
        size.measure(tmp_path / "none", build / "target", None, tmp_path)
    with pytest.raises(ReportError, match="its budget cannot be compared"):
        size.measure(build / "images", build / "target", tmp_path / "none.img.xz", tmp_path)
    with pytest.raises(ReportError, match="oven"):
        size.main([*words(build), "--profile", "oven"])


def test_without_a_list_parts_are_folders(build):
    (build / "build/packages-file-list.txt").unlink()
    found = {part.name: part.bytes for part in parts.parts(build / "target", parts.package_list(build / "target"), 0)}
    assert found == {"usr/bin/": 3000, "usr/lib/": 500, "bin/": 1000, "lib/modules/": 400, "etc/leither/": 7}


def test_compiled_python_belongs_to_the_package_of_its_source():
    for name in ("usr/lib/a.pyc", "usr/lib/__pycache__/a.cpython-313.pyc", "usr/lib/a.py"):
        assert parts.source_of(name) == "usr/lib/a.py"
        assert list(parts.grouped([("path", name, 1)], {"usr/lib/a.py": "python3"})) == ["python3"]


def test_python_packages_that_nobody_owns_are_told_apart():
    assert parts.folder_part("usr/lib/python3.13/site-packages/appliance/wifi/start.pyc") == "appliance"
    assert parts.folder_part("usr/lib/python3.13/os.pyc") == "usr/lib/" and parts.folder_part("init") == "/"


def test_a_build_that_is_still_running_is_named(build, monkeypatch):
    monkeypatch.setattr(parts, "files", lambda target: [(target / "removed", "removed", 3)])
    with pytest.raises(ReportError, match="is a build still running"):
        size.main(words(build))


def test_a_large_part_is_estimated_from_a_sample(tmp_path):
    (tmp_path / "big").write_bytes(bytes(parts.SAMPLE_BYTES * 3))
    rows = [(tmp_path / "big", parts.SAMPLE_BYTES * 3)]
    assert 0 < parts.packed_share(rows) < 10_000
    assert parts.packed_share([]) == 0
