"""What a node does for its peers: names, and who answers to them."""

from collections import namedtuple

from .channel.frames import METHOD_MAX
from .channel.limits import NORMAL

# Names of one node.
SERVICES_MAX = 128

# handler: async (Call) -> value. priority: how urgent answers are at most. is_stream: bytes follow. for_strangers: also for nodes that are
# no friends.
Service = namedtuple("Service", "handler priority is_stream for_strangers")


class Services:
    """Handlers by name; one Services serves all channels of a node."""

    __slots__ = ("_by_name",)

    def __init__(self):
        self._by_name = {}

    def add(self, name, handler, *, priority=NORMAL, is_stream=False, for_strangers=False):
        """Have ``handler`` (async, of a Call) answer to a name. Raises ValueError: taken, too long, or too many names."""
        if name in self._by_name or not 0 < len(name) <= METHOD_MAX or len(self._by_name) >= SERVICES_MAX:
            raise ValueError(f"no service can be added under the name {name}: it is taken or too long, or there are {SERVICES_MAX}")
        self._by_name[name] = Service(handler, priority, is_stream, for_strangers)

    def remove(self, name):
        """Nobody answers to this name any more; what is under way goes on."""
        self._by_name.pop(name, None)

    def get(self, name):
        """The Service, or None."""
        return self._by_name.get(name)

    def names(self):
        """All names, sorted."""
        return sorted(self._by_name)
