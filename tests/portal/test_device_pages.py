"""The signed-in pages: what the tiles and the log say."""

import re

from appliance.portal.device_notices import notices
from appliance.portal.device_routes import log_line
from appliance.portal.html import View
from appliance.portal.texts import LANGUAGES
from appliance.supervisor import trial
from tests.portal.client import Browser
from tests.portal.doubles import OWNER_TEXT, TOKEN, MemoryDevice, serving


async def signed_in(device):
    browser = Browser(device.port)
    await browser.get("/setup/owner")
    await browser.post("/setup/owner", token=TOKEN, public_key=OWNER_TEXT)
    return browser


async def test_the_tiles_name_state_share_and_traffic(built_assets):
    memory = MemoryDevice()
    memory.config["storage_share_mib"] = 64
    async with serving(memory, built_assets) as device:
        browser = await signed_in(device)
        device.counters.add("http_received_bytes", 2048)
        tiles = dict(re.findall(r"<dt>([^<]+)</dt><dd>(.*?)</dd>", (await browser.get("/status", X_Live="tiles")).text))
        assert tiles["State"].startswith("700 KiB of 8 MiB<meter")
        assert tiles["Storage for content"] == "up to 64 MiB"
        assert re.fullmatch(r"[\d.]+ KiB in<br>[\d.]+ KiB out", tiles["Traffic"])
        memory.more_status = {"content": {"used_kib": 16 * 1024, "max_kib": 64 * 1024}}
        assert "16 MiB of 64 MiB<meter" in (await browser.get("/status", X_Live="tiles")).text


FAILED = {"running": "a", "committed": "a", "is_trial": False, "last_trial": {"slot": "b", "outcome": "trial-failed:node-not-healthy"}}


async def test_what_went_wrong_and_a_trial_stand_above_the_tiles(built_assets):
    memory = MemoryDevice()
    async with serving(memory, built_assets) as device:
        browser = await signed_in(device)
        assert "notice" not in (await browser.get("/status")).text
        memory.more_status = {"trouble": ["DATA is <damaged>."], "slots": FAILED}
        for headers in ({}, {"X_Live": "tiles"}):
            page = (await browser.get("/status", **headers)).text
            assert (
                page.index("DATA is &lt;damaged&gt;.") < page.index("slot b was given up, and slot a runs on") < page.index('class="tiles"')
            )
            assert "Its node kept failing. Wait for a newer version." in page
        assert "<dt>System</dt><dd>slot a</dd>" in (await browser.get("/status")).text
        memory.more_status = {"slots": {"running": "b", "committed": "a", "is_trial": True, "last_trial": None}, "trouble": []}
        page = (await browser.get("/status")).text
        assert "Leave the device switched on" in page and "slot b, on trial" in page
        browser.language = "zh"
        assert "请不要断电" in (await browser.get("/status")).text


def test_every_outcome_of_a_trial_has_its_sentence_in_both_languages():
    for language in LANGUAGES:
        view = View(language, "/status", "x", "", "")
        for reason in trial.NEVER_READY, trial.NOT_HEALTHY, trial.NOT_KEPT, trial.NEVER_STARTED, trial.RESET:
            said = notices(view, {"slots": {**FAILED, "last_trial": {"slot": "b", "outcome": f"{trial.FAILED}:{reason}"}}})
            assert said and reason not in said
        said = notices(view, {"slots": {**FAILED, "last_trial": {"slot": "b", "outcome": f"{trial.FAILED}:<new>"}}})
        assert "&lt;new&gt;" in said
        assert notices(view, {"slots": {**FAILED, "last_trial": {"slot": "b", "outcome": trial.ASKED}}})
        assert not notices(view, {"slots": {**FAILED, "last_trial": {"slot": "a", "outcome": trial.COMMITTED}}})
        assert not notices(view, {"slots": None, "trouble": None})


async def test_the_log_is_a_list_with_the_newest_line_last(built_assets):
    memory = MemoryDevice()
    lines = ["info first n=1", 'warning "a second" why="<b>x</b>"', "error third", "Traceback of something else"]

    async def run(verb, arguments, session):
        return {"lines": [{"n": n, "time": 86400 * n, "text": text} for n, text in enumerate(lines)]} if verb == "logs" else {}

    memory.run = run
    async with serving(memory, built_assets) as device:
        browser = await signed_in(device)
        page = (await browser.get("/log")).text
        assert 'role="region" aria-label="Log" tabindex="0"><ol id="lines" data-live="5">' in page
        rows = re.findall(r"<li>(.*?)</li>", (await browser.get("/log", X_Live="lines")).text)
        assert rows == [
            '<time datetime="1970-01-01T00:00:00Z">01-01 00:00:00</time> <span class="info">info</span> <b>first</b><code>n=1</code>',
            '<time datetime="1970-01-02T00:00:00Z">01-02 00:00:00</time> <span class="warning">warning</span> <b>a second</b>'
            "<code>why=&quot;&lt;b&gt;x&lt;/b&gt;&quot;</code>",
            '<time datetime="1970-01-03T00:00:00Z">01-03 00:00:00</time> <span class="error">error</span> <b>third</b>',
            '<time datetime="1970-01-04T00:00:00Z">01-04 00:00:00</time> <b>Traceback of something else</b>',
        ]


def test_lines_of_any_kind_are_shown():
    for text in ("", "info", "info ", 'info "', "warning =", 'error "a" b'):
        assert len(log_line({"text": text})) == 4
    assert log_line({"text": 'error "a b" c=1'})[1:] == ("error", "a b", "c=1")


async def test_a_viewer_is_not_sent_to_a_setup_that_is_not_theirs(built_assets):
    async with serving(MemoryDevice(), built_assets) as device:
        browser = await signed_in(device)
        assert 'href="/setup"' in (await browser.get("/status")).text
        browser.cookies["leither-" + device.device_id[:8]] = device.sessions.open("viewer", None).id
        assert 'href="/setup"' not in (await browser.get("/status")).text
