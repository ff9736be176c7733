"""The checks in front of every page: forms of other sites, old forms, languages, headers."""

import re

import pytest

from appliance.portal.texts import TEXTS
from tests.portal.client import Browser
from tests.portal.doubles import OWNER_KEY, OWNER_TEXT, TOKEN, MemoryDevice, serving

SETUP_PAGES = ("/setup/name", "/setup/wifi", "/setup/owner", "/setup/sharing", "/setup/reach", "/setup/done")
OPEN_AFTER_CLAIM = "/setup/sharing"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"form_token": ""}, 403),
        ({"form_token": "0" * 32}, 403),
        ({"form_token": "é"}, 403),
        ({"_origin": "http://evil.example"}, 403),
        ({"_origin": "null"}, 403),
        ({"_type": "text/plain"}, 415),
        ({"filler": "x" * 5000}, 413),
        ({"_origin": None}, 303),
    ],
)
async def test_forms_that_are_not_ours_change_nothing(changes, status, built_assets):
    memory = MemoryDevice()
    async with serving(memory, built_assets) as device:
        browser = Browser(device.port)
        await browser.get("/setup/name")
        answer = await browser.post("/setup/name", **{"name": "New", "language": "en", **changes})
        assert answer.status == status
        assert (memory.config["name"] == "New") == (status == 303)


async def test_a_form_token_is_bound_to_its_browser(built_assets):
    async with serving(MemoryDevice(), built_assets) as device:
        mine, other = Browser(device.port), Browser(device.port)
        await mine.get("/setup/name")
        await other.get("/setup/name")
        assert (await other.post("/setup/name", name="x", language="en", form_token=mine.form_token)).status == 403
        other.cookies.clear()
        assert (await other.post("/setup/name", name="x", language="en")).status == 403


async def test_every_page_has_strict_headers_and_nothing_inline(built_assets):
    async with serving(MemoryDevice(), built_assets) as device:
        browser = Browser(device.port)
        for path in SETUP_PAGES:
            if path == OPEN_AFTER_CLAIM:
                await browser.post("/setup/owner", token=TOKEN, public_key=OWNER_TEXT)
            answer = await browser.get(path)
            assert answer.status == 200
            policy = answer.headers["content-security-policy"]
            for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"):
                assert part in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cache-control"] == "no-store"
            assert not re.search(r"<style|style=|<script(?![^>]*src=)| on\w+=", answer.text)
            assert not re.search(r"(src|href|action)=\"(https?:)?//(?!127\.0\.0\.1)", answer.text)


async def test_language_by_header_by_link_and_kept(built_assets):
    async with serving(MemoryDevice(), built_assets) as device:
        browser = Browser(device.port, language="zh-CN,zh;q=0.9,en;q=0.8")
        assert "给设备起个名字" in (await browser.get("/setup/name")).text
        answer = await browser.get("/setup/name?lang=en")
        assert answer.location == "/setup/name"
        assert "What should it be called?" in (await browser.get("/setup/name")).text
        assert (await Browser(device.port, language="de,fr;q=0.5").get("/setup/name")).text.startswith('<!doctype html><html lang="en">')


async def test_unknown_pages(built_assets):
    memory = MemoryDevice()
    async with serving(memory, built_assets) as device:
        memory.owner = OWNER_KEY
        assert (await Browser(device.port).get("/nothing")).status == 404
        assert (await Browser(device.port).get("/static/000000000000/app.css")).status == 404


async def test_a_link_from_elsewhere_signs_nobody_out(built_assets):
    async with serving(MemoryDevice(), built_assets) as device:
        # Browsers hold a strict cookie back there; a fresh one in its place would end the session.
        assert (await Browser(device.port).get("/setup/name", Sec_Fetch_Site="cross-site")).cookies == []
        assert (await Browser(device.port).get("/setup/name", Sec_Fetch_Site="none")).cookies


async def test_names_are_escaped_everywhere(built_assets):
    memory = MemoryDevice()
    memory.config["name"] = "<img src=x onerror='1'>\"&"
    async with serving(memory, built_assets) as device:
        for path in SETUP_PAGES:
            assert "<img src=x" not in (await Browser(device.port).get(path)).text


def test_both_languages_say_everything_with_the_same_blanks():
    for key, (english, chinese) in TEXTS.items():
        assert english and chinese and set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", chinese)), key


def test_no_text_is_left_over():
    from pathlib import Path

    import appliance.portal

    sources = "".join(path.read_text() for path in Path(appliance.portal.__file__).parent.glob("*.py") if path.name != "texts.py")
    built = ("step_", "wifi_signal_", "reason_", "reach_", "nav_", "settings_", "log_")
    unused = [key for key in TEXTS if f'"{key}"' not in sources and not key.startswith(built)]
    assert unused == []
