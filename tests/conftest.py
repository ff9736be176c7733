"""Runs every ``async def test_*`` under trio, so that a test needs no plug-in, and lends all tests one real browser."""

import functools
import inspect
import os

import hypothesis
import pytest
import trio

from tests.browser.chromium import open_chromium

# No test judges by the clock: on a busy machine one example in ten thousand takes long.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")
# A hung test is a failure with a traceback, never a stuck suite.
ASYNC_TEST_LIMIT_S = int(os.environ.get("LEITHER_ASYNC_TEST_LIMIT_S", "60"))


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
    """One Chromium for the whole run."""
    with open_chromium() as browser:
        yield browser
