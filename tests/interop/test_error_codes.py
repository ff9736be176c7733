"""Every refusal of BEP 44 by its code, asked of libtorrent and of ours in the same words; and what our parser makes of libtorrent's."""

import hashlib
import itertools
import os
import socket

import pytest

from leither_edge.crypto import sodium
from leither_edge.dht import compact, krpc
from leither_edge.dht.bencode import encode
from leither_edge.dht.item import immutable_target, mutable_target, signed_part
from tests.dht_nodes import Nodes
from tests.interop.libtorrent_process import Libtorrent

pytestmark = pytest.mark.interop
ANSWER_S = 5
OWN_ID = bytes(range(20))
PLACES = itertools.count(1)


class Asker:
    """A socket that asks one node, one question at a time, and answers its pings meanwhile. Attribute: public_key, its own."""

    def __init__(self, place, node):
        self._node = node
        self.public_key, self._secret = sodium.keypair_from_seed(os.urandom(32))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((place, 0))
        self._socket.settimeout(ANSWER_S)

    def close(self):
        self._socket.close()

    def ask(self, method, **arguments):
        """The Message that answers a query; arguments by name, the id is added."""
        tid = os.urandom(2)
        body = {b"id": OWN_ID, **{name.encode(): value for name, value in arguments.items()}}
        self._socket.sendto(krpc.query(tid, method, body), self._node)
        while True:
            data, address = self._socket.recvfrom(2048)
            message = krpc.parse(data)
            # Whoever answers a search, too, is searched by libtorrent without end.
            if message.method == b"ping" and message.kind == b"q":
                self._socket.sendto(krpc.reply(message.tid, {b"id": OWN_ID}), address)
            elif message.tid == tid:
                return message

    def put(self, seq, value, salt=b"", signature=None, **more):
        """The answer to a signed put, after the get that brings its token."""
        token = self.ask(b"get", target=mutable_target(self.public_key, salt)).body[b"token"]
        signature = signature or sodium.sign(signed_part(seq, encode(value), salt), self._secret)
        arguments = {"k": self.public_key, "seq": seq, "sig": signature, "v": encode(value), "token": token}
        return self.ask(b"put", **{**arguments, **({"salt": salt} if salt else {}), **more})


@pytest.fixture(scope="module", params=["libtorrent", "ours"])
def node(request):
    """(host, port) of a node."""
    if request.param == "ours":
        with Nodes([("127.44.1.1",)]) as nodes:
            yield nodes.addresses[0]
    else:
        with Libtorrent() as libtorrent:
            yield "127.44.2.1", libtorrent.session("127.44.2.1")[1]


@pytest.fixture
def asker(node):
    # Each test asks from a place of its own: libtorrent takes five packets a second of one, we some ten.
    asker = Asker(f"127.45.{next(PLACES)}.1", node)
    yield asker
    asker.close()


CASES = {
    "token": (203, {"token": b"12345678"}),
    "value too big": (205, {"value": bytes(1000)}),
    "signature": (206, {"signature": bytes(64)}),
    "salt too big": (207, {"salt": bytes(65)}),
    "cas": (301, {"cas": 8}),
    "old sequence": (302, {"seq": 8}),
    "old sequence, newer value": (302, {"seq": 0, "value": b"another"}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_put_is_refused_with_the_code_of_its_fault(asker, case):
    code, fault = CASES[case]
    good = {"seq": 10, "value": b"value"}
    assert asker.put(9, b"before").kind == b"r"
    refused = asker.put(**{**good, **fault})
    assert (refused.kind, refused.code) == (b"e", code) and refused.text
    assert asker.put(**{**good, "cas": 9}).kind == b"r"


def test_an_unknown_method_is_refused_or_treated_as_a_search(asker):
    answer = asker.ask(b"vote", target=OWN_ID)
    # BEP 5 knows 204; libtorrent answers what names a target as if it were find_node.
    assert answer.code == 204 or (answer.kind == b"r" and answer.body[b"nodes"] is not None)


def test_what_is_kept_comes_back_signed(asker):
    asker.put(20, b"kept", salt=b"kept")
    target = mutable_target(asker.public_key, b"kept")
    body = asker.ask(b"get", target=target).body
    assert (body[b"v"], body[b"seq"], body[b"k"]) == (encode(b"kept"), 20, asker.public_key) and b"salt" not in body
    assert sodium.verify(body[b"sig"], signed_part(20, body[b"v"], b"kept"), asker.public_key)
    # Whoever has this one already is told its number alone.
    assert b"v" not in asker.ask(b"get", target=target, seq=20).body


def test_a_value_without_a_key_is_kept_by_its_hash(asker):
    target = immutable_target(encode(b"plain"))
    token = asker.ask(b"get", target=target).body[b"token"]
    assert asker.ask(b"put", v=encode(b"plain"), token=token).kind == b"r"
    assert asker.ask(b"get", target=target).body[b"v"] == encode(b"plain")


def test_announced_peers_and_samples_come_back(asker):
    info_hash = hashlib.sha1(b"sampled").digest()
    token = asker.ask(b"get_peers", info_hash=info_hash).body[b"token"]
    assert asker.ask(b"announce_peer", info_hash=info_hash, port=4444, token=token).kind == b"r"
    assert [compact.unpack(peer)[1] for peer in asker.ask(b"get_peers", info_hash=info_hash).body[b"values"]] == [4444]
    body = asker.ask(b"sample_infohashes", target=OWN_ID).body
    assert info_hash in body[b"samples"] and body[b"num"] >= 1 and 0 <= body[b"interval"] <= 21600
