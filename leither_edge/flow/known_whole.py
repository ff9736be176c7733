"""What earlier versions share with a new one, without walking either: looked at level by level, and only where the new one differs.

A new version's tree differs from the last one's in a few nodes of each level. All links of the node that was replaced are whole here, and
most of the new node's links are among them; only those that are not lead on. So a change of one key costs some nodes of each level.
"""

from leither_edge.mimei.blocks.digest_set import DigestSet
from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.links import links

# Nodes of earlier versions that are looked at; beyond, what is here is walked.
LOOKED_AT_MAX = 4096


class KnownWhole:
    """Labels of which all is here. Args: blocks (get by label), roots (labels of which all is here), set_key (of digest_set.new_key)."""

    def __init__(self, blocks, roots, set_key):
        self._blocks = blocks
        self._names, self._met = DigestSet(set_key), DigestSet(set_key)
        # By depth: nodes not looked below yet.
        self._levels = [list(roots)]
        self._left = LOOKED_AT_MAX
        for root in roots:
            self._names.add(root)

    def __contains__(self, label):
        if label not in self._names:
            return False
        self._met.add(label)
        return True

    def look_below(self, depth):
        """Takes in the links of what stands at a depth, but for what the new version has, too."""
        if depth >= len(self._levels):
            return
        below = []
        for label in self._levels[depth]:
            if label in self._met or cids.codec(label) == cids.RAW or not self._left:
                continue
            self._left -= 1
            try:
                for link in links(label, self._blocks.get(label)):
                    if cids.digest(link) is not None and self._names.add(link):
                        below.append(link)
            except MimeiError:
                # Not here after all: what it shares is walked.
                continue
        self._levels[depth] = []
        if below:
            if depth + 1 == len(self._levels):
                self._levels.append([])
            self._levels[depth + 1] += below
