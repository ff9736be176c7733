"""When to look for whose commands: as often as a day's bytes allow, and often for a while after a command came.

Pure: time (monotonic seconds) and randomness are passed in. The traffic is what looks really cost, headers and all, so the
bound holds whatever they cost; a look while somebody waits for an answer is not idle and is not counted.
"""

DAY_S = 86400
# A person who sent one command sends the next within minutes.
FAST_FOR_S = 600
FAST_MIN_S, FAST_MAX_S = 3, 15
# A tenth of the time since the last command: looks thin out as the next one becomes less likely.
FAST_SHARE = 10
SLOWEST_S = 4 * 3600
# Of a day's bytes, a tenth may be spent at once: after a start a whole search is made for everyone.
AT_ONCE_SHARE = 10
# A look asks one node; now and then it searches for those to ask. What both cost, and how many are searches, until it was seen.
SEARCH_MESSAGES = 6
USUAL_BYTES, USUAL_SEARCH_BYTES, USUAL_SEARCHES = 400, 8000, 1 / 30
_MEMORY, _SEARCHES_MEMORY = 8, 60
# IPv6 and UDP (RFC 8200, RFC 768); IPv4 takes 20 less.
HEADER_BYTES = 48
# A look without a network costs nothing.
FAILED_MIN_S, FAILED_MAX_S = 5, 300
JITTER = 0.25
# (days since the newest command, share of the looks): who commands daily is looked for more often than a drawer's spare key.
_SHARES = ((1, 8), (7, 4), (30, 2))


def share(idle_days):
    """How many looks a controller gets for each look of one that never commanded. idle_days: since its newest command, or None."""
    for days, looks in _SHARES:
        if idle_days is not None and idle_days < days:
            return looks
    return 1


class Poller:
    """Decides who is looked for next.

    bytes_per_day: of idle looks; rand: like random.Random.
    """

    __slots__ = ("_at_once", "_filled", "_left", "_look_bytes", "_rand", "_rate", "_rows", "_search_bytes", "_searches")

    def __init__(self, bytes_per_day, rand, now):
        self._at_once = bytes_per_day / AT_ONCE_SHARE
        self._rate = (bytes_per_day - self._at_once) / DAY_S
        self._left = self._at_once
        self._filled = now
        self._look_bytes, self._search_bytes, self._searches = USUAL_BYTES, USUAL_SEARCH_BYTES, USUAL_SEARCHES
        self._rand = rand
        self._rows = {}

    def set_controllers(self, shares, now):
        """Say who is to be looked for: {id: share}. New ones come soon, others keep their turn."""
        for id20 in [known for known in self._rows if known not in shares]:
            del self._rows[id20]
        for number, (id20, looks) in enumerate(shares.items()):
            row = self._rows.get(id20)
            if row is None:
                row = self._rows[id20] = _Row(now + number + self._rand.random())
            row.share = looks

    def next(self, now):
        """(id, when): whom to look for, and not before when; None where there is nobody."""
        waiting = [(row.due, id20) for id20, row in self._rows.items() if not row.busy]
        if not waiting:
            return None
        due, id20 = min(waiting)
        if not self._is_fast(self._rows[id20], due):
            due = max(due, now + max(0, -self._level(now)) / self._rate)
        return id20, due

    def looked(self, id20, messages, size, now):
        """Note a look. messages: both ways; size: their UDP payload, bytes."""
        cost = self._spend(id20, messages, size, now)
        row = self._rows.get(id20)
        if row is not None:
            self._estimate(cost, messages > SEARCH_MESSAGES, row.is_known)
            row.is_known, row.failed = True, 0
            row.due = now + self._interval(row, now) * self._jitter()

    def _spend(self, id20, messages, size, now):
        row, cost = self._rows.get(id20), size + messages * HEADER_BYTES
        if row is None or not self._is_fast(row, now):
            self._left = self._level(now) - cost
            self._filled = now
        return cost

    def failed(self, id20, now, messages=0, size=0):
        """Note a look that nobody answered: twice as long until the next, up to a bound. messages, size: as for looked."""
        self._spend(id20, messages, size, now)
        row = self._rows.get(id20)
        if row is not None:
            row.failed = min(row.failed + 1, 10)
            self.put_off(id20, min(FAILED_MIN_S * 2 ** (row.failed - 1), FAILED_MAX_S), now)

    def put_off(self, id20, seconds, now):
        """Look for one again after about so long."""
        row = self._rows.get(id20)
        if row is not None:
            row.due = now + seconds * self._jitter()

    def came(self, id20, now):
        """Note a command: the next may follow soon."""
        row = self._rows.get(id20)
        if row is not None:
            row.came = now
            row.due = min(row.due, now + FAST_MIN_S)

    def hold(self, id20, busy):
        """Leave one out while its commands are done."""
        row = self._rows.get(id20)
        if row is not None:
            row.busy = busy

    def idle_interval_s(self, id20):
        """How often a controller is looked for while nothing comes, s."""
        row = self._rows.get(id20)
        return SLOWEST_S if row is None else self._idle_interval(row)

    def _estimate(self, cost, is_search, is_known):
        """Learn what looks cost. The search that each controller begins with says nothing of how often there will be one."""
        if is_known:
            self._searches += (is_search - self._searches) / _SEARCHES_MEMORY
        if is_search:
            self._search_bytes += (cost - self._search_bytes) / _MEMORY
        else:
            self._look_bytes += (cost - self._look_bytes) / _MEMORY

    def _interval(self, row, now):
        idle = self._idle_interval(row)
        if not self._is_fast(row, now):
            return idle
        return min(idle, max(FAST_MIN_S, min(FAST_MAX_S, (now - row.came) / FAST_SHARE)))

    def _idle_interval(self, row):
        shares = sum(other.share for other in self._rows.values())
        cost = self._look_bytes * (1 - self._searches) + self._search_bytes * self._searches
        return min(max(cost * shares / row.share / self._rate, FAST_MAX_S), SLOWEST_S)

    @staticmethod
    def _is_fast(row, now):
        return row.came is not None and now - row.came < FAST_FOR_S

    def _level(self, now):
        return min(self._at_once, self._left + (now - self._filled) * self._rate)

    def _jitter(self):
        return 1 + JITTER * (2 * self._rand.random() - 1)


class _Row:
    __slots__ = ("busy", "came", "due", "failed", "is_known", "share")

    def __init__(self, due):
        self.due = due
        self.share = 1
        self.failed = 0
        self.came = None
        self.is_known = False
        self.busy = False
