"""The whole setup as plain forms over HTTP: what a browser without JavaScript does."""

import re
from base64 import urlsafe_b64encode

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from appliance.board import BoardError
from appliance.board.fake import FakeBoard
from tests.portal.client import Browser
from tests.portal.doubles import OWNER_KEY, OWNER_TEXT, SIGNED_CLAIM, TOKEN, MemoryDevice, serving

HOME = b"Home".hex()
PASSWORD = "correct horse"


async def walk_to_result(browser):
    """Reload the trying page, as its meta refresh does, until the try has ended."""
    while True:
        answer = await browser.get("/setup/wifi/trying")
        if answer.location:
            return await browser.get(answer.location)
        if "http-equiv" not in answer.text:
            return answer
        await trio.sleep(0.01)


async def wifi_page(browser):
    """The Wi-Fi page once the first scan is in."""
    while True:
        answer = await browser.get("/setup/wifi")
        if HOME in answer.text:
            return answer
        await trio.sleep(0.01)


async def test_the_whole_walk(built_assets):
    memory = MemoryDevice()
    async with serving(memory, built_assets) as device:
        browser = Browser(device.port)
        answer = await browser.get(f"/?t={TOKEN}")
        assert answer.location == "/setup/name"
        assert "HttpOnly; SameSite=Strict" in answer.cookies[0]
        await browser.get("/setup/name")
        answer = await browser.post("/setup/name", name="Living room", language="en")
        assert (answer.status, answer.location) == (303, "/setup/wifi")
        assert memory.config["name"] == "Living room"

        await wifi_page(browser)
        answer = await browser.post("/setup/wifi", network=HOME, passphrase="wrong password")
        assert answer.location == "/setup/wifi/trying"
        page = await walk_to_result(browser)
        assert "did not accept the password" in page.text
        assert "wrong password" not in page.text and f'value="{HOME}" data-security="wpa2" required checked' in page.text
        assert "ssid" not in memory.saved_setup

        await browser.post("/setup/wifi", network=HOME, passphrase=PASSWORD)
        page = await walk_to_result(browser)
        assert "The device is on “Home” and has the address 192.168.1.23." in page.text
        assert 'href="/setup/owner"' in page.text and PASSWORD not in page.text

        page = await browser.get("/setup/owner")
        assert f'value="{TOKEN}"' in page.text
        before = dict(browser.cookies)
        answer = await browser.post("/setup/owner", token=TOKEN, public_key=OWNER_TEXT)
        assert answer.location == "/setup/sharing"
        assert memory.owner == OWNER_KEY
        assert browser.cookies != before, "a claim gives out a fresh session"

        await browser.get("/setup/sharing")
        answer = await browser.post("/setup/sharing", storage_share_mib="1000", bandwidth_up_kib_per_s="64", bandwidth_down_kib_per_s="128")
        assert answer.location == "/setup/reach"
        await browser.get("/setup/reach")
        answer = await browser.post("/setup/reach", reach="organization")
        assert answer.location == "/setup/done"
        assert memory.config["storage_share_mib"] == 1000 and memory.config["reach"] == "organization"
        page = await browser.get("/setup/done")
        assert f"leither remote add living-room http://127.0.0.1:{device.port}/" in page.text
        assert memory.saved_setup["completed"] == ["name", "wifi", "owner", "sharing", "reach"]
        assert (await browser.get("/setup")).location == "/setup/done"
        assert (await browser.get("/status")).status == 200


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("not-found", "out of sight"),
        ("no-address", "gave it no address"),
        ("timeout", "did not answer in time"),
        ("unsupported", "an encryption this device does not know"),
        ("something-new", "could not join"),
    ],
)
async def test_each_failure_has_its_sentence(code, sentence, built_assets):
    class Failing(FakeBoard):
        def wifi_join(self, *_):
            raise BoardError(code, "no")

    memory = MemoryDevice(Failing(speed=0, sleep=lambda seconds: None))
    async with serving(memory, built_assets) as device:
        browser = Browser(device.port)
        await wifi_page(browser)
        await browser.post("/setup/wifi", network=HOME, passphrase=PASSWORD)
        assert sentence in (await walk_to_result(browser)).text


async def test_a_hidden_network(built_assets):
    async with serving(MemoryDevice(), built_assets) as device:
        browser = Browser(device.port)
        await wifi_page(browser)
        await browser.post("/setup/wifi", network="", hidden_ssid="Attic", passphrase=PASSWORD)
        assert "The device is on “Attic”" in (await walk_to_result(browser)).text


@pytest.mark.parametrize(
    "fields",
    [
        {"network": HOME, "passphrase": "short"},
        {"network": HOME, "passphrase": "x" * 65},
        {"network": "zz", "passphrase": PASSWORD},
        {"network": "00" * 40, "passphrase": PASSWORD},
        {"network": "", "hidden_ssid": "", "passphrase": PASSWORD},
        {"network": "", "hidden_ssid": "名" * 11, "passphrase": PASSWORD},
        {},
    ],
)
async def test_impossible_networks_are_not_tried(fields, built_assets):
    async with serving(MemoryDevice(), built_assets) as device:
        browser = Browser(device.port)
        await wifi_page(browser)
        answer = await browser.post("/setup/wifi", **fields)
        assert answer.status == 422 and 'role="alert"' in answer.text
        assert fields.get("passphrase", "\0") not in answer.text


async def test_staying_on_the_cable(built_assets):
    memory = MemoryDevice()
    async with serving(memory, built_assets) as device:
        browser = Browser(device.port)
        assert "Stay on the cable" in (await wifi_page(browser)).text
        assert (await browser.post("/setup/wifi/wired")).location == "/setup/owner"
        assert memory.saved_setup["wired"] is True


async def test_without_a_cable_none_is_offered_and_the_way_on_is_open(built_assets):
    memory = MemoryDevice(FakeBoard(speed=0, sleep=lambda seconds: None, wired=False))
    async with serving(memory, built_assets) as device:
        browser = Browser(device.port)
        page = (await wifi_page(browser)).text
        assert "Stay on the cable" not in page and "Go on without Wi‑Fi for now" in page
        assert (await browser.post("/setup/wifi/wired")).location == "/setup/owner"
        assert memory.saved_setup["wired"] is False


async def test_what_is_typed_over_an_open_access_point_is_said_to_be_readable(built_assets):
    memory = MemoryDevice()
    async with serving(memory, built_assets) as device:
        browser = Browser(device.port)
        for exposed in (False, True):
            memory.exposed = exposed
            for page in (await wifi_page(browser), await browser.get("/setup/owner")):
                assert ("whoever is near can read" in page.text) == exposed
        assert "whoever is near" not in (await browser.get("/setup/name")).text
        await browser.post("/setup/owner", token=TOKEN, public_key=OWNER_TEXT)
        assert "whoever is near can read" in (await Browser(device.port).get("/sign-in")).text, "recovery words may be typed there"


async def test_the_status_names_the_network_in_use(built_assets):
    board = FakeBoard(speed=0, sleep=lambda seconds: None, wired=False)
    memory = MemoryDevice(board)
    async with serving(memory, built_assets) as device:
        browser = Browser(device.port)
        await browser.get("/setup/owner")
        await browser.post("/setup/owner", token=TOKEN, public_key=OWNER_TEXT)

        async def network():
            return re.search(r"<dt>Network</dt><dd>(.*?)</dd>", (await browser.get("/status")).text)[1]

        assert await network() == "none"
        board.ap_start("Leither-Test", "")
        assert await network() == "only the device’s own Wi‑Fi"
        board.wired = True
        assert await network() == "by cable"
        board.wifi_join(b"Home", PASSWORD, False)
        assert await network() == "Home · 192.168.1.23"


async def test_one_try_at_a_time_and_late_results_do_not_count(built_assets):
    memory, release = MemoryDevice(), trio.Event()
    clock = [0.0]

    async def join(*_):
        await release.wait()
        return "192.168.9.9"

    memory.join = join
    async with serving(memory, built_assets, clock=lambda: clock[0]) as device:
        browser = Browser(device.port)
        await wifi_page(browser)
        await browser.post("/setup/wifi", network=HOME, passphrase=PASSWORD)
        assert (await browser.get("/setup/wifi")).location == "/setup/wifi/trying"
        answer = await browser.post("/setup/wifi", network=HOME, passphrase=PASSWORD)
        assert "already trying" in answer.text
        clock[0] += 100
        assert "did not answer in time" in (await walk_to_result(browser)).text
        release.set()
        await wait_all_tasks_blocked(0.01)
        assert "ssid" not in memory.saved_setup


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"token": "wrong", "public_key": OWNER_TEXT}, "claim token is not right"),
        ({"token": TOKEN, "public_key": OWNER_TEXT[:-1] + "x"}, "not a public key"),
        ({"token": TOKEN, "public_key": "<script>"}, "not a public key"),
        ({"token": TOKEN, "public_key": ""}, "Create a key or paste"),
        ({}, "Create a key or paste"),
    ],
)
async def test_bad_claims_change_nothing(fields, sentence, built_assets):
    memory = MemoryDevice()
    async with serving(memory, built_assets) as device:
        browser = Browser(device.port)
        await browser.get("/setup/owner")
        answer = await browser.post("/setup/owner", **fields)
        assert answer.status == 422 and sentence in answer.text and "<script>" not in answer.text
        assert memory.owner is None


async def test_a_key_made_in_the_browser_must_come_to_the_computer_first(built_assets):
    memory = MemoryDevice()
    async with serving(memory, built_assets) as device:
        browser = Browser(device.port)
        await browser.get("/setup/owner")
        await browser.post("/setup/owner", claim=urlsafe_b64encode(SIGNED_CLAIM).decode())
        page = (await browser.get("/setup/done")).text
        assert page.index("<code>leither key restore</code>") < page.index("<code>leither remote add ")
    async with serving(memory, built_assets) as device:
        browser.port, browser.host = device.port, f"127.0.0.1:{device.port}"
        browser.cookies["leither-" + device.device_id[:8]] = device.sessions.open("operator", None).id
        assert "leither key restore" in (await browser.get("/setup/done")).text
    pasted = MemoryDevice()
    async with serving(pasted, built_assets) as device:
        browser = Browser(device.port)
        await browser.get("/setup/owner")
        await browser.post("/setup/owner", token=TOKEN, public_key=OWNER_TEXT)
        assert "leither key restore" not in (await browser.get("/setup/done")).text


async def test_claimed_once_and_then_closed_to_strangers(built_assets):
    memory = MemoryDevice()
    async with serving(memory, built_assets) as device:
        first, second = Browser(device.port), Browser(device.port)
        for browser in (first, second):
            await browser.get("/setup/owner")
        assert (await first.post("/setup/owner", token=TOKEN, public_key=OWNER_TEXT)).location == "/setup/name"
        for path in (
            "/setup",
            "/setup/name",
            "/setup/wifi",
            "/setup/wifi/trying",
            "/setup/owner",
            "/setup/sharing",
            "/setup/done",
            "/status",
        ):
            assert (await second.get(path)).location == "/sign-in"
        assert (await second.post("/setup/name", name="Mine", language="en")).location == "/sign-in"
        assert memory.config["name"] != "Mine"
        assert (await first.get("/setup/owner")).location == "/setup/name"


async def test_the_setup_survives_a_restart(built_assets):
    memory = MemoryDevice()
    async with serving(memory, built_assets) as device:
        browser = Browser(device.port)
        await browser.get("/setup/name")
        await browser.post("/setup/name", name="Attic box", language="zh")
        await wifi_page(browser)
        await browser.post("/setup/wifi", network=HOME, passphrase=PASSWORD)
        await walk_to_result(browser)
    async with serving(memory, built_assets) as device:
        browser = Browser(device.port)
        assert (await browser.get("/setup")).location == "/setup/owner"
        assert "Attic box" in (await browser.get("/setup/name")).text
        assert "Connected to “Home”." in (await browser.get("/setup/wifi")).text


@pytest.mark.parametrize(
    ("name", "value"),
    [("storage_share_mib", "5000"), ("bandwidth_up_kib_per_s", "-1"), ("bandwidth_down_kib_per_s", "1e3"), ("storage_share_mib", "")],
)
async def test_shares_out_of_range(name, value, built_assets):
    memory = MemoryDevice()
    async with serving(memory, built_assets) as device:
        browser = Browser(device.port)
        await browser.get("/setup/owner")
        await browser.post("/setup/owner", token=TOKEN, public_key=OWNER_TEXT)
        await browser.get("/setup/sharing")
        fields = {"storage_share_mib": "1", "bandwidth_up_kib_per_s": "1", "bandwidth_down_kib_per_s": "1", name: value}
        answer = await browser.post("/setup/sharing", **fields)
        assert answer.status == 422 and "must be a whole number" in answer.text
        assert memory.verbs_run == []


@pytest.mark.parametrize(("path", "fields"), [("sharing", {"storage_share_mib": "1"}), ("reach", {"reach": "mainline"})])
async def test_nobody_chooses_for_an_owner_to_come(path, fields, built_assets):
    memory = MemoryDevice()
    async with serving(memory, built_assets) as device:
        browser = Browser(device.port)
        await browser.get("/setup/name")
        assert (await browser.get(f"/setup/{path}")).location == "/setup/owner"
        assert (await browser.post(f"/setup/{path}", **fields)).location == "/setup/owner"
        assert memory.verbs_run == []


@pytest.mark.parametrize("name", ["", " ", "x" * 33, "a\nb"])
async def test_bad_names(name, built_assets):
    async with serving(MemoryDevice(), built_assets) as device:
        browser = Browser(device.port)
        await browser.get("/setup/name")
        assert (await browser.post("/setup/name", name=name, language="en")).status == 422
