"""The setup for people with a small screen, large letters, no mouse, or a screen reader (WCAG 2.2: 1.3.1, 1.4.4, 1.4.10, 2.1.1, 2.4.7)."""

import pytest

from tests.browser.device import running_device
from tests.browser.test_setup_walk import (
    SCRIPT,
    Walk,
    claim_with_new_key,
    join_wifi,
    look_around,
    name_device,
    share_and_reach,
    sign_in,
    sign_in_with_words,
)

pytestmark = pytest.mark.browser

LARGE_LETTERS = "document.addEventListener('DOMContentLoaded', () => (document.documentElement.style.fontSize = '200%'))"
TABS_MAX = 60

# What is wrong with the structure of the page, as a list of sentences.
STRUCTURE = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
  const wrong = [];
  const count = (selector, wanted) => all(selector).length === wanted || wrong.push(`${all(selector).length} times ${selector}`);
  count("main", 1);
  count("h1", 1);
  count("body > header", 1);
  if (!document.documentElement.lang) wrong.push("no language");
  if (!document.title.includes(" · ")) wrong.push(`title ${document.title}`);
  if (document.querySelector("a.skip")?.hash !== "#main") wrong.push("no way past the head");
  const levels = all("h1, h2, h3, h4, h5, h6").map((heading) => Number(heading.tagName[1]));
  levels.forEach((level, i) => level > (levels[i - 1] || 0) + 1 && wrong.push(`heading ${level} after ${levels[i - 1]}`));
  if (levels[0] !== 1) wrong.push("the first heading is no h1");
  for (const heading of all("h1, h2, h3")) if (!heading.textContent.trim()) wrong.push("an empty heading");
  for (const nav of all("nav")) if (!nav.getAttribute("aria-label")) wrong.push("a nav without a name");
  for (const image of all("img")) if (!image.hasAttribute("alt")) wrong.push("an image without alt");
  for (const field of all("input:not([type=hidden]):not([aria-hidden]), textarea, select")) {
    const label = field.labels?.[0]?.textContent.trim() || field.getAttribute("aria-label");
    if (!label) wrong.push(`no label: ${field.name || field.id}`);
    for (const id of (field.getAttribute("aria-describedby") || "").split(" ").filter(Boolean)) {
      if (!document.getElementById(id)) wrong.push(`no description ${id}`);
    }
  }
  for (const button of all("button, a[href]")) {
    const name = button.textContent.trim() || button.getAttribute("aria-label") || button.querySelector("img")?.alt;
    if (!name) wrong.push(`no name: ${button.outerHTML.slice(0, 80)}`);
  }
  const outside = (element) => !all("header, main, nav").some((part) => part.contains(element)) && !element.matches(".skip");
  for (const element of all("p, form, button, input, h1, h2, table, dl")) if (outside(element)) wrong.push(`outside: ${element.tagName}`);
  const ids = all("[id]").map((element) => element.id);
  if (new Set(ids).size !== ids.length) wrong.push("an id twice");
  return wrong;
}"""

# Whether the focus can be seen on the element that has it, or on the row or card around it.
FOCUS_SEEN = """() => {
  const ringed = (element) => {
    const style = element && getComputedStyle(element);
    return style && ((style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none");
  };
  const element = document.activeElement;
  return [element, element.closest("label")].some(ringed);
}"""


class CheckedWalk(Walk):
    """A walk that looks at the structure of every page it takes a picture of; the picture's width was looked at before."""

    def shot(self, name):
        super().shot(name)
        assert self.page.evaluate(STRUCTURE) == [], name


@pytest.mark.parametrize(("size", "language"), [("narrow", "en"), pytest.param("zoomed", "zh", marks=pytest.mark.slow)])
def test_small_screens_and_large_letters(chromium, tmp_path, size, language):
    with running_device(tmp_path) as device:
        walk = CheckedWalk(chromium, device, size, SCRIPT, language)
        if size == "zoomed":
            walk.context.add_init_script(LARGE_LETTERS)
        walk.page.goto(f"{device.url}/?t={device.token}")
        name_device(walk, "Living room")
        join_wifi(walk)
        owner = claim_with_new_key(walk)
        share_and_reach(walk)
        look_around(walk)
        sign_in(walk, owner)
        sign_in_with_words(walk)
        assert walk.complaints == []
        walk.context.close()


class Keyboard:
    """Hands that have no mouse."""

    def __init__(self, walk):
        self.page = walk.page

    def tab_to(self, selector):
        """Press Tab until the element has the focus; on the way the focus can always be seen."""
        for _ in range(TABS_MAX):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("document.activeElement !== document.body"):
                assert self.page.evaluate(FOCUS_SEEN), self.page.evaluate("document.activeElement.outerHTML")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"{selector} is not reached by Tab")

    def press(self, selector, key="Enter"):
        self.tab_to(selector)
        self.page.keyboard.press(key)

    def type(self, selector, text):
        self.tab_to(selector)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)


def test_the_whole_setup_by_keyboard(chromium, tmp_path):
    with running_device(tmp_path) as device:
        walk = Walk(chromium, device, "desktop", SCRIPT, "en")
        page, hands = walk.page, Keyboard(walk)
        page.goto(f"{device.url}/?t={device.token}")
        walk.see("name_title")
        hands.press("a.skip")
        assert page.evaluate("location.hash") == "#main"
        hands.type("#name", "Living room")
        page.keyboard.press("Enter")

        walk.see("wifi_title")
        page.get_by_role("radio", name="Home").wait_for()
        hands.tab_to("input[type=radio]")
        for _ in range(TABS_MAX):
            if page.get_by_role("radio", name="Home").is_checked():
                break
            page.keyboard.press("ArrowDown")
        hands.type("#passphrase", "correct horse")
        page.keyboard.press("Enter")
        walk.see("joined_lead", ssid="Home", address="192.168.1.23")
        hands.press("a.button.primary")

        walk.see("owner_title")
        page.locator("#create").wait_for()
        hands.press("#create-key")
        walk.see("words_title")
        assert page.evaluate("document.activeElement.tagName") == "H2", "what is new is where the reader is"
        words = page.locator(".words li").all_text_contents()
        hands.press("#words-written", "Space")
        walk.see("words_check_title")
        for field in page.locator(".asked input").all():
            name = field.get_attribute("id")
            hands.type("#" + name, words[int(name.rpartition("-")[2])])
        page.keyboard.press("Enter")

        walk.see("sharing_title")
        hands.type("#storage_share_mib", "64")
        page.keyboard.press("Enter")
        walk.see("reach_title")
        hands.tab_to("input[name=reach]")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        walk.see("done_title")
        hands.press("a.button.primary")
        walk.see("status_state")
        hands.press("a[href='/log']")
        walk.see("log_lead")
        hands.tab_to("[role=region]")
        hands.page.keyboard.press("Home")
        page.goto(device.url + "/settings")
        walk.see("settings_reset")
        hands.press("form[action='/sign-out'] button")
        walk.see("sign_in_title")
        page.locator("#sign-in-here button").wait_for()
        hands.press("#sign-in-here button", "Space")
        walk.see("status_state")
        assert walk.complaints == []
        walk.context.close()


def test_the_check_of_the_structure_finds_what_is_wrong(chromium):
    page = chromium.new_page()
    page.set_content("<h2>x</h2><nav><a href='/'></a></nav><img><input name='q' aria-describedby='none'><p id='a'></p><p id='a'></p>")
    found = " / ".join(page.evaluate(STRUCTURE))
    for wrong in ("0 times main", "0 times h1", "no language", "no way past", "the first heading", "a nav without", "without alt"):
        assert wrong in found
    for wrong in ("no label: q", "no description none", "no name", "outside: P", "an id twice"):
        assert wrong in found
    page.close()
