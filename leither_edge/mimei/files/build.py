"""A file's blocks and label from its bytes as they come, in memory for one chunk and the links of one node a level.

The tree is balanced: every leaf is as far from the root as any other, and every node but the last of a level is full.
"""

from .file_node import put_leaf, put_node


class Builder:
    """Takes a file piece by piece.

    Args: blocks (where they are put), profile (LabelProfile). Use: feed(...) any number of times, then finish() once.
    """

    def __init__(self, blocks, profile):
        self._blocks = blocks
        self._profile = profile
        self._rest = bytearray()
        # Parts that wait for a node of their own: leaves first, then level by level.
        self._levels = []
        self.size = 0

    def feed(self, data):
        """Takes the next bytes of the file. Pieces of the profile's chunk_bytes are not copied."""
        self.size += len(data)
        chunk_bytes = self._profile.chunk_bytes
        at = 0
        if self._rest:
            at = chunk_bytes - len(self._rest)
            self._rest += data[:at]
            if len(self._rest) < chunk_bytes:
                return
            self._leaf(bytes(self._rest))
            self._rest.clear()
        while len(data) - at >= chunk_bytes:
            self._leaf(data if len(data) == chunk_bytes and isinstance(data, bytes) else bytes(data[at : at + chunk_bytes]))
            at += chunk_bytes
        if at < len(data):
            self._rest += data[at:] if at else data

    def finish(self):
        """(label, bytes of the file, bytes of all its blocks)"""
        if self._rest or not self.size:
            self._leaf(bytes(self._rest))
            self._rest.clear()
        level = 0
        while True:
            parts = self._levels[level]
            if level + 1 == len(self._levels) and len(parts) == 1:
                return tuple(parts[0])
            if parts:
                self._close(level)
            level += 1

    def _leaf(self, content):
        self._add(0, put_leaf(self._blocks, self._profile, content))

    def _add(self, level, part):
        if level == len(self._levels):
            self._levels.append([])
        parts = self._levels[level]
        # A full node waits for the next part: alone on its level it may be the root.
        if len(parts) == self._profile.width:
            self._close(level)
        self._levels[level].append(part)

    def _close(self, level):
        part = put_node(self._blocks, self._profile, self._levels[level])
        self._levels[level] = []
        self._add(level + 1, part)


def build(blocks, profile, pieces):
    """(label, bytes of the file, bytes of all its blocks) of a file that comes in pieces (iterable of bytes)."""
    builder = Builder(blocks, profile)
    for piece in pieces:
        builder.feed(piece)
    return builder.finish()
