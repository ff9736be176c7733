"""People check receipts in a real browser: the file from disk and the served page, phone and desktop, good, tampered, another's."""

from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from appliance.portal import assets
from appliance.portal.receipt.single_file import receipt_page
from leither_edge.core.ids import id_from_text, id_to_text
from tests.browser.test_accessibility import FOCUS_SEEN, STRUCTURE
from tests.browser.test_notices import serving_aside
from tests.browser.test_setup_walk import LIMIT_MS, LOCALES, SCREENS, SIZES
from tests.portal.doubles import MemoryDevice
from tests.receipt_page.made import HOLDER, IDS, LARGEST, ORGANIZATION, OTHER, STRANGER, receipt
from tests.receipt_page.texts import sentence

pytestmark = pytest.mark.browser

OURS, THEIRS = id_to_text(ORGANIZATION.id), id_to_text(OTHER.id)
COMMA = "{:,}".format


def text_of(data):
    """A receipt as the command line prints it."""
    import base64

    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.fixture(scope="module")
def from_disk(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "receipt.html"
    path.write_bytes(receipt_page())
    return path.as_uri()


class Reader:
    """A person with the page before him; notes every request and complaint."""

    def __init__(self, browser, url, size="phone", language="en", scheme="light"):
        width, height = SIZES[size]
        self.url, self.language, self.name = url, language, f"{size}-{language}-{scheme}-{urlsplit(url).scheme}"
        self.context = browser.new_context(viewport={"width": width, "height": height}, locale=LOCALES[language], color_scheme=scheme)
        self.context.set_default_timeout(LIMIT_MS)
        self.page = self.context.new_page()
        self.complaints, self.requests = [], []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, fragment=""):
        self.page.goto(self.url + fragment)
        return self

    def say(self, key, *values):
        return sentence(self.language, key, *values)

    def check(self, text, organization=None):
        self.page.fill("#receipt", text)
        if organization is not None:
            self.page.fill("#organization", organization)
        self.page.get_by_role("button", name=self.say("check"), exact=True).click()

    def verdict(self):
        return self.page.locator("#verdict").text_content()

    def problem(self):
        return self.page.locator("#problem").text_content()

    def rows(self):
        """{term: what stands beside it}"""
        return {row.locator("dt").text_content(): row.locator("dd").text_content() for row in self.page.locator("dl > div").all()}

    def shot(self, name):
        folder = SCREENS / "receipt"
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}-{self.name}.png", full_page=True)
        assert self.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
        assert self.page.evaluate(STRUCTURE) == [], name


@contextmanager
def reading(*arguments, **named):
    reader = Reader(*arguments, **named)
    yield reader
    assert reader.complaints == []
    # Nothing but the page itself was ever asked for, and no receipt went along.
    assert {urlsplit(url)._replace(fragment="").geturl() for url in reader.requests if not url.startswith("data:")} <= {reader.url}
    reader.context.close()


def test_a_good_receipt_from_disk(chromium, from_disk):
    with reading(chromium, from_disk) as reader:
        reader.open().shot("empty")
        reader.check(text_of(receipt(ids=IDS, number=2)), OURS)
        assert reader.verdict() == reader.say("good")
        assert reader.page.evaluate("document.activeElement.id") == "verdict"
        rows = reader.rows()
        assert rows[reader.say("account")] == id_to_text(HOLDER)
        assert rows[reader.say("held")] == reader.say("units", "1,500")
        assert rows[reader.say("at")].startswith(reader.say("pulse", "12,345"))
        assert "2026" in rows[reader.say("at")]
        assert rows[reader.say("changed")] == reader.say("pulse", "12,344")
        assert rows[reader.say("total")] == reader.say("accounts", COMMA((1 << 56) - 1), "42")
        assert rows[reader.say("signers")].startswith(reader.say("keepers", 2, 3, 2))
        assert rows[reader.say("transaction")] == IDS[2].hex() + reader.say("included")
        assert rows[reader.say("organization")] == OURS
        reader.shot("good")


def test_served_in_the_other_language_and_at_night(chromium, tmp_path):
    from leither_edge.core.accounts import TREASURY, system_account

    with serving_aside(MemoryDevice(), assets.build(str(tmp_path))) as url:
        with reading(chromium, url + "/receipt", size="narrow", language="zh", scheme="dark") as reader:
            reader.open().check(text_of(receipt(account=system_account(TREASURY))), OURS)
            assert reader.verdict() == reader.say("good")
            rows = reader.rows()
            assert rows[reader.say("account")].endswith(reader.say("treasury"))
            # More than a JavaScript number holds: no digit is lost.
            assert rows[reader.say("held")] == reader.say("units", COMMA(LARGEST)) and LARGEST > 1 << 53
            assert rows[reader.say("transaction")] == reader.say("none")
            reader.shot("good")
            reader.page.get_by_role("button", name="English").click()
            reader.language = "en"
            assert reader.verdict() == reader.say("good") and reader.page.evaluate("document.documentElement.lang") == "en"
            reader.page.reload()
            assert reader.page.get_by_role("heading", level=1).text_content() == reader.say("title")


def test_what_an_account_does_not_hold(chromium, from_disk):
    with reading(chromium, from_disk) as reader:
        reader.open().check(text_of(receipt(account=STRANGER)), OURS)
        assert reader.verdict() == reader.say("good")
        assert reader.rows()[reader.say("held")] == reader.say("nothing") and reader.say("changed") not in reader.rows()


def test_a_tampered_receipt_says_what_is_wrong(chromium, from_disk):
    more = receipt(wrong={"proof": lambda proof: proof[:8] + (9_999).to_bytes(8, "big") + proof[16:]})
    forged = receipt(wrong={"certificate": lambda data: data[:-1] + bytes([data[-1] ^ 1])})
    cases = [
        (text_of(more), ("proof/",)),
        (text_of(forged), ("certificate/signature",)),
        (text_of(receipt(signers=(1,))), ("header/threshold", 1, 2)),
        (text_of(receipt(pulse=99)), ("header/pulse",)),
        (text_of(receipt(wrong={"header": lambda data: data[:-1] + bytes([data[-1] ^ 1])})), ("header/signatures",)),
        (text_of(receipt(ids=IDS, number=1, wrong={"transaction": lambda one: IDS[0]})), ("transaction/",)),
        (text_of(receipt()[:-3]), ("receipt/",)),
    ]
    with reading(chromium, from_disk) as reader:
        reader.open()
        for text, said in cases:
            reader.check(text, OURS)
            assert (reader.verdict(), reader.problem()) == (reader.say("bad"), reader.say(*said))
            assert reader.page.locator("dl").count() == 0
        reader.shot("bad")


def test_what_is_typed_wrong_is_no_verdict(chromium, from_disk):
    good = text_of(receipt())
    cases = [
        ("", OURS, "input/empty"),
        ("not a receipt!", OURS, "input/text"),
        (good[:-1] + "*", OURS, "input/text"),
        (good, "", "input/none"),
        (good, OURS[:-1], "input/id"),
        ("A" * 30_000, OURS, "input/text"),
    ]
    with reading(chromium, from_disk) as reader:
        reader.open()
        for text, organization, said in cases:
            reader.check(text, organization)
            assert (reader.verdict(), reader.problem()) == (reader.say("unchecked"), reader.say(said))
        # As a mail wraps it.
        reader.check("\n ".join(good[at : at + 72] for at in range(0, len(good), 72)), OURS)
        assert reader.verdict() == reader.say("good")


def test_another_organizations_receipt(chromium, from_disk):
    with reading(chromium, from_disk) as reader:
        reader.open().check(text_of(receipt()), THEIRS)
        assert (reader.verdict(), reader.problem()) == (reader.say("bad"), reader.say("certificate/organization", OURS))
        assert reader.page.evaluate("localStorage.length") == 0


def test_a_verdict_goes_when_what_it_is_about_changes(chromium, from_disk):
    with reading(chromium, from_disk) as reader:
        reader.open().check(text_of(receipt()), OURS)
        assert reader.page.locator("#verdict").is_visible()
        reader.page.fill("#receipt", text_of(receipt(account=STRANGER)))
        assert not reader.page.locator("#result").is_visible()


def test_a_link_without_an_id_asks_for_it(chromium, from_disk):
    with reading(chromium, from_disk) as reader:
        reader.open(f"#r={text_of(receipt())}")
        assert (reader.verdict(), reader.problem()) == (reader.say("unchecked"), reader.say("input/none"))
        reader.page.fill("#organization", OURS)
        reader.page.keyboard.press("Enter")
        assert reader.verdict() == reader.say("good")


def test_a_link_brings_an_id_that_must_be_compared(chromium, from_disk):
    link = f"#o={OURS}&r={text_of(receipt())}"
    with reading(chromium, from_disk) as reader:
        reader.open(link)
        assert reader.verdict() == reader.say("if_yours")
        came = reader.page.locator("#came").text_content()
        assert reader.say("came") in came and OURS in came
        reader.shot("link")
        # Nobody has compared it yet: another visit asks again.
        reader.page.reload()
        assert reader.verdict() == reader.say("if_yours")
        reader.page.get_by_role("button", name=reader.say("same")).click()
        assert reader.verdict() == reader.say("good") and reader.page.locator("#came").count() == 0
        reader.page.reload()
        assert reader.verdict() == reader.say("good")


def test_a_link_of_another_organization_than_the_one_remembered(chromium, from_disk):
    with reading(chromium, from_disk) as reader:
        reader.open().check(text_of(receipt()), OURS)
        assert reader.verdict() == reader.say("good")
        reader.page.evaluate("id => localStorage.setItem('leither.organization', id)", THEIRS)
        reader.page.goto("about:blank")
        reader.open(f"#r={text_of(receipt())}&o={OURS}")
        assert reader.verdict() == reader.say("if_yours")
        assert reader.say("came_other", THEIRS) in reader.page.locator("#came").text_content()
        assert id_from_text(reader.page.evaluate("localStorage.getItem('leither.organization')")) == OTHER.id


def test_a_pasted_link_does_not_replace_the_id_that_is_known(chromium, from_disk):
    with reading(chromium, from_disk) as reader:
        reader.open().check(f"http://somewhere.example/receipt#o={OURS}&r={text_of(receipt())}", THEIRS)
        assert reader.problem() == reader.say("certificate/organization", OURS)
        reader.check(f"http://somewhere.example/receipt#o={OURS}&r={text_of(receipt())}", "")
        assert reader.verdict() == reader.say("if_yours")


@pytest.mark.parametrize("form", ["bytes", "text"])
def test_a_file_opened_or_dropped(chromium, from_disk, tmp_path, form):
    content = receipt() if form == "bytes" else (text_of(receipt()) + "\n").encode()
    path = tmp_path / "anna.receipt"
    path.write_bytes(content)
    with reading(chromium, from_disk, size="desktop") as reader:
        reader.open().page.fill("#organization", OURS)
        with reader.page.expect_file_chooser() as chooser:
            reader.page.get_by_role("button", name=reader.say("open")).click()
        chooser.value.set_files(path)
        reader.page.get_by_text(reader.say("good")).wait_for()
        reader.page.reload()
        drop(reader.page, content)
        reader.page.get_by_text(reader.say("good")).wait_for()
        drop(reader.page, bytes(30_000))
        reader.page.get_by_text(reader.say("input/file")).wait_for()


def drop(page, content):
    """A file let go over the page."""
    page.evaluate(
        """content => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([Uint8Array.from(content)], "anna.receipt"));
          document.querySelector("h1").dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
        }""",
        list(content),
    )


def test_by_keyboard_alone(chromium, from_disk):
    with reading(chromium, from_disk) as reader:
        keyboard = reader.open().page.keyboard
        seen = []
        for _ in range(8):
            keyboard.press("Tab")
            element = reader.page.evaluate("document.activeElement.id || document.activeElement.tagName + document.activeElement.className")
            assert reader.page.evaluate(FOCUS_SEEN), element
            seen.append(element)
            if element == "receipt":
                keyboard.insert_text(text_of(receipt()))
            if element == "organization":
                keyboard.type(OURS)
                keyboard.press("Enter")
                break
        assert seen == ["Askip", "BUTTON", "BUTTON", "receipt", "open", "organization"]
        assert reader.verdict() == reader.say("good")


def test_saved_by_the_browser_it_works_again(chromium, from_disk, tmp_path):
    """Browsers save a page as it stands, verdict and all."""
    with reading(chromium, from_disk) as reader:
        reader.open().check(text_of(receipt()), OURS)
        saved = tmp_path / "saved.html"
        saved.write_text(reader.page.content())
    with reading(chromium, saved.as_uri()) as reader:
        reader.open()
        assert not reader.page.locator("#result").is_visible() and not reader.page.locator("#needs").is_visible()
        reader.check(text_of(receipt(signers=(1,))), OURS)
        assert reader.verdict() == reader.say("bad")


def test_without_javascript_it_says_what_it_needs(chromium, from_disk):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(from_disk)
    assert page.get_by_text("This page needs JavaScript").is_visible() and not page.locator("form").is_visible()
    context.close()
