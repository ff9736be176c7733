"""Captured probes of phones and laptops, replayed byte by byte over a socket."""

from pathlib import Path

import pytest

from appliance.portal import probes
from tests.portal.client import Browser, send_raw
from tests.portal.doubles import OWNER_KEY, MemoryDevice, serving

PROBES = sorted(Path(__file__).with_name("probes").glob("*.txt"))


@pytest.fixture(params=PROBES, ids=lambda path: path.stem)
def probe(request):
    return request.param.read_bytes()


def closing(data):
    return data.replace(b"Connection: keep-alive", b"Connection: close").replace(b"Connection: Keep-Alive", b"Connection: close")


async def test_an_unclaimed_device_sends_every_probe_to_the_portal(probe, built_assets):
    async with serving(MemoryDevice(), built_assets) as device:
        answer = await send_raw(device.port, closing(probe))
        assert answer.status == 302
        assert answer.location == f"http://127.0.0.1:{device.port}/"
        assert b"Success" not in answer.body and answer.body
        assert answer.headers["cache-control"] == "no-store"


async def test_a_claimed_device_refuses_foreign_hosts(probe, built_assets):
    memory = MemoryDevice()
    memory.owner = OWNER_KEY
    async with serving(memory, built_assets) as device:
        answer = await send_raw(device.port, closing(probe))
        assert answer.status == 421
        assert not answer.location


async def test_an_open_access_point_leads_to_the_portal_after_the_claim_too(built_assets):
    memory = MemoryDevice()
    memory.owner, memory.access_point = OWNER_KEY, True
    async with serving(memory, built_assets) as device:
        answer = await Browser(device.port, host="connectivitycheck.gstatic.com").get("/generate_204")
        assert answer.status == 302


async def test_a_rebound_name_gets_no_page_and_may_post_nothing(built_assets):
    async with serving(MemoryDevice(), built_assets) as device:
        evil = Browser(device.port, host=f"rebind.example:{device.port}")
        assert (await evil.get("/setup/owner")).status == 302
        assert (await evil.post("/setup/name", name="x")).status == 421
        assert (await evil.post("/command")).status == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "leither.local", "leither-4f2a.local", "portal.example", "LEITHER.local."])
async def test_own_names_reach_the_portal(host, built_assets):
    async with serving(MemoryDevice(), built_assets) as device:
        assert (await Browser(device.port, host=f"{host}:{device.port}").get("/setup/name")).status == 200


async def test_a_probe_path_under_our_own_address_leads_to_the_portal(built_assets):
    async with serving(MemoryDevice(), built_assets) as device:
        answer = await Browser(device.port).get("/generate_204")
        assert (answer.status, answer.location) == (303, "/")


async def test_captive_portal_api(built_assets):
    memory = MemoryDevice()
    async with serving(memory, built_assets) as device:
        answer = await Browser(device.port, host="captive.example").get("/captive-portal/api")
        assert answer.headers["content-type"] == "application/captive+json"
        assert answer.headers["cache-control"] == "private, no-store"
        url = f"http://127.0.0.1:{device.port}/"
        assert answer.text == f'{{"captive":true,"user-portal-url":"{url}","can-extend-session":false}}'
        memory.owner = OWNER_KEY
        assert (await Browser(device.port).get("/captive-portal/api")).text == '{"captive":false}'
        assert (await Browser(device.port, host="captive.example").get("/captive-portal/api")).status == 421


def test_hosts_are_compared_without_brackets_zone_and_dot():
    own = probes.own_hosts(["fe80::1%wlan0", "192.168.4.1"], "Küche 2")
    for host in ("[fe80::1]", "FE80::1", "[fe80::1%25wlan0]", "192.168.4.1", "k-che-2.local."):
        assert probes.decide("GET", host, False, own) == probes.OWN
    for host in ("192.168.4.10", "192.168.4.1.example", "", "leither.local.example"):
        assert probes.decide("GET", host, False, own) == probes.MISDIRECTED
        assert probes.decide("GET", host, True, own) == probes.REDIRECT
        assert probes.decide("POST", host, True, own) == probes.MISDIRECTED


def test_dns_labels():
    assert probes.dns_label("  Living  room! ") == "living-room"
    assert probes.dns_label("客厅") == ""
    assert len(probes.dns_label("a" * 80)) == 63
