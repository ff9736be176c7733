"""What init starts beside the supervisor: drivers for whatever shows up, and the guard of a system on trial. Time passes in no time."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "image/board/common/overlay/etc/leither"


@pytest.fixture
def machine(tmp_path):
    """Folders in place of /run, /sys, /proc and /etc, and programs that note what they are asked for in ``told``."""
    for folder in ("bin", "run/leither", "sys/bus/sdio/devices", "etc/modprobe.d", "proc/41"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/modprobe.d/later.conf").write_text("# The screen\nblacklist vc4\n")
    program(tmp_path, "reboot", "")
    program(tmp_path, "modprobe", "")
    program(tmp_path, "sleep", "")
    return tmp_path


def program(machine, name, more):
    path = machine / "bin" / name
    path.write_text(f'#!/bin/sh\necho {name} "$@" >>{machine}/told\n{more}\n')
    path.chmod(0o755)


def run(machine, script):
    """The lines of what a script asked for."""
    text = (SCRIPTS / script).read_text()
    for folder in ("run", "sys", "proc", "etc"):
        text = text.replace(f"/{folder}/", f"{machine}/{folder}/")
    path = f"{machine}/bin:{os.environ['PATH']}"
    subprocess.run(["sh", "-c", text], check=False, timeout=60, capture_output=True, env={"PATH": path})
    return (machine / "told").read_text().splitlines()


def test_a_radio_that_shows_up_late_gets_its_driver(machine):
    first, late = (machine / f"sys/bus/sdio/devices/{name}" for name in ("first", "late"))
    first.mkdir()
    (first / "modalias").write_text("of:Nfirst\n")
    program(machine, "sleep", f"[ $1 != 2 ] || {{ mkdir {late}; echo sdio:late >{late}/modalias; }}")
    told = run(machine, "modules")
    loads = [line for line in told if line.startswith("modprobe -a -b")]
    assert loads[0] == "modprobe -a -b -q of:Nfirst" and loads[-1] == "modprobe -a -b -q of:Nfirst sdio:late"
    assert "modprobe -a -q vc4" in told and sum(int(line.split()[1]) for line in told if line.startswith("sleep")) == 30


@pytest.mark.parametrize(("mark", "is_left"), [("kept", False), ("no-state", True), (None, True)])
def test_the_guard_leaves_a_system_that_nobody_kept(machine, mark, is_left):
    (machine / "run/leither/trouble.json").write_text("{}")
    if mark:
        (machine / "run/leither" / mark).write_text("")
    assert run(machine, "trial-guard") == ["sleep 600", *(["reboot -f"] if is_left else [])]


@pytest.mark.parametrize(("process", "waits"), [("41", 360), ("42", 0), (None, 360)])
def test_the_guard_waits_for_a_start_only_while_it_goes_on(machine, process, waits):
    if process:
        (machine / "run/started").write_text(f"{process}\n")
    assert run(machine, "trial-guard") == [*["sleep 10"] * waits, "sleep 600", "reboot -f"]


def test_the_guard_hears_of_the_end_of_a_start(machine):
    (machine / "run/started").write_text("41\n")
    program(machine, "sleep", f"echo >>{machine}/slept; [ $(wc -l <{machine}/slept) != 3 ] || echo >{machine}/run/leither/trouble.json")
    assert run(machine, "trial-guard") == ["sleep 10", "sleep 10", "sleep 10", "sleep 600", "reboot -f"]
