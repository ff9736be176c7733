"""Arguments of the privileged verbs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.board import Board, BoardError
from appliance.board.fake import FakeBoard
from appliance.board.verbs import BOARD, VERBS, carry_out, checked_arguments

ANYTHING = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.dictionaries(st.text(), st.text())
)
NAMES = sorted({name for verb in VERBS.values() for name in verb.arguments})


def test_defaults_are_filled_in():
    assert checked_arguments("identify", {}) == {"seconds": 10}
    assert checked_arguments("wifi_join", {"ssid": "Home"}) == {"ssid": b"Home", "passphrase": "", "hidden": False}
    assert checked_arguments("wifi_join", {"ssid_hex": "ff00"})["ssid"] == b"\xff\x00"


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("wifi_join", {}),
        ("wifi_join", {"ssid": ""}),
        ("wifi_join", {"ssid": "x" * 33}),
        ("wifi_join", {"ssid": "Home", "ssid_hex": "00"}),
        ("wifi_join", {"ssid_hex": "0"}),
        ("wifi_join", {"ssid_hex": "00" * 33}),
        ("wifi_join", {"ssid_hex": " 0a"}),
        ("wifi_join", {"ssid": "Home", "passphrase": "x" * 65}),
        ("wifi_join", {"ssid": "Home", "passphrase": None}),
        ("wifi_join", {"ssid": "Home", "hidden": 1}),
        ("wifi_scan", {"extra": 1}),
        ("ap_start", {}),
        ("switch_slot", {"slot": "c"}),
        ("set_time", {"time_s": -1}),
        ("set_time", {"time_s": True}),
        ("identify", {"seconds": 61}),
        ("identify", {"seconds": 1.0}),
        ("logs", {"limit": 0}),
        ("logs", []),
    ],
)
def test_refused(verb, arguments):
    with pytest.raises(BoardError) as caught:
        checked_arguments(verb, arguments)
    assert caught.value.code == "bad-arguments"


@pytest.mark.parametrize("verb", ["", "__init__", "forget_settings", "wifi-scan", None, 5, [], "x" * 1000])
def test_unknown_verbs(verb):
    with pytest.raises(BoardError) as caught:
        checked_arguments(verb, {})
    assert caught.value.code == "unknown-verb"


@given(st.sampled_from(sorted(VERBS)), st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=4))
@settings(max_examples=400, deadline=None)
def test_any_arguments_are_carried_out_or_refused(verb, arguments):
    board = FakeBoard(sleep=lambda seconds: None)
    try:
        checked = checked_arguments(verb, arguments)
        if VERBS[verb].place == BOARD:
            carry_out(board, verb, checked)
    except BoardError as error:
        assert error.code and error.message.endswith(".")


def test_a_bare_board_says_what_it_cannot_do():
    board = Board()
    for name, verb in VERBS.items():
        if verb.place == BOARD and name not in ("temperature", "info"):
            given = {"ssid": "x", "slot": "a", "time_s": 1}
            arguments = checked_arguments(name, {key: given[key] for key in verb.arguments if key in given})
            with pytest.raises(BoardError) as caught:
                carry_out(board, name, arguments)
            assert caught.value.code == "unsupported"
    assert carry_out(board, "temperature", {}) is None
    assert carry_out(board, "info", {}) == {"board": "none", "is_device": False}
