"""Looking for commands costs at most what the profile allows in a day, and is quick while somebody is there."""

import random

import pytest

from leither_edge import profile as profiles
from leither_edge.mailbox.poller import FAST_FOR_S, FAST_MAX_S, HEADER_BYTES, Poller, share

DAY = 86400
BUDGET = profiles.load("pi-zero").dht.idle_kib_per_day * 1024
OWNER, PHONE = b"o" * 20, b"p" * 20


def live(poller, begin, end, cost=lambda count: (2, 300), commands=()):
    """Look for a while; [(when, id, bytes on the wire)]. commands: [(when, id)], found at the next look."""
    now, looks, waiting = begin, [], sorted(commands)
    while True:
        id20, due = poller.next(now)
        if due >= end:
            return looks
        now = max(now, due)
        messages, size = cost(len(looks))
        poller.looked(id20, messages, size, now)
        looks.append((now, id20, size + messages * HEADER_BYTES))
        for at, who in list(waiting):
            if who == id20 and at <= now:
                waiting.remove((at, who))
                poller.came(id20, now)


def poller_of(shares, budget=BUDGET, seed=1):
    poller = Poller(budget, random.Random(seed), 0.0)
    poller.set_controllers(shares, 0.0)
    return poller


@pytest.mark.parametrize(
    ("count", "cost"),
    [
        (1, lambda count: (2, 300)),
        (2, lambda count: (30, 8000) if count % 30 == 0 else (2, 500)),
        (17, lambda count: (30, 8000) if count % 30 == 0 else (2, 500)),
        (2, lambda count: (60, 40000)),
    ],
    ids=["cheap", "with searches", "many controllers", "dear"],
)
def test_a_quiet_day_stays_within_the_profile(count, cost):
    looks = live(poller_of({bytes([number]) * 20: 1 for number in range(count)}), 0.0, DAY, cost)
    spent = sum(size for _, _, size in looks)
    assert 0.5 * BUDGET < spent <= BUDGET + 50000
    assert {id20 for _, id20, _ in looks} == {bytes([number]) * 20 for number in range(count)}


def test_a_dear_look_does_not_lead_over_the_bound():
    poller = poller_of({OWNER: 8, PHONE: 8})
    live(poller, 0.0, DAY)
    spent = sum(size for _, _, size in live(poller, DAY, 2 * DAY, lambda count: (2, 300) if count < 500 else (100, 50000)))
    assert spent <= BUDGET * 1.05


def test_who_commands_often_is_looked_for_more_often():
    assert [share(days) for days in (0, 3, 20, 100, None)] == [8, 4, 2, 1, 1]
    looks = live(poller_of({OWNER: 8, PHONE: 1}), 0.0, DAY)
    counts = [sum(id20 == who for _, id20, _ in looks) for who in (OWNER, PHONE)]
    assert 7 < counts[0] / counts[1] < 9


def test_after_a_command_the_next_is_found_within_seconds():
    poller = poller_of({OWNER: 1, PHONE: 1}, BUDGET // 10)
    slow = poller.idle_interval_s(OWNER)
    assert slow > 60
    looks = live(poller, 0.0, 8000.0, commands=[(2000.0, OWNER)])
    came = next(when for when, id20, _ in looks if id20 == OWNER and when >= 2000)
    times = [when for when, id20, _ in looks if id20 == OWNER and came < when < came + FAST_FOR_S]
    assert times[0] - came < 5
    assert all(after - before <= FAST_MAX_S * 1.3 for before, after in zip(times, times[1:], strict=False))
    later = [when for when, id20, _ in looks if id20 == OWNER and when > came + FAST_FOR_S + 2 * slow]
    assert min(after - before for before, after in zip(later, later[1:], strict=False)) > slow / 2


def test_looks_come_at_no_fixed_time():
    times = [when for when, _, _ in live(poller_of({OWNER: 1}), 0.0, 20000.0)]
    gaps = {round(after - before) for before, after in zip(times, times[1:], strict=False)}
    assert len(gaps) > 5


def test_at_a_start_everyone_is_looked_for_soon():
    looks = live(poller_of({bytes([number]) * 20: 1 for number in range(17)}), 0.0, 60.0)
    assert len({id20 for _, id20, _ in looks}) == 17


def test_failures_back_off_and_a_good_look_ends_that():
    poller, waits, now = poller_of({OWNER: 1}), [], 10.0
    for _ in range(7):
        poller.failed(OWNER, now)
        due = poller.next(now)[1]
        waits.append(due - now)
        now = due
    assert waits[0] < 8 and waits[-1] > 200 and max(waits) < 400
    poller.looked(OWNER, 2, 300, now)
    poller.failed(OWNER, now)
    assert poller.next(now)[1] - now < 8


def test_one_whose_commands_are_being_done_is_left_out():
    poller = poller_of({OWNER: 1})
    poller.hold(OWNER, True)
    assert poller.next(1.0) is None
    poller.hold(OWNER, False)
    assert poller.next(1.0)[0] == OWNER
    poller.set_controllers({}, 1.0)
    assert poller.next(1.0) is None
    for told in (poller.failed, poller.came, lambda who, now: poller.looked(who, 2, 300, now)):
        told(OWNER, 2.0)
