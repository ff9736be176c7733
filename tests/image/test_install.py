"""What of the project an image holds."""

import pytest

from tests.image.test_stand_ins import PACKAGE, load
from tests.test_architecture import ROOT, imported_modules, module_name

INSTALL = load("install", PACKAGE)
# Loaded where the hardware is a made-up one only.
NOT_ON_A_DEVICE = {"appliance.board.fake"}


def test_nothing_that_an_image_holds_imports_what_it_leaves_out():
    held = {module_name(ROOT / path) for path in INSTALL.sources(ROOT) if path.suffix == ".py"}
    known = {module_name(path) for name in INSTALL.PACKAGES for path in (ROOT / name).rglob("*.py")}
    missing = {}
    for path in INSTALL.sources(ROOT):
        if path.suffix == ".py":
            for name, _line in imported_modules(ROOT / path):
                if name in known - held - NOT_ON_A_DEVICE:
                    missing.setdefault(name, []).append(str(path))
    assert missing == {}


@pytest.mark.parametrize("left_out", INSTALL.LEFT_OUT)
def test_what_is_left_out_exists(left_out):
    folder, _, name = left_out.rpartition("/")
    assert any(path.name.startswith(name) for path in (ROOT / folder).iterdir())
