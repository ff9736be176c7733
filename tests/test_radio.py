"""Days in the life of a device's radio, on the fake board and a clock that needs no time."""

from contextlib import asynccontextmanager

import trio
from trio.testing import MockClock

from appliance.board import Board, BoardError
from appliance.board.fake import FakeBoard
from appliance.board.verbs import carry_out, checked_arguments
from appliance.radio import Radio
from leither_edge import profile
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log

PORTAL = profile.load("pi-zero").portal
HOUR, DAY = 3600, 86400
HOME = {"ssid": "Home", "passphrase": "correct horse"}


class Calls:
    """A board behind the interface of the supervisor's client, with a delay a verb may be given."""

    def __init__(self, board):
        self.board = board
        self.count = 0
        self.delays_s = {}
        self.fails = {}

    async def call(self, verb, **arguments):
        self.count += 1
        await trio.sleep(self.delays_s.get(verb, 0))
        if verb in self.fails:
            raise BoardError(self.fails[verb], "It is as the test wants it.")
        return carry_out(self.board, verb, checked_arguments(verb, arguments))


class Owner:
    """What the radio asks of the Claim."""

    def __init__(self, claimed=False):
        self.claimed = claimed
        self._closes = trio.current_time() + PORTAL.claim_window_s

    @property
    def window_s(self):
        return 0 if self.claimed else max(0, self._closes - trio.current_time())


class Life:
    def __init__(self, board, claimed=False):
        self.board, self.calls, self.claim = board, Calls(board), Owner(claimed)
        self.lines, self.counters = [], Counters()
        self.radio = Radio(self.calls, "Leither-test", "a secret word", PORTAL, self.counters, Log(self.lines.append))

    @property
    def is_open(self):
        assert self.radio.access_point() == self.board.wifi_status()["access_point"]
        return self.radio.access_point()


@asynccontextmanager
async def living(board, claimed=False, offer=None):
    """From power-on to power cut."""
    life = Life(board, claimed)
    async with trio.open_nursery() as nursery:
        await nursery.start(life.radio.run, life.claim, offer)
        await trio.sleep(1)
        yield life
        nursery.cancel_scope.cancel()
    board.power_cut()
    assert not any("secret" in line or "correct horse" in line for line in life.lines)


def simulated(test):
    """Run an async test on a clock that jumps."""

    def run():
        trio.run(test, clock=MockClock(autojump_threshold=0))

    run.__name__ = test.__name__
    return run


def radio_board(joined=False):
    board = FakeBoard(speed=0, wired=False)
    if joined:
        board.wifi_join(b"Home", "correct horse", False)
    return board


@simulated
async def test_a_chip_that_cannot_encrypt_is_said_to_be_open():
    board = radio_board()
    async with living(board) as life:
        assert not life.radio.is_exposed and life.radio.entrance == (life.radio.ssid, life.radio.passphrase) and life.radio.passphrase
    board = radio_board()
    board.encrypts = False
    async with living(board) as life:
        assert life.is_open and life.radio.is_exposed and life.radio.entrance == (life.radio.ssid, "")
        await trio.sleep(PORTAL.claim_window_s + 60)
        assert not life.is_open and not life.radio.is_exposed


@simulated
async def test_unclaimed_for_a_day():
    async with living(radio_board()) as life:
        assert life.radio.serves_phones and life.is_open
        await trio.sleep(PORTAL.claim_window_s - 10)
        assert life.is_open
        await trio.sleep(20)
        assert not life.is_open
        await trio.sleep(DAY)
        assert not life.is_open
        assert life.counters.get("access_point_changes", to="open", why="unclaimed") == 1
        assert life.counters.get("access_point_changes", to="close", why="window-over") == 1
        assert life.counters.get("access_point") == 0


@simulated
async def test_setup_on_a_phone():
    board = radio_board()
    async with living(board) as life:
        board.phones = 1
        await trio.sleep(60)
        life.calls.delays_s["wifi_join"] = 5
        try:
            await life.radio.call("wifi_join", ssid="Home", passphrase="wrong horse")
        except BoardError as error:
            assert error.code == "wrong-password"
        await trio.sleep(30)
        assert life.is_open and life.radio.reason == "wrong-password"
        await life.radio.call("wifi_join", **HOME)
        assert life.radio.reason is None
        await trio.sleep(120)
        assert life.is_open
        life.claim.claimed = True
        await trio.sleep(240)
        assert life.is_open  # the phone is at the last steps
        board.phones = 0  # and goes to the network at home
        await trio.sleep(20)
        assert not life.is_open
        await trio.sleep(DAY)
        assert not life.is_open


@simulated
async def test_a_try_that_takes_the_access_point_down():
    board = radio_board()
    async with living(board) as life:
        board.phones = 1
        life.claim.claimed = True
        await trio.sleep(30)
        board.ap_stop()  # as a chip does that cannot be both
        life.calls.delays_s["wifi_join"] = 40
        asked = life.calls.count
        try:
            await life.radio.call("wifi_join", ssid="Ghost", passphrase="correct horse")
        except BoardError:
            pass
        assert life.calls.count == asked + 1  # nothing was asked beside it
        await trio.sleep(1)
        assert life.is_open and life.radio.reason == "not-found"
        assert life.counters.get("access_point_changes", to="close", why="lost") == 1


@simulated
async def test_a_second_try_at_once_is_refused():
    async with living(radio_board()) as life, trio.open_nursery() as nursery:
        life.calls.delays_s["wifi_join"] = 30
        nursery.start_soon(lambda: life.radio.call("wifi_join", **HOME))
        await trio.sleep(1)
        try:
            await life.radio.call("wifi_join", **HOME)
            raise AssertionError("two tries ran at once")
        except BoardError as error:
            assert error.code == "busy"


@simulated
async def test_power_cut_at_home_and_a_slow_router():
    board = radio_board(joined=True)
    board.power_cut()
    for boot_s in (0, 100, 299, 310, 400, 481, 500, 2000, 3 * HOUR):
        board.network_off("Home")
        async with living(board, claimed=True) as life:
            await trio.sleep(boot_s)
            board.network_on("Home")
            if 340 <= boot_s < 480:
                assert life.is_open
            await trio.sleep(PORTAL.ap_retry_s + 60)
            assert board.wifi_status()["state"] == "joined" and not life.is_open


@simulated
async def test_a_phone_keeps_the_page_until_it_leaves():
    board = radio_board(joined=True)
    board.network_off("Home")
    async with living(board, claimed=True) as life:
        await trio.sleep(PORTAL.ap_return_s + 31)
        assert life.is_open
        board.phones = 1
        board.network_on("Home")
        await trio.sleep(HOUR)
        assert life.is_open
        board.phones = 0
        await trio.sleep(30)
        assert board.wifi_status()["state"] == "joined" and not life.is_open


@simulated
async def test_a_week_of_outages():
    board = radio_board(joined=True)
    async with living(board, claimed=True) as life:
        for hour in range(7 * 24):
            board.network_off("Home")
            await trio.sleep(100 if hour % 2 else 1800)
            board.network_on("Home")
            await trio.sleep(HOUR)
            assert board.wifi_status()["state"] == "joined" and not life.is_open
        changes = life.counters.get("network_changes", to="lost")
        assert changes == life.counters.get("network_changes", to="back") - 1 == 7 * 24
        # The cost: one short question every ten seconds at most.
        assert life.calls.count < trio.current_time() / 10


@simulated
async def test_an_idle_day_costs_little():
    async with living(radio_board(joined=True), claimed=True) as life:
        asked = life.calls.count
        await trio.sleep(DAY)
        assert life.calls.count - asked <= DAY / 30 + 1
        assert not life.is_open and len(life.lines) <= 2


@simulated
async def test_the_cable_is_pulled():
    board = radio_board()
    board.wired = True
    async with living(board, claimed=True) as life:
        assert not life.radio.serves_phones
        await trio.sleep(DAY)
        assert life.counters.get("access_point_changes", to="open", why="no-network") == 0
        board.wired = False
        await trio.sleep(PORTAL.ap_return_s + 61)
        assert life.is_open
        board.wired = True
        await trio.sleep(11)
        assert not life.is_open


@simulated
async def test_the_cards_network_is_tried_and_kept_only_if_it_worked():
    board = radio_board()
    async with living(board, offer=HOME) as life:
        assert board.wifi_status()["state"] == "joined" and life.is_open  # to be claimed
    async with living(board, claimed=True, offer={**HOME, "ssid": "Attic", "hidden": True}) as life:
        await trio.sleep(HOUR)
        assert board.wifi_status()["ssid"] == "Home"  # what is kept goes before the card


@simulated
async def test_the_cards_network_comes_late_or_has_another_password():
    board = radio_board()
    board.network_off("Home")
    async with living(board, claimed=True, offer=HOME) as life:
        await trio.sleep(2 * HOUR)
        board.network_on("Home")
        await trio.sleep(PORTAL.ap_retry_s + 61)
        assert board.wifi_status()["state"] == "joined" and not life.is_open
    board = radio_board()
    async with living(board, claimed=True, offer={**HOME, "passphrase": "a wrong secret"}) as life:
        assert life.radio.reason == "wrong-password"
        await trio.sleep(DAY)
        assert life.is_open and sum("card's network" in line for line in life.lines) == 1


@simulated
async def test_boards_that_cannot():
    for code in ("unsupported", "no-radio", "no-supervisor"):
        life = Life(Board())
        life.calls.fails["wifi_status"] = code
        await life.radio.run(life.claim)
        assert life.calls.count == 1 and not life.radio.access_point() and not life.radio.serves_phones
        assert life.lines == [f'info "no access point" code={code}\n']
    life = Life(radio_board())
    life.calls.fails["ap_start"] = "unsupported"
    await life.radio.run(life.claim)


@simulated
async def test_a_board_that_stumbles_is_asked_again_and_complained_of_once():
    async with living(radio_board()) as life:
        life.board.ap_stop()
        life.calls.fails["ap_start"] = "failed"
        await trio.sleep(600)
        assert 9 <= life.counters.get("access_point_failures", verb="ap_start", code="failed") <= 11
        assert sum("did not answer" in line for line in life.lines) == 1
        del life.calls.fails["ap_start"]
        life.calls.fails["wifi_status"] = "timeout"
        await trio.sleep(100)
        del life.calls.fails["wifi_status"]
        await trio.sleep(70)
        assert life.is_open


@simulated
async def test_a_silent_board_does_not_hold_up_the_start():
    life = Life(radio_board())
    life.calls.delays_s["wifi_status"] = 9
    async with trio.open_nursery() as nursery:
        await nursery.start(life.radio.run, life.claim)
        assert trio.current_time() < 9 and not life.radio.serves_phones
        await trio.sleep(20)
        assert life.is_open
        nursery.cancel_scope.cancel()
