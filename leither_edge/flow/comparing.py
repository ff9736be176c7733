"""Versions here and elsewhere side by side, for people to see before anything is changed."""

from collections import namedtuple

from leither_edge.core.ids import key_id
from leither_edge.mimei import history
from leither_edge.mimei.tables import MIMEI

SHOWN_MAX = 100

# One version. author: id (20 bytes); label: of its manifest; is_here: whether its content is where the version was told of.
Line = namedtuple("Line", ("number", "time", "memo", "author", "label", "is_here"))
# state: same, ahead (the source has more), behind (this node has more) or fork. common: the highest number that both share, -1 for none.
# here, there: [Line] behind it, oldest first, the last SHOWN_MAX of them. counts: how many each has behind it. has_changed: whether cur
# here holds something that no version does. source: name.
Comparison = namedtuple("Comparison", ("mid", "state", "common", "here", "there", "counts", "has_changed", "source"))


def compare(library, mid, beside, source):
    """The Comparison of a chain.Beside; reads this node's versions. Args: source (name)."""
    here, has_changed = [], False
    with library.store.read() as tx:
        if tx.get(MIMEI, mid) is not None:
            author = key_id(library.identity(tx, mid).public_key)
            for number, row in history.scan_versions(tx, mid, beside.common + 1):
                here.append(Line(number, row.time, row.memo, author, row.manifest, not row.dropped))
            has_changed = library.has_changed(tx, mid)
    there = [
        Line(found.number, found.time, found.memo, key_id(found.public_key), label, found.number not in beside.dropped)
        for label, found, _ in beside.new
    ]
    return Comparison(
        mid, beside.state, beside.common, here[-SHOWN_MAX:], there[-SHOWN_MAX:], (len(here), len(there)), has_changed, source
    )
