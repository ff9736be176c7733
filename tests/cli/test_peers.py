"""``leither peer`` and ``leither mimei`` between a running node and a store of this computer, over real channels."""

import json
import os
import subprocess
import sys

import pytest

from tests.cli.test_mimei_node import serving
from tests.dht_nodes import Nodes


@pytest.fixture(scope="module")
def anna(tmp_path_factory):
    """A running node of somebody else: its home and what it said."""
    home = tmp_path_factory.mktemp("anna")
    with serving(home, "serve", "--peers", "--peer-port", "0", "--name", "anna") as said:
        yield home, said


@pytest.fixture
def both(run, anna, monkeypatch):
    """Run ``leither`` as oneself, or as anna on her node; JSON comes back."""
    home, said = anna

    def own(*words, code=0):
        ran = run(*words, "--json")
        assert ran.code == code and ran.json is not None, (words, ran)
        return ran.json

    def hers(*words, code=0):
        with monkeypatch.context() as patch:
            patch.setenv("LEITHER_HOME", str(home))
            return own(*words, "--node", said["address"], code=code)

    own.port, own.home = said["peers"]["port"], home
    return own, hers


def invited(home, said, name):
    """An invitation of anna's node: (process that waits, {code, link, until})."""
    command = [sys.executable, "-m", "leither_edge.cli", "peer", "invite", "--name", name, "--node", said["address"], "--json"]
    environment = {**os.environ, "LEITHER_HOME": str(home)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return process, json.loads(process.stderr.readline())


def test_friends_share_follow_and_keep_each_others_backup(both, run, anna, tmp_path, monkeypatch):
    own, hers = both
    monkeypatch.chdir(tmp_path)
    process, told = invited(*anna, "ben")
    assert own("peer", "accept", told["link"])["peer"]["state"] == "friend"
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and json.loads(out)["peer"]["name"] == "ben", err
    assert [row["name"] for row in own("peer", "list")["peers"]] == ["anna"]
    own("peer", "set", "anna", "--address", f"127.0.0.1:{own.port}")
    assert own("peer", "ping", "anna", "-c", "2")["name"] == "anna"

    (tmp_path / "plan.txt").write_text("hello\n")
    mid = hers("mimei", "create", "--mark", "notes")["id"]
    hers("mimei", "put", "plan.txt", "notes")
    hers("mimei", "backup", "notes", "-m", "first")
    refused = own("mimei", "sync", mid, "--from", "anna", code=1)
    assert refused["error"]["code"] == "no-source"
    assert hers("mimei", "share", "notes", "ben")["accepted"] is False
    done = own("mimei", "sync", mid, "--from", "anna", "--follow")
    assert (done["versions"], done["last"], done["state"], done["shunned"]) == ([0], 0, "net-newer", [])
    assert run("mimei", "cat", f"{mid}@last:/plan.txt").out == "hello\n"
    assert own("mimei", "follow")["follows"][0]["id"] == mid
    (tmp_path / "plan.txt").write_text("another plan\n")
    hers("mimei", "put", "plan.txt", "notes:/plan.txt")
    hers("mimei", "backup", "notes", "-m", "second")
    seen = own("mimei", "compare", mid)
    assert seen["state"] == "net-newer"
    assert [(one["number"], one["where"], one["memo"]) for one in seen["versions"]] == [(1, "net", "second")]
    done = own("mimei", "sync", mid)
    assert done["versions"] == [1] and done["by_provider"] and done["twice_bytes"] == 0
    assert own("mimei", "sync", mid)["versions"] == []
    assert [hit["nodes"] for hit in own("mimei", "search", "plan", "--peers", "anna=2")["hits"]]

    mine = own("mimei", "create", "--mark", "mine")["id"]
    own("mimei", "put", "plan.txt", "mine")
    own("mimei", "backup", "mine")
    assert "leither key new" in str(own("mimei", "backup-to", "anna")["warnings"])
    assert own("key", "new", "--no-passphrase")["name"] == "owner"
    again = own("mimei", "backup-to", "anna")
    assert again["mimei"] == 2 and "warnings" not in again
    checked = own("mimei", "backup-to", "anna", "--check")
    assert checked["asked"] == checked["same"] > 0
    assert own("mimei", "backup-to")["backups"][0]["behind"] == 0
    assert hers("mimei", "backup-to")["held"][0]["peer"] == "ben"
    assert "blocks" in str(own("peer", "stat", "anna")["bytes"])

    # The computer is lost; what is left is the owner's key.
    key = own("key", "list")["keys"][0]
    lost = str(tmp_path / "home" / "keys" / "owner.key")
    assert key["name"] == "owner"
    monkeypatch.setenv("LEITHER_HOME", str(tmp_path / "new"))
    assert own("peer", "add", f"127.0.0.1:{own.port}", "--name", "anna", "--friend")["how"] == "dial"
    assert own("mimei", "restore-from", "anna", code=1)["error"]["code"] == "no-backup"
    back = own("mimei", "restore-from", "anna", "--key", lost)
    assert (back["mimei"], back["versions"], back["key"] is not None) == (2, 3, True)
    assert run("mimei", "cat", "mine@0:/plan.txt").out == "another plan\n"
    assert own("mimei", "backup", "mine", "-m", "on a new computer")["version"] == 1
    assert mine in [one["id"] for one in own("mimei", "ls", "--mine")["mimei"]]


def test_what_cannot_be_reached_or_is_not_there(both, run):
    own, hers = both
    assert own("peer", "ping", "127.0.0.1:1", code=4)["error"]["code"] == "unreachable"
    assert own("peer", "ping", "nobody", code=1)["error"]["code"] == "unknown-peer"
    assert own("peer", "accept", "K7QX-2MPA-9RTD", code=1)["error"]["code"] == "bad-code"
    assert own("mimei", "sync", "leither:mimei/x", code=1)["error"]["code"] == "bad-input"
    assert own("mimei", "publish", own("mimei", "create", "--mark", "notes")["id"], code=1)["error"]["code"] in ("no-network", "not-found")
    # Who is nobody on a node may ask it for nothing.
    assert run("peer", "list", "--node", both[0].home and hers("mimei", "stat")["where"]).code == 3


@pytest.fixture(scope="module")
def network():
    with Nodes([(f"127.33.{number + 1}.1",) for number in range(3)], requests_per_s=10_000) as nodes:
        yield nodes


def test_a_code_and_a_link_are_all_that_strangers_need(both, run, network, tmp_path, monkeypatch):
    own, _ = both
    door = "{}:{}".format(*network.addresses[0])
    assert run("dht", "join", door, "--json").code == 0
    mid = own("mimei", "create", "--mark", "notes")["id"]
    own("mimei", "backup", "notes")
    done = own("mimei", "publish", "notes")
    assert done["stored"] > 0 and done["is_private"] and done["link"].startswith(f"leither:mimei/{mid}/")
    command = [sys.executable, "-m", "leither_edge.cli", "peer", "invite", "--as", "anna", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    told = json.loads(process.stderr.readline())
    monkeypatch.setenv("LEITHER_HOME", str(tmp_path / "other"))
    assert run("dht", "join", door, "--json").code == 0
    assert own("peer", "accept", told["code"].lower(), "--as", "ben")["peer"]["name"] == "anna"
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and json.loads(out)["peer"]["name"] == "ben", err
    # Known by the pointer of its author; nobody answers there any more.
    found = own("mimei", "findprovs", done["link"], "--seconds", "2")
    assert [(one["name"], one["how"], one["answered"]) for one in found["providers"]] == [("anna", "author", False)]
    assert own("mimei", "publish", "notes", "--bootstrap", "127.0.0.1:1", code=1)["error"]["code"] == "not-found"


def test_a_car_file_is_a_source(both, run, tmp_path, monkeypatch):
    own, _ = both
    monkeypatch.chdir(tmp_path)
    mids = [own("mimei", "create", "--mark", mark)["id"] for mark in ("notes", "other")]
    for mid, name in zip(mids, ("notes.car", "other.car"), strict=True):
        own("mimei", "backup", mid)
        own("mimei", "export", "--all", mid, name)
    monkeypatch.setenv("LEITHER_HOME", str(tmp_path / "new"))
    found = own("mimei", "sync", mids[0], "--from", "notes.car", "--from", "other.car")
    assert (found["versions"], found["last"]) == ([0], 0) and "other.car" in found["warnings"][0]
    assert own("mimei", "sync", mids[0], "--from", "./notes.car")["versions"] == []


def test_names_are_completed(both, run):
    own, _ = both
    own("peer", "add", f"127.0.0.1:{own.port}", "--name", "anna")
    assert run("__complete", "bash", "leither peer ping a", "a").out == "anna\n"
    assert run("__complete", "bash", "leither mimei backup-to ", "").out == "anna\n"
    assert run("__complete", "bash", "leither mimei share notes ", "").out == "anna\n"
    assert "share\n" in run("__complete", "bash", "leither peer set anna --may ", "").out
