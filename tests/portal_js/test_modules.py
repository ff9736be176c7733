"""The portal's modules, run in Chromium against the vectors and a fake device."""

import json
import re
import time
from pathlib import Path

import pytest

from leither_edge.card.claim_token import normal_token
from leither_edge.core.claim import Claim, open_claim, token_hash
from leither_edge.core.command import authorize, open_command
from leither_edge.core.keyset import first_keyset
from leither_edge.core.time_floor import TimeFloor
from leither_edge.crypto import sodium
from tests.core import golden
from tests.portal_js.fake_device import VERBS, FakeDevice
from tests.portal_js.static_server import serving
from tests.portal_js.vectors import BIP39, RFC8032, all_vectors, static_folder, word_list

HERE = Path(__file__).parent
REPORT_LIMIT_MS = 30_000
SIZE_MAX = 31 * 1024
SLOW_MS = 100


@pytest.fixture(scope="module")
def vectors():
    return all_vectors()


@pytest.fixture(scope="module")
def browser_run(chromium, vectors):
    """(report of the page, lines on its console, requested addresses, the device)."""
    device = FakeDevice(int(time.time()))
    with serving(static_folder(), vectors, word_list(), device) as address:
        page = chromium.new_page()
        console, requested = [], []
        page.on("console", lambda line: console.append(line.text))
        page.on("pageerror", lambda error: console.append(str(error)))
        page.on("request", lambda request: requested.append(request.url))
        # The policy forbids what page.evaluate would do, so the page posts its report.
        with page.expect_request(f"{address}/report", timeout=REPORT_LIMIT_MS) as posted:
            page.goto(address)
        report = json.loads(posted.value.post_data)
        page.close()
    return report, console, [url.removeprefix(address) for url in requested], device


@pytest.mark.browser
def test_every_check_passes_in_chromium(browser_run):
    report, *_ = browser_run
    assert report["failed"] == []
    assert report["passed"] > 1400


@pytest.mark.browser
def test_fast_enough_in_chromium(browser_run):
    milliseconds = browser_run[0]["milliseconds"]
    assert max(milliseconds[name] for name in ("first key", "key", "sign", "verify")) < SLOW_MS, milliseconds


@pytest.mark.browser
def test_no_secret_reaches_an_address_or_the_console(browser_run):
    _, console, requested, _ = browser_run
    unexpected = [url for url in requested if not re.fullmatch(r"/[\w/.-]*(\?nonce=[0-9a-f]{32}|\?[a-z_]+=\d+(&[a-z_]+=\d+)*|\?)?", url)]
    assert unexpected == []
    # Chromium itself reports the failed requests that the checks provoke; the modules say nothing.
    assert [line for line in console if not line.startswith("Failed to load resource") and "unsafe-eval" not in line] == []


@pytest.mark.browser
def test_core_takes_commands_made_in_the_page(browser_run):
    _check_made(browser_run[0]["made"])


def _check_made(made):
    """Commands and the claim, as core reads them."""
    keyset = first_keyset(golden.DEVICE.id, golden.OWNER.public_key)
    floor = TimeFloor(golden.TIME)
    verbs = {"config-set": VERBS["break"]}
    for role, data in zip(("operator", "owner"), made["commands"], strict=True):
        command, message = open_command(bytes.fromhex(data))
        authority = authorize(
            command, message, keyset, golden.DEVICE.id, floor, golden.TIME, 0, verbs, sodium.verify, lambda challenge: True
        )
        assert (authority.role, authority.via.name) == (role, "browser")
        assert command.arguments["list"] == [1, [2, {"x": "y"}]]
        assert (command.sequence, command.expires - command.issued) == (2**53 - 1, 600)
    known = token_hash(golden.DEVICE.id, golden.OWNER.public_key, normal_token("some-token 0il"))
    assert open_claim(bytes.fromhex(made["claim"]), sodium.verify) == Claim(
        golden.DEVICE.id, golden.OWNER.public_key, golden.TIME + 1, known
    )


def test_the_vectors_themselves():
    from mnemonic import Mnemonic

    for seed, public_key, message, signature in RFC8032:
        assert sodium.keypair_from_seed(bytes.fromhex(seed))[0].hex() == public_key
        assert sodium.sign(bytes.fromhex(message), bytes.fromhex(seed)).hex() == signature
    for entropy, words in BIP39:
        assert Mnemonic("english").to_mnemonic(bytes.fromhex(entropy)) == words


def test_modules_are_small_and_keep_to_the_rules():
    modules = {path.name: path.read_text() for path in static_folder().glob("*.js") if path.name != "app.js"}
    ours = {name: text for name, text in modules.items() if name in MODULES}
    assert set(ours) == MODULES
    assert sum(len(text.encode()) for text in ours.values()) < SIZE_MAX
    for name, text in ours.items():
        assert not re.search(r"Math\.random|console\.|\beval\b|new Function|innerHTML|https?:", text), name


MODULES = {
    "bytes.js",
    "cbor.js",
    "claim.js",
    "command.js",
    "cose.js",
    "device.js",
    "ed25519.js",
    "ids.js",
    "key.js",
    "sha2.js",
    "words.js",
}
