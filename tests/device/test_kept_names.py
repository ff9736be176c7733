"""The device's own name, and its DNS server, beside a small network of our own nodes."""

import contextlib
import socket

import dns.message
import dns.query
import pytest
import trio

from appliance.commands.verbs import VerbFailed
from appliance.device import kept_names
from appliance.device.kept_names import names_service, own_records, told_addresses
from appliance.device.options import UsageError, parse_options
from leither_edge import profile
from leither_edge.crypto import sodium
from leither_edge.dht import Settings, open_dht
from leither_edge.dht.item import mutable_target
from leither_edge.names import changes, packet, zone
from leither_edge.names.z_base_32 import key_to_name
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from leither_edge.storage import MapFull
from tests.names.fakes import key_pair

NETWORK = b"\0names-t"
PAIR = key_pair(5)
NAME = key_to_name(PAIR.public_key)


class Executor:
    """Where the service leaves its verbs."""

    names = None


class Wish:
    def __init__(self, reach):
        self.reach = reach


class Device:
    """What of a device the service needs."""

    def __init__(self):
        self.profile = profile.load("pi-zero")
        self.key = PAIR
        self.counters = Counters()
        self.lines = []
        self.log = Log(self.lines.append)
        self.clock = lambda: 1_700_000_000.25

    def said(self, event):
        return [line for line in self.lines if line.startswith(f"info {event} ")]


def a_node(host, *others):
    bootstrap = [address for dht in others for address in dht.addresses]
    settings = Settings(network=NETWORK, hosts=(host,), bootstrap=bootstrap, requests_per_s=10_000)
    return open_dht(settings, counters=Counters(), log=Log(lambda line: None), random_bytes=sodium.random_bytes)


@contextlib.asynccontextmanager
async def network():
    async with a_node("127.33.1.1") as first, a_node("127.33.2.1", first) as second, a_node("127.33.3.1", first) as third:
        await second.joined(5)
        await third.joined(5)
        yield first, second, third


async def until(condition):
    while not condition():
        await trio.sleep(0.01)


def lines_of(item):
    own = packet.origin(item.key)
    return sorted(zone.line(record, own) for record in packet.read(item).records)


async def test_published_found_elsewhere_and_answered_by_dns(monkeypatch):
    monkeypatch.setattr(kept_names, "LOOK_S", 0.05)
    device, options = Device(), parse_options(["--port", "0", "--dns-port", "0"])
    here = ["127.0.0.1"]
    async with network() as (_, own, other), trio.open_nursery() as nursery:
        nursery.start_soon(names_service(device, Executor(), options, lambda: list(here), 8040), own, Wish("organization"))
        await until(lambda: device.said("name"))
        found = (await other.get_mutable(PAIR.public_key)).value
        seen = [f"@ 300 A {host}" for host in ("127.0.0.1", *kept_names.external_addresses(own))]
        assert lines_of(found) == sorted([*dict.fromkeys(seen), f'_leither 300 SVCB 1 {NAME}. port="8040"'])
        assert found.seq == 1_700_000_000_250_000
        assert own.kept_item(mutable_target(PAIR.public_key)) == found

        await until(lambda: device.said("dns"))
        port = int(device.said("dns")[0].split("port=")[1])
        query = dns.message.make_query(f"{NAME}.", "A")
        reply = await trio.to_thread.run_sync(lambda: dns.query.udp(query, "127.0.0.1", 5, port))
        assert "127.0.0.1" in reply.to_text()

        # Another address: told under a later number, and served from there on.
        here[:] = ["127.0.0.1", "127.0.0.2"]
        await until(lambda: len(device.said("name")) == 2 and len(device.said("dns")) == 2)
        assert (await other.get_mutable(PAIR.public_key)).value.seq > found.seq
        nursery.cancel_scope.cancel()


async def test_what_was_told_elsewhere_is_taken_back_first(monkeypatch):
    device, options = Device(), parse_options(["--port", "0"])
    async with network() as (_, own, other):
        old = packet.make(PAIR.public_key, own_records(PAIR.public_key, ["192.168.1.9"], 8040), 1, PAIR.sign)
        await own.keep(old)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(names_service(device, Executor(), options, lambda: ["192.168.1.9"], 8040), own, Wish("mainline"))
            await until(lambda: own.kept_item(mutable_target(PAIR.public_key)) is None)
            nursery.cancel_scope.cancel()
        assert (await other.get_mutable(PAIR.public_key)).value is None


async def test_a_port_in_use_is_told_once_and_the_name_lives(monkeypatch):
    monkeypatch.setattr(kept_names, "LOOK_S", 0.02)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        device, options = Device(), parse_options(["--port", "0", "--dns-port", str(taken.getsockname()[1])])
        async with network() as (_, own, _other), trio.open_nursery() as nursery:
            nursery.start_soon(names_service(device, Executor(), options, lambda: ["127.0.0.1"], 8040), own, Wish("organization"))
            await until(lambda: device.said("name"))
            await trio.sleep(0.1)
            assert len([line for line in device.lines if line.startswith("warning dns ")]) == 1
            taken.close()
            await until(lambda: device.said("dns"))
            nursery.cancel_scope.cancel()


async def test_a_full_store_is_told_and_tried_again(monkeypatch):
    monkeypatch.setattr(changes, "RETRY_MIN_S", 0.01)
    device, options, keeps = Device(), parse_options(["--port", "0"]), []

    async def keep(item):
        keeps.append(item)
        if len(keeps) < 3:
            raise MapFull("There is no room.")

    async with network() as (_, own, _other), trio.open_nursery() as nursery:
        monkeypatch.setattr(own, "keep", keep)
        nursery.start_soon(names_service(device, Executor(), options, lambda: ["127.0.0.1"], 8040), own, Wish("organization"))
        await until(lambda: device.said("name"))
        assert device.counters.get("names_published", result="storage") == 2
        assert keeps[0] == keeps[2], "the same records are not signed again"
        nursery.cancel_scope.cancel()


async def test_others_names_are_renewed_for_the_owner():
    device, options, executor, anna = Device(), parse_options(["--port", "0"]), Executor(), key_pair(6)
    signed = packet.make(anna.public_key, own_records(anna.public_key, ["192.0.2.7"], 80), 5, anna.sign)
    target = mutable_target(anna.public_key)
    async with network() as (_, own, other):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(names_service(device, executor, options, lambda: ["127.0.0.1"], 8040), own, Wish("organization"))
            await until(lambda: executor.names is not None)
            names = executor.names
            assert (await names.keep(packet.to_bytes(signed)))["stored"] >= 1
            assert own.kept_item(target) == signed == (await other.get_mutable(anna.public_key)).value
            assert await names.forget(anna.public_key) == {"kept": True}
            assert await names.forget(anna.public_key) == {"kept": False}

            await other.put_mutable(packet.make(anna.public_key, [], 9, anna.sign))
            for data, code in (
                (packet.to_bytes(signed), "superseded"),
                (packet.to_bytes(signed)[:-1], "bad-packet"),
                (packet.to_bytes(packet.make(PAIR.public_key, [], 1 << 62, PAIR.sign)), "own-name"),
            ):
                with pytest.raises(VerbFailed) as failed:
                    await names.keep(data)
                assert failed.value.code == code
            assert own.kept_item(target) is None
            nursery.cancel_scope.cancel()
        assert executor.names is None


@pytest.mark.parametrize(
    "reach, own, external, told",
    [
        ("lan", ["192.168.1.9", "127.0.0.1"], [], ["192.168.1.9"]),
        ("organization", ["192.168.1.9", "127.0.0.1"], ["203.0.113.7"], ["192.168.1.9", "203.0.113.7"]),
        ("mainline", ["192.168.1.9", "127.0.0.1"], ["203.0.113.7", "2001:db8::1"], ["203.0.113.7", "2001:db8::1"]),
        ("mainline", ["127.0.0.1"], [], []),
        ("lan", ["127.0.0.1", "::1"], [], ["127.0.0.1", "::1"]),
        ("lan", ["192.168.4.1", "192.168.1.9", "127.0.0.1"], [], ["192.168.1.9"]),
        ("lan", ["10.0.0.5"], ["10.0.0.5"], ["10.0.0.5"]),
    ],
)
def test_which_addresses_are_told(reach, own, external, told):
    assert told_addresses(reach, own, external) == told


def test_no_address_no_records():
    assert own_records(PAIR.public_key, [], 80) == []


def test_the_port_on_the_command_line():
    assert parse_options([]).dns_port is None
    assert parse_options(["--dns-port", "53"]).dns_port == 53
    with pytest.raises(UsageError):
        parse_options(["--dns-port", "dns"])
