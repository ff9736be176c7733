"""Our nodes and libtorrent's sessions in one private network: each puts, gets, updates and announces to the other.

Every node has a loopback address in a /24 of its own, so that libtorrent's and our own rules on addresses and rates stay as they
ship. A small network of both kinds, in which every node keeps everything, so that each side meets the other in every operation.
"""

import hashlib

import pytest

from leither_edge.crypto import sodium
from leither_edge.dht import DhtError
from leither_edge.dht.bencode import decode, encode
from leither_edge.dht.item import immutable_target, make_mutable
from tests.dht_nodes import Nodes
from tests.interop.libtorrent_process import Libtorrent

pytestmark = pytest.mark.interop
OURS, THEIRS = 3, 3
WAIT_S = 20
SALT = b"salt"


class Both:
    """The network. ours: Nodes; theirs: {session: (host, port)}; do: a task of libtorrent's."""

    def __init__(self, libtorrent, ours, theirs):
        self.do, self.ours, self.theirs = libtorrent.do, ours, theirs

    def ask(self, name, *args, **kwargs):
        return self.ours.ask(name, *args, **kwargs)

    def do_all(self, task, **arguments):
        return [self.do(task, session=session, seconds=WAIT_S, **arguments) for session in self.theirs]


def meet(libtorrent, places_ours, places_theirs):
    """Start a network of both kinds that know each other."""
    theirs = {}
    for place in places_theirs:
        session, port = libtorrent.session(place, doors=list(theirs.values()))
        theirs[session] = (place, port)
    return theirs, Nodes([(place,) for place in places_ours], bootstrap=list(theirs.values()))


@pytest.fixture(scope="module")
def libtorrent():
    with Libtorrent() as process:
        yield process


@pytest.fixture(params=[4, 6], ids=["IPv4", "IPv6"])
def both(request, libtorrent):
    """A fresh network for each test: libtorrent shuts out an address that sends 50 packets in ten seconds, and over IPv6 all share one."""
    if request.param == 4:
        places = [f"127.41.{number}.1" for number in range(1, OURS + 1)], [f"127.42.{number}.1" for number in range(1, THEIRS + 1)]
    else:
        # There is one loopback address of IPv6 only, so one node a table: two of them it is.
        places = ["::1"], ["::1"]
    theirs, nodes = meet(libtorrent, *places)
    with nodes:
        # libtorrent asks only whom it was told of or has heard.
        for session in theirs:
            for host, port in nodes.addresses:
                libtorrent.do("add_node", session=session, host=host, port=port)
            assert not libtorrent.do("wait_nodes", session=session, least=len(places[0]), seconds=WAIT_S)["late"]
        yield Both(libtorrent, nodes, theirs)
        for session in theirs:
            libtorrent.do("close_session", session=session)


class Author:
    """A key that signs items."""

    def __init__(self, name):
        self.seed = hashlib.sha256(name.encode()).digest()
        self.public_key, self.secret = sodium.keypair_from_seed(self.seed)

    def item(self, value, seq, salt=SALT):
        return make_mutable(encode(value), self.public_key, salt, seq, lambda message: sodium.sign(message, self.secret))


@pytest.fixture
def author(request):
    return Author(request.node.name)


def test_they_find_what_we_put(both):
    report = both.ask("put_immutable", encode(b"from us"))
    assert report.stored >= len(both.theirs)
    for found in both.do_all("get_immutable", target=report.target.hex()):
        assert bytes.fromhex(found["value"]) == b"from us"


def test_we_find_what_they_put(both):
    done = both.do("put_immutable", session=next(iter(both.theirs)), value=b"from them".hex(), seconds=WAIT_S)
    assert done["stored"] >= 1 and bytes.fromhex(done["target"]) == immutable_target(encode(b"from them"))
    for node in range(len(both.ours.dhts)):
        assert both.ask("get_immutable", bytes.fromhex(done["target"]), node=node).value == encode(b"from them")


def test_structures_pass_unchanged(both):
    value = encode({b"list": [1, -2, b"\xff"], b"text": b"x" * 900})
    report = both.ask("put_immutable", value)
    for found in both.do_all("get_immutable", target=report.target.hex()):
        assert found["value"] == {b"list".hex(): [1, -2, "ff"], b"text".hex(): "78" * 900}


@pytest.mark.parametrize("salt", [b"", SALT, b"s" * 64], ids=["no salt", "salt", "longest salt"])
def test_signed_values_are_updated_from_both_sides(both, author, salt):
    session = next(iter(both.theirs))
    them = {"session": session, "key": author.public_key.hex(), "salt": salt.hex(), "seconds": WAIT_S}
    assert both.ask("put_mutable", author.item(b"one", 1, salt)).stored >= len(both.theirs)
    found = both.do("get_mutable", **them)
    assert (bytes.fromhex(found["value"]), found["seq"]) == (b"one", 1)
    # libtorrent counts on from the highest number that it finds.
    done = both.do("put_mutable", seed=author.seed.hex(), value=b"two".hex(), **them)
    assert done["seq"] == 2 and done["stored"] >= 1
    for node in range(len(both.ours.dhts)):
        found = both.ask("get_mutable", author.public_key, salt, node=node).value
        assert (decode(found.value), found.seq) == (b"two", 2)
    both.ask("put_mutable", author.item(b"three", 3, salt), cas=2)
    for found in both.do_all("get_mutable", key=author.public_key.hex(), salt=salt.hex()):
        assert (bytes.fromhex(found["value"]), found["seq"]) == (b"three", 3)


@pytest.mark.parametrize("seq, cas, code", [(4, None, 302), (6, 4, 301)], ids=["old sequence", "cas"])
def test_they_refuse_us_and_we_say_so(both, author, seq, cas, code):
    assert both.ask("put_mutable", author.item(b"five", 5)).stored >= len(both.theirs)
    with pytest.raises(DhtError) as caught:
        both.ask("put_mutable", author.item(b"late", seq), cas=cas)
    rows = {(row.host, row.port): row for row in caught.value.report.rows}
    for place in both.theirs.values():
        assert (rows[place].outcome, rows[place].code) == ("refused", code)
    assert decode(both.ask("get_mutable", author.public_key, SALT).value.value) == b"five"


def test_an_equal_sequence_with_the_same_value_is_taken_again(both, author):
    for _ in range(2):
        assert both.ask("put_mutable", author.item(b"same", 7)).refused == 0


def test_they_find_whom_we_announced(both):
    info_hash = hashlib.sha1(b"announced by us").digest()
    report = both.ask("announce", info_hash, 4321)
    assert report.stored >= len(both.theirs)
    for found in both.do_all("get_peers", info_hash=info_hash.hex()):
        assert [both.ours.addresses[0][0], 4321] in found["peers"]


def test_we_find_whom_they_announced(both):
    info_hash = hashlib.sha1(b"announced by them").digest()
    session, (host, _) = next(iter(both.theirs.items()))
    assert not both.do("announce", session=session, info_hash=info_hash.hex(), port=1234, seconds=WAIT_S)["late"]
    assert (host, 1234) in both.ask("peers", info_hash, node=len(both.ours.dhts) - 1).value


# Over ::1 libtorrent's own sessions do not sample each other, either.
@pytest.mark.parametrize("both", [4], indirect=True, ids=["IPv4"])
def test_they_list_what_is_announced_here(both):
    info_hash = hashlib.sha1(b"sampled by them").digest()
    both.ask("announce", info_hash, 4321)
    host, port = both.ours.addresses[-1]
    session = next(iter(both.theirs))
    holds = both.do("sample", session=session, host=host, port=port, target="00" * 20, seconds=WAIT_S)
    assert info_hash.hex() in holds["samples"] and holds["total"] >= 1


def test_a_closed_network_and_the_public_one_do_not_hear_each_other(libtorrent):
    session, port = libtorrent.session("127.43.1.1")
    with Nodes([("127.43.2.1",), ("127.43.3.1",)], bootstrap=[("127.43.1.1", port)], network=b"closed 1") as nodes:
        host, ours = nodes.addresses[0]
        libtorrent.do("add_node", session=session, host=host, port=ours)
        nodes.ask("put_immutable", encode(b"among us"), node=1)
        assert {row.host for row in nodes.ask("lookup", bytes(20), node=1).report.rows} <= {"127.43.2.1", "127.43.3.1"}
        target = immutable_target(encode(b"among us")).hex()
        assert libtorrent.do("get_immutable", session=session, target=target, seconds=WAIT_S)["value"] is None
        assert libtorrent.do("counters", session=session, names=["dht.dht_nodes"])["counters"] == {"dht.dht_nodes": 0}
        assert not any(row[0] == "127.43.1.1" for row in map(tuple, nodes.ask("lookup", bytes(20)).report.rows))
    libtorrent.do("close_session", session=session)
