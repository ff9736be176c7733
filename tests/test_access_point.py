"""The access point's rules alone, by the clock."""

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.access_point import CLOSE, LINGER_S, OPEN, RETRY_S, AccessPointPolicy, Seen

RETURN_S, AGAIN_S, WINDOW_S = 300, 180, 900


class Life:
    """A policy whose wishes a perfect board fulfils at once; what is seen is set by attributes."""

    def __init__(self, claimed=False, **seen):
        self.policy = AccessPointPolicy(RETURN_S, AGAIN_S, 0.0)
        self.seen, self.claimed, self.now = Seen(**seen), claimed, 0.0
        self.has_offer = False

    def look(self):
        window_s = 0 if self.claimed else max(0, WINDOW_S - self.now)
        action = self.policy.look(self.now, self.seen, self.claimed, window_s, self.has_offer)
        if action and action[0] == OPEN:
            self.policy.opened(self.now)
        elif action:
            self.policy.closed()
        self.seen.access_point = self.policy.is_open
        return action

    def until(self, end_s):
        """Everything that happens until then: (time, what, why)."""
        happened = []
        while self.now < end_s:
            action = self.look()
            if action:
                happened.append((self.now, *action))
            self.now += self.policy.look_again_s()
        return happened


def test_open_for_the_window_of_an_unclaimed_device():
    assert Life().until(86400) == [(0, OPEN, "unclaimed"), (WINDOW_S, CLOSE, "window-over")]


def test_a_phone_does_not_hold_the_window_open():
    assert Life(phones=1).until(86400)[-1] == (WINDOW_S, CLOSE, "window-over")


def test_a_claim_without_a_network_leaves_it_open():
    life = Life(phones=1)
    life.until(100)
    life.claimed = True
    assert life.until(86400) == [] and life.policy.is_open


def test_a_phone_may_finish_after_claim_and_network():
    life = Life(phones=1)
    life.until(100)
    life.seen.joined = life.seen.configured = True
    assert life.until(700) == []
    life.claimed = True
    assert life.until(86400) == [(700 + LINGER_S, CLOSE, "network")]


def test_it_closes_at_once_for_a_network_without_a_phone():
    life = Life(claimed=True)
    life.until(400)
    assert life.policy.is_open
    life.seen.wired = True
    assert [what for _, *what in life.until(500)] == [[CLOSE, "network"]]


def test_it_returns_after_a_while_and_makes_room_for_the_station():
    life = Life(claimed=True, configured=True)
    assert life.until(1021) == [
        (300, OPEN, "no-network"),
        (300 + AGAIN_S, CLOSE, "retry"),
        (300 + AGAIN_S + RETRY_S, OPEN, "no-network"),
        (300 + 2 * AGAIN_S + RETRY_S, CLOSE, "retry"),
        (300 + 2 * AGAIN_S + 2 * RETRY_S, OPEN, "no-network"),
        (300 + 3 * AGAIN_S + 2 * RETRY_S, CLOSE, "retry"),
        (300 + 3 * AGAIN_S + 3 * RETRY_S, OPEN, "no-network"),
    ]


def test_nothing_is_retried_under_a_phone_or_without_settings():
    life = Life(claimed=True, configured=True, phones=1)
    assert life.until(86400) == [(300, OPEN, "no-network")]
    assert Life(claimed=True).until(86400) == [(300, OPEN, "no-network")]


def test_an_unclaimed_device_with_settings_looks_for_its_network_in_the_window_too():
    assert Life(configured=True).until(400) == [(0, OPEN, "unclaimed"), (AGAIN_S, CLOSE, "retry"), (AGAIN_S + RETRY_S, OPEN, "unclaimed")]


def test_a_cable_needs_no_access_point():
    assert Life(wired=True).until(86400) == []
    assert Life(wired=True, claimed=True).until(86400) == []


def test_a_short_outage_changes_nothing():
    life = Life(claimed=True, joined=True, configured=True)
    for start in range(0, 86400, 600):
        life.seen.joined = False
        assert life.until(start + RETURN_S - 60) == []
        life.seen.joined = True
        assert life.until(start + 600) == []


def test_a_try_is_left_alone_and_a_failed_one_comes_back():
    life = Life(phones=1)
    life.look()
    life.claimed = True
    life.policy.try_began()
    life.seen.access_point, life.seen.phones = False, 0  # a chip that can be one of the two only
    assert life.policy.look(10, life.seen, True, 0) is None
    life.policy.try_ended("wrong-password")
    life.now = 20
    assert life.look() == (OPEN, "no-network") and life.policy.reason == "wrong-password"


def test_the_network_keeps_the_radio_if_the_chip_cannot_be_both():
    life = Life(phones=1)
    life.look()
    life.policy.try_began()
    life.seen.access_point, life.seen.phones, life.seen.joined, life.seen.configured = False, 0, True, True
    life.policy.try_ended(None)
    assert life.until(WINDOW_S) == [] and not life.policy.is_open and life.policy.reason is None


def test_a_board_that_fails_is_not_hurried():
    policy, asked = AccessPointPolicy(RETURN_S, AGAIN_S, 0), []
    for now in range(0, 600, 10):
        if policy.look(now, Seen(), False, WINDOW_S):
            asked.append(now)
            policy.failed(now)
    assert asked == list(range(0, 600, 60))


def test_a_restarted_node_takes_over_what_is_open():
    life = Life(claimed=True, joined=True, configured=True, access_point=True)
    assert life.look() == (CLOSE, "network")


# joined, wired, phones, a try fails, for how long
EVENTS = st.tuples(st.booleans(), st.booleans(), st.integers(0, 2), st.booleans(), st.integers(0, 1200))


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENTS, max_size=12), st.booleans())
def test_whatever_happens_a_claimed_device_is_never_stranded(events, configured):
    life = Life(claimed=True, configured=configured)
    for joined, wired, phones, trying, duration in events:
        life.seen.joined, life.seen.wired, life.seen.phones = joined, wired, phones
        if trying:
            life.policy.try_began()
            life.policy.look(life.now, life.seen, True, 0)
            life.policy.try_ended("not-found")
        life.until(life.now + duration)
    life.seen.joined = life.seen.wired = False
    life.seen.phones = 0
    # Without a network it can be reached over its access point, and the station gets its turn, over and over.
    happened = life.until(life.now + 3600)
    opened = [what for _, what, _ in happened].count(OPEN)
    assert opened >= 10 if configured else life.policy.is_open
    # With one and nobody attached it closes.
    life.seen.joined = True
    life.until(life.now + 60)
    assert not life.policy.is_open
