"""A control group of the node's own, where the system lets us make one (cgroup v2).

Source: Linux kernel, Documentation/admin-guide/cgroup-v2.rst: a group that hands controllers to its children may hold no
process itself, except the root. On a device the supervisor sits in the root; on a laptop it first moves into a leaf.
"""

import os

NODE_GROUP = "leither-node"
SUPERVISOR_GROUP = "leither-supervisor"
CONTROLLERS = ("memory", "cpu", "pids")


class CgroupUnavailable(Exception):
    """No group could be made; the text says why."""


class Cgroup:
    """The node's group: its folder and the controllers it has."""

    def __init__(self, folder, controllers):
        self._folder = folder
        self._controllers = controllers

    @property
    def joined_by(self):
        """File a process writes "0" to in order to enter the group."""
        return f"{self._folder}/cgroup.procs"

    @property
    def bounds_memory(self):
        """Whether the group bounds memory."""
        return "memory" in self._controllers

    def apply(self, memory_max_bytes, memory_high_bytes, cpu_weight, pids_max):
        """Set the limits. Raises OSError."""
        for controller, file, value in (
            ("memory", "memory.max", memory_max_bytes),
            ("memory", "memory.high", memory_high_bytes),
            ("cpu", "cpu.weight", cpu_weight),
            ("pids", "pids.max", pids_max),
        ):
            if controller in self._controllers:
                _write(f"{self._folder}/{file}", str(value))

    def in_force(self):
        """Limits read back, as the kernel writes them."""
        found = {}
        for file in ("memory.max", "memory.high", "memory.current", "cpu.weight", "pids.max"):
            try:
                found[file] = _read(f"{self._folder}/{file}").strip()
            except OSError:
                pass
        return found

    def memory_kills(self):
        """How often the kernel has killed the node for memory."""
        try:
            for line in _read(f"{self._folder}/memory.events").splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
        except (OSError, ValueError):
            pass
        return 0


def open_cgroup(proc="/proc/self"):
    """Make (or find again) the node's group below our own. Raises CgroupUnavailable.

    Args:
        proc: folder with the files ``mountinfo`` and ``cgroup``.
    """
    try:
        own = _own_folder(proc)
        available = _read(f"{own}/cgroup.controllers").split()
        wanted = [name for name in CONTROLLERS if name in available]
        if not wanted:
            raise CgroupUnavailable("no cgroup v2 controller is handed to this process")
        _hand_down(own, wanted)
        folder = f"{own}/{NODE_GROUP}"
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise CgroupUnavailable(f"cgroup v2: {error.strerror}") from None
    return Cgroup(folder, wanted)


def _own_folder(proc):
    mount = None
    for line in _read(f"{proc}/mountinfo").splitlines():
        fields = line.split()
        if fields[fields.index("-") + 1] == "cgroup2":
            mount = fields[4].rstrip("/")
    if mount is None:
        raise CgroupUnavailable("cgroup v2 is not mounted")
    for line in _read(f"{proc}/cgroup").splitlines():
        if line.startswith("0::/") and not line.startswith("0::/.."):
            return mount + line[3:].rstrip("/")
    raise CgroupUnavailable("this process is in no visible cgroup v2 group")


def _hand_down(own, wanted):
    """Let groups below ``own`` have the controllers; put everything back if that is refused."""
    missing = set(wanted) - set(_read(f"{own}/cgroup.subtree_control").split())
    if not missing:
        return
    request = " ".join(f"+{name}" for name in wanted)
    if not os.path.exists(f"{own}/cgroup.type"):  # only the root has none
        _write(f"{own}/cgroup.subtree_control", request)
        return
    leaf = f"{own}/{SUPERVISOR_GROUP}"
    os.makedirs(leaf, exist_ok=True)
    try:
        _write(f"{leaf}/cgroup.procs", "0")
        _write(f"{own}/cgroup.subtree_control", request)
    except OSError:
        try:
            _write(f"{own}/cgroup.procs", "0")
            os.rmdir(leaf)
        except OSError:
            pass
        raise


def _read(path):
    with open(path) as file:
        return file.read(65_536)


def _write(path, text):
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
