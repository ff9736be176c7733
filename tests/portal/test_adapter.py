"""The portal on the real executor, claim and store; signing in with a signed command."""

import os
import re
import time
from base64 import urlsafe_b64encode

import pytest

from leither_edge.card.claim_token import normal_token
from leither_edge.core.audit import parse_entry
from leither_edge.core.claim import Claim, sign_claim, token_hash
from leither_edge.core.command import Command, open_answer, sign_command
from leither_edge.core.ids import key_id, public_key_to_text
from leither_edge.crypto.sodium import keypair_from_seed, sign, verify
from tests.portal.client import Browser
from tests.portal.real import serving_real
from tests.portal.test_setup_walk import HOME, PASSWORD, walk_to_result, wifi_page

PUBLIC, SECRET = keypair_from_seed(bytes(range(32)))


@pytest.fixture
def folder(tmp_path):
    tmp_path.chmod(0o700)
    return tmp_path


async def claimed_by(browser, device):
    await browser.get("/setup/owner")
    answer = await browser.post("/setup/owner", token=device.claim.token.lower(), public_key=public_key_to_text(PUBLIC))
    assert answer.status == 303
    assert device.claim.claimed


async def run_signed(browser, device, verb, sequence, **arguments):
    """Send a command signed by the owner; its Answer."""
    now = int(time.time())
    command = Command(os.urandom(16), device.executor._key.id, key_id(PUBLIC), 1, sequence, now, now + 60, None, verb, arguments, None)
    data = sign_command(command, lambda message: sign(message, SECRET))
    answer = await browser.request("POST", "/command", data)
    assert answer.status == 200
    return open_answer(answer.body, device.executor._key.public_key, verify)


async def test_claim_then_sign_in_by_command(folder, built_assets):
    async with serving_real(folder, built_assets) as device:
        await claimed_by(Browser(device.port), device)
        assert device.executor.keyset.keys[0][1] == PUBLIC
        browser, stranger = Browser(device.port), Browser(device.port)
        assert (await browser.get("/")).location == "/sign-in"
        page = await browser.get("/sign-in")
        await stranger.get("/sign-in")
        code = re.search(r'<p class="code"[^>]*>([^<]+)</p>', page.text)[1]
        assert f"sign-in {code}</code>" in page.text and 'http-equiv="refresh"' in page.text
        assert code in (await browser.get("/sign-in", X_Live="code")).text
        assert (await run_signed(browser, device, "sign-in", 1, code="0000-0000")).status == "failed"
        assert (await run_signed(browser, device, "sign-in", 2, code=code.lower())).status == "done"
        assert (await stranger.get("/sign-in")).location is None
        before = dict(browser.cookies)
        assert (await browser.get("/sign-in")).location == "/status"
        assert browser.cookies != before
        assert (await stranger.get("/status")).location == "/sign-in"
        for path in ("/status", "/log", "/settings"):
            assert (await browser.get(path)).status == 200, path
        tiles = await browser.get("/status", X_Live="tiles")
        assert tiles.text.startswith('<dl class="tiles">')
        await browser.get("/settings")
        assert (await browser.post("/identify")).location == "/settings?done=settings_identified"
        assert "identify" in device.board.calls
        await browser.post("/sign-out")
        assert (await browser.get("/status")).location == "/sign-in"


async def test_settings_are_kept_whole_or_not_at_all(folder, built_assets):
    async with serving_real(folder, built_assets) as device:
        browser = Browser(device.port)
        await claimed_by(browser, device)
        await browser.get("/settings")
        fields = {"name": "Study", "language": "zh", "timezone": "Asia/Shanghai", "reach": "mainline", "metrics_remote": "on"}
        shares = {"storage_share_mib": "10", "bandwidth_up_kib_per_s": "20", "bandwidth_down_kib_per_s": "30"}
        assert (await browser.post("/settings", **fields, **shares)).status == 303
        config = device.executor.config
        assert (config["name"], config["timezone"], config["metrics_remote"]) == ("Study", "Asia/Shanghai", True)
        assert (config["storage_share_mib"], config["reach"]) == (10, "mainline")
        answer = await browser.post("/settings", **{**fields, "name": "Kitchen", "timezone": "not a zone!"}, **shares)
        assert answer.status == 422
        assert device.executor.config["name"] == "Study"


async def test_an_owner_found_in_the_store_closes_the_setup(folder, built_assets):
    async with serving_real(folder, built_assets) as device:
        browser = Browser(device.port)
        await browser.get("/setup/name")
        await browser.post("/setup/name", name="Study", language="en")
        await claimed_by(browser, device)
    async with serving_real(folder, built_assets) as device:
        assert device.portal.config()["name"] == "Study"
        assert (await Browser(device.port).get("/setup/name")).location == "/sign-in"


async def test_too_many_wrong_tokens(folder, built_assets):
    async with serving_real(folder, built_assets) as device:
        browser = Browser(device.port)
        await browser.get("/setup/owner")
        for _ in range(11):
            answer = await browser.post("/setup/owner", token="00000-00000-00000-00000", public_key=public_key_to_text(PUBLIC))
        assert answer.status == 422 and "Too many wrong claim tokens" in answer.text


async def test_a_viewer_may_look_but_not_touch(folder, built_assets):
    async with serving_real(folder, built_assets) as device:
        await claimed_by(Browser(device.port), device)
        browser = Browser(device.port)
        session = device.portal.sessions.open("viewer", key_id(PUBLIC))
        browser.cookies["leither-" + device.portal.device_id[:8]] = session.id
        assert (await browser.get("/status")).status == 200
        assert "cannot be read" in (await browser.get("/log")).text
        page = (await browser.get("/settings")).text
        for shown in ("Time zone</dt><dd>UTC", "Upload at most</dt>", "Only this home network", "may look at this, but not change it"):
            assert shown in page
        assert not re.search(r"<(input(?! type=.hidden)|select|textarea)|/reboot|factory-reset", page)
        assert (await browser.post("/settings", name="Mine")).status == 403
        assert (await browser.post("/reboot")).status == 403
        assert (await browser.get("/setup/wifi")).location == "/status"
        assert "reboot" not in device.board.calls


async def test_a_claim_signed_in_the_browser_needs_no_token_beside_it(folder, built_assets):
    async with serving_real(folder, built_assets) as device:
        browser, stranger = Browser(device.port), Browser(device.port)
        await browser.get("/setup/owner")
        await stranger.get("/setup/owner")
        device_id = device.executor._key.id

        def claim_of(token):
            signed = Claim(device_id, PUBLIC, int(time.time()), token_hash(device_id, PUBLIC, normal_token(token)))
            return urlsafe_b64encode(sign_claim(signed, lambda data: sign(data, SECRET))).decode().rstrip("=")

        good = claim_of(device.claim.token)
        bad = [(claim, "claim is") for claim in ("nonsense", "é", good[:-4] + "AAAA")]
        for claim, said in [*bad, (claim_of("wrong"), "not right")]:
            answer = await browser.post("/setup/owner", claim=claim)
            assert answer.status == 422 and said in answer.text
            assert not device.claim.claimed
        assert (await browser.post("/setup/owner", claim=good)).status == 303
        assert device.claim.claimed and device.executor.keyset.keys == (("owner", PUBLIC),)
        assert (await browser.get("/status")).status == 200
        # Overheard and repeated, it signs nobody in.
        assert (await stranger.post("/setup/owner", claim=good)).location == "/sign-in"
        assert (await stranger.get("/status")).location == "/sign-in"


async def test_a_link_names_no_owner(folder, built_assets):
    async with serving_real(folder, built_assets) as device:
        browser = Browser(device.port)
        await browser.get(f"/?t={device.claim.token}&k={public_key_to_text(PUBLIC)}")
        page = (await browser.get("/setup/owner")).text
        assert device.claim.token in page
        assert public_key_to_text(PUBLIC) not in page


async def test_a_network_tried_on_the_page_is_audited(folder, built_assets):
    async with serving_real(folder, built_assets) as device:
        browser = Browser(device.port)
        await wifi_page(browser)
        await browser.post("/setup/wifi", network=HOME, passphrase="wrong password")
        assert "did not accept the password" in (await walk_to_result(browser)).text
        await browser.post("/setup/wifi", network=HOME, passphrase=PASSWORD)
        assert "The device is on" in (await walk_to_result(browser)).text
        await claimed_by(browser, device)
        entries = (await run_signed(browser, device, "audit", 1)).result["entries"]
        tried = [(entry.issuer, entry.status) for entry in map(parse_entry, entries) if entry.verb == "wifi-set"]
        assert tried == [(None, "failed"), (None, "done")]


async def test_a_network_changed_later_is_audited_under_the_key_that_signed_in(folder, built_assets):
    async with serving_real(folder, built_assets) as device:
        await claimed_by(Browser(device.port), device)
        browser = Browser(device.port)
        session = device.portal.sessions.open("operator", key_id(PUBLIC))
        browser.cookies["leither-" + device.portal.device_id[:8]] = session.id
        await wifi_page(browser)
        await browser.post("/setup/wifi", network=HOME, passphrase=PASSWORD)
        assert "The device is on" in (await walk_to_result(browser)).text
        entries = (await run_signed(browser, device, "audit", 1)).result["entries"]
        assert [entry.issuer for entry in map(parse_entry, entries) if entry.verb == "wifi-set"] == [key_id(PUBLIC)]
