"""The setup as states and events, without I/O: which step is open, and how one try of a Wi-Fi network went.

A Wi-Fi try has a named end for each case: passed, failed with a reason, timed out. A result that comes in after its try
has ended is ignored.
"""

from leither_edge.card.wifi_network import is_passphrase, is_ssid

STEPS = ("name", "wifi", "owner", "sharing", "reach", "done")

IDLE = "idle"
TRYING = "trying"
JOINED = "joined"
FAILED = "failed"

# The reasons a board may give; any other counts as "failed".
REASONS = ("wrong-password", "not-found", "no-address", "timeout", "unsupported", "failed")

TRY_LIMIT_S = 65  # a little more than the board itself takes at most


class WifiTrial:
    """One try of a network at a time. `limit_s` is how long it may take."""

    __slots__ = ("state", "ssid", "ssid_hex", "hidden", "reason", "address", "attempt", "started", "limit_s")

    def __init__(self, limit_s=TRY_LIMIT_S):
        self.state = IDLE
        self.ssid = ""
        self.ssid_hex = ""
        self.hidden = False
        self.reason = None
        self.address = None
        self.attempt = 0
        self.started = 0.0
        self.limit_s = limit_s

    def begin(self, ssid, ssid_hex, hidden, now):
        """Start a try. `ssid` is for people, `ssid_hex` what the radio is told. Returns its number, or None while another one runs."""
        self.tick(now)
        if self.state == TRYING:
            return None
        self.state, self.reason, self.address = TRYING, None, None
        self.ssid, self.ssid_hex, self.hidden = ssid, ssid_hex, hidden
        self.attempt += 1
        self.started = now
        return self.attempt

    def passed(self, attempt, address):
        """The board joined the network and has an address."""
        if self._current(attempt):
            self.state, self.address = JOINED, address

    def failed(self, attempt, reason):
        """The board gave up; `reason` is one of REASONS."""
        if self._current(attempt):
            self.state, self.reason = FAILED, reason if reason in REASONS else "failed"

    def tick(self, now):
        """Time has passed."""
        if self.state == TRYING and now - self.started >= self.limit_s:
            self.state, self.reason = FAILED, "timeout"

    def _current(self, attempt):
        return self.state == TRYING and attempt == self.attempt


class Setup:
    """The steps a person has gone through. `saved()` is what a restart must not forget."""

    __slots__ = ("completed", "key_made_here", "wired", "wifi")

    def __init__(self, saved=None, limit_s=TRY_LIMIT_S):
        saved = saved if isinstance(saved, dict) else {}
        completed = saved.get("completed")
        self.completed = {step for step in completed if step in STEPS} if isinstance(completed, list) else set()
        self.wired = saved.get("wired") is True
        # The owner's key exists as words on paper and nowhere else.
        self.key_made_here = saved.get("key_made_here") is True
        self.wifi = WifiTrial(limit_s)
        if isinstance(saved.get("ssid"), str) and isinstance(saved.get("address"), str):
            self.wifi.state, self.wifi.ssid, self.wifi.address = JOINED, saved["ssid"], saved["address"]

    def saved(self):
        saved = {"completed": [step for step in STEPS if step in self.completed], "wired": self.wired, "key_made_here": self.key_made_here}
        if self.wifi.state == JOINED:
            saved["ssid"], saved["address"] = self.wifi.ssid, self.wifi.address or ""
        return saved

    def complete(self, step):
        self.completed.add(step)

    def open_step(self, claimed):
        """The first step that still waits for the person."""
        for step in STEPS[:-1]:
            if step == "owner" and claimed:
                continue
            if step not in self.completed:
                return step
        return "done"

    def after(self, step, claimed):
        """The step that follows; the owner step is passed over once there is an owner."""
        following = STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)]
        return self.after(following, claimed) if following == "owner" and claimed else following


def check_network(ssid_bytes, passphrase, secured):
    """The text key of what is wrong with a network and its password, or None.

    Args:
        ssid_bytes: name of the network.
        passphrase: as typed; "" for an open network.
        secured: True, False, or None if unknown (hidden network).
    """
    if not is_ssid(ssid_bytes):
        return "wifi_bad_name"
    if secured is False or (secured is None and not passphrase):
        return None
    if not is_passphrase(passphrase):
        return "wifi_bad_password"
    return None
