"""``leither dht`` against a small network of our own nodes."""

import functools
import json
import signal
import socket
import subprocess
import sys

import pytest

from leither_edge.cli.dht_network import add_network_options, told_by
from leither_edge.cli.failure import UsageError
from leither_edge.cli.parser import Parser
from leither_edge.core.ids import public_key_to_text
from leither_edge.names import z_base_32
from tests.dht_nodes import Nodes

CLOSED = "00112233aabbccdd"
NODES = 4


@pytest.fixture(scope="module")
def nodes():
    # A test asks more at once than the nodes would take of one address.
    with Nodes([(f"127.31.{number + 1}.1",) for number in range(NODES)], requests_per_s=10_000) as nodes:
        yield nodes


@pytest.fixture
def joined(run, nodes):
    """``leither`` in a home that knows the network."""
    host, port = nodes.addresses[0]
    ran = run("dht", "join", f"{host}:{port}", "--json")
    assert ran.code == 0, ran.out
    return run


@pytest.fixture
def owner(joined):
    """The public key of an owner key."""
    assert joined("key", "new", "--json").code == 0
    from leither_edge.core.ids import public_key_from_text

    return public_key_from_text(joined("key", "show", "--json").json["public_key"])


def test_nothing_is_asked_before_a_network_is_named(run):
    ran = run("dht", "get", "ab" * 20)
    assert ran.code == 1
    assert "has joined no network" in ran.err and "leither dht join HOST:PORT" in ran.err


def test_a_network_is_joined_once_it_has_answered(joined, nodes, tmp_path):
    host, port = nodes.addresses[0]
    kept = json.loads((tmp_path / "home" / "dht.json").read_text())
    assert kept == {"bootstrap": [f"{host}:{port}"], "lan": False, "mainline": False, "network": None}
    seen = joined("dht", "stat", "--json").json
    assert seen["contacts"] >= 1 and seen["bootstrap"] == [f"{host}:{port}"] and seen["met_before"] >= 1
    page = joined("dht", "stat")
    assert page.code == 0 and "The public network" in page.out and "Nodes known here" in page.out


def test_what_does_not_answer_is_not_remembered(run, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        ran = run("dht", "join", f"127.0.0.1:{silent.getsockname()[1]}", "--timeout", "2")
    assert ran.code == 4 and "No node" in ran.err
    assert not (tmp_path / "home" / "dht.json").exists()


def test_ctrl_c_stops_it_at_once(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.settimeout(30)
        words = [sys.executable, "-m", "leither_edge.cli", "dht", "stat", "--bootstrap", f"127.0.0.1:{silent.getsockname()[1]}"]
        # A shell has what it starts in the background ignore Ctrl-C, these tests among it.
        heeding = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heeding)
        silent.recv(2048)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "✗ Stopped.\n")


def test_a_closed_network_is_another_one(joined, nodes):
    host, port = nodes.addresses[0]
    ran = joined("dht", "stat", "--network", CLOSED, "--timeout", "2", "--json")
    assert ran.code == 4 or ran.json["contacts"] == 0
    assert joined("dht", "stat", "--network", "public", "--json").json["contacts"] >= 1


def test_a_value_is_found_by_its_hash(joined):
    put = joined("dht", "put", "hello world", "--json").json
    assert put["stored"] >= 1 and put["target"] == "6d33adc2b6b2c14c3036feefb7fedbca1a880527"
    got = joined("dht", "get", put["target"], "--json").json
    assert got["value"] == "hello world" and bytes.fromhex(got["value_hex"]) == b"11:hello world"
    assert joined("dht", "get", put["target"]).out == "hello world\n"
    assert {"host", "port", "id", "outcome", "code", "text", "ms"} == set(got["nodes"][0])


def test_what_was_stored_is_said_node_by_node(joined):
    ran = joined("dht", "put", "node by node", "--nodes")
    assert "✓ Stored at" in ran.out and "RESULT" in ran.out and " stored " in ran.out and "leither dht get" in ran.out
    assert "asked" in ran.err and "hop" in ran.err


def test_files_and_structures(joined, tmp_path):
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_bytes(bytes(range(256)))
    put = joined("dht", "put", "--file", source, "--json").json
    assert joined("dht", "get", put["target"], "--out", copy).code == 0
    assert copy.read_bytes() == source.read_bytes()
    put = joined("dht", "put", "--bencoded", "li7e4:texte", "--json").json
    assert joined("dht", "get", put["target"], "--json").json["value"] == [7, "text"]
    assert joined("dht", "put", "--bencoded", "li7e", "--json").json["error"]["code"] == "bencode"
    source.write_bytes(bytes(998))
    assert joined("dht", "put", "--file", source, "--json").json["error"]["code"] == "too-big"


def test_a_signed_value_is_replaced(joined, owner):
    first = joined("dht", "put", "v1", "--key", "owner", "--salt", "hours", "--json").json
    assert first["seq"] == 1 and first["key"] == public_key_to_text(owner)
    assert joined("dht", "put", "v2", "--key", "owner", "--salt", "hours", "--json").json["seq"] == 2
    for name in ("owner", public_key_to_text(owner), owner.hex(), z_base_32.encode(owner)):
        got = joined("dht", "get", name, "--salt", "hours", "--json").json
        assert (got["value"], got["seq"]) == ("v2", 2)
    assert joined("dht", "put", "v3", "--key", "owner", "--salt", "hours", "--cas", "2").code == 0


@pytest.mark.parametrize("option, code", [("--seq", 302), ("--cas", 301)])
def test_a_refusal_is_told_in_the_nodes_own_words(joined, owner, option, code):
    assert joined("dht", "put", "new", "--key", "owner", "--seq", "9").code == 0
    ran = joined("dht", "put", "old", "--key", "owner", option, "3", "--json")
    assert ran.code == 3 and ran.json["error"]["code"] == f"refused-{code}" and str(code) in ran.json["error"]["why"]
    assert {node["outcome"] for node in ran.json["nodes"]} & {"refused"}
    assert joined("dht", "get", "owner", "--json").json["value"] == "new"


def test_what_nobody_has_is_said_so(joined):
    ran = joined("dht", "get", "00" * 20)
    assert ran.code == 1 and "Nobody has it" in ran.err and "asked" in ran.err


def test_providers_are_found_by_tag_and_by_hash(joined):
    said = joined("dht", "announce", "--tag", "music", "--port", "8040", "--json").json
    assert said["target"] == "960d3835a2974df63a0c774f1cae4c9e03eb7ff5" and said["stored"] >= 1
    assert 8040 in [peer["port"] for peer in joined("dht", "peers", said["target"], "--json").json["peers"]]
    assert ":8040" in joined("dht", "peers", "--tag", "music").out
    assert "Nobody has announced" in joined("dht", "peers", "--tag", "silence").out


def test_the_closest_nodes_are_listed(joined, nodes):
    found = joined("dht", "lookup", "00" * 20, "--json").json
    ids = {dht.stat()["ipv4"]["id"] for dht in nodes.dhts}
    assert {node["id"] for node in found["closest"]} <= ids and found["closest"]
    assert "SHARED BITS" in joined("dht", "lookup", "00" * 20).out


@pytest.mark.parametrize(
    "words",
    [
        ["put"], ["put", "x", "--salt", "s"], ["put", "x", "--key", "nobody"], ["get", "zz"], ["get", "ab" * 20, "--salt", "s"],
        ["announce", "ab" * 20], ["announce", "--port", "1"], ["peers", "ab"], ["peers", "ab" * 20, "--tag", "x"], ["join"],
        ["join", "1.2.3.4"], ["join", "::1:5"], ["join", "h:0"], ["stat", "--network", "12"], ["put", "x", "--seq", "-1"],
        ["stat", "--network", CLOSED, "--mainline"], ["get", "owner", "--salt", "hex:0"], ["get", "owner", "--salt", "s" * 65],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_words_end_with_what_would_be_right(run, words):
    ran = run("dht", *words)
    assert ran.code == 2 and len(ran.err.splitlines()) > 1


def test_leaving_forgets(joined):
    assert joined("dht", "leave").code == 0
    assert joined("dht", "stat").code == 1
    assert joined("dht", "leave", "--json").json == {"left": False}


def test_damage_is_told(run, tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "dht.json").write_text('{"network": "zz", "bootstrap": []}')
    ran = run("dht", "stat")
    assert ran.code == 1 and "damaged" in ran.err
    # What is only a cache never stands in the way.
    (home / "dht.json").unlink()
    (home / "dht-met.json").write_text("no json")
    assert "joined no network" in run("dht", "stat").err


def told_network(*words):
    """The Network that a command line names."""
    return told_by(add_network_options(Parser(prog="leither")).parse_args(words))


def test_the_network_of_the_house_is_that_of_its_devices():
    from appliance.device.kept_dht import LAN

    assert told_network("--lan") == (LAN, [], False, True)
    # Beside a closed network only those of its nodes are meant that are here.
    assert told_network("--lan", "--network", CLOSED) == (bytes.fromhex(CLOSED), [], False, True)
    assert told_network("--mainline", "--bootstrap", "[::1]:8041") == (b"", [("::1", 8041)], True, False)
    assert told_network() is None
    with pytest.raises(UsageError):
        told_network("--lan", "--mainline")
