"""``leither name`` against a small network of our own nodes."""

import json

import pytest

from leither_edge.crypto import sodium
from leither_edge.dht.item import make_mutable
from leither_edge.names.packet import from_bytes, write_value
from leither_edge.names.z_base_32 import key_to_name
from tests.dht_nodes import Nodes
from tests.names.fakes import key_pair, record, signed, under

NODES = 4
ANNA = key_pair(7)
ANNAS_NAME = key_to_name(ANNA.public_key)


@pytest.fixture(scope="module")
def nodes():
    with Nodes([(f"127.32.{number + 1}.1",) for number in range(NODES)], requests_per_s=10_000) as nodes:
        yield nodes


@pytest.fixture
def joined(run, nodes):
    """``leither`` in a home that knows the network and has an owner key."""
    host, port = nodes.addresses[0]
    assert run("dht", "join", f"{host}:{port}", "--json").code == 0
    assert run("key", "new", "--json").code == 0
    return run


@pytest.fixture
def joined_device(run, nodes):
    """``leither`` in a home that knows the network, and what its other fixtures made."""
    host, port = nodes.addresses[0]
    assert run("dht", "join", f"{host}:{port}", "--json").code == 0
    return run


@pytest.fixture
def anna(nodes):
    """Somebody who publishes from elsewhere."""
    key = ANNA.public_key
    records = [record(key, "", "A", b"\xc0\0\2\1"), record(key, "www", "CNAME", under(key))]
    item = signed(ANNA, records, 5_000_000)
    nodes.ask("put_mutable", item, node=1)
    return item


def test_records_are_published_and_found(joined, tmp_path):
    out = tmp_path / "signed.packet"
    done = joined("name", "publish", "@ A 192.0.2.7", "www 60 CNAME @", "--out", out, "--json")
    assert done.code == 0, done.err
    assert done.json["stored"] >= 1 and done.json["is_new"] and len(done.json["name"]) == 52
    found = joined("name", "resolve", done.json["name"], "--json").json
    assert [(r["name"], r["ttl"], r["type"]) for r in found["records"]] == [("@", 300, "A"), ("www", 60, "CNAME")]
    assert found["sequence"] == done.json["sequence"] and found["signed"]
    assert from_bytes(out.read_bytes(), sodium.verify).seq == found["sequence"]
    page = joined("name", "resolve", "owner")
    assert page.code == 0 and "192.0.2.7" in page.out and "Signed" in page.out and "asked" in page.err


def test_one_name_and_one_type(joined, anna):
    assert joined("name", "pet", "add", "Anna", ANNAS_NAME).code == 0
    found = joined("name", "resolve", "www.anna", "A", "--json").json
    assert [(r["name"], r["type"], r["data"]) for r in found["records"]] == [("www", "CNAME", f"{ANNAS_NAME}."), ("@", "A", "192.0.2.1")]
    assert found["pet"] == "anna"
    ran = joined("name", "resolve", "anna", "TXT", "--json")
    assert ran.code == 1 and ran.json["error"]["code"] == "no-data"
    ran = joined("name", "resolve", "none.anna", "--json")
    assert ran.code == 1 and ran.json["error"]["code"] == "no-name"
    assert joined("name", "resolve", f"https://user@www.{ANNAS_NAME}:8080/page?x#y", "--json").json["records"][0]["name"] == "www"
    assert joined("name", "resolve", f"pk:{ANNAS_NAME}", "--json").json["records"][0]["data"] == "192.0.2.1"


def test_an_alias_leads_from_key_to_key(joined, anna):
    assert joined("name", "publish", f"friend CNAME www.{ANNAS_NAME}.", "abroad CNAME www.example.com.").code == 0
    found = joined("name", "resolve", "friend.owner", "A", "--json").json
    assert [r["type"] for r in found["records"]] == ["CNAME", "CNAME", "A"] and found["alias_of"] is None
    assert joined("name", "resolve", "abroad.owner", "A", "--json").json["alias_of"] == "www.example.com."
    assert "ordinary name" in joined("name", "resolve", "abroad.owner", "A").err


def test_adding_keeps_the_rest(joined, tmp_path):
    joined("name", "publish", "@ A 192.0.2.7", "www TXT one", "www A 192.0.2.8")
    done = joined("name", "publish", "--add", "www TXT two", "new A 192.0.2.9", "--json").json
    lines = {f"{r['name']} {r['type']} {r['data']}" for r in done["records"]}
    assert lines == {"@ A 192.0.2.7", 'www TXT "two"', "www A 192.0.2.8", "new A 192.0.2.9"}
    zone = tmp_path / "zone"
    zone.write_text("$TTL 90\n@ A 192.0.2.1\n  AAAA ::1 ; the same name\n")
    done = joined("name", "publish", "--zone", zone, "--json").json
    assert [(r["ttl"], r["type"]) for r in done["records"]] == [(90, "A"), (90, "AAAA")]
    done = joined("name", "publish", "--nothing", "--json").json
    assert done["records"] == [] and joined("name", "resolve", "owner", "--json").json["records"] == []


def test_renewing_needs_no_passphrase_and_no_new_signature(joined, nodes, monkeypatch):
    first = joined("name", "publish", "@ A 192.0.2.7", "--json").json
    monkeypatch.delenv("LEITHER_PASSPHRASE")
    again = joined("name", "publish", "--json").json
    assert not again["is_new"] and again["sequence"] == first["sequence"] and again["stored"] >= 1
    assert "Renewed at" in joined("name", "publish").out


def test_what_was_published_here_is_renewed_though_the_network_forgot(joined, nodes, tmp_path):
    first = joined("name", "publish", "@ A 192.0.2.7", "--json").json
    with Nodes([("127.32.9.1",), ("127.32.10.1",)]) as others:
        host, port = others.addresses[0]
        again = joined("name", "publish", "--bootstrap", f"{host}:{port}", "--json").json
        assert again["sequence"] == first["sequence"]
        # A later one is signed with a later number, also where nobody remembers the first.
        later = joined("name", "publish", "@ A 192.0.2.8", "--bootstrap", f"{host}:{port}", "--json").json
        assert later["sequence"] > first["sequence"]


def test_a_packet_signed_in_the_future_is_overtaken_and_told(joined, nodes):
    from leither_edge.cli.book import Book
    from leither_edge.cli.home import Home
    from leither_edge.cli.keyring import find_key, unlock
    from leither_edge.cli.output import Output

    signer = unlock(find_key(Book(Home()), None), Output(as_json=True))
    future = make_mutable(write_value(signer.public_key, []), signer.public_key, b"", 1 << 60, signer.sign)
    nodes.ask("put_mutable", future, node=1)
    done = joined("name", "publish", "@ A 192.0.2.7", "--json").json
    assert done["sequence"] == (1 << 60) + 1 and "days in the future" in done["warnings"][0]
    assert joined("name", "resolve", "owner", "--json").json["records"]


def test_nothing_there_and_nothing_to_renew(joined):
    ran = joined("name", "publish", "--json")
    assert ran.code == 1 and ran.json["error"]["code"] == "not-found"
    ran = joined("name", "resolve", "owner", "--json")
    assert ran.code == 1 and ran.json["error"]["code"] == "not-found" and ran.json["answered"] >= 1
    assert "Nothing is published" in joined("name", "resolve", "owner").err


def test_what_is_no_packet_of_records(joined, nodes):
    other = key_pair(8)
    nodes.ask("put_mutable", make_mutable(b"5:hello", other.public_key, b"", 1, other.sign), node=1)
    ran = joined("name", "resolve", key_to_name(other.public_key), "--json")
    assert ran.code == 1 and ran.json["error"]["code"] == "no-packet"


def test_too_much_for_a_packet(joined):
    ran = joined("name", "publish", *[f"n{number} TXT {'x' * 200}" for number in range(5)], "--json")
    assert ran.code == 1 and ran.json["error"]["code"] == "bad-size" and "996" in ran.json["error"]["why"]


@pytest.mark.parametrize(
    "words",
    [
        ["publish", "www A 300.0.0.1"], ["publish", "x.com. A 192.0.2.1"], ["publish", "--add"], ["publish", "--nothing", "@ A 192.0.2.1"],
        ["publish", "@ A 192.0.2.1", "--ttl", "-1"], ["publish", "@ A 192.0.2.1", "--key", "nobody"], ["resolve", "nobody"],
        ["resolve", "www.nobody"], ["pet", "remove", "nobody"], ["pet", "add", "a.b", ANNAS_NAME], ["pet", "add", "anna", "nobody"],
        ["pet", "add", "anna", f"www.{ANNAS_NAME}"], ["pet", "add", "owner", ANNAS_NAME], ["pet", "add", "x" * 33, ANNAS_NAME],
        ["show", "nobody"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_words_end_with_what_would_be_right(run, words):
    assert run("key", "new", "--json").code == 0
    ran = run("name", *words)
    assert ran.code == 2 and len(ran.err.splitlines()) > 1


def test_a_device_renews_what_was_published(owned, joined_device, tmp_path):
    run, out = joined_device, tmp_path / "signed.packet"
    ran = run("remote", "attic", "name", "keep")
    assert ran.code == 2 and "leither name publish" in ran.err
    done = run("name", "publish", "@ A 192.0.2.7", "--out", out, "--json").json
    assert "stored it at 8 nodes" in run("remote", "attic", "name", "keep").out
    (packet,) = owned.packets.values()
    assert from_bytes(packet, sodium.verify).seq == done["sequence"] and out.read_bytes() == packet
    assert run("remote", "attic", "name", "forget", "owner", "--json").json["result"] == {"kept": True}
    assert "did not renew" in run("remote", "attic", "name", "forget", done["name"]).out
    assert run("remote", "attic", "name", "keep", out).code == 0
    out.write_bytes(packet[:-1])
    assert run("remote", "attic", "name", "keep", out).code == 2


def test_pet_names(run):
    assert "no pet names" in run("name", "pet", "list").out
    added = run("name", "pet", "add", "ÄNNA", f"pk:{ANNAS_NAME}", "--json").json
    assert added == {"pet": "änna", "name": ANNAS_NAME, "replaced": None}
    assert run("name", "pet", "list", "--json").json == {"pets": [{"pet": "änna", "name": ANNAS_NAME}]}
    other = key_to_name(key_pair(3).public_key)
    ran = run("name", "pet", "add", "änna", other)
    assert ran.code == 2 and "--replace" in ran.err
    assert run("name", "pet", "add", "änna", other, "--replace", "--json").json["replaced"] == ANNAS_NAME
    assert run("name", "show", "änna", "--json").json["name"] == other
    assert run("name", "pet", "remove", "Änna").code == 0
    assert run("name", "pet", "list", "--json").json == {"pets": []}


def test_the_name_of_a_key(run):
    assert run("key", "new", "--json").code == 0
    shown = run("name", "show", "--json").json
    assert shown["url"] == f"pk:{shown['name']}" and shown["called"] == "owner"
    assert run("name", "show", shown["public_key"], "--json").json["name"] == shown["name"]
    assert shown["name"] in run("name", "show").out


def test_damage_is_told(run, tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    for content in ({"version": 1, "pets": {"anna": "short"}}, {"version": 1, "pets": []}, {"version": 9}):
        (home / "names.json").write_text(json.dumps(content))
        ran = run("name", "pet", "list")
        assert ran.code == 1 and "names.json" in ran.err


def test_tab(run, capsys, monkeypatch):
    from leither_edge.cli.completion import candidates

    run("key", "new", "--json")
    run("name", "pet", "add", "anna", ANNAS_NAME)
    assert [word for word, _ in candidates(["name", "resolve"], "")] == ["anna", "owner"]
    assert [word for word, _ in candidates(["name", "pet", "remove"], "")] == ["anna"]
    assert [word for word, _ in candidates(["name"], "")] == ["pet", "publish", "resolve", "show"]
    assert [word for word, _ in candidates(["name", "publish", "--key"], "")] == ["owner"]
