"""The one-time work of a start, which the first supervisor carries out in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from appliance.power_on import trouble

ROOT = Path(__file__).resolve().parents[2]
# In place of what needs a board: the work of a start, and the supervisor itself.
PROGRAM = """
import os, sys
from appliance.power_on import start as power_on, trouble
from appliance.supervisor import __main__ as program, slot_trial, start as supervisor
slot_trial.keep_without_state = lambda: print("judged", flush=True)
trouble.FOLDER = {folder!r}
def work():
    print("powered on", os.getpid() != {me}, flush=True)
    {work}
    return 0
me = os.getpid()
power_on.main = work
supervisor.main = lambda arguments: print("supervisor", arguments, os.getpid() == me, flush=True) or 3
sys.argv = ["supervisor", *{arguments!r}]
program.run()
"""


def run(tmp_path, arguments, work="pass"):
    program = PROGRAM.format(folder=str(tmp_path), me="me", work=work, arguments=arguments)
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_first_supervisor_powers_on_beforehand(tmp_path):
    done = run(tmp_path, ["--power-on", "--port", "80"])
    assert (done.stdout, done.returncode) == ("powered on True\nsupervisor ['--port', '80'] True\n", 3), done.stderr


def test_a_later_one_does_not(tmp_path):
    assert run(tmp_path, ["--port", "80"]).stdout == "supervisor ['--port', '80'] True\n"


@pytest.mark.parametrize("work", ["raise RuntimeError('torn card')", "sys.exit(1)"])
def test_a_start_that_failed_keeps_no_supervisor_from_its_work(tmp_path, work):
    done = run(tmp_path, ["--power-on"], work)
    assert done.stdout.endswith("supervisor [] True\n") and done.returncode == 3
    assert "torn card" in done.stderr or "torn card" not in work
    (said,) = trouble.read(tmp_path / "trouble.json")
    assert (said.step, said.stops_node) == ("start", False) and "ended early" in said.sentence


def test_what_a_start_told_of_itself_stands(tmp_path):
    path = tmp_path / "trouble.json"
    trouble.write([trouble.Trouble("data", "DATA is damaged.", False)], str(path))
    run(tmp_path, ["--power-on"], "os._exit(1)")
    assert [said.sentence for said in trouble.read(path)] == ["DATA is damaged."]


def test_without_state_the_supervisor_ends_and_says_nothing_more(tmp_path):
    done = run(tmp_path, ["--power-on"], f"open({str(tmp_path / 'no-state')!r}, 'w').close()")
    assert (done.stdout, done.stderr, done.returncode) == ("powered on True\njudged\n", "", 0)
