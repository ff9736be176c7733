"""KRPC messages: the examples of the BEPs byte by byte, and everything that is refused."""

import pytest

from leither_edge.dht import krpc
from leither_edge.dht.bencode import encode
from leither_edge.dht.krpc import PacketError, parse

ASKER = b"abcdefghij0123456789"
OTHER = b"mnopqrstuvwxyz123456"
FIND = b"0123456789abcdefghij"


# The example packets of BEP 5.
def test_the_ping_of_bep_5():
    message = parse(b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe")
    assert (message.kind, message.tid, message.method, message.body) == (b"q", b"aa", b"ping", {b"id": ASKER})
    assert not message.is_read_only and message.network is None and message.version is None


def test_the_reply_of_bep_5():
    message = parse(b"d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re")
    assert (message.kind, message.method, message.body) == (b"r", None, {b"id": OTHER})


def test_find_node_of_bep_5():
    message = parse(b"d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe")
    assert message.body == {b"id": ASKER, b"target": OTHER}


def test_get_peers_of_bep_5():
    message = parse(b"d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe")
    assert message.body == {b"id": ASKER, b"info_hash": OTHER}
    message = parse(b"d1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re")
    assert message.body == {b"id": ASKER, b"token": b"aoeusnth", b"values": [b"axje.u", b"idhtnm"]}


def test_announce_peer_of_bep_5():
    message = parse(
        b"d1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e5:token8:aoeusnthe"
        b"1:q13:announce_peer1:t2:aa1:y1:qe"
    )
    assert message.body[b"implied_port"] == 1 and message.body[b"port"] == 6881 and message.body[b"token"] == b"aoeusnth"


def test_the_error_of_bep_5():
    message = parse(b"d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee")
    assert (message.kind, message.code, message.text) == (b"e", 201, "A Generic Error Ocurred")


def test_a_query_is_written_sorted_and_read_back():
    raw = krpc.query(b"ab", b"find_node", {b"target": OTHER, b"id": ASKER}, read_only=True, network=b"12345678")
    assert raw == (
        b"d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e2:ln8:123456781:q9:find_node2:roi1e1:t2:ab1:v4:LE\x00\x011:y1:qe"
    )
    message = parse(raw)
    assert message.is_read_only and message.network == b"12345678" and message.version == krpc.VERSION


def test_a_reply_is_written_sorted_and_read_back():
    raw = krpc.reply(b"ab", {b"id": OTHER, b"values": [b"123456"]}, ip=b"\x7f\0\0\1\1\2", network=b"12345678")
    assert raw == (b"d2:ip6:\x7f\0\0\1\1\x022:ln8:123456781:rd2:id20:mnopqrstuvwxyz1234566:valuesl6:123456ee1:t2:ab1:v4:LE\x00\x011:y1:re")
    assert parse(raw).ip == b"\x7f\0\0\1\1\2"


def test_an_error_is_written_and_read_back():
    message = parse(krpc.error(b"ab", 302, "sequence number too small"))
    assert (message.code, message.text) == (302, "sequence number too small")


def test_what_is_written_equals_its_bencoding():
    body = {b"id": ASKER, b"seq": 4, b"v": b"5:hello", b"want": [b"n4", b"n6"]}
    whole = {b"a": {**body, b"v": b"hello"}, b"q": b"get", b"t": b"x", b"v": krpc.VERSION, b"y": b"q"}
    assert krpc.query(b"x", b"get", body) == encode(whole)


@pytest.mark.parametrize("size", range(60, 1300, 7))
def test_a_padded_query_has_the_asked_size(size):
    bare = krpc.query(b"ab", b"ping", {b"id": ASKER})
    raw = krpc.query(b"ab", b"ping", {b"id": ASKER}, pad_to=size)
    assert len(bare) <= len(raw)
    assert size <= len(raw) <= max(size + 6, len(bare))
    assert parse(raw).body[b"id"] == ASKER and raw[: raw.find(b"2:zz")] == bare[: raw.find(b"2:zz")] or raw == bare


def test_the_value_stands_as_it_came():
    raw = krpc.query(b"ab", b"put", {b"id": ASKER, b"token": b"12345678", b"v": b"d1:a1:b1:cli1eee"})
    assert parse(raw).body[b"v"] == b"d1:a1:b1:cli1eee"
    raw = krpc.reply(b"ab", {b"id": ASKER, b"v": b"i7e"})
    assert parse(raw).body[b"v"] == b"i7e"


def test_an_unsorted_value_is_refused_with_its_transaction():
    with pytest.raises(PacketError) as caught:
        parse(krpc.query(b"ab", b"put", {b"id": ASKER, b"token": b"12345678", b"v": b"d1:b1:x1:a1:ye"}))
    assert (caught.value.code, caught.value.tid, caught.value.method) == ("value-order", b"ab", b"put")


def test_keys_out_of_order_are_read_elsewhere():
    assert parse(b"d1:y1:q1:t2:aa1:q4:ping1:ad2:id20:abcdefghij0123456789ee").method == b"ping"


def test_an_error_that_holds_a_reply_is_an_error():
    raw = b"d1:eli302e3:olde1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:ee"
    assert parse(raw).kind == b"e"


def test_unknown_methods_and_keys_pass():
    message = parse(encode({b"a": {b"id": b"short", b"x": 1}, b"q": b"vote", b"t": b"aa", b"y": b"q", b"zz": []}))
    assert message.method == b"vote" and message.body == {}
    assert parse(encode({b"a": {b"id": ASKER, b"other": [1]}, b"q": b"ping", b"t": b"aa", b"y": b"q"})).method == b"ping"


def test_want_is_read_in_both_of_its_forms():
    def want(value):
        return parse(krpc.query(b"ab", b"find_node", {b"id": ASKER, b"target": FIND, b"want": value})).body[b"want"]

    assert want([b"n4", b"n6", b"n8", 4]) == [b"n4", b"n6"]
    assert want(b"n6") == [b"n6"]


def test_values_of_other_sizes_are_left_out():
    raw = krpc.reply(b"ab", {b"id": ASKER, b"values": [b"123456", b"1", 7, b"x" * 18, []]})
    assert parse(raw).body[b"values"] == [b"123456", b"x" * 18]


def query_of(method, **changes):
    body = {
        b"ping": {},
        b"find_node": {b"target": FIND},
        b"get_peers": {b"info_hash": FIND},
        b"announce_peer": {b"info_hash": FIND, b"token": b"t", b"port": 1},
        b"get": {b"target": FIND},
        b"put": {b"token": b"t", b"v": b"i1e"},
        b"sample_infohashes": {b"target": FIND},
    }[method]
    body = {b"id": ASKER, **body, **{name.encode(): value for name, value in changes.items()}}
    return krpc.query(b"ab", method, {name: value for name, value in body.items() if value is not None})


WRONG = [
    *[(method, "id", value) for method in (b"ping", b"find_node", b"put") for value in (None, b"", b"x" * 19, b"x" * 21, 5)],
    *[(method, "target", value) for method in (b"find_node", b"get", b"sample_infohashes") for value in (None, b"x" * 19, [])],
    *[(method, "info_hash", value) for method in (b"get_peers", b"announce_peer") for value in (None, b"x" * 21, 1)],
    *[(method, "token", value) for method in (b"put", b"announce_peer") for value in (None, b"x" * 129, 1)],
    *[(b"announce_peer", "port", value) for value in (-1, 65536, b"1")],
    *[(b"put", "k", value) for value in (b"", b"x" * 31, 1)],
    *[(b"put", "sig", value) for value in (b"", b"x" * 65, [])],
    *[(method, "seq", value) for method in (b"put", b"get") for value in (-1, b"1")],
    *[(b"put", "cas", value) for value in (-1, b"1")],
    (b"put", "salt", 1),
    (b"put", "v", None),
    (b"find_node", "want", {}),
    *[(method, "token", value) for method in (b"ping", b"find_node", b"get") for value in (1, [], b"x" * 129)],
]


@pytest.mark.parametrize(("method", "name", "value"), WRONG)
def test_wrong_arguments_are_refused(method, name, value):
    parse(query_of(method))
    with pytest.raises(PacketError) as caught:
        parse(query_of(method, **{name: value}))
    assert caught.value.code == name.replace("_", "-") and caught.value.tid == b"ab" and caught.value.method == method


@pytest.mark.parametrize(
    ("name", "value"),
    [("id", b""), ("nodes", b"x" * 25), ("nodes6", b"x" * 39), ("values", b"x"), ("token", 1), ("k", b"x"), ("sig", b"x"), ("seq", -1),
     ("samples", b"x" * 19), ("num", b"1"), ("interval", -1)],
)  # fmt: skip
def test_wrong_returned_values_are_refused(name, value):
    with pytest.raises(PacketError) as caught:
        parse(krpc.reply(b"ab", {b"id": ASKER, name.encode(): value}))
    assert caught.value.code == name and caught.value.method is None and caught.value.kind == b"r"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "syntax"),
        (b"le", "syntax"),
        (b"d", "syntax"),
        (b"d1:t2:aae", "kind"),
        (b"d1:t2:aa1:y1:xe", "kind"),
        (b"d1:t2:aa1:yi1ee", "kind"),
        (b"d1:t2:aa1:ylee", "kind"),
        (b"d1:t0:1:y1:qe", "tid"),
        (b"d1:t33:%b1:y1:qe" % (b"x" * 33), "tid"),
        (b"d1:ti1e1:y1:qe", "tid"),
        (b"d1:y1:qe", "tid"),
        (b"d2:ln7:12345671:t2:aa1:y1:qe", "network"),
        (b"d1:t2:aa1:y1:qe", "method"),
        (b"d1:q0:1:t2:aa1:y1:qe", "method"),
        (b"d1:q33:%b1:t2:aa1:y1:qe" % (b"x" * 33), "method"),
        (b"d1:q4:ping1:t2:aa1:y1:qe", "arguments"),
        (b"d1:ale1:q4:ping1:t2:aa1:y1:qe", "arguments"),
        (b"d1:t2:aa1:y1:re", "arguments"),
        (b"d1:t2:aa1:y1:ee", "error"),
        (b"d1:e3:abc1:t2:aa1:y1:ee", "error"),
        (b"d1:eli1ee1:t2:aa1:y1:ee", "error"),
        (b"d1:el1:a1:be1:t2:aa1:y1:ee", "error"),
        (b"d1:a%be" % (b"l" * 12 + b"e" * 12), "syntax"),
        (b"d1:x2050:%be" % (b"x" * 2050), "size"),
    ],
)
def test_other_bytes_are_refused(raw, code):
    with pytest.raises(PacketError) as caught:
        parse(raw)
    assert caught.value.code == code


def test_the_text_of_an_error_is_made_printable():
    assert parse(b"d1:eli201e6:a\nb\x1b\xff\x7fe1:t2:aa1:y1:ee").text == "a?b???"
    assert len(parse(krpc.error(b"a", 201, "x" * 900)).text) == krpc.TEXT_MAX_BYTES


def test_what_is_not_known_does_not_go_on():
    message = parse(krpc.query(b"ab", b"ping", {b"id": ASKER, b"cas": b"x", b"other": 1}))
    assert message.body == {b"id": ASKER}
    assert parse(krpc.reply(b"ab", {b"id": ASKER, b"p": 6881, b"num": 3})).body == {b"id": ASKER, b"num": 3}
