"""The profiles that ship, and the schema they follow."""

import os
import re
import subprocess
import sys

import pytest

from leither_edge import profile
from leither_edge.profile.schema import KEYS, UNITS, unit_suffix

NAMES = ("pi-zero", "router", "tv-box")


@pytest.mark.parametrize("name", NAMES)
def test_each_shipped_profile_is_valid(name):
    loaded = profile.load(name)
    assert loaded.board.name == name
    assert profile.load(loaded.path).http.body_max_bytes == loaded.http.body_max_bytes
    assert name in profile.names()


@pytest.mark.parametrize("name", NAMES)
def test_each_value_has_a_reason_beside_it(name):
    with open(profile.find(name), encoding="utf-8") as file:
        lines = file.read().split("\n")
    for above, line in zip(lines, lines[1:], strict=False):
        if re.match(r"[a-z_]+ = \d", line) and not line.startswith("items_max_kib"):
            assert above.startswith("# ") and above.endswith("."), line


def test_describe_lists_every_limit():
    rows = profile.describe(profile.load("pi-zero"))
    assert len(rows) == len(KEYS)
    assert ("memory", "node_max_mib", 192, "MiB", "hard limit of the node (cgroup memory.max)") in rows
    assert all(meaning for *_, meaning in rows)


def test_units_stand_in_names():
    assert unit_suffix("bandwidth_up_kib_per_s") == "_kib_per_s" and unit_suffix("pids_max") == ""
    for key in KEYS:
        if key.unit in UNITS.values():
            assert UNITS[unit_suffix(key.name)] == key.unit, key.name
    assert len({(key.section, key.name) for key in KEYS}) == len(KEYS)


def test_a_profile_is_read_only():
    loaded = profile.load("router")
    with pytest.raises(AttributeError):
        loaded.http.body_max_bytes = 1
    with pytest.raises(AttributeError):
        loaded.http = None
    with pytest.raises(AttributeError):
        _ = loaded.http.missing


def test_the_environment_chooses_the_folder(tmp_path, monkeypatch):
    with open(profile.find("router"), "rb") as file:
        (tmp_path / "mine.toml").write_bytes(file.read())
    monkeypatch.setenv("LEITHER_PROFILES", str(tmp_path))
    assert profile.names() == ["mine"]
    assert profile.load("mine").board.name == "router"
    with pytest.raises(profile.ProfileError, match=r"did you mean mine\? \(allowed: mine, or a path\)"):
        profile.load("mine1")


@pytest.mark.parametrize("name", ["", "nothing-like-it", "/does/not/exist.toml", ".", "/"])
def test_a_profile_that_is_not_there(name):
    with pytest.raises(profile.ProfileError) as caught:
        profile.load(name)
    assert caught.value.problems[0][0] == 0


def test_loading_stays_light():
    """The supervisor imports it and keeps it for life: nothing of the standard library beyond what Python starts with."""
    code = (
        "import sys, collections; before = set(sys.modules); from leither_edge import profile; profile.load('pi-zero');"
        "print(*sorted(set(sys.modules) - before))"
    )
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout
    assert {name.partition(".")[0] for name in out.split()} <= {"leither_edge"}, out
