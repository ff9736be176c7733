"""The build's driver: the pinned Buildroot and nothing else, and plain words when something is missing."""

import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from image import build

ROOT = Path(__file__).resolve().parents[2]
PIN = {"version": "2026.02.3", "git_tree": "0" * 40}


def run(*words, **environment):
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", **environment}
    return subprocess.run([sys.executable, ROOT / "image/build.py", *words], capture_output=True, text=True, env=environment)


def test_an_unknown_profile_is_answered_with_those_there_are():
    told = run("toaster")
    assert told.returncode == 1 and told.stdout == ""
    assert told.stderr.startswith("leither: There is no profile toaster; there are: ")


def test_a_folder_without_buildroot_is_refused(tmp_path):
    told = run("pi-zero", BUILDROOT_DIR=str(tmp_path), IMAGE_WORK=str(tmp_path / "work"))
    assert told.returncode == 1 and "holds no Buildroot" in told.stderr and "Traceback" not in told.stderr


def test_legal_information_needs_a_built_image(tmp_path):
    told = run("pi-zero", "--legal", IMAGE_WORK=str(tmp_path / "work"))
    assert told.returncode == 1 and told.stderr == "leither: There is no built image of pi-zero yet: make image PROFILE=pi-zero\n"


def test_another_release_is_refused(tmp_path):
    (tmp_path / "Makefile").write_text("export BR2_VERSION := 2020.02\n")
    with pytest.raises(build.BuildError, match="is Buildroot 2020.02; this tree is made for 2026.02.3"):
        build.check_tree(tmp_path, PIN)
    (tmp_path / "Makefile").write_text("export BR2_VERSION := 2026.02.3\n")
    build.check_tree(tmp_path, PIN)


def test_a_clone_at_another_commit_is_refused(tmp_path):
    (tmp_path / "Makefile").write_text("export BR2_VERSION := 2026.02.3\n")
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)
    with pytest.raises(build.BuildError, match="checkout 2026.02.3"):
        build.check_tree(tmp_path, PIN)


def release(tmp_path):
    """A made-up release as the site would serve it, and the sum of the tar inside."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        entry = tarfile.TarInfo("buildroot-1/Makefile")
        entry.size = 2
        archive.addfile(entry, io.BytesIO(b"x\n"))
    packed = tmp_path / "release.tar.gz"
    packed.write_bytes(gzip.compress(plain.getvalue()))
    return packed.as_uri(), hashlib.sha256(plain.getvalue()).hexdigest()


def test_the_release_is_fetched_and_its_sum_compared(tmp_path):
    url, digest = release(tmp_path)
    folder = tmp_path / "buildroot-1"
    with pytest.raises(build.BuildError, match="is not release 1"):
        build.fetch_tree(folder, {"version": "1", "url": url, "tar_sha256": "0" * 64})
    assert not folder.exists()
    build.fetch_tree(folder, {"version": "1", "url": url, "tar_sha256": digest})
    assert (folder / "Makefile").read_text() == "x\n"


def test_a_site_out_of_reach_is_said_with_what_to_do(tmp_path):
    with pytest.raises(build.BuildError, match="BUILDROOT_DIR="):
        build.fetch_tree(tmp_path / "b", {"version": "1", "url": (tmp_path / "none").as_uri(), "tar_sha256": ""})
