"""When the terminal is told where the device is: never its loopback on a device, at once on a laptop."""

import pytest
import trio
from trio.testing import MockClock

from appliance.board import BoardError
from appliance.device import addresses as own_addresses
from appliance.device import assembly
from appliance.device.addresses import Addresses
from appliance.device.awaited_address import announce, is_device, told_entrance, waiting_text
from appliance.device.options import parse_options

ALL, LOCAL = ("0.0.0.0", "::"), ("127.0.0.1", "::1")


class Board:
    """Notes what it is told, and when."""

    def __init__(self, info):
        self.info, self.told = info, []

    async def call(self, verb):
        assert verb == "info"
        if isinstance(self.info, Exception):
            raise self.info
        return self.info

    async def ready(self, text):
        self.told.append((round(trio.current_time()), text))


def told(monkeypatch, info, hosts, appears_s):
    """What a board is told of a machine whose interface gets its address so late."""

    async def main():
        began = trio.current_time()
        found = lambda: ["127.0.0.1", "192.168.4.1"] if trio.current_time() - began >= appears_s else ["127.0.0.1"]  # noqa: E731
        monkeypatch.setattr(own_addresses, "interface_addresses", found)
        board, addresses = Board(info), Addresses(hosts, trio.current_time)

        async def said():
            return f"http://{addresses()[0]}/"

        with trio.move_on_after(600):
            await announce(board, addresses, "waiting" if await is_device(board) else None, said)
        return [(round(moment - began), text) for moment, text in board.told]

    return trio.run(main, clock=MockClock(autojump_threshold=0))


def test_a_device_waits_for_an_address_that_leads_to_it(monkeypatch):
    first, last = told(monkeypatch, {"is_device": True}, ALL, 20)
    assert first == (0, "waiting"), "it serves, and its supervisor must know at once"
    assert last[1] == "http://192.168.4.1/" and 20 <= last[0] <= 26


def test_a_device_that_never_gets_one_never_names_its_loopback(monkeypatch):
    assert told(monkeypatch, {"is_device": True}, ALL, 10_000) == [(0, "waiting")]


@pytest.mark.parametrize("code", ["timeout", "busy", "failed"])
def test_a_device_whose_board_is_busy_never_names_its_loopback(monkeypatch, code):
    first, last = told(monkeypatch, BoardError(code, "It is trying a network."), ALL, 20)
    assert first == (0, "waiting") and last[1] == "http://192.168.4.1/"


def test_the_board_is_asked_before_a_try_of_the_cards_network_keeps_it_busy(tmp_path, monkeypatch):
    asked = []

    class AskedBoard(assembly.NoBoard):
        async def call(self, verb, **arguments):
            asked.append(verb)
            return {"info": {"is_device": False}, "wifi_status": {"state": "disconnected"}}.get(verb)

        async def ready(self, text):
            raise SystemExit

    monkeypatch.setattr(assembly.BoardClient, "from_environment", AskedBoard)
    with pytest.raises(BaseExceptionGroup):
        trio.run(assembly.serve_device, parse_options(["--state", str(tmp_path / "node"), "--port", "0"]))
    assert asked.index("info") < asked.index("wifi_status")


def test_a_device_with_an_address_tells_it_at_once(monkeypatch):
    assert told(monkeypatch, {"is_device": True}, ALL, 0) == [(0, "http://192.168.4.1/")]


@pytest.mark.parametrize("info", [{"is_device": False}, None, [], BoardError("no-supervisor", "None.")])
def test_a_laptop_without_a_network_is_its_own_user(monkeypatch, info):
    assert told(monkeypatch, info, ALL, 10_000) == [(0, "http://127.0.0.1/")]


def test_what_listens_on_loopback_only_says_so(monkeypatch):
    assert told(monkeypatch, {"is_device": True}, LOCAL, 10_000) == [(0, "http://127.0.0.1/")]


def test_what_is_told_meanwhile_says_what_to_do():
    assert "Leither-7KQM" in waiting_text("0.1.0", "Leither-7KQM") and "127." not in waiting_text("0.1.0", None)
    assert "cable" in waiting_text("0.1.0", None)


def test_an_access_point_without_a_password_is_told_as_one():
    assert told_entrance(None) is None and told_entrance(("Leither-7KQM", "a secret word")) == ("Leither-7KQM", "a secret word")
    name, password = told_entrance(("Leither-7KQM", ""))
    assert name == "Leither-7KQM" and password.startswith("none: ") and "can read" in password
