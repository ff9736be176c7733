"""Power cuts at random moments of first start, claim and slot switch: the device comes up, and nothing acknowledged is lost.

QEMU is killed: what it had written is on the card, the rest is gone. A real card may also lose what it had acknowledged.
"""

import http.client
import random
import threading

import pytest

from image.tests import guest, slots
from image.tests.conftest import CUTS, QUICK_CUTS, START_LIMIT_S
from image.tests.owner import meet, rejoin, send_or_lose, write_settings
from tests.device_process import Controller

# How many cuts go to each part, in that order; the rest is the last one's.
SHARE_FIRST, SHARE_CLAIM = 0.4, 0.4
# After the device's own time to come up; a claim takes a second or two.
CLAIM_WINDOW_S = 6.0


@pytest.fixture
def cuts(request):
    chosen = request.config.getoption("--cuts")
    return chosen or (QUICK_CUTS if request.config.getoption("--quick") else CUTS)


@pytest.fixture
def chance():
    return random.Random(20261121)


def cut_after(machine, seconds):
    """Kill the machine's process after a while, in a thread, so that it falls into whatever is going on."""
    process = machine.process
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    return timer


def new_card(machine, image, token):
    """Put the image on the card again."""
    machine.kill()
    machine.card = type(machine.card).copy(image, machine.card.path, machine.card.path.stat().st_size >> 20)
    write_settings(machine.card, token)


def test_cuts_during_the_first_start(machine, image, token, cuts, chance, figures):
    machine.start()
    whole_s = machine.wait_for_portal(START_LIMIT_S)
    wanted, done = max(1, int(cuts * SHARE_FIRST)), 0
    while done < wanted:
        new_card(machine, image, token)
        # Up to three cuts one after the other: the second start finds what the first one left half done.
        for _ in range(min(chance.randint(1, 3), wanted - done)):
            done += 1
            machine.start()
            cut_after(machine, chance.uniform(0, whole_s * 1.1)).join()
            machine.kill()
        machine.start()
        owner = meet(machine, START_LIMIT_S)
        assert owner.claim(token)[0] == 200
    figures["cuts_first_start"] = done


def test_cuts_during_the_claim(machine, image, token, cuts, chance, figures):
    kept = 0
    for _ in range(max(1, int(cuts * SHARE_CLAIM))):
        new_card(machine, image, token)
        machine.start()
        owner = meet(machine, START_LIMIT_S)
        timer = cut_after(machine, chance.uniform(0, CLAIM_WINDOW_S))
        claimed, name = False, None
        try:
            claimed = owner.claim(token)[0] == 200
            for number in range(1000):
                answer = send_or_lose(owner, owner.command("config-set", {"name": f"n{number}"}))
                if answer is None:
                    break
                assert answer.status == "done", answer
                name = f"n{number}"
        except (OSError, http.client.HTTPException):
            pass
        timer.join()
        machine.kill()
        machine.start()
        rejoin(owner, machine, START_LIMIT_S)
        if claimed:
            assert Controller(machine.port).claim(token)[0] != 200, "the claim was acknowledged, and lost"
        # Not acknowledged it may have been done or not; asked again by the same owner it is.
        assert owner.claim(token)[0] == 200
        if name is not None:
            seen = owner.do("config-get").result["config"]["name"]
            assert int(seen[1:]) in (int(name[1:]), int(name[1:]) + 1), (seen, name)
            kept += 1
    figures["cuts_claim"] = max(1, int(cuts * SHARE_CLAIM))
    figures["cuts_claim_with_commands"] = kept


def test_cuts_during_a_slot_switch(machine, token, cuts, chance, figures):
    count = max(1, cuts - int(cuts * SHARE_FIRST) - int(cuts * SHARE_CLAIM))
    slots.fill_other_slot(machine.card, machine.folder, slots.whole)
    machine.shell = True
    machine.start()
    owner = meet(machine, START_LIMIT_S)
    assert owner.claim(token)[0] == 200
    for number in range(count):
        other = slots.OTHER[machine.starts[-1].slot]
        assert owner.do("config-set", {"name": f"n{number}"}).status == "done"
        guest.start_trial(machine, other)
        # From the order to switch until well after the new system has come up and is kept.
        cut_at_random(machine, chance.uniform(0, 90))
        machine.start()
        rejoin(owner, machine, START_LIMIT_S)
        assert owner.do("config-get").result["config"]["name"] == f"n{number}"
        running = machine.starts[-1].slot
        machine.wait(lambda: machine.firmware.committed(machine.card) in slots.OTHER, START_LIMIT_S, "keep a readable choice of slot")
        assert machine.starts[-1].is_trial or machine.firmware.committed(machine.card) == running
    figures["cuts_slot_switch"] = count


def cut_at_random(machine, seconds):
    """Let the machine run, restarts included, for a while and then cut its power."""
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    machine.wait(stop.is_set, seconds + 60, "run")
    machine.kill()
