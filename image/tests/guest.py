"""What is asked of a guest over its root shell (Machine.shell): figures, and the orders that have no signed command yet."""

import json

# Writes down that the next start is a trial of the slot, and restarts as a signed reboot does.
_TRY = (
    "import json; from appliance.board import machine; from appliance.slots import open_slots; "
    'b = json.load(open("/etc/leither/board.json")); '
    'machine.go_down(("/data", "/state"), open_slots(b["slots"], b["disk"]).try_next("{slot}"))'
)
_SLOTS = (
    "import json; from appliance.slots import open_slots; "
    'b = json.load(open("/etc/leither/board.json")); s = open_slots(b["slots"], b["disk"]); '
    'print(json.dumps({"running": s.running, "committed": s.committed, "is_trial": s.is_trial}))'
)
SHELL_LIMIT_S = 120
# The system announces itself on the same console, now and then in the middle of a line.
READINGS_MAX = 4


def memory_kib(machine):
    """{name: KiB}: in_use of the whole system, and resident of node and supervisor, from /proc."""
    each = "for p in /proc/[0-9]*; do echo; tr '\\0' ' ' <$p/cmdline; echo; cat $p/status; done"
    for _ in range(READINGS_MAX):
        system, processes = _memory(machine.run(f"cat /proc/meminfo; {each}", SHELL_LIMIT_S)[1])
        if len(system) == len(processes) == 2:
            break
    return {"total": system["MemTotal"], "in_use": system["MemTotal"] - system["MemAvailable"], **processes}


def _memory(text):
    """({name: KiB} of the system, {name: KiB} of the processes) as far as the text has them."""
    system, processes = {}, {}
    process = ""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name in ("MemTotal", "MemAvailable"):
            system[name] = int(value.split()[0])
        elif " appliance." in line:
            process = "supervisor_rss" if " appliance.supervisor" in line else "node_rss" if " appliance.device" in line else ""
        elif name == "VmRSS" and process:
            processes[process] = int(value.split()[0])
            process = ""
    return system, processes


def slots(machine):
    """{"running", "committed", "is_trial"} as the device itself sees its slots."""
    status, text = machine.run(f"python3 -c '{_SLOTS}'", SHELL_LIMIT_S)
    assert status == 0, text
    return json.loads(next(line for line in text.splitlines() if line.startswith("{")))


def start_trial(machine, slot):
    """Restart into another slot on trial. Returns at once; the restart follows."""
    machine.type(f"python3 -c '{_TRY.format(slot=slot)}'")
