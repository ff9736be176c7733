"""``leither mimei serve --peers``: a served store with channels, asked by a node that lives as long as one command."""

import contextlib
import json
import os
import subprocess
import sys

from tests.device_process import ROOT

END_S = 20


@contextlib.contextmanager
def served(home, *words):
    """What a served store says of itself."""
    command = [sys.executable, "-m", "leither_edge.cli", "mimei", "serve", *words, "--json"]
    environment = {**os.environ, "LEITHER_HOME": str(home)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield json.loads(line)
    finally:
        process.terminate()
        assert process.wait(END_S) == 0
        process.stdout.close()
        process.stderr.close()


def test_a_served_store_has_channels(run, tmp_path):
    with served(tmp_path / "ben", "--peers", "--peer-port", "0", "--name", "Ben's") as said:
        port, key = said["peers"]["port"], said["peers"]["public_key"]
        ran = run("peer", "add", f"127.0.0.1:{port}", "--name", "ben", "--json")
        assert ran.code == 0 and ran.json["key"] == key, ran.out
        ran = run("peer", "ping", "ben", "-c", "1", "--json")
        assert ran.code == 0 and ran.json["address"] == f"127.0.0.1:{port}", ran.out
    ran = run("peer", "ping", "ben", "-c", "1", "--json")
    assert ran.code == 4, ran.out


def test_what_belongs_to_channels_needs_them(run):
    for words in (("--offer-tunnel",), ("--name", "x")):
        ran = run("mimei", "serve", *words)
        assert ran.code == 2 and "Add --peers" in ran.err


def test_a_served_store_is_as_mortal_as_its_computer(run, tmp_path, monkeypatch):
    words = ("--peers", "--peer-port", "0")
    with served(tmp_path / "ben", *words) as ben, served(tmp_path / "home", *words) as own:
        place = ben["peers"]["public_key"], f"127.0.0.1:{ben['peers']['port']}"
        assert run("peer", "add", *place, "--name", "ben", "--friend").code == 0
        with monkeypatch.context() as bens:
            bens.setenv("LEITHER_HOME", str(tmp_path / "ben"))
            assert run("peer", "add", own["peers"]["public_key"], "--friend").code == 0
        ran = run("mimei", "backup-to", "ben")
        assert ran.code == 0 and "Only this store's own key opens it" in ran.err, ran.err
        assert run("key", "new").code == 0
        ran = run("mimei", "restore-from", "ben", "--key", "owner", "--json")
        assert ran.code == 1 and ran.json["error"]["code"] == "in-use", ran.out
        # What was made since this process began opens it, too.
        assert run("mimei", "create", "--mark", "notes").code == 0 and run("mimei", "backup", "notes").code == 0
        assert run("mimei", "share", "notes", "ben").code == 0
        ran = run("mimei", "backup-to", "ben")
        assert ran.code == 0 and "Only this store's own key" not in ran.err, ran.err
        (tmp_path / "home" / "mimei").rename(tmp_path / "lost")
        assert run("peer", "add", *place, "--name", "ben", "--friend").code == 0
        found = run("mimei", "restore-from", "ben", "--key", "owner", "--of", own["peers"]["id"], "--json")
        assert found.code == 0 and found.json["mimei"] == 1 and found.json["key"] == own["peers"]["id"], found.out
        # It goes on where it was: friends, and what is shared with them.
        shared = run("mimei", "share", "--json").json["shared"]
        assert [(one["peer"], one["state"]) for one in shared] == [("ben", "accepted")]
