"""The made-up board."""

import json
import time

import pytest

from appliance.board import BoardError, open_board
from appliance.board.fake import JOIN_S, SLOW_JOIN_S, FakeBoard, read_scenario
from appliance.board.verbs import VERBS


@pytest.fixture
def board():
    waits = []
    board = FakeBoard(sleep=waits.append)
    board.waits = waits
    return board


def test_scan_shows_the_strongest_first_and_no_hidden_network(board):
    found = board.wifi_scan()
    assert found[0] == {"ssid": "Home", "ssid_hex": "486f6d65", "signal_dbm": -47, "security": "wpa2", "channel": 6}
    signals = [network["signal_dbm"] for network in found]
    assert signals == sorted(signals, reverse=True)
    names = [network["ssid"] for network in found]
    assert "Attic" not in names and "Ghost" in names and "咖啡馆 Wi‑Fi" in names


@pytest.mark.parametrize(
    ("ssid", "passphrase", "hidden"),
    [
        ("Home", "correct horse", False),
        ("咖啡馆 Wi‑Fi", "correct horse", False),
        ("Attic", "correct horse", True),
        ("Café Guest", "", False),
    ],
)
def test_joins(board, ssid, passphrase, hidden):
    address = board.wifi_join(ssid.encode(), passphrase, hidden)
    status = board.wifi_status()
    assert address.startswith("192.168.")
    assert (status["state"], status["ssid"], status["address"]) == ("joined", ssid, address)
    assert board.waits == [JOIN_S]
    board.wifi_forget()
    assert board.wifi_status()["state"] == "disconnected"


@pytest.mark.parametrize(
    ("ssid", "passphrase", "code"),
    [
        ("Home", "wrong", "wrong-password"),
        ("Home", "", "wrong-password"),
        ("Attic", "correct horse", "not-found"),
        ("Ghost", "correct horse", "not-found"),
        ("Nowhere", "correct horse", "not-found"),
        ("Full House", "correct horse", "no-address"),
        ("Museum", "12345", "unsupported"),
    ],
)
def test_a_failed_join_keeps_what_worked_before(board, ssid, passphrase, code):
    before = board.wifi_join(b"Home", "correct horse", False)
    with pytest.raises(BoardError) as caught:
        board.wifi_join(ssid.encode(), passphrase, False)
    assert caught.value.code == code
    assert passphrase == "" or passphrase not in caught.value.message
    assert board.wifi_status()["address"] == before


def test_every_delay_is_inside_the_verbs_limit(board):
    board.wifi_join(b"Slow Motion", "correct horse", False)
    assert board.waits == [SLOW_JOIN_S]
    assert SLOW_JOIN_S < VERBS["wifi_join"].time_limit_s


def test_status_while_joining():
    states = []
    board = FakeBoard(sleep=lambda seconds: states.append(board.wifi_status()["state"]))
    board.wifi_join(b"Home", "correct horse", False)
    assert states == ["joining"]


def test_access_point(board):
    board.ap_start("Leither-1234", "12345678")
    assert board.wifi_status()["access_point"]
    board.ap_stop()
    board.ap_stop()
    assert not board.wifi_status()["access_point"]
    for ssid, passphrase in (("", ""), ("Leither-1234", "short"), ("Leither-1234", "x" * 64)):
        with pytest.raises(BoardError):
            board.ap_start(ssid, passphrase)


def test_slots_and_clock(board):
    assert board.switch_slot("b", True)["next"] == "b"
    assert board.info()["slot"] == "a"
    board.reboot()
    assert board.info()["slot"] == "b"
    board.set_time(int(time.time()) + 100)
    assert 99 <= board.info()["clock_offset_s"] <= 101
    assert board.temperature() > 20


def test_forget_settings_may_be_repeated(board):
    board.wifi_join(b"Home", "correct horse", False)
    board.forget_settings()
    board.forget_settings()
    assert board.wifi_status()["state"] == "disconnected"


def test_scenario_from_the_environment(tmp_path):
    path = tmp_path / "wifi.json"
    path.write_text(json.dumps([{"ssid": "Mine", "passphrase": "secret12", "signal_dbm": -30}]))
    board = FakeBoard.from_environment({"LEITHER_FAKE_WIFI": str(path), "LEITHER_FAKE_SPEED": "0"})
    assert [network["ssid"] for network in board.wifi_scan()] == ["Mine"]
    assert board.wifi_join(b"Mine", "secret12", False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        "[{}]",
        '[{"ssid":""}]',
        '[{"ssid":5}]',
        '[{"ssid":"a","what":1}]',
        '[{"ssid":"a","channel":0}]',
        '[{"ssid":"a","hidden":1}]',
        '[{"ssid":"a","security":"x"}]',
        '[{"ssid":"a","security":[]}]',
        "[" * 60_000,
        " " * 70_000,
        json.dumps([{"ssid": "a"}] * 65),
    ],
)
def test_a_bad_scenario_is_refused(tmp_path, text):
    path = tmp_path / "wifi.json"
    path.write_text(text)
    with pytest.raises(BoardError) as caught:
        read_scenario(str(path))
    assert caught.value.code == "bad-scenario"


@pytest.mark.parametrize(
    "environment", [{"LEITHER_FAKE_SPEED": "fast"}, {"LEITHER_FAKE_SPEED": "nan"}, {"LEITHER_FAKE_WIFI": "/nonexistent"}]
)
def test_a_bad_environment_is_refused(environment):
    with pytest.raises(BoardError) as caught:
        FakeBoard.from_environment(environment)
    assert caught.value.code == "bad-scenario"


def test_boards_have_names():
    assert open_board("fake").name == "fake"
    with pytest.raises(BoardError) as caught:
        open_board("toaster")
    assert caught.value.code == "unknown-board"
