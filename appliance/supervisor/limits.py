"""Limits on the node from the hardware profile: rlimits always, a cgroup where the system grants one.

Not set: RLIMIT_AS, because the storage map and thread stacks reserve many times the memory they ever use, so a bound on
addresses either says nothing or breaks a healthy node. RLIMIT_DATA counts private writable memory and is set, generously,
only where no cgroup bounds memory: a node that leaks then fails by itself instead of taking a laptop's memory.
"""

import resource

from appliance.supervisor.cgroup import CgroupUnavailable, open_cgroup

MIB = 1024 * 1024
# Reserved, not used: every thread counts with its whole stack.
DATA_FACTOR = 8
# What /proc/PID/limits calls them.
_READ_BACK = {"Max open files": "open_files", "Max processes": "processes", "Max core file size": "core", "Max data size": "data"}


class Limits:
    """What the node is held to.

    Args:
        profile: profile with sections memory, cpu, process.
        is_device: processes are bounded as well; on a laptop the bound would count all the user's programs.
        cgroup: Cgroup or None.
        reason: why there is no cgroup.
    """

    def __init__(self, profile, is_device, cgroup=None, reason=""):
        self._cgroup = cgroup
        self._reason = reason
        self._rlimits = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, profile.process.open_files_max)]
        if is_device:
            self._rlimits.append((resource.RLIMIT_NPROC, profile.process.pids_max))
        if cgroup is None or not cgroup.bounds_memory:
            self._rlimits.append((resource.RLIMIT_DATA, DATA_FACTOR * profile.memory.node_max_mib * MIB))

    @property
    def cgroup(self):
        """The node's Cgroup, or None."""
        return self._cgroup

    def apply_to_self(self):
        """Bound the calling process: run in the node's process before it becomes the node.

        Returns what was refused, as text: a node without one of its bounds is better than none.
        """
        refused = []
        if self._cgroup is not None:
            try:
                with open(self._cgroup.joined_by, "w") as file:
                    file.write("0")
            except OSError as error:
                refused.append(f"cgroup: {error.strerror}")
        for kind, value in self._rlimits:
            hard = resource.getrlimit(kind)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            try:
                resource.setrlimit(kind, (value, value))
            except (OSError, ValueError) as error:
                refused.append(f"rlimit {kind}: {error}")
        return refused

    def in_force(self, pid):
        """Limits on process ``pid`` as the kernel tells them."""
        found = {"cgroup": self._cgroup.in_force() if self._cgroup else None}
        if self._cgroup is None:
            found["cgroup_reason"] = self._reason
        try:
            with open(f"/proc/{pid}/limits") as file:
                for line in file:
                    name = _READ_BACK.get(line[:25].strip())
                    if name:
                        soft = line[25:].split()[0]
                        found[name] = None if soft == "unlimited" else int(soft)
        except (OSError, ValueError, IndexError):
            pass  # the node has just ended
        return found


def limits_from_profile(profile, is_device):
    """Limits with a cgroup if one may be made."""
    try:
        cgroup = open_cgroup()
        cgroup.apply(
            profile.memory.node_max_mib * MIB,
            profile.memory.node_high_mib * MIB,
            profile.cpu.node_weight,
            profile.process.pids_max,
        )
    except CgroupUnavailable as reason:
        return Limits(profile, is_device, reason=str(reason))
    except OSError as error:
        return Limits(profile, is_device, reason=f"cgroup v2: {error.strerror}")
    return Limits(profile, is_device, cgroup)
