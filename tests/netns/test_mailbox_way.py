"""From a café to a device at home, both behind NAT, with nothing but one public node of the DHT between them."""

import subprocess

import pytest

from tests.netns import mailbox_way
from tests.netns.world import World, why_not


@pytest.fixture
def may_make():
    """Skips where no world can be made."""
    reason = why_not()
    if reason:
        pytest.skip(reason)


@pytest.mark.slow
def test_a_command_reaches_home_through_the_dht_alone(may_make):
    result = mailbox_way.measure(nodes=1, commands=3, sleep_s=8, idle_s=0)
    assert result["median_waiting_s"] < 60 and result["after_sleep"]["done"] == 1
    assert all(row["stored"] == 1 for row in result["commands"])


@pytest.mark.slow
def test_nothing_is_left_behind_when_it_fails(may_make):
    before = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    with pytest.raises(ZeroDivisionError), World() as world:
        world.house("home-router", "60.1.1.1", "60.1.1.254")
        process = world.start("home-router", "sleep", "600")
        _ = 1 / 0
    assert process.poll() is not None
    assert subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout == before


def test_it_says_why_it_cannot_be_made(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "not root" in why_not()
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda program: None)
    assert "iproute2" in why_not()
