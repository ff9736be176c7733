"""A network of whole engines: it forms, finds, stores and survives; nothing sleeps."""

import contextlib

import pytest

from leither_edge.crypto import sodium
from leither_edge.dht.item import immutable_target, make_mutable, mutable_target
from leither_edge.dht.item_store import Refused
from leither_edge.dht.operations import Search, Write
from leither_edge.dht.takers import Immutable, Newest, Peers
from tests.dht.network import Network

SEED = bytes(range(32))
KEY, SECRET = sodium.keypair_from_seed(SEED)


def signed(seq, value=b"5:hello", salt=b""):
    return make_mutable(value, KEY, salt, seq, lambda message: sodium.sign(message, SECRET))


@pytest.fixture(scope="module")
def grown():
    network = Network(7, verify=sodium.verify)
    return network, network.build(40)


def nearest(hosts, target, count=8):
    def far(host):
        return bytes(a ^ b for a, b in zip(host.engine.own_id, target, strict=True))

    return sorted((host for host in hosts if host.is_up), key=far)[:count]


def keep_here(host, item, cas, now):
    with contextlib.suppress(Refused):
        host.shared.items.put(item, cas, host.address, now)


def put(network, host, item, cas=None):
    target = mutable_target(item.key, item.salt)
    arguments = {b"v": item.value, b"k": item.key, b"seq": item.seq, b"sig": item.signature}
    if item.salt:
        arguments[b"salt"] = item.salt
    if cas is not None:
        arguments[b"cas"] = cas
    write = Write(
        host.engine, b"get", target, {b"target": target}, b"put", lambda address: arguments, lambda search: None, paths=2, careful=True,
        keep_here=lambda now: keep_here(host, item, cas, now),
    )  # fmt: skip
    return network.do(host, write)


def get(network, host, key, salt=b"", newer_than=None):
    target = mutable_target(key, salt)
    newest = Newest(target, salt, newer_than, sodium.verify)
    arguments = {b"target": target} if newer_than is None else {b"target": target, b"seq": newer_than}
    search = Search(host.engine, b"get", target, arguments, lambda search: None, take=newest.take, careful=True)
    network.do(host, search)
    return newest.item, search


def test_every_search_finds_the_true_nearest_with_few_messages(grown):
    network, hosts = grown
    messages = []
    for number in range(30):
        target = network.rand.randbytes(20)
        search = Search(hosts[number].engine, b"find_node", target, {b"target": target}, lambda search: None)
        network.do(hosts[number], search)
        others = [host for host in hosts if host is not hosts[number]]
        assert [contact[:20] for contact in search.lookup.closest(8)] == [host.engine.own_id for host in nearest(others, target)]
        messages.append(search.messages)
    assert sum(messages) / len(messages) <= 30


def test_a_signed_item_is_stored_at_the_nearest_and_read_anywhere(grown):
    network, hosts = grown
    write = put(network, hosts[3], signed(5, salt=b"mail"))
    assert write.report().stored >= 7 and not write.report().refused
    item, search = get(network, hosts[17], KEY, b"mail")
    assert item == signed(5, salt=b"mail")


def test_a_value_as_large_as_they_get_reaches_a_stranger(grown):
    network, hosts = grown
    value = b"%d:%b" % (996, b"x" * 996)
    put(network, hosts[3], signed(1, value, b"large"))
    stranger = network.host(bootstrap=(("x", 1),), read_only=True)
    stranger.engine.join([hosts[0].address], lambda contacts: None, network.now)
    network.run(5)
    assert get(network, stranger, KEY, b"large")[0].value == value
    target = immutable_target(value)
    write = Write(
        hosts[5].engine, b"get", target, {b"target": target}, b"put", lambda address: {b"v": value}, lambda search: None, paths=2
    )
    assert network.do(hosts[5], write).report().stored
    fresh = network.host(bootstrap=(("x", 1),), read_only=True)
    fresh.engine.join([hosts[0].address], lambda contacts: None, network.now)
    network.run(5)
    taker = Immutable(target)
    network.do(fresh, Search(fresh.engine, b"get", target, {b"target": target}, lambda search: None, take=taker.take))
    assert taker.value == value


def test_the_highest_sequence_wins_though_most_nodes_have_an_older_one(grown):
    network, hosts = grown
    put(network, hosts[3], signed(1, b"3:old", b"race"))
    target = mutable_target(KEY, b"race")
    newest = signed(9, b"3:new", b"race")
    eighth = nearest(hosts, target)[7]
    eighth.shared.items.put(newest, None, hosts[0].address, network.now)
    assert get(network, hosts[20], KEY, b"race")[0] == newest


def test_older_and_unmatched_writes_are_refused_by_code(grown):
    network, hosts = grown
    put(network, hosts[3], signed(5, salt=b"cas"))
    older = put(network, hosts[4], signed(4, salt=b"cas")).report()
    assert older.refused > older.stored and {row.code for row in older.rows if row.outcome == "refused"} == {302}
    unmatched = put(network, hosts[4], signed(6, salt=b"cas"), cas=3).report()
    assert unmatched.refused > unmatched.stored and {row.code for row in unmatched.rows if row.outcome == "refused"} == {301}
    assert put(network, hosts[4], signed(6, salt=b"cas"), cas=5).report().stored


def test_providers_are_found(grown):
    network, hosts = grown
    info_hash = network.rand.randbytes(20)
    write = Write(
        hosts[8].engine, b"get_peers", info_hash, {b"info_hash": info_hash}, b"announce_peer",
        lambda address: {b"info_hash": info_hash, b"port": 4000, b"implied_port": 0}, lambda search: None, paths=2,
    )  # fmt: skip
    network.do(hosts[8], write)
    peers = Peers(4, 50)
    asker = hosts[30].engine
    network.do(hosts[30], Search(asker, b"get_peers", info_hash, {b"info_hash": info_hash}, lambda search: None, take=peers.take))
    assert list(peers.addresses) == [hosts[8].address[:4] + (4000).to_bytes(2, "big")]


def test_with_a_third_dead_everything_is_still_found_and_written_soon():
    network = Network(11, verify=sodium.verify)
    hosts = network.build(45)
    for number in range(6):
        put(network, hosts[number], signed(1, salt=b"k%d" % number))
    for host in network.rand.sample(hosts[1:], 15):
        host.is_up = False
    alive = [host for host in hosts if host.is_up]
    for number in range(6):
        assert get(network, alive[number * 4], KEY, b"k%d" % number)[0] is not None
        write = put(network, alive[number * 3 + 1], signed(2, salt=b"k%d" % number))
        # Seven others where the writer is one of the eight nearest itself.
        assert write.report().stored >= 7
        assert write.finished - write.begun < 3, "one and a half hard time-outs"


def test_packets_of_another_network_are_dropped(grown):
    network, hosts = grown
    other = network.host(network=b"another!", bootstrap=(("x", 1),))
    before = len(hosts[0].engine.table)
    other.engine.join([hosts[0].address], lambda contacts: None, network.now)
    network.run(10)
    assert not len(other.engine.table) and len(hosts[0].engine.table) == before
    assert hosts[0].counters.get("dht_dropped", why="other-network")


def test_a_node_that_nobody_can_reach_asks_and_is_not_asked():
    network = Network(3)
    hosts = network.build(12)
    hidden = network.host(bootstrap=(("x", 1),))
    hidden.engine.is_own = lambda seen: False
    hidden.engine.join([hosts[0].address], lambda contacts: None, network.now)
    network.run(30)
    assert len(hidden.engine.table) >= 8 and not hidden.engine.is_server
    assert not any(address == hidden.address for host in hosts for address in (contact[20:] for contact in host.engine.table))


def test_loss_of_one_datagram_in_ten_costs_time_only():
    network = Network(5, loss=0.1, verify=sodium.verify)
    hosts = network.build(30)
    assert put(network, hosts[3], signed(5)).report().stored >= 6
    assert get(network, hosts[17], KEY)[0] == signed(5)


def test_a_node_that_took_another_id_is_known_by_that_one():
    network = Network(3, verify=sodium.verify)
    hosts = network.build(3)
    changed, asking = hosts[0], hosts[1]
    old = changed.engine.own_id
    changed.engine._take_id(bytes(a ^ 255 for a in old))
    get(network, asking, KEY)
    known = [contact[:20] for contact in asking.engine.table.closest(old, 8)]
    assert changed.engine.own_id in known and old not in known
