"""The search for the nodes nearest to a target: a walk there, and a look beside it where somebody may be hidden. No sockets, no clock.

Nodes name only those nearest to a target. If many of these are dead, or a crowd that somebody put there, they hide who comes next. So
the walk is followed by short ones to places around the target, whose finds go on with it.
"""

from leither_edge.dht import compact, neighbourhood
from leither_edge.dht.candidates import ANSWERED, FARTHEST, HEARD
from leither_edge.dht.walk import Walk

_LOOKS_BESIDE = 2
# Three foes who are asked first name nobody but nearer foes; one honest node among eight that were known before names the honest ones.
_SEEDS_ASKED = 8
# Of what each walk beside the target heard, so many are looked at.
_FOUND_MAX = 20


class Lookup(Walk):
    """A search; arguments as for a Walk. It looks beside its target if it is asked `to_ask_beside`."""

    __slots__ = ("_beside", "_is_crowded", "_looks", "_seen")

    def __init__(self, target, own_id, seeds, **options):
        super().__init__(target, own_id, seeds, seeds_asked=_SEEDS_ASKED, **options)
        self._beside = ()
        self._is_crowded = False
        self._looks = 0
        self._seen = 0

    @property
    def is_done(self):
        """True once the nearest have answered or nobody is left; False while it looks beside its target."""
        return super().is_done and (not self._beside or not self._is_open)

    @property
    def crowd(self):
        """The distance from the target within which more nodes answered than chance puts there, None for no such crowd."""
        return neighbourhood.crowd([each.distance for each in self._answered()], self._k, self._radius)

    @property
    def is_crowded(self):
        """True if there is a crowd."""
        return self.crowd is not None

    def to_ask_beside(self, now):
        """(contact, other target) to ask now with find_node, to see whom a search that is done was kept from; mostly none.

        To be called after each `to_ask`, before `is_done` is believed. Each pair is to be told of by `heard_beside`.
        """
        if not self._beside and self.is_done and self._is_open:
            self._begin()
        pairs = [(contact, walk.target) for walk in self._beside for contact in walk.to_ask(now)]
        self.asked_count += len(pairs)
        self._settle()
        return pairs

    def heard_beside(self, contact, place, nodes, now):
        """What came of a pair of `to_ask_beside`: the contacts named, none for no answer."""
        for walk in self._beside:
            if walk.target == place:
                if not nodes:
                    walk.failed(contact, "silent", now)
                elif walk.answered(contact, contact[: compact.NODE_ID_BYTES], nodes, now):
                    self.answered_count += 1
                    if not self._is_crowded:
                        walk.stop()
        self._settle()

    def slow_beside(self, contact, place, now):
        """The soft time-out of a pair of `to_ask_beside` passed."""
        for walk in self._beside:
            if walk.target == place:
                walk.slow(contact, now)
        self._settle()

    def _begin(self):
        answered = self._answered()
        if self._looks >= _LOOKS_BESIDE or len(answered) == self._seen:
            return
        crowd = self.crowd
        self._is_crowded = crowd is not None
        if self._is_crowded:
            # Nobody in the crowd is asked for who stands beside it.
            span, without = self._radius, (self.target, crowd + 1)
            known = [each for each in self._all.nearest if each.state in (HEARD, ANSWERED) and not each.is_doubtful()]
        else:
            # One answer for each place is enough.
            span, without, known = self._hidden_within(answered), (b"", 0), answered
        if span is None:
            return
        seeds = [each.contact for each in known]
        self._beside = [
            Walk(place, self._own_id, seeds, family=self._family, k=self._k if self._is_crowded else 1, without=without)
            for place in neighbourhood.beside(self.target, span, self._looks)
        ]
        for walk in self._beside:
            walk.remember(known)
        self._looks += 1
        self._seen = len(answered)

    def _settle(self):
        if self._beside and all(walk.is_done for walk in self._beside):
            for walk in self._beside:
                for at, each in enumerate(walk.heard(_FOUND_MAX)):
                    # Still somebody's word: a liar is not believed more because he was asked for a place beside the target.
                    self._hear(each.contact, at % self._paths, each.by)
            self._beside = ()
            self._done = False

    def _hidden_within(self, answered):
        """The distance from the target within which dead nodes may hide others, None if that is not likely."""
        if not answered:
            return None
        # In good order each of the nearest names k others, of whom the last is as far as the k-th of all; or all that it knows.
        edge = span = answered[: self._k][-1].distance
        if len(answered) < self._k:
            edge, span = FARTHEST, min(2 * span, FARTHEST - 1)
        nearest = answered[: self._k]
        return None if sum(each.reach >= edge for each in nearest) * 2 >= len(nearest) else span
