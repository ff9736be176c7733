"""The image's quick way to start a program of ours."""

import subprocess
import sys
from pathlib import Path

from appliance.supervisor import start

OVERLAY = Path(__file__).resolve().parents[2] / "image" / "board" / "common" / "overlay"
RUN = OVERLAY / "etc" / "leither" / "run.py"


def test_a_program_of_ours_runs_with_its_arguments(tmp_path):
    site = tmp_path / "lib" / "python{}.{}".format(*sys.version_info[:2]) / "site-packages"
    (site / "program").mkdir(parents=True)
    (site / "program" / "__main__.py").write_text("import sys\n\n\ndef run():\n    print(sys.argv[1:], 'site' in sys.modules)\n")
    shown = f"import sys; sys.prefix = {str(tmp_path)!r}; sys.argv[:1] = []; exec(open(sys.argv[0]).read())"
    done = subprocess.run([sys.executable, "-S", "-E", "-c", shown, str(RUN), "program", "--port", "8"], capture_output=True, text=True)
    assert done.stdout == "['--port', '8'] False\n", done.stderr


def test_every_program_of_ours_can_be_started_so():
    for name in ("power_on", "supervisor", "device"):
        module = __import__(f"appliance.{name}.__main__", fromlist=("run",))
        assert callable(module.run)


def test_the_supervisor_starts_the_node_so_where_there_is_that_way(monkeypatch):
    assert f"/{RUN.relative_to(OVERLAY)}" == start.RUN
    monkeypatch.setattr(start, "RUN", str(RUN))
    assert start._node_command(True)[1:] == start.NODE_COMMAND_DEVICE
    assert start._node_command(False)[1:] == start.NODE_COMMAND
    monkeypatch.setattr(start, "RUN", "/nonexistent")
    assert start._node_command(True)[1:] == start.NODE_COMMAND
