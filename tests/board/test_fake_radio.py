"""The fake board's one radio: a station that follows its router, and an access point that takes the radio from it."""

import pytest

from appliance.board import BoardError
from appliance.board.fake import FakeBoard


def radio():
    board = FakeBoard(speed=0, wired=False)
    board.wifi_join(b"Home", "correct horse", False)
    return board


def test_the_station_follows_its_router():
    board = radio()
    board.network_off("Home")
    assert board.wifi_status()["state"] == "disconnected" and board.wifi_status()["configured"]
    assert "Home" not in [network["ssid"] for network in board.wifi_scan()]
    with pytest.raises(BoardError, match="not in reach"):
        board.wifi_join(b"Home", "correct horse", False)
    board.network_on("Home")
    assert board.wifi_status()["state"] == "joined"


def test_the_access_point_has_the_radio_first():
    board = radio()
    board.ap_start("Leither-test", "")
    board.network_off("Home")
    board.wifi_status()
    board.network_on("Home")
    assert board.wifi_status()["state"] == "disconnected" and board.wifi_status()["access_point"]
    board.phones = 2
    assert board.wifi_status()["phones"] == 2
    board.ap_stop()
    assert board.wifi_status()["state"] == "joined" and board.wifi_status()["phones"] == 0


def test_what_a_power_cut_leaves():
    board = radio()
    board.ap_start("Leither-test", "")
    board.power_cut()
    status = board.wifi_status()
    assert status["state"] == "joined" and not status["access_point"]
    board.wifi_forget()
    assert not board.wifi_status()["configured"] and board.wifi_status()["state"] == "disconnected"


def test_a_laptop_counts_as_wired_unless_told_otherwise():
    assert FakeBoard.from_environment({}).wifi_status()["wired"]
    assert not FakeBoard.from_environment({"LEITHER_FAKE_WIRED": "no"}).wifi_status()["wired"]
    with pytest.raises(BoardError, match="yes or no"):
        FakeBoard.from_environment({"LEITHER_FAKE_WIRED": "maybe"})
