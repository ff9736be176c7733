"""What lies below one sealed root: all that who opened it is given by label, found as it is asked for."""

from threading import Lock

from leither_edge.mimei.blocks.digest_set import DigestSet
from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.links import links

# Labels of one root, some 11 to 22 bytes each.
KNOWN_MAX = 1 << 20


class Below:
    """Thread-safe. Args: blocks (BlockStore), root (sealed label)."""

    def __init__(self, blocks, root):
        self._blocks, self._lock = blocks, Lock()
        self._known, self._walked = DigestSet(blocks.leases.key), DigestSet(blocks.leases.key)
        self._known.add(root)
        # Nodes that a search goes on from.
        self._todo = [root]

    def has(self, label):
        """Whether a label is the root or lies below it."""
        with self._lock:
            # Who goes from the top down asks for what he was shown; a restore that goes on begins anywhere.
            if label not in self._known and not self._walk_to(label):
                return False
            if cids.codec(label) != cids.RAW:
                self._show(label)
            return True

    def _walk_to(self, label):
        while self._todo and len(self._known) < KNOWN_MAX:
            node = self._todo.pop()
            if self._walked.add(node):
                self._todo += [below for below in self._show(node) if cids.codec(below) != cids.RAW]
                if label in self._known:
                    return True
        return False

    def _show(self, node):
        try:
            below = links(node, self._blocks.get(node))
        except MimeiError:
            # Not here, or spoilt: it leads nowhere.
            return []
        below = [label for label in below if cids.digest(label) is not None]
        for label in below:
            self._known.add(label)
        return below
