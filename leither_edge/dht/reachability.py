"""Whether others can reach this node, from what they say of its address and from who comes unasked (BEP 43).

A node begins as a client: it asks and does not answer. It answers once its address, as others see it, has been shown to lead here,
and goes back when for long nobody came whom it had not asked first: a firewall in between would explain that.
"""

# An opinion of one neighbourhood counts once.
VOTERS_MAX = 16
# Global addresses are believed when so many neighbourhoods agree; where everybody is private there may be one other node only.
VOTES_NEEDED = 3
# Without a stranger's visit for so long, an open address is doubted.
SILENCE_S = 3600
# From then on it is tried again so often.
RETRY_S = 3600


class Reachability:
    """The node's opinion about its own address in one family.

    read_only: never a server; has_others: others will be asked first (a node with no entrance to a network is the entrance);
    now: seconds.

    Attributes: is_server; external: packed address as others see it, or None.
    """

    __slots__ = ("is_server", "external", "_read_only", "_votes", "_last_stranger", "_tried", "_was_tested")

    def __init__(self, read_only, has_others, now):
        self.is_server = not read_only and not has_others
        self.external = None
        self._read_only = read_only
        self._votes = {}
        self._last_stranger = now
        self._tried = None
        self._was_tested = False

    @property
    def answers(self):
        """Whether queries are answered: also while nobody told our address yet, or two that know only each other would keep silent."""
        return self.is_server or (self.external is None and not self._read_only)

    def voted(self, external, voter, now):
        """A reply told our address. voter: its neighbourhood. Returns the address when the opinion changes, else None."""
        if len(self._votes) >= VOTERS_MAX and voter not in self._votes:
            self._votes.pop(next(iter(self._votes)))
        self._votes[voter] = external
        seen = list(self._votes.values())
        best = max(seen, key=seen.count)
        if best == self.external or (seen.count(best) < min(VOTES_NEEDED, len(seen))):
            return None
        if self.external is not None and seen.count(best) <= len(seen) // 2:
            return None
        self.external = best
        self._tried = None
        return best

    def to_try(self, now):
        """The address that should be tried from outside now, or None."""
        if self._read_only or self.is_server or self.external is None:
            return None
        if self._tried is not None and now - self._tried < RETRY_S:
            return None
        self._tried = now
        return self.external

    def probed(self, now):
        """A packet to our own address from outside has arrived."""
        self._open(now, True)

    def no_translation(self, now):
        """The address that others see is this machine's own, in a network of private addresses."""
        self._open(now, False)

    def _open(self, now, was_tested):
        if not self._read_only:
            self.is_server = True
            self._was_tested = was_tested
            self._last_stranger = now

    def heard_stranger(self, now):
        """Somebody came whom we had not asked."""
        self._last_stranger = now

    def doubt(self, contacts, now):
        """Give up answering where a large network has sent nobody for long. contacts: size of the table. True if it was given up."""
        if self.is_server and self._was_tested and contacts >= 64 and now - self._last_stranger > SILENCE_S:
            self.is_server = False
            self._tried = now
            return True
        return False
