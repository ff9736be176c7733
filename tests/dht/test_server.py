"""What a node answers: BEP 5, 32, 42, 44, 51, every error code, and never more bytes than an unproved address sent."""

import random

import pytest

from leither_edge.crypto import sodium
from leither_edge.dht import compact, krpc
from leither_edge.dht.item import Item, immutable_target, make_mutable, mutable_target, target_of
from leither_edge.dht.item_store import ItemStore
from leither_edge.dht.peer_store import PeerStore
from leither_edge.dht.rate import Rate
from leither_edge.dht.routing_table import RoutingTable
from leither_edge.dht.server import PROVE, REPLY_MAX_BYTES, Server
from leither_edge.dht.settings import Settings
from leither_edge.dht.token import Tokens
from leither_edge.dht.verified import Verified
from leither_edge.observe.counters import Counters

NOW = 1000.0
OWN = bytes(range(20))
ME = b"m" * 20
HASH = b"h" * 20
HERE = {4: compact.pack("198.51.100.1", 6881), 6: compact.pack("2001:db8:1::1", 6881)}
THERE = compact.pack("203.0.113.9", 6881)
KEY, SECRET = sodium.keypair_from_seed(bytes(32))


def signed(seq, value=b"5:hello", salt=b""):
    return make_mutable(value, KEY, salt, seq, lambda message: sodium.sign(message, SECRET))


def contact(dice, family):
    if family == 4:
        return dice.randbytes(20) + bytes((dice.randrange(11, 99), *dice.randbytes(3))) + b"\x1a\xe1"
    return dice.randbytes(20) + b"\x20\x01" + dice.randbytes(14) + b"\x1a\xe1"


class Asked:
    """A node of one family with full tables, and whoever asks it."""

    def __init__(self, family=4, verify=sodium.verify, **settings):
        dice = self.dice = random.Random(1)
        self.settings = Settings(**{"requests_per_s": 100000, "checks_per_s": 1000, **settings})
        self.family = family
        self.tables = {}
        for number in (4, 6):
            self.tables[number] = RoutingTable(OWN, number, 200)
            for _ in range(300):
                self.tables[number].heard(contact(dice, number), NOW, 20)
        self.items = ItemStore(OWN, 100, 1 << 20)
        self.peers = PeerStore(1000)
        self.counters = Counters()
        self.verified = Verified(64)
        self.tokens = Tokens(dice.randbytes, NOW)
        self.server = Server(
            self.settings, OWN, family, self.tables, self.items, self.peers, self.tokens, verify,
            Rate(self.settings.requests_per_s), self.verified, self.counters, dice,
        )  # fmt: skip

    def ask(self, method, body=(), proved=True, address=None, may_wait=True, now=NOW, **rest):
        """The parsed reply; or None, or PROVE."""
        address = address or HERE[self.family]
        if proved:
            self.verified.add(address, now)
        data = krpc.query(b"tid!", method, {b"id": ME, **dict(body)}, network=self.settings.network, **rest)
        reply = self.server.respond(krpc.parse(data), address, len(data), now, may_wait)
        return krpc.parse(reply) if isinstance(reply, bytes) else reply

    def token(self, address=None):
        return self.tokens.make(address or HERE[self.family], NOW)

    def put(self, item, cas=None, token=None, proved=True, now=NOW, **rest):
        body = {b"v": item.value, b"token": self.token() if token is None else token}
        if item.key is not None:
            body.update({b"k": item.key, b"seq": item.seq, b"sig": item.signature})
            if item.salt:
                body[b"salt"] = item.salt
        if cas is not None:
            body[b"cas"] = cas
        return self.ask(b"put", body, proved, now=now, **rest)


@pytest.fixture(params=[4, 6])
def asked(request):
    return Asked(request.param)


def nodes_of(message, family):
    return compact.split_nodes(message.body[b"nodes" if family == 4 else b"nodes6"], family)


class TestQueries:
    def test_ping(self, asked):
        reply = asked.ask(b"ping")
        assert reply.kind == krpc.REPLY and reply.tid == b"tid!" and reply.body == {b"id": OWN}
        # BEP 42: what we see of the other's address.
        assert reply.ip == HERE[asked.family]

    @pytest.mark.parametrize("method, argument", [(b"find_node", b"target"), (b"get_peers", b"info_hash"), (b"get", b"target")])
    def test_the_nearest_nodes_come_along(self, asked, method, argument):
        reply = asked.ask(method, {argument: HASH})
        assert nodes_of(reply, asked.family) == asked.tables[asked.family].closest(HASH, 8)
        assert reply.body.keys() & {b"nodes", b"nodes6"} == {b"nodes" if asked.family == 4 else b"nodes6"}
        # BEP 5 and 44: who may write later needs a token.
        assert (b"token" in reply.body) is (method != b"find_node")

    @pytest.mark.parametrize("want, families", [([b"n4"], {4}), ([b"n6"], {6}), ([b"n4", b"n6"], {4, 6}), ([b"n9"], "own"), ([], "own")])
    def test_either_family_or_both_as_wanted(self, asked, want, families):
        reply = asked.ask(b"find_node", {b"target": HASH, b"want": want})
        if families == "own":
            families = {asked.family}
        for family in (4, 6):
            key = b"nodes" if family == 4 else b"nodes6"
            assert (key in reply.body) is (family in families)
            if family in families:
                assert nodes_of(reply, family) == asked.tables[family].closest(HASH, 8)

    def test_a_family_that_is_not_there_is_left_out(self, asked):
        other = 10 - asked.family
        asked.tables[other] = None
        reply = asked.ask(b"find_node", {b"target": HASH, b"want": [b"n4", b"n6"]})
        assert len(nodes_of(reply, asked.family)) == 8
        assert (b"nodes" if other == 4 else b"nodes6") not in reply.body

    def test_silent_nodes_are_not_passed_on(self, asked):
        table = asked.tables[asked.family]
        silent = table.closest(HASH, 3)
        for one in silent:
            table.failed(one[20:], NOW)
        assert not set(silent) & set(nodes_of(asked.ask(b"find_node", {b"target": HASH}), asked.family))

    def test_the_nodes_of_a_home_stay_at_home(self):
        asked = Asked()
        asked.tables[4] = RoutingTable(OWN, 4, 200)
        for _ in range(20):
            asked.tables[4].heard(contact(asked.dice, 4), NOW, 20)
        at_home = HASH[:19] + b"\0" + compact.pack("192.168.1.7", 1)
        asked.tables[4].heard(at_home, NOW, 1)
        assert at_home not in nodes_of(asked.ask(b"find_node", {b"target": HASH}), 4)
        reply = asked.ask(b"find_node", {b"target": HASH}, address=compact.pack("192.168.1.8", 1))
        assert nodes_of(reply, 4)[0] == at_home

    def test_announced_peers_are_told(self, asked):
        address = HERE[asked.family]
        assert b"values" not in asked.ask(b"get_peers", {b"info_hash": HASH}).body
        body = {b"info_hash": HASH, b"token": asked.token(), b"port": 4321}
        assert asked.ask(b"announce_peer", body).body == {b"id": OWN}
        assert asked.ask(b"get_peers", {b"info_hash": HASH}).body[b"values"] == [address[:-2] + (4321).to_bytes(2, "big")]
        asked.ask(b"announce_peer", {**body, b"implied_port": 1})
        assert address in asked.ask(b"get_peers", {b"info_hash": HASH}).body[b"values"]

    def test_a_crowd_of_peers_fits_into_a_datagram(self, asked):
        for _ in range(200):
            asked.peers.announce(HASH, contact(asked.dice, asked.family)[20:], NOW)
        data = krpc.query(b"tid!", b"get_peers", {b"id": ME, b"info_hash": HASH, b"want": [b"n4", b"n6"]})
        asked.verified.add(HERE[asked.family], NOW)
        reply = asked.server.respond(krpc.parse(data), HERE[asked.family], len(data), NOW)
        assert len(reply) <= REPLY_MAX_BYTES and len(krpc.parse(reply).body[b"values"]) >= 20

    def test_samples(self, asked):
        hashes = {asked.dice.randbytes(20) for _ in range(50)}
        reply = asked.ask(b"sample_infohashes", {b"target": HASH})
        assert reply.body[b"samples"] == b"" and reply.body[b"num"] == 0
        for info_hash in hashes:
            asked.peers.announce(info_hash, THERE, NOW)
        reply = asked.ask(b"sample_infohashes", {b"target": HASH}, now=NOW + 301)
        samples = reply.body[b"samples"]
        assert {samples[at : at + 20] for at in range(0, len(samples), 20)} < hashes
        assert reply.body[b"num"] == 50 and 0 < reply.body[b"interval"] <= 21600
        assert len(nodes_of(reply, asked.family)) == 8

    def test_a_closed_network_marks_its_replies(self):
        asked = Asked(network=b"network!")
        assert asked.ask(b"ping").network == b"network!"
        assert asked.ask(b"ing").network == b"network!"


class TestItems:
    def test_immutable(self, asked):
        value = b"l4:spami-7ee"
        assert asked.put(Item(value)).body == {b"id": OWN}
        reply = asked.ask(b"get", {b"target": immutable_target(value)})
        assert reply.body[b"v"] == value
        assert reply.body.keys() == {b"id", b"v", b"token", b"nodes" if asked.family == 4 else b"nodes6"}

    def test_mutable(self, asked):
        item = signed(7, salt=b"salt")
        assert asked.put(item).body == {b"id": OWN}
        body = asked.ask(b"get", {b"target": target_of(item)}).body
        assert Item(body[b"v"], body[b"k"], b"salt", body[b"seq"], body[b"sig"]) == item
        # Whoever asks knows the salt; bystanders need not.
        assert b"salt" not in body

    @pytest.mark.parametrize("known, is_sent", [(6, True), (7, False), (8, False)])
    def test_an_item_that_the_other_knows_is_not_sent(self, asked, known, is_sent):
        asked.put(signed(7))
        body = asked.ask(b"get", {b"target": mutable_target(KEY), b"seq": known}).body
        assert body[b"seq"] == 7
        assert all((part in body) is is_sent for part in (b"v", b"k", b"sig"))

    def test_the_largest_item_fits_into_a_datagram(self, asked):
        item = signed(7, b"996:" + bytes(996), bytes(64))
        asked.put(item)
        data = krpc.query(b"tid!", b"get", {b"id": ME, b"target": target_of(item), b"want": [b"n4", b"n6"]})
        reply = asked.server.respond(krpc.parse(data), HERE[asked.family], len(data), NOW)
        assert len(reply) <= REPLY_MAX_BYTES
        assert krpc.parse(reply).body[b"v"] == item.value and len(nodes_of(krpc.parse(reply), asked.family)) >= 4

    def test_the_same_item_again_is_success_and_lives_longer(self, asked):
        asked.put(signed(7))
        assert asked.put(signed(7), now=NOW + 299).kind == krpc.REPLY
        assert asked.items.get(mutable_target(KEY), NOW + 7250) == signed(7)

    @pytest.mark.parametrize(
        "code, item, cas",
        [
            (205, Item(b"997:" + bytes(997)), None),
            (205, Item(b"997:" + bytes(997), KEY, b"", 8, bytes(64)), None),
            (206, signed(8)._replace(signature=bytes(64)), None),
            (206, signed(8)._replace(value=b"5:hallo"), None),
            (206, signed(8)._replace(seq=9), None),
            (207, Item(b"1:a", KEY, bytes(65), 8, bytes(64)), None),
            (301, signed(8), 6),
            (302, signed(6), None),
            (302, signed(7, b"5:other"), None),
        ],
    )
    def test_the_errors_of_bep_44(self, asked, code, item, cas):
        asked.put(signed(7))
        reply = asked.put(item, cas)
        assert reply.kind == krpc.ERROR and reply.code == code and reply.text
        assert asked.items.get(mutable_target(KEY), NOW) == signed(7) and len(asked.items) == 1
        assert asked.counters.get("dht_refused", code=code) == 1

    def test_cas_that_fits_is_stored(self, asked):
        asked.put(signed(7), cas=3)
        assert asked.put(signed(8), cas=7).kind == krpc.REPLY
        assert asked.items.get(mutable_target(KEY), NOW).seq == 8

    @pytest.mark.parametrize("missing", ["k", "sig", "seq", "k sig", "k seq", "sig seq", "k sig seq"])
    def test_half_a_signed_item_is_refused_never_kept_as_immutable(self, asked, missing):
        item = signed(7, salt=b"s")
        body = {b"v": item.value, b"token": asked.token(), b"k": item.key, b"seq": 7, b"sig": item.signature, b"salt": b"s"}
        reply = asked.ask(b"put", {key: value for key, value in body.items() if key.decode() not in missing.split()})
        assert reply.kind == krpc.ERROR and reply.code == 203 and len(asked.items) == 0

    @pytest.mark.parametrize("bad", ["stolen", "none", "old"])
    def test_no_token_no_write(self, asked, bad):
        token = {"stolen": asked.token(THERE), "none": b"", "old": asked.token()}[bad]
        now = NOW + 601 if bad == "old" else NOW
        for proved in (True, False):
            reply = asked.put(signed(7), token=token, proved=proved, now=now)
            assert reply.kind == krpc.ERROR and reply.code == 203
            reply = asked.ask(b"announce_peer", {b"info_hash": HASH, b"port": 1, b"token": token}, proved, now=now)
            assert reply.code == 203
        assert len(asked.items) == 0 == len(asked.peers)

    def test_an_announcement_needs_a_port(self, asked):
        assert asked.ask(b"announce_peer", {b"info_hash": HASH, b"token": asked.token()}).code == 203
        assert len(asked.peers) == 0


    def test_one_address_announces_only_so_much(self, asked):
        replies = [asked.ask(b"announce_peer", {b"info_hash": b"%020d" % at, b"port": 1, b"token": asked.token()}) for at in range(100)]
        codes = [reply.code for reply in replies]
        assert codes == [None] * len(asked.peers) + [202] * (100 - len(asked.peers)) and 0 < len(asked.peers) < 100


class TestFloods:
    def test_signatures_are_checked_last_and_within_a_budget(self):
        checked = []
        asked = Asked(checks_per_s=20, verify=lambda *parts: bool(checked.append(parts)))
        for item in (signed(1), Item(b"997:" + bytes(997), KEY, b"", 8, bytes(64)), Item(b"1:a", KEY, bytes(65), 8, bytes(64))):
            asked.put(item, token=b"12345678")
        assert checked == []
        outcomes = [asked.put(signed(at)) for at in range(500)]
        assert len(checked) <= 21 and outcomes.count(None) == 500 - len(checked)
        assert asked.counters.get("dht_dropped", why="checks") == outcomes.count(None)
        assert len(asked.items) == 0

    def test_known_items_cost_no_check(self):
        asked = Asked()
        asked.put(signed(1))
        asked.server._verify = None
        assert asked.put(signed(1)).kind == krpc.REPLY

    def test_too_many_requests_are_dropped(self):
        asked = Asked(requests_per_s=100)
        outcomes = [asked.ask(b"ping") for _ in range(500)]
        assert outcomes.count(None) == 500 - 50
        assert asked.counters.get("dht_dropped", why="rate-address") == 450

    def test_one_network_has_a_share_of_the_items(self):
        asked = Asked()
        for at in range(2000):
            address = compact.pack(f"203.0.113.{at % 250 + 1}", 1)
            value = b"%d:%b" % (20, asked.dice.randbytes(20))
            asked.ask(b"put", {b"v": value, b"token": asked.token(address)}, address=address)
        honest = [Item(b"20:" + asked.dice.randbytes(20)) for _ in range(80)]
        for item in honest:
            address = contact(asked.dice, 4)[20:]
            assert asked.ask(b"put", {b"v": item.value, b"token": asked.token(address)}, address=address).kind == krpc.REPLY
        assert all(asked.items.get(target_of(item), NOW) for item in honest)

    def test_an_unknown_method_is_204(self, asked):
        for body in ({}, {b"target": HASH}):
            reply = asked.ask(b"vote", body)
            assert reply.kind == krpc.ERROR and reply.code == 204

    def test_a_query_of_a_wrong_shape_is_203_and_junk_gets_nothing(self, asked):
        address = HERE[asked.family]

        def refused(data):
            with pytest.raises(krpc.PacketError) as raised:
                krpc.parse(data)
            return asked.server.refuse(raised.value, address, len(data), NOW)

        reply = krpc.parse(refused(krpc.query(b"tid!", b"find_node", {b"id": ME, b"target": b"short"})))
        assert reply.code == 203 and reply.tid == b"tid!"
        for junk in (b"d1:ad2:id20:", krpc.query(b"tid!", b"find_nude", [])[:-3], krpc.reply(b"tid!", {b"id": b"short"}), b"x" * 500):
            assert refused(junk) is None
        assert refused(krpc.query(b"tid!", b"find_node", {b"id": ME}, network=b"another!")) is None
        # No error fits into so small a query.
        asked.verified.__init__(64)
        assert refused(b"d1:ade1:q4:ping1:t1:a1:y1:qe") is None
        assert asked.counters.get("dht_dropped", why="unproved") == 1

    def test_too_many_wrong_queries_are_dropped(self):
        asked = Asked(requests_per_s=100)
        data = krpc.query(b"tid!", b"find_node", {b"id": ME, b"target": b"short"})
        with pytest.raises(krpc.PacketError) as raised:
            krpc.parse(data)
        outcomes = [asked.server.refuse(raised.value, HERE[4], len(data), NOW) for _ in range(200)]
        assert outcomes.count(None) == 150


class TestAmplification:
    """To an address that has not proved itself, never more than came from it."""

    def test_a_full_answer_waits_for_a_proof(self, asked):
        address = HERE[asked.family]
        data = krpc.query(b"tid!", b"find_node", {b"id": ME, b"target": HASH})
        message = krpc.parse(data)
        assert asked.server.respond(message, address, len(data), NOW) is PROVE
        asked.verified.add(address, NOW)
        reply = asked.server.respond(message, address, 0, NOW, False)
        assert len(nodes_of(krpc.parse(reply), asked.family)) == 8

    def test_who_does_not_prove_himself_gets_what_fits(self, asked):
        address = HERE[asked.family]
        data = krpc.query(b"tid!", b"find_node", {b"id": ME, b"target": HASH}, pad_to=200)
        message = krpc.parse(data)
        assert asked.server.respond(message, address, len(data), NOW) is PROVE
        asked.verified.spend(address, 80, NOW)
        reply = asked.server.respond(message, address, 0, NOW, False)
        assert len(reply) <= len(data) - 80 and 1 <= len(nodes_of(krpc.parse(reply), asked.family)) < 8

    def test_a_read_only_querier_is_not_pinged(self, asked):
        reply = asked.ask(b"find_node", {b"target": HASH}, proved=False, read_only=True, pad_to=150)
        assert reply is not PROVE and 1 <= len(nodes_of(reply, asked.family)) < 8

    def test_a_token_proves_the_address(self, asked):
        for method, argument in ((b"find_node", b"target"), (b"get_peers", b"info_hash"), (b"get", b"target")):
            asked.verified.__init__(64)
            body = {argument: HASH, b"token": asked.token()}
            assert len(nodes_of(asked.ask(method, body, proved=False), asked.family)) == 8
            body[b"token"] = asked.token(THERE)
            asked.verified.__init__(64)
            assert asked.ask(method, body, proved=False) is PROVE

    def test_room_on_the_first_packet_is_enough(self, asked):
        reply = asked.ask(b"find_node", {b"target": HASH}, proved=False, pad_to=420)
        assert len(nodes_of(reply, asked.family)) == 8

    def test_the_number_and_the_token_before_the_value(self, asked):
        asked.put(signed(7, b"300:" + bytes(300)))
        asked.put(Item(b"300:" + bytes(300)))
        for target in (mutable_target(KEY), immutable_target(b"300:" + bytes(300))):
            asked.verified.__init__(64)
            body = asked.ask(b"get", {b"target": target}, proved=False, read_only=True, pad_to=140).body
            assert b"v" not in body and b"token" in body
            assert body.get(b"seq") == 7 if target == mutable_target(KEY) else body[b"more"] == 1
            asked.verified.__init__(64)
            body = asked.ask(b"get", {b"target": target}, proved=False, read_only=True, pad_to=600).body
            assert body[b"v"] == b"300:" + bytes(300)

    def test_a_ping_is_answered_in_its_own_size(self, asked):
        ping = b"d1:ad2:id20:" + ME + b"e1:q4:ping1:t2:aa1:y1:qe"
        reply = asked.server.respond(krpc.parse(ping), HERE[asked.family], len(ping), NOW)
        assert len(reply) <= len(ping) and krpc.parse(reply).body == {b"id": OWN}

    def test_bytes_out_never_pass_bytes_in(self, asked):
        """6,000 requests of all kinds from forged addresses; whoever forges them answers no ping."""
        dice = random.Random(9)
        for _ in range(60):
            asked.peers.announce(HASH, contact(dice, asked.family)[20:], NOW)
            asked.peers.announce(dice.randbytes(20), contact(dice, asked.family)[20:], NOW)
        asked.items.put(signed(7, b"996:" + bytes(996)), None, THERE, NOW)
        asked.items.put(Item(b"900:" + bytes(900)), None, THERE, NOW)
        targets = [HASH, mutable_target(KEY), immutable_target(b"900:" + bytes(900)), dice.randbytes(20)]
        victims = [contact(dice, asked.family)[20:] for _ in range(40)]
        came, went, replies = dict.fromkeys(victims, 0), dict.fromkeys(victims, 0), 0
        methods = [b"ping", b"find_node", b"get_peers", b"get", b"sample_infohashes", b"put", b"announce_peer", b"strange"]
        waiting = []
        for step in range(6000):
            now = NOW + step / 50
            if waiting and dice.random() < 0.5:
                message, address = waiting.pop()
                reply = asked.server.respond(message, address, 0, now, False)
            else:
                address, method = dice.choice(victims), dice.choice(methods)
                body = {b"id": ME, b"target": dice.choice(targets), b"info_hash": dice.choice(targets), b"token": dice.randbytes(8)}
                if method == b"put":
                    body[b"v"] = b"1:a"
                if dice.random() < 0.3:
                    body[b"want"] = [b"n4", b"n6"]
                data = krpc.query(dice.randbytes(dice.choice((1, 2, 4, 20))), method, body, pad_to=dice.choice((0, 0, 150, 500)),
                                  read_only=dice.random() < 0.2)  # fmt: skip
                came[address] += len(data)
                message = krpc.parse(data)
                reply = asked.server.respond(message, address, len(data), now)
            if reply is PROVE:
                ping = len(krpc.query(bytes(4), b"ping", {b"id": OWN}))
                asked.verified.spend(address, ping, now)
                went[address] += ping
                waiting.append((message, address))
            elif reply is not None:
                replies += 1
                went[address] += len(reply)
                krpc.parse(reply)
            assert went[address] <= came[address]
        assert replies > 1500
        assert sum(went.values()) / sum(came.values()) <= 1.0
