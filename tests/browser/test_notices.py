"""What an owner sees of trouble and of a system on trial, on a phone and in both languages."""

import threading
from contextlib import contextmanager

import pytest
import trio

from appliance.portal import assets
from appliance.portal.texts import text
from tests.browser.test_accessibility import STRUCTURE
from tests.browser.test_setup_walk import LIMIT_MS, LOCALES, SCREENS, SIZES
from tests.portal.doubles import OWNER_TEXT, TOKEN, MemoryDevice, serving

pytestmark = pytest.mark.browser

DAMAGED = "DATA, the card's partition 8, is damaged and could not be repaired, so it is not used. Put the card into a computer."
RUNNING = {"running": "b", "committed": "a", "is_trial": True, "last_trial": {"slot": "b", "outcome": "trial-running"}}
FAILED = {"running": "a", "committed": "a", "is_trial": False, "last_trial": {"slot": "b", "outcome": "trial-failed:system-restarted"}}


@contextmanager
def serving_aside(memory, built):
    """The portal of a MemoryDevice in a thread of its own; the URL."""
    known, ended = threading.Event(), None
    found = {}

    async def serve():
        nonlocal ended
        ended = trio.Event()
        async with serving(memory, built) as device:
            found.update(url=device.url(), token=trio.lowlevel.current_trio_token())
            known.set()
            await ended.wait()

    thread = threading.Thread(target=trio.run, args=(serve,))
    thread.start()
    try:
        assert known.wait(10)
        yield found["url"].rstrip("/")
    finally:
        trio.from_thread.run_sync(lambda: ended.set(), trio_token=found["token"])
        thread.join(10)


@pytest.mark.parametrize(("size", "language"), [pytest.param("phone", "en", marks=pytest.mark.slow), ("narrow", "zh")])
def test_the_status_says_what_went_wrong_and_what_to_do(chromium, tmp_path, size, language):
    width, height = SIZES[size]
    memory = MemoryDevice()
    with serving_aside(memory, assets.build(str(tmp_path))) as url:
        context = chromium.new_context(viewport={"width": width, "height": height}, locale=LOCALES[language])
        context.set_default_timeout(LIMIT_MS)
        page = context.new_page()
        page.goto(url + "/setup/owner")
        page.fill("#token", TOKEN)
        page.fill("#public_key", OWNER_TEXT)
        page.get_by_role("button", name=text(language, "owner_claim"), exact=True).click()
        page.wait_for_url("**/setup/*")

        memory.more_status = {"trouble": [DAMAGED], "slots": RUNNING}
        page.goto(url + "/status")
        assert page.get_by_role("heading", name=text(language, "status_trouble")).is_visible()
        assert page.get_by_text(DAMAGED).is_visible()
        assert page.get_by_text(text(language, "trial_running", slot="b")).is_visible()
        assert page.evaluate(STRUCTURE) == []
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        page.screenshot(path=SCREENS / f"notices-{size}-{language}.png", full_page=True)

        # The page is open while the trial ends.
        memory.more_status = {"trouble": [], "slots": FAILED}
        page.get_by_text(text(language, "trial_system_restarted")).wait_for()
        assert page.get_by_text(DAMAGED).count() == 0
        context.close()
