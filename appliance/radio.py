"""The board with somebody who looks after its access point."""

import trio

from appliance.access_point import CLOSE, LOST, OPEN, RETRY, AccessPointPolicy, Seen
from appliance.board_client import BoardError

# Such a board will not learn it: nothing is looked after, and nothing is asked again.
CANNOT = ("unsupported", "no-radio", "no-supervisor", "unknown-verb")
GONE = "supervisor-gone"
# Not the network's last word: the router may only be slower than we are.
PASSING = ("not-found", "no-address", "timeout", "failed", "busy")
# A board that says nothing must not hold up the start.
FIRST_LOOK_LIMIT_S = 2


class Radio:
    """Passes verbs on to the board, and keeps its access point as AccessPointPolicy wants it while ``run`` runs.

    board: async call(verb, **arguments) raising BoardError; ssid, passphrase: of the access point;
    limits: profile.portal; counters, log: of the node.
    """

    def __init__(self, board, ssid, passphrase, limits, counters, log):
        self.ssid = ssid
        self.passphrase = passphrase
        self._board = board
        self._policy = AccessPointPolicy(limits.ap_return_s, limits.ap_retry_s, trio.current_time())
        self._counters = counters
        self._log = log
        self._offer = None
        self._complaint = None
        self._wake = trio.Event()
        self.serves_phones = False
        self._encrypts = True
        counters.describe("access_point", "Whether the device's own access point is open")
        counters.describe("access_point_changes", "How often the access point opened and closed, and why")
        counters.describe("access_point_failures", "What the board answered when its access point could not be kept")
        counters.describe("network_changes", "How often the network was lost and came back")

    def access_point(self):
        """Whether the access point is open."""
        return self._policy.is_open

    @property
    def is_exposed(self):
        """Whether the access point is open and whoever is near can read what goes over it: its chip cannot encrypt."""
        return self._policy.is_open and not self._encrypts

    @property
    def entrance(self):
        """Name and password of the access point, "" as password where it has none; None if no phone comes that way."""
        return (self.ssid, self.passphrase if self._encrypts else "") if self.serves_phones else None

    @property
    def reason(self):
        """Why the last network tried was not joined, None if it was."""
        return self._policy.reason

    async def call(self, verb, **arguments):
        """As the board's; trying a network makes the policy step aside until its end is known."""
        if verb != "wifi_join":
            return await self._board.call(verb, **arguments)
        if self._policy.trying:
            raise BoardError("busy", "Another network is being tried.")
        self._policy.try_began()
        reason = "failed"
        try:
            result = await self._board.call(verb, **arguments)
            reason = None
            return result
        except BoardError as error:
            reason = error.code
            raise
        finally:
            self._policy.try_ended(reason)
            self._log.info("network tried", result=reason or "joined")
            self._wake.set()

    async def run(self, claim, offer=None, *, task_status=trio.TASK_STATUS_IGNORED):
        """Look after the access point until cancelled; returns at once where the board has none.

        claim: claimed, and window_s until its window closes; offer: arguments of wifi_join for a network to try while none is kept.
        Started once the board has said whether it has a radio to wait with (serves_phones).
        """
        self._offer = offer
        try:
            seen = await self._first_look(task_status)
            if seen is not None and not seen.configured:
                await self._try_offer()
            while True:
                # The board does one thing after the other: it would answer when the try is over.
                if not self._policy.trying:
                    await self._look(claim)
                with trio.move_on_after(self._policy.look_again_s()):
                    await self._wake.wait()
                self._wake = trio.Event()
        except BoardError as error:
            self._log.info("no access point", code=error.code)

    async def _first_look(self, task_status):
        seen = None
        try:
            with trio.move_on_after(FIRST_LOOK_LIMIT_S):
                seen = await self._see()
                self.serves_phones = seen is not None and not seen.wired
        finally:
            task_status.started()
        return seen

    async def _look(self, claim):
        seen = await self._see()
        if seen is None:
            return
        policy, was_open, had_network = self._policy, self._policy.is_open, self._policy.network
        if seen.configured:
            self._offer = None
        action = policy.look(trio.current_time(), seen, claim.claimed, claim.window_s, self._offer is not None)
        if policy.network != had_network:
            self._log.info("network back" if policy.network else "network lost")
            self._counters.add("network_changes", to="back" if policy.network else "lost")
        if was_open and not policy.is_open:
            self._note(CLOSE, LOST)
        if action is not None and await self._carry_out(*action) and action == (CLOSE, RETRY) and not seen.configured:
            await self._try_offer()

    async def _see(self):
        """What the board says, None if it says nothing just now."""
        status = await self._ask("wifi_status")
        if not isinstance(status, dict):
            return None
        self._encrypts = status.get("encrypts") is not False
        phones = status.get("phones")
        return Seen(
            joined=status.get("state") == "joined",
            wired=status.get("wired") is True or status.get("state") == "off",
            configured=status.get("configured") is True,
            access_point=status.get("access_point") is True,
            phones=phones if isinstance(phones, int) else 0,
        )

    async def _carry_out(self, action, why):
        now = trio.current_time()
        if action == OPEN:
            if await self._ask("ap_start", ssid=self.ssid, passphrase=self.passphrase) is None:
                return self._policy.failed(now)
            self._policy.opened(trio.current_time())
        else:
            if await self._ask("ap_stop") is None:
                return self._policy.failed(now)
            self._policy.closed()
        self._note(action, why)
        return True

    async def _try_offer(self):
        """Try the card's network. What cannot be right is dropped; a network that may only be late is kept for the next time."""
        if self._offer is None or self._policy.trying:
            return
        try:
            await self.call("wifi_join", **self._offer)
        except BoardError as error:
            if error.code in (*CANNOT, GONE):
                raise
            self._log.warning("the card's network was not joined", code=error.code, why=error)
            if error.code not in PASSING:
                self._offer = None
        else:
            self._offer = None

    async def _ask(self, verb, **arguments):
        """The board's answer, None if it failed this time. Raises BoardError if asking again is of no use."""
        try:
            answer = await self._board.call(verb, **arguments)
        except BoardError as error:
            if error.code in (*CANNOT, GONE):
                raise
            self._counters.add("access_point_failures", verb=verb, code=error.code)
            # Said once, however long it lasts.
            if self._complaint != (verb, error.code):
                self._complaint = (verb, error.code)
                self._log.warning("the board did not answer as it should", verb=verb, code=error.code, why=error)
            return None
        if self._complaint and self._complaint[0] == verb:
            self._complaint = None
        return answer

    def _note(self, action, why):
        self._counters.add("access_point_changes", to=action, why=why)
        self._counters.set("access_point", int(self._policy.is_open))
        self._log.info("access point open" if action == OPEN else "access point closed", name=self.ssid, why=why)
