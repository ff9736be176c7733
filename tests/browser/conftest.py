import os

import pytest

BROWSER = os.environ.get("LEITHER_BROWSER", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def chromium():
    """One browser for all walks. Where there is none the walks are skipped, with a sentence."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not os.path.exists(BROWSER):
        pytest.skip(f"{BROWSER} is not installed; LEITHER_BROWSER may name another Chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()
