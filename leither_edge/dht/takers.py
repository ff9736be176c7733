"""What a search looks for in each reply; `take` of a taker is handed to it."""

from leither_edge.dht import item

# What `take` says: end the search, or ask this node once more with its token, since it kept something back.
STOP = "stop"
AGAIN = "again"


class Newest:
    """Takes the item with the highest sequence number that a whole search sees; `take` for a Search.

    target: 20 bytes; salt: bytes; newer_than: a sequence number that is known already, or None; verify: (signature, message, key).
    Attributes: item or None; seen {address: sequence number told}.
    """

    __slots__ = ("item", "seen", "bad", "_target", "_salt", "_newer_than", "_verify")

    def __init__(self, target, salt, newer_than, verify):
        self.item = None
        self.seen = {}
        self.bad = []
        self._target = target
        self._salt = salt
        self._newer_than = -1 if newer_than is None else newer_than
        self._verify = verify

    def take(self, address, body, now):
        """Look at one reply."""
        seq = body.get(b"seq")
        if seq is None:
            return None
        self.seen[address] = seq
        known = self._newer_than if self.item is None else self.item.seq
        if seq <= known:
            return None
        if b"v" not in body:
            # Kept back because our address is unproved, or the value would not have fitted.
            return AGAIN
        found = item.Item(body[b"v"], body.get(b"k"), self._salt, seq, body.get(b"sig"))
        is_whole = found.key is not None and found.signature is not None
        if not is_whole or item.mutable_target(found.key, self._salt) != self._target or not item.is_good(found, self._verify):
            self.bad.append(address)
            return None
        self.item = found
        return None


class Immutable:
    """Takes the value whose SHA-1 is the target; `take` for a Search, which then ends at once."""

    __slots__ = ("value", "bad", "_target")

    def __init__(self, target):
        self.value = None
        self.bad = []
        self._target = target

    def take(self, address, body, now):
        """Look at one reply."""
        value = body.get(b"v")
        if value is None:
            return AGAIN if b"more" in body else None
        if item.immutable_target(value) != self._target:
            self.bad.append(address)
            return None
        self.value = value
        return STOP


class Peers:
    """Gathers providers; `take` for a Search. most: how many at most."""

    __slots__ = ("addresses", "_most", "_size")

    def __init__(self, family, most):
        self.addresses = {}
        self._most = most
        self._size = 6 if family == 4 else 18

    def take(self, address, body, now):
        """Look at one reply."""
        values = body.get(b"values")
        if isinstance(values, list):
            for peer in values:
                if isinstance(peer, bytes) and len(peer) == self._size and len(self.addresses) < self._most:
                    self.addresses[peer] = None
