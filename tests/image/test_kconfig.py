"""Lines of fragments and configurations, and what was dropped between the two."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.check import dropped
from image.check.finding import CheckError, read_text
from image.check.kconfig import Setting, parse, same, unfit, written

from .tree import CHECKOUT


def test_settings_and_comments_are_told_apart():
    settings, problems = parse('# What it is.\nCONFIG_A=y\n# CONFIG_B is not set\n\nCONFIG_C="a \\"b\\" c"\nCONFIG_D=0x40\nCONFIG_E=-3\n')
    assert not problems
    assert [(one.symbol, one.value, one.line) for one in settings] == [
        ("CONFIG_A", "y", 2), ("CONFIG_B", "n", 3), ("CONFIG_C", '"a \\"b\\" c"', 5), ("CONFIG_D", "0x40", 6), ("CONFIG_E", "-3", 7),
    ]  # fmt: skip


PASSED_OVER = (
    "CONFIG_A = y", "CONFIG_A=yes", "A=y", 'CONFIG_A="open', "#CONFIG_A is not set", "# CONFIG_A is not set ", "#CONFIG_A=y",
    "CONFIG_A=y # why",
)  # fmt: skip


@pytest.mark.parametrize("line", PASSED_OVER)
def test_a_line_that_kconfig_would_pass_over_is_a_problem(line):
    assert parse(line)[1], line


@given(st.text(max_size=300))
def test_any_text_is_parsed_or_reported(text):
    settings, problems = parse(text)
    assert all(1 <= line <= text.count("\n") + 1 for line, _ in problems)
    assert parse("\n".join(written(one.symbol, one.value) for one in settings))[1] == []


def test_numbers_are_compared_as_numbers():
    assert same("0x10", "16") and same("y", "y") and not same("y", "m") and not same('"16"', "16")
    assert unfit("b", "m") == "y or n" and unfit("t", "m") is None and unfit("s", "y") and unfit("-", "anything") is None


ASKED = [("f", Setting("CONFIG_SQUASHFS", "y", 1)), ("f", Setting("CONFIG_RADIO", "m", 2)), ("f", Setting("CONFIG_DEBUG", "n", 3))]


def test_nothing_to_say_when_all_came_out_as_asked():
    assert dropped.dropped({"CONFIG_SQUASHFS": "y", "CONFIG_RADIO": "m"}, ASKED) == []


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"CONFIG_RADIO": "m"}, "f:1: CONFIG_SQUASHFS=y was dropped"),
        ({"CONFIG_SQUASHFS": "n", "CONFIG_RADIO": "m"}, "f:1: CONFIG_SQUASHFS=y was dropped and is off"),
        ({"CONFIG_SQUASHFS": "m", "CONFIG_RADIO": "m"}, "f:1: CONFIG_SQUASHFS=y became m"),
        ({"CONFIG_SQUASHFS": "y", "CONFIG_RADIO": "y"}, "f:2: CONFIG_RADIO=m became y"),
        ({"CONFIG_SQUASHFS": "y", "CONFIG_RADIO": "m", "CONFIG_DEBUG": "y"}, "f:3: CONFIG_DEBUG was to be off and is y"),
    ],
)
def test_each_way_of_being_dropped(config, said):
    (finding,) = dropped.dropped(config, ASKED)
    assert str(finding).startswith(said)


def test_the_last_fragment_decides():
    later = [*ASKED, ("g", Setting("CONFIG_SQUASHFS", "m", 9))]
    assert dropped.dropped({"CONFIG_SQUASHFS": "m", "CONFIG_RADIO": "m"}, later) == []
    (finding,) = dropped.contradictions(later)
    assert str(finding) == "g:9: CONFIG_SQUASHFS=m overrides =y of f:1: decide for one"


def test_the_same_said_twice_is_no_contradiction():
    assert dropped.contradictions([*ASKED, *ASKED]) == []


def run(*words):
    return subprocess.run([sys.executable, "-m", *map(str, words)], cwd=CHECKOUT, capture_output=True, text=True)


def test_the_commands_of_the_build(tmp_path):
    config, fragment = tmp_path / ".config", tmp_path / "disk.config"
    config.write_text("CONFIG_MMC=y\nCONFIG_SQUASHFS=m\n")
    fragment.write_text("# Disk.\nCONFIG_MMC=y\nCONFIG_SQUASHFS=y\n")
    done = run("image.check.dropped", config, fragment)
    assert done.returncode == 1 and done.stdout.startswith(f"{fragment}:3: CONFIG_SQUASHFS=y became m")
    assert json.loads(run("image.check.dropped", "--json", config, fragment).stdout)[0]["line"] == 3
    fragment.write_text("# Disk.\nCONFIG_MMC=y\n")
    later = tmp_path / "later.config"
    later.write_text("# CONFIG_MMC is not set\nCONFIG_MMC=y\n")
    done = run("image.check.dropped", config, fragment, later)
    assert done.returncode == 1 and f"later.config:1: CONFIG_MMC=n overrides =y of {fragment}:2" in done.stdout
    assert run("image.check.dropped", config, fragment).returncode == 0
    config.write_text("")
    done = run("image.check.dropped", config, fragment)
    assert done.returncode == 2 and "not a finished configuration" in done.stderr


def test_a_file_from_outside_is_bounded(tmp_path):
    path = tmp_path / "x"
    for data in (b"a" * 20, b"\xff\xfe"):
        path.write_bytes(data)
        with pytest.raises(CheckError):
            read_text(path, 10)
    with pytest.raises(CheckError, match="cannot be read"):
        read_text(tmp_path / "none")
