"""From a new card to a claimed device: reached from outside, commanded, restarted, and what it costs."""

from image.tests import guest
from image.tests.conftest import START_LIMIT_S
from image.tests.machine import SHELL_MARK
from image.tests.owner import claim, meet, rejoin
from leither_edge.profile import load
from tests.device_process import Controller

MIB = 1 << 20


def test_a_new_card_becomes_a_claimed_device_and_stays_one(machine, profile, token, figures):
    machine.start()
    owner = meet(machine, START_LIMIT_S)
    assert owner.claim("00000-00000-00000-00000")[0] != 200, "a wrong token claimed the device"
    claim(owner, token)
    answer = owner.do("config-set", {"name": "kept by the card"})
    assert answer.status == "done", answer
    status = owner.do("status").result
    assert status["profile"] == profile

    # The restart gives us a shell beside the system, to read figures that no command tells.
    machine.shell = True
    owner.do("reboot")
    machine.wait_for_reset(START_LIMIT_S)
    rejoin(owner, machine, START_LIMIT_S)
    assert owner.do("config-get").result["config"]["name"] == "kept by the card"
    assert Controller(machine.port).claim(token)[0] != 200, "the card's token claimed the device for somebody else"

    status = owner.do("status").result
    figures["memory_kib"] = guest.memory_kib(machine)
    figures["limits"] = status["limits"]
    figures["restarts"] = status["restarts"]
    check_limits(status["limits"], load(profile))
    assert status["restarts"] == 0


def check_limits(in_force, limits):
    """The kernel's own figures are the profile's."""
    group = in_force["cgroup"] if isinstance(in_force.get("cgroup"), dict) else in_force
    assert int(group["memory.max"]) == limits.memory.node_max_mib * MIB
    assert int(group["memory.high"]) == limits.memory.node_high_mib * MIB
    assert int(group["pids.max"]) == limits.process.pids_max
    assert int(group["cpu.weight"]) == limits.cpu.node_weight


def test_the_root_file_system_cannot_be_written(machine):
    machine.shell = True
    machine.start()
    machine.wait_for_portal(START_LIMIT_S)
    assert machine.run("touch /etc/x /usr/x")[0] != 0
    status, text = machine.run("touch /state/x && touch /data/x && rm /state/x /data/x")
    assert status == 0, text
    # The last partition has grown to the card, which is larger than the image.
    status, text = machine.run("df -k /data | tail -n 1")
    first, _ = machine.card.partitions()["p8"]
    room_kib = (machine.card.path.stat().st_size - first) // 1024
    assert int(text.split()[1]) > room_kib * 0.85, text


def test_time_from_hand_over_to_portal(machine, figures):
    machine.bare = machine.timed = True
    machine.start()
    line = machine.wait_for_line(SHELL_MARK, START_LIMIT_S)
    shell_s = line.moment_s - machine.started_s
    machine.kill()
    machine.bare = False
    machine.start()
    first_s = machine.wait_for_portal(START_LIMIT_S)
    machine.kill()
    machine.start()
    second_s = machine.wait_for_portal(START_LIMIT_S)
    figures["start_s"] = {
        "to_bare_shell": round(shell_s, 2), "first_to_portal": round(first_s, 2), "to_portal": round(second_s, 2),
        "ratio": round(second_s / shell_s, 2),
    }  # fmt: skip
