"""Static files: built once, named after their content, found again at no cost."""

import gzip
import os
import subprocess
import sys

import pytest

from appliance.portal import assets
from tests.portal.client import Browser
from tests.portal.doubles import MemoryDevice, serving


def test_a_second_start_builds_nothing(tmp_path, monkeypatch):
    built = assets.build(str(tmp_path))
    monkeypatch.setattr(subprocess, "run", None)
    again = assets.load(str(tmp_path))
    assert (again.folder, again.version, again.has_words) == (built.folder, built.version, built.has_words)


def test_a_changed_source_is_another_version(tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.mkdir()
    (source / "app.js").write_text("1;")
    monkeypatch.setattr(assets, "SOURCE", str(source))
    out = tmp_path / "out"
    out.mkdir()
    first = assets.build(str(out))
    (source / "app.js").write_text("2;")
    second = assets.build(str(out))
    assert first.version != second.version
    assert sorted(os.listdir(out)) == sorted([second.version, assets.MANIFEST])


def test_built_as_a_program(tmp_path):
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "appliance.portal.assets", str(out)], cwd=assets._project_folder(), capture_output=True, text=True
    )
    assert done.returncode == 0
    assert assets.load(str(out)).version == done.stdout.strip()


def test_a_folder_that_cannot_be_written_says_so(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(OSError, match="could not be built"):
        assets.load(str(file / "out"))


def test_without_the_word_list_there_is_a_page_without_key_making(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mnemonic", None)
    built = assets.build(str(tmp_path))
    assert not built.has_words and not os.path.exists(os.path.join(built.folder, assets.WORDS))


async def test_the_owner_page_without_words_says_how_to_make_a_key(built_assets):
    bare = assets.Assets(built_assets.folder, built_assets.version, False)
    async with serving(MemoryDevice(), bare) as device:
        page = await Browser(device.port).get("/setup/owner")
        assert 'id="create"' not in page.text and "leither key new" in page.text


async def test_served_for_good_and_packed(built_assets):
    async with serving(MemoryDevice(), built_assets) as device:
        answer = await Browser(device.port).get(f"{built_assets.prefix}/app.css", Accept_Encoding="gzip")
        assert answer.headers["cache-control"] == assets.IMMUTABLE
        assert answer.headers["content-encoding"] == "gzip"
        with open(os.path.join(built_assets.folder, "app.css"), "rb") as file:
            assert gzip.decompress(answer.body) == file.read()


def test_all_static_files_together_are_small(built_assets):
    sizes = {}
    for name in os.listdir(built_assets.folder):
        plain = name.removesuffix(".gz")
        sizes[plain] = min(sizes.get(plain, 1 << 30), os.path.getsize(os.path.join(built_assets.folder, name)))
    assert sum(sizes.values()) < 50_000


def test_files_that_came_built_are_used_as_they_are(tmp_path, monkeypatch):
    web = tmp_path / "web"
    built = assets.build(str(web))
    manifest = web / "manifest"
    manifest.write_text("".join(line for line in manifest.read_text().splitlines(True) if not line.startswith("source=")))
    monkeypatch.setattr(assets, "PREBUILT", str(web))
    assert assets.load(str(tmp_path / "never made")).version == built.version
    assert not (tmp_path / "never made").exists()


def test_built_files_that_are_not_whole_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "PREBUILT", str(tmp_path))
    with pytest.raises(OSError, match="not whole"):
        assets.load(str(tmp_path / "out"))
