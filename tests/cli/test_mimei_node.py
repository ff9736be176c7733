"""``leither mimei --node``: the same commands on a running node."""

import json
import os
import random
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from leither_edge.cli import mimei_store
from tests.thread_server import in_thread


@contextmanager
def serving(folder, *words):
    """``leither mimei serve`` (or other words) with a home of its own; yields what it says."""
    environment = {**os.environ, "LEITHER_HOME": str(folder)}
    command = [sys.executable, "-m", "leither_edge.cli", "mimei", *words, "--json"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line and "error" not in json.loads(line), line or process.stderr.read()
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, "", "")


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("node"), "serve", "--open") as said:
        yield said


@pytest.fixture
def mimei(run, node):
    """Run ``leither mimei`` on the node."""

    def mimei(*words, code=0, stdin=""):
        ran = run("mimei", *words, "--node", node["address"], stdin=stdin)
        assert ran.code == code, (words, ran)
        return ran

    return mimei


def test_files_and_versions(mimei, notes, tmp_path):
    assert mimei("backup", "notes", "-m", "first").out == "✓ Version 0 of notes.\n"
    (tmp_path / "plan.txt").write_text("another plan\n")
    mimei("put", "plan.txt", f"{notes}:/a b/plän.txt")
    mimei("cp", "notes@0:/plan.txt", "notes:/then.txt")
    mimei("mv", "notes:/then.txt", "notes:/a b/")
    assert sorted(one["name"] for one in mimei("ls", "notes:/a b", "--json").json["entries"]) == ["plän.txt", "then.txt"]
    assert mimei("diff", "notes").out.startswith("+ a b/  ")
    assert mimei("cat", "notes@0:/plan.txt").out == "hello\n" and mimei("cat", "notes:/a b/plän.txt").out == "another plan\n"
    assert "first" in mimei("versions", "notes").out
    assert mimei("rm", "notes:/a b", code=1).err and mimei("rm", "-r", "notes:/a b").code == 0
    mimei("release", "notes@0")
    mimei("restore", "notes", "0")
    assert mimei("diff", "notes").out == ""
    forked = mimei("fork", "notes@last", "--mark", "mine").out.strip()
    assert mimei("stat", forked, "--json").json["ancestor"]
    found = mimei("stat", "notes", "--json").json
    assert (found["id"], found["versions"], found["release"], len(found["may"]) > 10) == (notes, 1, 0, True)
    assert len(mimei("ls", "--mine", "--json").json["mimei"]) == 2
    mimei("rm", "mine", "--yes")


def test_folders_both_ways(mimei, notes, tmp_path):
    folder = tmp_path / "site"
    (folder / "deep" / "empty").mkdir(parents=True)
    (folder / "deep" / "page").write_bytes(random.Random(5).randbytes(2_500_000))
    (folder / "index.html").write_text("<p>")
    mimei("put", "site", "notes")
    local = mimei("add", "--only-hash", "-Q", "site").out
    assert mimei("stat", "notes:/site", "--json").json["label"] == local.strip()
    assert mimei("get", "notes:/site", "back", "--json").json["bytes"] == 2_500_003
    assert (tmp_path / "back" / "deep" / "page").read_bytes() == (folder / "deep" / "page").read_bytes()
    assert (tmp_path / "back" / "deep" / "empty").is_dir()
    (folder / "index.html").unlink()
    mimei("put", "--force", "site", "notes:/site")
    assert [one["name"] for one in mimei("ls", "notes:/site", "--json").json["entries"]] == ["deep"]
    mimei("put", "--root", "site", "notes")
    assert [one["name"] for one in mimei("ls", "notes", "--json").json["entries"]] == ["deep"]


def test_labels(mimei, notes, tmp_path):
    label = mimei("add", "-q", "plan.txt").out.strip()
    assert label == "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"
    assert mimei("add", "-Q", "-", stdin="hello\n").out.strip() == label and mimei("cat", label).out == "hello\n"
    wrapped = mimei("add", "-Q", "--wrap", "plan.txt").out.strip()
    assert mimei("cat", f"{wrapped}/plan.txt").out == "hello\n"
    assert label in mimei("pin", "ls").out
    mimei("ref", "add", "notes", label)
    assert mimei("ref", "ls", "notes", "--json").json["references"] == {label: 1}
    mimei("ref", "rm", "notes", label)
    mimei("pin", "rm", label, wrapped)
    (tmp_path / "photos" / "more").mkdir(parents=True)
    (tmp_path / "photos" / "more" / "a").write_bytes(random.Random(6).randbytes(3_000_000))
    os.symlink("more/a", tmp_path / "photos" / "b")
    for profile in ("unixfs-v0-2015", "unixfs-v1-2025"):
        added = mimei("add", "-q", "--profile", profile, "photos").out.splitlines()
        assert len(added) == 4 and added[-1] == mimei("add", "-nQ", "--profile", profile, "photos").out.strip()
    assert mimei("stat", "--json").json["charged_bytes"] >= 0


def test_a_version_goes_from_node_to_computer(mimei, run, notes, tmp_path):
    mimei("backup", "notes", "-m", "one")
    mimei("put", "plan.txt", "notes:/more")
    mimei("backup", "notes", "-m", "two")
    mimei("export", "notes", "notes.car")
    ran = run("mimei", "import", "notes.car", "--json")
    assert ran.code == 0 and ran.json["id"] == notes and ran.json["versions"] == [1]
    assert run("mimei", "cat", f"{notes}@1:/more").out == "hello\n"
    assert "nothing new" in mimei("import", "notes.car").out
    label = run("mimei", "add", "-Q", "plan.txt").out.strip()
    assert run("mimei", "export", label, "plan.car").code == 0
    assert mimei("import", "plan.car").out == f"{label}\n" and label in mimei("pin", "ls").out
    (tmp_path / "lie.car").write_bytes((tmp_path / "plan.car").read_bytes()[:-1] + b"!")
    assert mimei("import", "lie.car", code=1).err
    assert mimei("gc", code=1).err and mimei("fsck", code=1).err


def test_databases_and_streams(mimei):
    mimei("create", "--type", "database", "--mark", "scores")
    typed = 'SET a "x\\x00"\nGET a\nTYPE a\nZADD best 7 anna 8.5 ben\nZRANGE best 0 -1 WITHSCORES\n'
    typed += "HSET h f v g w\nHGETALL h\nGET\nGET no\nINCR h\n"
    here = mimei("db", "scores", "--no-raw", stdin=typed, code=1).out.splitlines()
    assert here == [
        "OK", '"x\\x00"', "string", "(integer) 2", '1) "anna"', '2) "7"', '3) "ben"', '4) "8.5"', "(integer) 2", '1) "f"', '2) "v"',
        '3) "g"', '4) "w"', "(error) ERR wrong number of arguments for 'get' command", "(nil)",
        "(error) WRONGTYPE Operation against a key holding the wrong kind of value",
    ]  # fmt: skip
    mimei("backup", "scores")
    mimei("db", "scores", "HSET", "h", "f", "other")
    assert mimei("diff", "scores").out == '~ "h" "f" (hash)  "v" -> "other"\n'
    assert mimei("db", "scores@0", "HGET", "h", "f").out == "v\n"
    assert mimei("stat", "scores", "--json").json["keys"] == 3
    # More than a node tells at once.
    mimei("db", "scores", "MSET", *(word for number in range(1100) for word in (f"k{number:04}", "v")))
    lines = mimei("diff", "scores").out.splitlines()
    assert len(lines) == len(set(lines)) == 1101 and '+ "k1099" (string)  "v"' in lines
    mimei("create", "--type", "stream", "--mark", "log")
    mimei("put", "--lines", "-", "log", stdin="one\ntwo\n")
    assert mimei("cat", "log").out == "one\ntwo\n" and mimei("stat", "log", "--json").json["records"] == 2


def test_rights_tags_and_search(mimei, run, node, notes):
    mimei("backup", "notes")
    mimei("tag", "notes", "travel")
    assert mimei("search", "#travel", "--json").json["hits"][0]["id"] == notes
    mimei("rights", "notes", "guest", "public")
    assert mimei("rights", "notes", "--json").json["roles"]["guest"]["rights"] == ["see", "read-release", "list", "fork"]
    other = run("mimei", "put", "plan.txt", f"{notes}:/x", "--node", node["address"], "--key", stranger(run))
    assert other.code == 3 and "may not" in other.err


def stranger(run):
    """The name of another key."""
    assert run("key", "new", "--name", "stranger", "--no-passphrase", "--json").code == 0
    return "stranger"


def test_users_have_names_and_passwords(mimei, run, node, monkeypatch, tmp_path):
    import urllib.request

    message = {"jsonrpc": "2.0", "id": 1, "method": "Register", "params": ["anna", "a long password"]}
    request = urllib.request.Request(f"{node['address']}/rpc", json.dumps(message).encode(), {"Content-Type": "application/json"})
    assert "result" in json.load(urllib.request.urlopen(request))
    monkeypatch.setenv("LEITHER_PASSWORD", "a long password")
    assert mimei("create", "--user", "anna", "--mark", "hers").code == 0
    assert mimei("backup", "--user", "anna", "hers").code == 0
    monkeypatch.setenv("LEITHER_PASSWORD", "another password")
    assert "wrong" in mimei("ls", "--user", "anna", code=3).err
    monkeypatch.delenv("LEITHER_PASSWORD")
    assert "LEITHER_PASSWORD" in mimei("ls", "--user", "anna", code=2).err


def test_what_is_in_use_or_is_no_node_is_named(run, tmp_path, node):
    folder = tmp_path / "own"
    with serving(folder, "serve") as said:
        # The store's own key is let in, and nobody else.
        assert run("mimei", "create", "--mark", "a", "--node", said["address"], "--home", folder).code == 0
        # The same without the address: who serves the store does what is asked of it.
        ran = run("mimei", "ls", "--home", folder, "--json")
        assert ran.code == 0 and [found["mark"] for found in ran.json["mimei"]] == ["a"]
        ran = run("mimei", "gc", "--home", folder)
        assert ran.code == 1 and "running node" in ran.err
        ran = run("mimei", "create", "--node", said["address"])
        assert ran.code == 3 and "let you in" in ran.err + ran.out
    assert run("mimei", "ls", "--node", "127.0.0.1:1").code == 4
    assert run("mimei", "ls", "--node", node["address"], "--store", tmp_path).code == 2


def test_a_database_for_redis_clients(run, tmp_path, monkeypatch):
    redis = pytest.importorskip("redis")
    assert run("mimei", "create", "--type", "database", "--mark", "scores").code == 0
    with serving(tmp_path / "home", "db", "scores", "--serve") as said:
        client = redis.Redis(said["host"], said["port"], password=said["password"])
        with monkeypatch.context() as patch:
            patch.setattr(mimei_store, "IN_USE_S", 0)
            ran = run("mimei", "ls", "--json")
        assert ran.code == 1 and ran.json["error"]["code"] == "in-use" and "db scores" in ran.json["error"]["message"]
        assert client.zadd("best", {"anna": 7}) == 1 and client.execute_command("LEITHER.BACKUP", "from a client") == 0
        once = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(said["host"], said["port"], retry=once).get("best")
        client.close()
    assert run("mimei", "db", "scores@0", "ZSCORE", "best", "anna").out == "7\n"
    assert run("mimei", "versions", "scores", "--json").json["versions"][0]["memo"] == "from a client"


def test_no_node_gets_another_thing_signed_than_a_version():
    from leither_edge.cli.failure import UntrustedError
    from leither_edge.cli.mimei_sign_in import checked_manifest
    from leither_edge.core import cose
    from leither_edge.core.ids import key_id
    from leither_edge.crypto.key_pair import KeyPair
    from leither_edge.mimei import info, manifest
    from leither_edge.mimei.ipld import cid as cids

    key = KeyPair(b"k" * 32)
    mid = info.mid_of(key.id, "", "", "m")
    found = manifest.Manifest(key.public_key, mid, 0, 2, cids.of(cids.RAW, b""), None, None, 1, "", None, "", "", "m")
    message = manifest.to_be_signed(found)
    assert checked_manifest(message, mid, key.public_key) == found
    other = cose.to_be_signed1(b"\xa0", cose.CT_COMMAND, key_id(key.public_key))
    for wrong in (other, message[:-1], message + b"\0", b"", b"\x84" * 40, manifest.to_be_signed(found._replace(mark="n"))):
        with pytest.raises(UntrustedError):
            checked_manifest(wrong, mid, key.public_key)
    with pytest.raises(UntrustedError):
        checked_manifest(message, bytes(20), key.public_key)


@pytest.mark.parametrize(
    "answer", [b"<p>hello", b"[]", b'{"jsonrpc":"2.0","id":1,"result":[]}', b'{"jsonrpc":"2.0","id":1,"result":{"node":"x"}}']
)
def test_what_makes_no_sense_is_no_node(run, answer):
    with answering(answer) as address:
        ran = run("mimei", "ls", "--node", address, "--json")
    assert ran.code == 1 and ran.json["error"]["code"] == "not-a-node"


def test_a_node_that_breaks_off_is_named(run):
    with answering(None) as address:
        ran = run("mimei", "ls", "--node", address)
    assert ran.code == 4 and "broke off" in ran.err


@contextmanager
def answering(body):
    """An HTTP server with one answer to everything, or none."""
    from http.server import BaseHTTPRequestHandler

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            if body is not None:
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with in_thread(Handler) as port:
        yield f"127.0.0.1:{port}"


def test_blocks_are_made_as_they_are_asked_for():
    from leither_edge.cli.mimei_blocks import AHEAD, made

    put = []

    def build(blocks):
        for number in range(100):
            put.append(number)
            blocks.put(bytes([number]), b"x")
        raise ValueError("the end")

    found = made(build)
    assert next(found) == (b"\0", b"x") and len(put) <= AHEAD + 3
    found.close()
    assert len(put) < 100
    with pytest.raises(ValueError, match="the end"):
        list(made(build))
