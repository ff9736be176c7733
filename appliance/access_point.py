"""When the device's own access point is open: what is seen of the radio and the time go in, what to do comes out.

Unclaimed, it is open for the claim window after power-on. Later it is the way back in: a device that is set up and has had
no network for a while opens it, and closes it now and then so that the one radio can look for the network again. A router
that boots slower than the device, or comes back after a day, then never strands it; a phone in the middle of the setup page
is not thrown out for it.
"""

# What to do.
OPEN = "open"
CLOSE = "close"

# Why.
UNCLAIMED = "unclaimed"
NO_NETWORK = "no-network"
NETWORK = "network"
WINDOW_OVER = "window-over"
RETRY = "retry"
LOST = "lost"  # the board closed it by itself

# How long the station has the radio for itself: a scan of both bands, the handshake, and a DHCP server that takes its time.
RETRY_S = 60
# How long a phone may finish the setup page on the access point once there are an owner and a network.
LINGER_S = 300
# After the board could not open it.
FAILED_WAIT_S = 60

# How often to look: phones and the station's luck while it is open or being retried; else only a lost network counts.
LOOK_ACTIVE_S = 10
LOOK_IDLE_S = 30


class Seen:
    """What the board says: joined, wired, configured (settings of a network are kept), access_point (bool each), phones attached."""

    __slots__ = ("access_point", "configured", "joined", "phones", "wired")

    def __init__(self, joined=False, wired=False, configured=False, access_point=False, phones=0):
        self.joined = joined
        self.wired = wired
        self.configured = configured
        self.access_point = access_point
        self.phones = phones

    @property
    def network(self):
        return self.joined or self.wired


class AccessPointPolicy:
    """Decides. Times are monotonic seconds.

    return_s: without network until a set up device opens its access point; retry_s: open without a phone until the network is
    tried again; now: power-on.

    is_open: whether it is open, as far as is known; trying: whether the page, a command or the card has a network tried;
    reason: why the last try failed, None if it did not or the network is there; network: whether there is one.
    """

    __slots__ = (
        "_failed", "_lost", "_opened", "_owed", "_retry_s", "_retry_until", "_return_s", "_settled", "_yielded",
        "is_open", "network", "reason", "trying",
    )  # fmt: skip

    def __init__(self, return_s, retry_s, now):
        self._return_s = return_s
        self._retry_s = retry_s
        self._lost = now
        self._settled = None
        self._opened = None
        self._failed = None
        self._retry_until = None
        # It was closed to try a network, and comes back if that fails.
        self._owed = False
        # The chip can be one of the two only, and the network is what the access point is for.
        self._yielded = False
        self.network = False
        self.is_open = False
        self.trying = False
        self.reason = None

    @property
    def retrying(self):
        """Whether it is closed so that the network can be tried."""
        return self._retry_until is not None

    def look(self, now, seen, claimed, window_s, has_offer=False):
        """(OPEN, why), (CLOSE, why) or None.

        seen: Seen; claimed: whether there is an owner; window_s: seconds until the claim window closes, 0 if it has;
        has_offer: whether a network is known that was not joined yet (the card's).
        """
        if self.trying:
            return None  # it has the radio, and whoever asked for it waits for the result
        self._follow(now, seen)
        wanted, why = self._wanted(now, seen, claimed, window_s, has_offer)
        if wanted == self.is_open or (wanted and self._failed is not None and now - self._failed < FAILED_WAIT_S):
            return None
        if why == RETRY:
            self._retry_until, self._owed = now + RETRY_S, True
        return (OPEN if wanted else CLOSE), why

    def opened(self, now):
        """The board has opened it."""
        self.is_open, self._opened, self._failed, self._retry_until, self._owed = True, now, None, None, False

    def closed(self):
        """The board has closed it."""
        self.is_open = False

    def failed(self, now):
        """The board did not do what was asked."""
        self._failed = now

    def try_began(self):
        """A network is being tried; the board may take the access point down for it."""
        self.trying = True

    def try_ended(self, reason):
        """It has been. reason: None if it was joined, else why not."""
        self.trying, self.reason, self._retry_until = False, reason, None

    def look_again_s(self):
        """Seconds until the next look."""
        return LOOK_ACTIVE_S if self.is_open or self.retrying else LOOK_IDLE_S

    def _follow(self, now, seen):
        if self.is_open and not seen.access_point:
            self.is_open, self._yielded, self._owed = False, seen.network, True
        elif seen.access_point and not self.is_open:
            self.opened(now)  # by the node before this one
        if self.network and not seen.network:
            self._lost, self._yielded = now, False
        if seen.network:
            self._retry_until, self._owed, self.reason = None, False, None
        self.network = seen.network

    def _wanted(self, now, seen, claimed, window_s, has_offer):
        inviting = not claimed and window_s > 0
        if inviting or not seen.network:
            self._settled = None
        elif self._settled is None:
            self._settled = now
        if seen.network:
            if inviting and not seen.wired and not self._yielded:
                return True, UNCLAIMED
            return self._is_lingering(now, seen), NETWORK
        if self.retrying and now < self._retry_until:
            return False, RETRY
        can_retry = seen.configured or has_offer
        if self.is_open and can_retry and not seen.phones and now - self._opened >= self._retry_s:
            return False, RETRY
        if inviting:
            return True, UNCLAIMED
        if not claimed and not can_retry:
            return False, WINDOW_OVER
        # One that is open since before the claim stays so.
        return self.is_open or self._owed or now - self._lost >= self._return_s, NO_NETWORK

    def _is_lingering(self, now, seen):
        return self.is_open and seen.phones > 0 and (self._settled is None or now - self._settled < LINGER_S)
