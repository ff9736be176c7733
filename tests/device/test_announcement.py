"""What the terminal shows when the device is ready, and what is said about a mistyped setting of ``make run``."""

import re
import subprocess

import pytest

from appliance.device import announcement as announcements
from appliance.device.options import UsageError, parse_options
from tests.commands.device import running
from tests.device_process import ROOT

TERMINAL_LINES = 24
PICTURE = "\n".join(["██▄▄▄▄██"] * 19)


@pytest.fixture
def asked(monkeypatch):
    """The addresses of which a picture was wanted."""
    asked = []

    async def terminal_qr(text):
        asked.append(text)
        return PICTURE

    monkeypatch.setattr(announcements, "terminal_qr", terminal_qr)
    return asked


@pytest.mark.parametrize("access_point", [None, ("Leither-7KQM", "a secret word")])
async def test_address_and_token_stay_on_a_small_terminal(tmp_path, asked, access_point):
    async with running(tmp_path) as device:
        claim = device.claim()
        said = await announcements.announcement("http://192.168.1.7:8040/", claim, "box", device.key.id, "pi-zero", False, access_point)
        last = said.splitlines()[-TERMINAL_LINES + 3 :]
        assert any(f"http://192.168.1.7:8040/?t={claim.token.replace('-', '')}" in line for line in last)
        assert any(claim.token in line for line in last)
        assert asked and PICTURE in said


async def test_no_picture_for_what_no_phone_can_reach(tmp_path, asked):
    async with running(tmp_path) as device:
        said = await announcements.announcement("http://127.0.0.1:8040/", device.claim(), "box", device.key.id, "pi-zero", True)
        assert not asked and "█" not in said and "LISTEN=all" in said


@pytest.mark.parametrize(("option", "typed"), [("--port", "PORT="), ("--listen", "LISTEN=")])
def test_a_mistyped_setting_is_named_as_typed(option, typed):
    with pytest.raises(UsageError) as error:
        parse_options([option, "abc"])
    assert option in str(error.value) and typed in str(error.value) and "abc" in str(error.value)


def test_make_run_expands_the_home_folder_and_passes_the_card(tmp_path):
    def command(*settings):
        done = subprocess.run(["make", "-n", "run", f"HOME={tmp_path}", *settings], cwd=ROOT, capture_output=True, text=True, check=True)
        return re.sub(r"\s*\\?\n\s*", " ", done.stdout)

    assert f"--state '{tmp_path}/node'" in command("STATE=~/node")
    assert f"--card '{tmp_path}/leither.toml'" in command("CARD=~/leither.toml")
    assert "--card" not in command() and "--state '.leither'" in command()
