"""The signed-in pages: what the tiles and the log say."""

import re

from appliance.portal.device_routes import log_line
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
