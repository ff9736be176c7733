"""A person sets up a device in a real browser: phone and desktop, with and without JavaScript, English and Chinese."""

from pathlib import Path

import pytest

from appliance.portal.texts import text
from leither_edge.core.ids import public_key_to_text
from tests.browser.device import running_device
from tests.browser.owner import Owner

pytestmark = pytest.mark.browser

SCREENS = Path(__file__).resolve().parents[2] / "build" / "screens"
# 320 px: the least width at which nothing may need sideways scrolling. A window of 1280 px at 200 % zoom has 640.
SIZES = {"phone": (390, 844), "desktop": (1280, 800), "narrow": (320, 568), "zoomed": (640, 400)}
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
BYTES_MAX = 100_000
LIMIT_MS = 30_000
PASTED = Owner(bytes(range(32)))


class Walk:
    """One browser context that notes everything it should not do."""

    def __init__(self, browser, device, size, script, language):
        width, height = SIZES[size]
        # Every scheme is seen at each size.
        scheme = "dark" if (size == "phone") == (language == "zh") else "light"
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, java_script_enabled=script, locale=LOCALES[language], color_scheme=scheme
        )
        self.context.set_default_timeout(LIMIT_MS)
        self.context.add_init_script("Object.defineProperty(document, 'hidden', { get: () => 'stayHidden' in sessionStorage })")
        self.script, self.language, self.device = script, language, device
        self.folder = SCREENS / f"{size}-{'script' if script else 'plain'}-{language}-{scheme}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.shots, self.complaints, self.requests = 0, [], []
        self.context.on("request", self._asked)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _asked(self, request):
        self.requests.append(request)
        if not request.url.startswith(self.device.url + "/"):
            self.complaints.append("asked outside: " + request.url)

    def say(self, key, **values):
        return text(self.language, key, **values)

    def in_background(self, hidden):
        """A page that nobody looks at asks for no news: with that it holds still for a picture."""
        if self.script:
            self.page.evaluate("hidden => hidden ? (sessionStorage.stayHidden = 1) : sessionStorage.removeItem('stayHidden')", hidden)

    def shot(self, name):
        self.shots += 1
        self.page.screenshot(path=self.folder / f"{self.shots:02d}-{name}.png", full_page=True, animations="disabled")
        if self.script:
            wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{name} is {wide} px wider than the screen"

    def see(self, key, **values):
        self.page.get_by_text(self.say(key, **values)).first.wait_for()

    def press(self, key):
        self.page.get_by_role("button", name=self.say(key), exact=True).click()

    def bytes_received(self):
        total = 0
        for request in self.requests:
            if request.response():
                sizes = request.sizes()
                total += sizes["responseBodySize"] + sizes["responseHeadersSize"]
        return total


def name_device(walk, name):
    walk.see("name_title")
    walk.shot("name")
    walk.page.fill("#name", name)
    walk.press("continue")


def join_wifi(walk):
    page, network = walk.page, walk.page.get_by_role("radio", name="Home")
    walk.see("wifi_title")
    network.wait_for()  # by live list, or by the page that loads itself again
    network.check()
    page.fill("#passphrase", "wrong password")
    if walk.script:
        walk.press("wifi_show")
        assert page.input_value("#passphrase") == "wrong password" and page.get_attribute("#passphrase", "type") == "text"
    walk.shot("wifi")
    walk.press("wifi_join")
    walk.see("reason_wrong_password", ssid="Home")
    walk.shot("wifi-wrong-password")
    assert "wrong password" not in page.content()
    assert network.is_checked()
    page.fill("#passphrase", "correct horse")
    walk.in_background(True)
    walk.press("wifi_join")
    walk.see("trying_title")
    walk.shot("wifi-trying")
    walk.in_background(False)
    walk.see("joined_lead", ssid="Home", address="192.168.1.23")
    walk.shot("wifi-joined")
    page.get_by_role("link", name=walk.say("continue")).click()


def claim_with_pasted_key(walk):
    walk.see("owner_title")
    assert walk.page.input_value("#token") == walk.device.token
    walk.shot("owner")
    walk.page.fill("#public_key", public_key_to_text(PASTED.public_key))
    walk.press("owner_claim")
    return PASTED


def claim_with_new_key(walk):
    page = walk.page
    walk.see("owner_title")
    page.locator("#create").wait_for()
    walk.shot("owner")
    # No words for a token that is wrong.
    page.fill("#token", "00000-00000-00000-00000")
    walk.press("owner_create")
    walk.see("owner_token_bad")
    assert walk.complaints.pop().endswith("403 (Forbidden)")
    assert page.locator(".words li").count() == 0
    page.fill("#token", walk.device.token.lower().replace("-", " "))
    walk.press("owner_create")
    walk.see("words_title")
    walk.shot("owner-words")
    words = page.locator(".words li").all_text_contents()
    assert len(words) == 24
    walk.press("words_written")
    walk.see("words_check_title")
    fields = page.locator(".asked input").all()
    positions = [int(field.get_attribute("id").rpartition("-")[2]) for field in fields]
    for field, position in zip(fields, positions, strict=True):
        field.fill(words[position])
    fields[0].fill("nonsense")
    page.locator("#words-check button.primary").click()
    walk.see("words_wrong", number=positions[0] + 1)
    walk.shot("owner-words-check")
    fields[0].fill(words[positions[0]].upper())
    # The claim is lost on its way: the key is still here.
    page.route("**/setup/owner", lambda route: route.abort())
    page.locator("#words-check button.primary").click()
    walk.see("words_unsent", message="The device does not answer.")
    page.unroute("**/setup/owner")
    walk.complaints[:] = [text for text in walk.complaints if "ERR_FAILED" not in text]
    page.locator("#words-check button.primary").click()
    walk.see("sharing_title")
    walk.words = " ".join(words)
    return Owner.from_words(walk.words)


def share_and_reach(walk):
    walk.see("sharing_title")
    walk.page.fill("#storage_share_mib", "64")
    walk.shot("sharing")
    walk.press("continue")
    walk.see("reach_title")
    walk.page.get_by_role("radio", name=walk.say("reach_organization")).check()
    walk.shot("reach")
    walk.press("continue")


def look_around(walk):
    walk.see("done_title")
    assert "leither remote add living-room http://" in walk.page.content()
    walk.page.wait_for_load_state()
    walk.shot("done")
    walk.page.get_by_role("link", name=walk.say("done_open")).click()
    walk.see("status_state")
    walk.shot("status")
    walk.page.get_by_role("link", name=walk.say("nav_log")).click()
    walk.see("log_lead")
    walk.shot("log")
    walk.page.get_by_role("link", name=walk.say("nav_settings")).click()
    walk.see("settings_reset")
    walk.shot("settings")
    walk.press("sign_out")


def sign_in(walk, owner):
    walk.see("sign_in_title")
    if walk.script:
        walk.page.get_by_role("button", name=walk.say("sign_in_here")).wait_for()
    walk.shot("sign-in")
    if walk.script:
        walk.press("sign_in_here")
    else:
        code = walk.page.locator(".code").text_content()
        assert owner.run(walk.device.url, "sign-in", code=code).status == "done"
    walk.see("status_state")


def sign_in_with_words(walk):
    """As from a browser that never saw this device: the words give it a key of its own, which later needs one tap."""
    page = walk.page
    walk.page.get_by_role("link", name=walk.say("nav_settings")).click()
    walk.press("sign_out")
    walk.see("sign_in_title")
    page.evaluate("localStorage.clear()")
    page.reload()
    page.get_by_text(walk.say("sign_in_words"), exact=True).click()
    page.fill("#recovery", walk.words.rpartition(" ")[0] + " nonsense")
    page.locator("#sign-in-words button").click()
    walk.see("words_unknown", number=24, word="nonsense")
    walk.shot("sign-in-words")
    page.fill("#recovery", walk.words)
    page.locator("#sign-in-words button").click()
    walk.see("status_state")
    kept = page.evaluate("Object.keys(localStorage)")
    assert any(name.startswith("leither.controller.") for name in kept)


SCRIPT, PLAIN = True, False
# Each pair of size, script and language is walked in the default run; the other four combinations repeat pairs.
WALKS = [("phone", SCRIPT, "en"), ("desktop", SCRIPT, "zh"), ("desktop", PLAIN, "en")]
MORE_WALKS = [("phone", PLAIN, "zh"), ("phone", SCRIPT, "zh"), ("phone", PLAIN, "en"), ("desktop", SCRIPT, "en"), ("desktop", PLAIN, "zh")]


@pytest.mark.parametrize(("size", "script", "language"), WALKS + [pytest.param(*walk, marks=pytest.mark.slow) for walk in MORE_WALKS])
def test_setup_walk(chromium, tmp_path, size, script, language):
    with running_device(tmp_path) as device:
        walk = Walk(chromium, device, size, script, language)
        walk.page.goto(f"{device.url}/?t={device.token}")
        name_device(walk, "Living room")
        join_wifi(walk)
        owner = (claim_with_new_key if script else claim_with_pasted_key)(walk)
        share_and_reach(walk)
        walk.see("done_title")
        received = walk.bytes_received()
        look_around(walk)
        sign_in(walk, owner)
        if script:
            sign_in_with_words(walk)
        config = owner.run(device.url, "config-get").result["config"]
        assert (config["name"], config["language"], config["storage_share_mib"], config["reach"]) == (
            "Living room",
            language,
            64,
            "organization",
        )
        assert walk.complaints == []
        print(f"{walk.folder.name}: {received} bytes for the setup, {walk.bytes_received()} with the pages after it")
        assert received < BYTES_MAX
        walk.context.close()
