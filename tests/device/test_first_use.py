"""A module that is put off is loaded by its first use, and is then the real one."""

import subprocess
import sys

PROGRAM = """
import sys
from appliance.device.first_use import at_first_use
at_first_use("colorsys", "sys")
import sys as still
assert still is sys and hasattr(sys, "path")
import colorsys
assert "rgb_to_hsv" not in vars(colorsys)
early = colorsys
assert early.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)
import colorsys
assert colorsys is not early and colorsys.rgb_to_hsv is early.rgb_to_hsv
at_first_use("json")
from json import loads
assert loads("1") == 1
try:
    early.nothing
except AttributeError as error:
    print(error)
"""


def test_a_module_is_loaded_by_its_first_use():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert "has no attribute 'nothing'" in done.stdout, done.stderr


def test_the_node_loads_without_what_it_puts_off():
    show = (
        "import sys; from appliance.device.first_use import Later, at_first_use; at_first_use('inspect', 'subprocess', 'idna');"
        "import h11, appliance.device.options; print([n for n in ('idna', 'subprocess') if not isinstance(sys.modules[n], Later)])"
    )
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
