"""How one try of a network ends, judged from the events of wpa_supplicant and the time: rules only.

wrong-password needs two failed handshakes: a single one also happens on a bad line, and people then type a right password anew.
"""

CONNECTED = "connected"
WRONG_PASSWORD, NOT_FOUND, TIMEOUT = "wrong-password", "not-found", "timeout"

# From the start to the connection; a router that is asked again after a refusal takes most of it.
CONNECT_S = 30.0
WRONG_KEYS = 2
# Each follows a scan of every channel.
NOT_FOUNDS = 3


class Trial:
    """One try. Times are monotonic seconds.

    give_up_s: when it ends at the latest;
    sae: whether the network takes WPA3 only: there a wrong password shows as a failed authentication.
    wants_again: the daemon has put the network aside and is to be told to try it once more; clear it when that is done.
    """

    __slots__ = ("_ends_s", "_failures", "_missing", "_reached", "_result", "_sae", "wants_again")

    def __init__(self, now_s, sae=False, give_up_s=None):
        self._ends_s = now_s + CONNECT_S if give_up_s is None else min(give_up_s, now_s + CONNECT_S)
        self._sae = sae
        self._failures = 0
        self._missing = 0
        self._reached = False
        self._result = None
        self.wants_again = False

    def hear(self, event):
        """Take an Event."""
        if event.name == "CTRL-EVENT-CONNECTED":
            self._result = self._result or CONNECTED
        elif event.name == "CTRL-EVENT-SSID-TEMP-DISABLED":
            self._put_aside(event.field("reason"))
        elif event.name == "CTRL-EVENT-NETWORK-NOT-FOUND":
            self._missing += 1
            if self._missing >= NOT_FOUNDS:
                self._result = self._result or NOT_FOUND
        elif event.name in ("Associated", "CTRL-EVENT-ASSOC-REJECT", "CTRL-EVENT-AUTH-REJECT"):
            self._reached, self._missing = True, 0

    def result(self, now_s):
        """CONNECTED, a reason, or None while it is not decided."""
        if self._result is None and now_s >= self._ends_s:
            if self._failures:
                self._result = WRONG_PASSWORD
            else:
                self._result = TIMEOUT if self._reached or not self._missing else NOT_FOUND
        return self._result

    def _put_aside(self, reason):
        if reason == "WRONG_KEY" or (self._sae and reason in ("AUTH_FAILED", "CONN_FAILED")):
            self._failures += 1
            if self._failures >= WRONG_KEYS:
                self._result = self._result or WRONG_PASSWORD
        self.wants_again = True
