"""Who is let in: handshakes on their way, and which channel gives way when there is no room. Pure: time is passed in.

Connections that have said nothing are the cheapest to make, so they go first; then those of whoever holds most places. Whoever proved a
static key that this node knows gives way to nobody but his like. The own machine is not counted by address: all of its programs share one.
"""

# Of the places for handshakes, what one address may hold.
ADDRESS_SHARE = 4
# Channels of strangers from one address: a household, or a provider's common address.
STRANGERS_PER_ADDRESS = 8
# When all places for channels are taken, a stranger's that was quiet for so long gives way to another stranger; to a friend any does.
QUIET_S = 10.0


class Half:
    """A handshake on its way. group: whom it is counted under (bytes, None for the own machine); since: s; drop: ends it; is_expected: a
    friend came from there before.
    """

    __slots__ = ("group", "since", "drop", "is_expected", "has_spoken", "static")

    def __init__(self, group, since, drop, is_expected=False):
        self.group, self.since, self.drop, self.is_expected = group, since, drop, is_expected
        self.has_spoken, self.static = False, None

    @property
    def is_known(self):
        """Whether it showed a friend's channel key."""
        return self.static is not None


class HalfOpen:
    """The places for handshakes. Args: most (places)."""

    __slots__ = ("_most", "_each", "_halves")

    def __init__(self, most):
        self._most, self._each = most, max(1, most // ADDRESS_SHARE)
        self._halves = []

    def __len__(self):
        return len(self._halves)

    def enter(self, half):
        """Take a place; another may be dropped for it. Returns None, or why there is none: "address-full", "full"."""
        if half.group is not None and self._count(half.group) >= self._each:
            mute = self._first(lambda each: each.group == half.group and not each.has_spoken)
            if mute is None:
                return "address-full"
            self._drop(mute)
        elif len(self._halves) >= self._most:
            loser = self._first(lambda each: not (each.has_spoken or each.is_expected)) or self._first_of_crowd(half)
            if loser is None:
                return "full"
            self._drop(loser)
        self._halves.append(half)
        return None

    def knows(self, half, static):
        """It showed a friend's channel key. What it sent may be a copy of what the friend sent once, so one place of each key is kept."""
        if not any(each.static == static for each in self._halves):
            half.static = static

    def leave(self, half):
        """Give the place back; a second call does nothing."""
        if half in self._halves:
            self._halves.remove(half)

    def _drop(self, half):
        self._halves.remove(half)
        half.drop()

    def _count(self, group):
        return sum(each.group == group for each in self._halves)

    def _first(self, is_such):
        return next((each for each in self._halves if is_such(each)), None)

    def _first_of_crowd(self, half):
        crowds = {}
        for each in self._halves:
            if not (each.is_known or each.is_expected):
                crowds[each.group] = crowds.get(each.group, 0) + 1
        if not crowds:
            return None
        group = max(crowds, key=crowds.get)
        return self._first(lambda each: each.group == group and not (each.is_known or each.is_expected))


class Place:
    """An open channel's place. group as of Half; is_friend; used_at: s, when it last carried something; drop: ends it, given a code."""

    __slots__ = ("group", "is_friend", "used_at", "drop")

    def __init__(self, group, is_friend, used_at, drop):
        self.group, self.is_friend, self.used_at, self.drop = group, is_friend, used_at, drop


class Places:
    """The places for open channels: friends before strangers. Args: most (places)."""

    __slots__ = ("most", "_places")

    def __init__(self, most):
        self.most = most
        self._places = []

    def __len__(self):
        return len(self._places)

    def enter(self, place, now, is_own=False):
        """Take a place; a stranger's channel may be ended for it. is_own: this node asked for the channel.

        Returns None, or why there is none: "address-full", "full".
        """
        is_stranger = not place.is_friend and not is_own
        if is_stranger and place.group is not None:
            if sum(each.group == place.group and not each.is_friend for each in self._places) >= STRANGERS_PER_ADDRESS:
                return "address-full"
        if len(self._places) >= self.most:
            strangers = [each for each in self._places if not each.is_friend]
            if is_stranger:
                strangers = [each for each in strangers if now - each.used_at >= QUIET_S]
            if not strangers:
                return "full"
            loser = min(strangers, key=lambda each: each.used_at)
            self._places.remove(loser)
            loser.drop("no-room")
        self._places.append(place)
        return None

    def leave(self, place):
        """Give the place back; a second call does nothing."""
        if place in self._places:
            self._places.remove(place)
