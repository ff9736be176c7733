"""Limits on the node, applied in a process of their own and read back."""

import json
import os
import subprocess
import sys

from appliance.supervisor.cgroup import Cgroup
from appliance.supervisor.limits import DATA_FACTOR, MIB, Limits, limits_from_profile
from tests.supervisor.conftest import ROOT
from tests.supervisor.launch import quick_profile

PROGRAM = """
import json, os, sys
from appliance.supervisor.cgroup import Cgroup
from appliance.supervisor.limits import Limits
from tests.supervisor.launch import quick_profile
cgroup = Cgroup(sys.argv[2], ["memory"]) if sys.argv[2] else None
limits = Limits(quick_profile(), is_device=sys.argv[1] == "device", cgroup=cgroup, reason="none here")
refused = limits.apply_to_self()
print(json.dumps([refused, limits.in_force(os.getpid())]))
"""


def applied(where, folder=""):
    """What is refused and in force after applying them."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, where, folder], cwd=ROOT, capture_output=True, check=True)
    return json.loads(done.stdout)


def test_on_a_laptop():
    refused, found = applied("laptop")
    assert refused == []
    assert found["core"] == 0 and found["open_files"] == 128
    assert found["data"] == DATA_FACTOR * 64 * MIB
    assert found["processes"] != 32
    assert found["cgroup"] is None and found["cgroup_reason"] == "none here"


def test_on_a_device_processes_are_bounded_too():
    _refused, found = applied("device")
    assert found["processes"] == 32


def test_a_cgroup_is_joined_and_replaces_the_bound_on_data(tmp_path):
    (tmp_path / "memory.max").write_text("4096\n")
    (tmp_path / "cgroup.procs").write_text("")
    refused, found = applied("laptop", str(tmp_path))
    assert refused == [] and found["data"] is None
    assert found["cgroup"] == {"memory.max": "4096"}
    assert (tmp_path / "cgroup.procs").read_text() == "0"


def test_a_cgroup_that_is_gone_is_reported_and_the_rest_applied(tmp_path):
    refused, found = applied("laptop", str(tmp_path / "gone"))
    assert len(refused) == 1 and refused[0].startswith("cgroup: ")
    assert found["open_files"] == 128


def test_an_ended_node_has_no_limits():
    assert Limits(quick_profile(), False, reason="x").in_force(2**22 + 1) == {"cgroup": None, "cgroup_reason": "x"}


def test_from_a_profile_never_fails():
    limits = limits_from_profile(quick_profile(), is_device=False)
    assert limits.cgroup is None or isinstance(limits.cgroup, Cgroup)
    assert limits.in_force(os.getpid())
