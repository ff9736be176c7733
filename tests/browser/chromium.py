"""A real Chromium, for tests and for the pictures of the pages."""

import os
import shutil
from contextlib import contextmanager

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# As root, in a container and without a network: none of what Chromium does on its own account.
BROWSER_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
).split()


class NoChromiumError(Exception):
    """There is no browser here; the message says how to get one."""


@contextmanager
def open_chromium():
    """A browser, until the block ends; LEITHER_BROWSER names another than the distribution's. Raises NoChromiumError."""
    path = os.environ.get("LEITHER_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise NoChromiumError("Chromium is not installed. Install it with: ./install.sh test. Or name one in LEITHER_BROWSER.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        yield browser
        browser.close()
