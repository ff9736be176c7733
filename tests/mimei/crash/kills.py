"""One library, killed again and again."""

import random
from collections import namedtuple

from .child import kill_after, start
from .look import Seen
from .work import KINDS

# counts: {kind of work: (kills, acknowledgements)}.
Found = namedtuple("Found", "counts seen")


def kill_often(folder, kills, seed, longest_s, progress=None):
    """Kill so many times and look after each; return Found. AssertionError names the seed and the kill."""
    choose = random.Random(seed)
    seen = Seen()
    counts = dict.fromkeys(KINDS, (0, 0))
    for done in range(kills):
        kinds = [list(KINDS)[done % len(KINDS)]]
        # Beside another kind of work every second time: a collection beside an add, a backup beside writes.
        kinds += choose.sample([kind for kind in KINDS if kind not in kinds], choose.choice((0, 0, 1, 2)))
        pid, reader = start(folder, kinds, seen.first)
        # None: also while it opens. With `everysec`, also over the end of a second.
        longest = longest_s if "everysec" in kinds else longest_s / 8
        acknowledged, ended = kill_after(pid, reader, choose.choice((0, 1, 3, 10)), choose.random() * longest)
        try:
            seen.look(folder, acknowledged, ended)
        except AssertionError as error:
            raise AssertionError(f"after kill {done} of seed {seed}, during {'+'.join(kinds)}: {error}") from error
        for kind in kinds:
            number = sum(found.kind == kind for found in acknowledged)
            counts[kind] = (counts[kind][0] + 1, counts[kind][1] + number)
        if progress is not None:
            progress(done + 1, seen, kinds)
    return Found(counts, seen)
