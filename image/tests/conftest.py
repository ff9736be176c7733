"""The image under test, a machine with a copy of it, and the figures that a run leaves behind."""

import json
import os
import secrets
import sys
from pathlib import Path

import pytest

from image.tests.boards import BOARDS, open_machine
from image.tests.owner import write_settings

ROOT = Path(__file__).resolve().parents[2]
QUICK_CUTS, CUTS = 5, 100
# This machine emulates; on a busy one everything takes several times as long.
START_LIMIT_S = 240


# Has a run of its own, which fetches what it needs.
collect_ignore = [] if any("neighbours" in word for word in sys.argv) else ["neighbours"]


def pytest_addoption(parser):
    group = parser.getgroup("image")
    group.addoption("--profile", default="pi-zero", choices=sorted(BOARDS), help="hardware profile of the image under test")
    group.addoption("--image", default=None, help="card image, instead of build/PROFILE/sdcard.img")
    group.addoption("--quick", action="store_true", help=f"{QUICK_CUTS} power cuts instead of {CUTS}")
    group.addoption("--cuts", type=int, default=None, help="number of power cuts")


def image_path(config):
    """The card image that the options name."""
    return Path(config.getoption("--image") or ROOT / "build" / config.getoption("--profile") / "sdcard.img")


def pytest_sessionstart(session):
    path, profile = image_path(session.config), session.config.getoption("--profile")
    if not path.exists():
        pytest.exit(f"There is no image of {profile}: {path} does not exist. Build it with: make image PROFILE={profile}", returncode=2)


@pytest.fixture(scope="session")
def profile(request):
    return request.config.getoption("--profile")


@pytest.fixture(scope="session")
def image(request):
    return image_path(request.config)


@pytest.fixture
def token():
    """A claim token as `leither card write` makes them."""
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


@pytest.fixture
def machine(profile, image, tmp_path, token):
    """The profile's board with a new card in it that carries a claim token; off."""
    board = open_machine(profile, image, tmp_path / "machine")
    write_settings(board.card, token)
    with board:
        yield board
    os.unlink(board.card.path)


@pytest.fixture(scope="session")
def figures(profile, image):
    """Measured figures by name; written to build/image-test-PROFILE.json at the end."""
    found = {"profile": profile, "image": image.name, "image_bytes": image.stat().st_size}
    yield found
    path = ROOT / "build" / f"image-test-{profile}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
