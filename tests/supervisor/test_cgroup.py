"""The node's control group, on a folder that looks like cgroup v2."""

import errno

import pytest

from appliance.supervisor import cgroup
from appliance.supervisor.cgroup import NODE_GROUP, SUPERVISOR_GROUP, CgroupUnavailable, open_cgroup


@pytest.fixture
def system(tmp_path):
    """Files of /proc/self and a mounted hierarchy in which we sit in /work (``root=True``: in the root)."""

    def make(root=False, controllers="cpu memory pids io", mounted=True, own=None):
        mount = tmp_path / "cgroup"
        folder = mount if root else mount / "work"
        folder.mkdir(parents=True)
        proc = tmp_path / "proc"
        proc.mkdir()
        lines = ["30 23 0:26 / /proc rw - proc proc rw"]
        if mounted:
            lines.append(f"31 23 0:27 / {mount} rw,nosuid shared:9 - cgroup2 cgroup2 rw")
        (proc / "mountinfo").write_text("\n".join(lines) + "\n")
        (proc / "cgroup").write_text("5:freezer:/\n0::" + (own or ("/" if root else "/work")) + "\n")
        (folder / "cgroup.controllers").write_text(controllers + "\n")
        (folder / "cgroup.subtree_control").write_text("\n")
        (folder / "cgroup.procs").write_text("")
        if not root:
            (folder / "cgroup.type").write_text("domain\n")
            # The kernel fills a new group with its files; here they must be there before.
            (folder / SUPERVISOR_GROUP).mkdir()
            (folder / SUPERVISOR_GROUP / "cgroup.procs").write_text("")
        (folder / NODE_GROUP).mkdir()
        for file in ("cgroup.procs", "memory.max", "memory.high", "cpu.weight", "pids.max"):
            (folder / NODE_GROUP / file).write_text("")
        return str(proc), folder

    return make


def test_limits_are_written_and_read_back(system):
    proc, folder = system(root=True)
    group = open_cgroup(proc)
    group.apply(1000, 900, 80, 48)
    assert group.in_force() == {"memory.max": "1000", "memory.high": "900", "cpu.weight": "80", "pids.max": "48"}
    assert group.bounds_memory
    assert (folder / "cgroup.subtree_control").read_text().strip() == "+memory +cpu +pids"
    assert group.joined_by == str(folder / NODE_GROUP / "cgroup.procs")


def test_outside_the_root_we_move_into_a_leaf_first(system):
    proc, folder = system()
    open_cgroup(proc)
    assert (folder / SUPERVISOR_GROUP / "cgroup.procs").read_text() == "0"


def test_only_the_controllers_there_are(system):
    proc, folder = system(root=True, controllers="pids")
    group = open_cgroup(proc)
    group.apply(1000, 900, 80, 48)
    assert not group.bounds_memory
    assert (folder / NODE_GROUP / "memory.max").read_text() == ""
    assert (folder / NODE_GROUP / "pids.max").read_text() == "48"


def test_kills_for_memory(system):
    proc, folder = system(root=True)
    group = open_cgroup(proc)
    assert group.memory_kills() == 0
    (folder / NODE_GROUP / "memory.events").write_text("low 0\nhigh 3\nmax 2\noom 1\noom_kill 1\noom_group_kill 0\n")
    assert group.memory_kills() == 1


@pytest.mark.parametrize("case", [{"controllers": ""}, {"mounted": False}, {"own": "/../.."}, {"own": "/nowhere"}])
def test_where_it_may_not(system, case):
    proc, _folder = system(**case)
    with pytest.raises(CgroupUnavailable) as caught:
        open_cgroup(proc)
    assert str(caught.value)


def test_refused_controllers_put_us_back(system, monkeypatch):
    proc, folder = system()
    write = cgroup._write

    def refuse(path, text):
        if path.endswith("subtree_control"):
            raise OSError(errno.EBUSY, "Device or resource busy")
        write(path, text)

    monkeypatch.setattr(cgroup, "_write", refuse)
    with pytest.raises(CgroupUnavailable, match="busy"):
        open_cgroup(proc)
    assert (folder / "cgroup.procs").read_text() == "0"
