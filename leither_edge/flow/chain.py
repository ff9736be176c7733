"""The history that a source tells, held against the one that is here: what is new, and where the two part.

Every manifest is checked: the author's signature, its place behind the one before, and that the chain joins a version that is here.
"""

from collections import namedtuple

import trio

from leither_edge.mimei import history
from leither_edge.mimei.errors import TooLarge
from leither_edge.mimei.manifest import BadManifest
from leither_edge.mimei.tables import HEADS
from leither_edge.mimei.taking import check_chain

from . import told

# Manifests of one sync: ten years of a version an hour. More come as a CAR file.
CHAIN_MAX = 100_000
CHAIN_BYTES_MAX = 16 << 20

SAME, BEHIND, AHEAD, FORK = "same", "behind", "ahead", "fork"

# state: of the source's history beside ours, one of the four words; common: the highest number that both share, -1 for none;
# head: told.Head; new: [(label, Manifest, bytes)] of the source's versions behind `common`; dropped: numbers without content there.
Beside = namedtuple("Beside", ("state", "common", "head", "new", "dropped"))


class Here:
    """The labels of the manifests that this node has of a MiMei. Args: library, mid. newest: number, -1 where there is none."""

    def __init__(self, library, mid):
        self._library, self._mid = library, mid
        with library.store.read() as tx:
            head = tx.get(HEADS, mid)
        self.newest = -1 if head is None else history.Head(*head).next - 1

    def label(self, number):
        """The label of a version's manifest, dropped or not; None where there is no such version."""
        with self._library.store.read() as tx:
            row = tx.get(history.VERSIONS, history.version_key(self._mid, number)) if number >= 0 else None
        return None if row is None else history.VersionRow(*row).manifest

    def manifest(self, number):
        """(label, Manifest) of a number."""
        label = self.label(number)
        return told.read_manifest(self._library.blocks.get(label), self._mid)


async def read_beside(source, mid, here, head=None, user=None):
    """The Beside of a source's history.

    Args: source (of sources.py), here (Here), head (told.Head, if it is known), user (20 bytes: for whom; None: for this node).
    Raises BadManifest, BadAnswer, TooLarge and what the source raises.
    """
    head = head or await source.head(mid, user)
    newest = head.manifest.number
    if newest <= here.newest and here.label(newest) == head.label:
        return Beside(SAME if newest == here.newest else BEHIND, newest, head, [], frozenset())
    if head.manifest.number == here.newest + 1 and head.manifest.previous == here.label(here.newest):
        return _checked(here, here.newest, head, [(head.label, head.manifest, head.data)], frozenset())
    start = min(here.newest + 1, newest)
    first = await _first(source, mid, start, user)
    # Back in growing steps, until the version before it is one that is here.
    step = 1
    while start and first.previous != here.label(start - 1):
        start = max(0, start - step)
        step *= 2
        first = await _first(source, mid, start, user)
    found, dropped, size, common = [], set(), 0, start - 1
    while common + 1 + len(found) <= newest:
        page = await source.page(mid, common + 1 + len(found), newest, user)
        for each in page.found:
            if not found and here.label(each[1].number) == each[0]:
                common += 1
                continue
            found.append(each)
            size += len(each[2])
        dropped |= page.dropped
        if len(found) > CHAIN_MAX or size > CHAIN_BYTES_MAX:
            raise TooLarge(f"The history that is missing here has more than {CHAIN_MAX} versions. Bring it as a CAR file.")
    return await trio.to_thread.run_sync(_checked, here, common, head, found, frozenset(dropped))


async def _first(source, mid, number, user):
    return (await source.page(mid, number, number, user)).found[0][1]


def _checked(here, common, head, found, dropped):
    label, before = (None, None) if common < 0 else here.manifest(common)
    check_chain([each[:2] for each in found], before, label)
    if not found or found[-1][0] != head.label:
        raise BadManifest("A source's manifests do not lead to the newest version that it told of.")
    return Beside(AHEAD if common == here.newest else FORK, common, head, found, dropped)
