"""A trial of the other slot: whatever becomes of it, the right system runs afterwards, without anybody's help."""

import pytest

from image.tests import guest, slots
from image.tests.conftest import START_LIMIT_S
from image.tests.owner import claim, meet, rejoin

# A trial is given up only after the node had its time to come up.
TRIAL_LIMIT_S = 900


@pytest.fixture
def claimed(machine, token):
    """A claimed device that runs slot A, with a shell; its owner."""
    machine.shell = True
    machine.start()
    owner = meet(machine, START_LIMIT_S)
    claim(owner, token)
    return owner


def refill(machine, change):
    """Fill slot B while the device is off."""
    machine.stop()
    slots.fill_other_slot(machine.card, machine.folder, change)
    machine.start()


def ran(machine):
    """The slots that were started, in order."""
    return "".join(plan.slot for plan in machine.starts)


def test_a_good_slot_is_kept(machine, claimed):
    refill(machine, slots.whole)
    rejoin(claimed, machine, START_LIMIT_S)
    guest.start_trial(machine, "b")
    machine.wait_for_reset(START_LIMIT_S)
    rejoin(claimed, machine, START_LIMIT_S)
    assert machine.starts[-1].slot == "b"
    machine.wait(lambda: machine.firmware.committed(machine.card) == "b", TRIAL_LIMIT_S, "keep the slot that works")
    assert guest.slots(machine) == {"running": "b", "committed": "b", "is_trial": False}
    machine.kill()
    machine.start()
    rejoin(claimed, machine, START_LIMIT_S)
    assert machine.starts[-1].slot == "b"
    assert machine.run("test -e /etc/leither/another-build")[0] == 0


@pytest.mark.parametrize("change", [slots.panics, slots.node_ends, slots.node_hangs])
def test_a_bad_slot_is_left_again(machine, claimed, change):
    name = "before the trial"
    refill(machine, change)
    rejoin(claimed, machine, START_LIMIT_S)
    assert claimed.do("config-set", {"name": name}).status == "done"
    begun = len(machine.starts)
    guest.start_trial(machine, "b")
    machine.wait_for_reset(START_LIMIT_S)
    assert machine.starts[-1].slot == "b", "the trial did not start"
    machine.wait(lambda: machine.starts[-1].slot == "a" and len(machine.starts) > begun + 1, TRIAL_LIMIT_S, "leave a bad slot")
    rejoin(claimed, machine, START_LIMIT_S)
    assert machine.firmware.committed(machine.card) == "a"
    assert guest.slots(machine) == {"running": "a", "committed": "a", "is_trial": False}
    assert claimed.do("config-get").result["config"]["name"] == name
    assert ran(machine)[begun:] == "ba", "it must be tried once"
