"""The channels that are open: one for each peer, and those that are on their way out because there is a better one."""

# Two channels of one peer that came within so long: both sides dialled. Else the older one may be dead, and the peer knows it.
SIMULTANEOUS_S = 10.0
# Of one peer, with those on their way out: whoever connects again and again must not take the places of all.
CHANNELS_OF_ONE = 4


class Open:
    """One open channel. place: admission.Place; where: address text; is_near: of the own network; since: s; sent and received: bytes."""

    __slots__ = ("channel", "id", "place", "where", "is_near", "since", "sent", "received", "is_retired")

    def __init__(self, channel, place, where, is_near, now):
        self.channel, self.id, self.place = channel, channel.peer.node_id, place
        self.where, self.is_near, self.since = where, is_near, now
        self.sent = self.received = 0
        self.is_retired = False


class OpenChannels:
    """Which channel is whose. Pure. Args: own_id (20 bytes)."""

    __slots__ = ("_own_id", "_by_id", "_all")

    def __init__(self, own_id):
        self._own_id = own_id
        self._by_id, self._all = {}, []

    def __iter__(self):
        return iter(tuple(self._all))

    def __len__(self):
        return len(self._all)

    def of(self, id20):
        """The Open through which a peer is reached, or None."""
        found = self._by_id.get(id20)
        return found if found is not None and found.channel.is_open else None

    def enter(self, new, now):
        """Take in an Open; gives the one that is to go for it, None or `new` itself."""
        self._all.append(new)
        old = self.of(new.id)
        if old is not None and not self._is_better(new, old, now):
            new.is_retired = True
            return new
        self._by_id[new.id] = new
        if old is not None:
            old.is_retired = True
        return old

    def beyond(self, id20):
        """[Open] of a peer that are more than it may have: the oldest of those on their way out."""
        found = [each for each in self._all if each.id == id20 and each.channel.is_open]
        return [each for each in found if each.is_retired][: max(0, len(found) - CHANNELS_OF_ONE)]

    def leave(self, gone):
        """It has ended."""
        self._all.remove(gone)
        if self._by_id.get(gone.id) is gone:
            del self._by_id[gone.id]
            others = [each for each in self._all if each.id == gone.id and each.channel.is_open]
            if others:
                # The peer tried several ways at once and gave up all but one, which need not be the last to come.
                others[-1].is_retired = False
                self._by_id[gone.id] = others[-1]

    def _is_better(self, new, old, now):
        if new.channel.is_initiator == old.channel.is_initiator or now - old.since > SIMULTANEOUS_S:
            return True
        # Both sides come to the same end without a word: the channel stays that the node with the smaller id began.
        return new.channel.is_initiator == (self._own_id < new.id)
