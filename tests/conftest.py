"""Runs every ``async def test_*`` under trio, so that a test needs no plug-in, and lends all tests one real browser."""

import functools
import inspect
import os
import shutil

import pytest
import trio

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# As root, in a container and without a network: none of what Chromium does on its own account.
BROWSER_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
).split()

# A hung test is a failure with a traceback, never a stuck suite.
ASYNC_TEST_LIMIT_S = 60


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    test = pyfuncitem.obj
    if inspect.iscoroutinefunction(test):

        @functools.wraps(test)
        def run_under_trio(**arguments):
            async def bounded():
                with trio.fail_after(ASYNC_TEST_LIMIT_S):
                    await test(**arguments)

            trio.run(bounded)

        pyfuncitem.obj = run_under_trio
    return (yield)


@pytest.fixture(scope="session")
def chromium():
    """One Chromium for the whole run; LEITHER_BROWSER names another than the distribution's."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("LEITHER_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.fail("Chromium is not installed. Install it with: ./install.sh test. Or name one in LEITHER_BROWSER.")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        yield browser
        browser.close()
