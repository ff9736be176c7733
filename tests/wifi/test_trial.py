"""How a try of a network ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.wifi.replies import Event
from appliance.wifi.trial import CONNECT_S, CONNECTED, NOT_FOUND, TIMEOUT, WRONG_PASSWORD, Trial

WRONG = Event("CTRL-EVENT-SSID-TEMP-DISABLED", "id=0 auth_failures=1 duration=10 reason=WRONG_KEY")
REFUSED = Event("CTRL-EVENT-SSID-TEMP-DISABLED", "id=0 auth_failures=1 duration=10 reason=CONN_FAILED")
MISSING = Event("CTRL-EVENT-NETWORK-NOT-FOUND")
JOINED = Event("CTRL-EVENT-CONNECTED")
REJECTED = Event("CTRL-EVENT-ASSOC-REJECT", "status_code=17")


def heard(*events, sae=False):
    trial = Trial(0.0, sae)
    for event in events:
        trial.hear(event)
    return trial


@pytest.mark.parametrize(
    ("events", "sae", "at_once", "in_the_end"),
    [
        ((JOINED,), False, CONNECTED, CONNECTED),
        ((WRONG, WRONG), False, WRONG_PASSWORD, WRONG_PASSWORD),
        ((WRONG,), False, None, WRONG_PASSWORD),
        ((WRONG, JOINED), False, CONNECTED, CONNECTED),
        ((REFUSED, REFUSED), False, None, TIMEOUT),
        ((REFUSED, REFUSED), True, WRONG_PASSWORD, WRONG_PASSWORD),
        ((MISSING,) * 3, False, NOT_FOUND, NOT_FOUND),
        ((MISSING,), False, None, NOT_FOUND),
        ((MISSING, MISSING, REJECTED, MISSING), False, None, TIMEOUT),
        ((), False, None, TIMEOUT),
    ],
)
def test_ends(events, sae, at_once, in_the_end):
    trial = heard(*events, sae=sae)
    assert trial.result(1.0) == at_once
    assert trial.result(CONNECT_S) == in_the_end


def test_a_network_put_aside_is_tried_again():
    assert heard(WRONG).wants_again and not heard(MISSING).wants_again


@given(st.lists(st.sampled_from([WRONG, REFUSED, MISSING, JOINED, REJECTED]) | st.builds(Event, st.text(), st.text())), st.booleans())
def test_every_course_ends_and_stays_ended(events, sae):
    trial = Trial(0.0, sae)
    first = None
    for event in events:
        trial.hear(event)
        first = first or trial.result(1.0)
        assert trial.result(1.0) == first
    assert trial.result(CONNECT_S) in (CONNECTED, WRONG_PASSWORD, NOT_FOUND, TIMEOUT)
