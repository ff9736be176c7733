"""The kept network on the disk."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.wifi import kept
from appliance.wifi.kept import KeptNetwork

NETWORK = KeptNetwork(b"\xff\x00Home", "correct horse", True, "wpa2")


def members(network):
    return network.ssid, network.passphrase, network.hidden, network.security


def test_kept_and_forgotten(tmp_path):
    folder = str(tmp_path / "wifi")
    assert kept.load(folder) is None
    kept.forget(folder)
    kept.save(folder, NETWORK)
    assert members(kept.load(folder)) == members(NETWORK)
    assert os.stat(f"{folder}/network.json").st_mode & 0o777 == 0o600 and os.stat(folder).st_mode & 0o777 == 0o700
    assert os.listdir(folder) == ["network.json"]
    kept.forget(folder)
    kept.forget(folder)
    assert os.listdir(folder) == []


@pytest.mark.parametrize("call", ["fsync", "write", "rename"])
def test_a_failure_leaves_the_old_one(tmp_path, monkeypatch, call):
    folder = str(tmp_path)
    kept.save(folder, NETWORK)

    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, fails)
    with pytest.raises(OSError):
        kept.save(folder, KeptNetwork(b"Other", "", False, "open"))
    monkeypatch.undo()
    assert members(kept.load(folder)) == members(NETWORK)


@given(st.binary(max_size=2000) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode()))
def test_any_file_is_read_or_ignored(data):
    found = kept.parse(data)
    assert found is None or 1 <= len(found.ssid) <= 32


@pytest.mark.parametrize(
    "change",
    [{"ssid_hex": ""}, {"ssid_hex": "00" * 33}, {"ssid_hex": 5}, {"passphrase": 1}, {"hidden": 1}, {"security": "wep"}, {"more": 1}],
)
def test_a_wrong_member_is_ignored(change):
    good = {"ssid_hex": "00", "passphrase": "", "hidden": False, "security": "open"}
    assert kept.parse(json.dumps(good).encode()) is not None
    assert kept.parse(json.dumps({**good, **change}).encode()) is None
