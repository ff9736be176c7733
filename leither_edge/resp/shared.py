"""What the connections of one server have in common."""

from collections import namedtuple

import trio

from leither_edge.mimei.errors import NotSignedIn

from . import blocking, client_commands, content_commands, server_commands
from .connection import EdgeCommand

# Users whose own choice of appendfsync is remembered.
ALWAYS_MAX = 256

# command_max_bytes: one command, its words and what keeps them. watched_max: keys that one client watches.
Limits = namedtuple("Limits", "connections_max command_max_bytes watched_max", defaults=(256,))


def limits_of(profile):
    """The Limits that a hardware profile states."""
    mimei = profile.mimei
    # A value and the words around it.
    return Limits(mimei.database_connections_max, (mimei.value_max_kib + 64) * 1024)


class Shared:
    """What the connections of one server have in common.

    Attributes: places (Places), held (HeldWriter), limits, counters, commands ({name: EdgeCommand}), clients ({number: Client}), tx (the
    transaction of the turn at hand), connections, executed, rejected (counts since `began`, ms).
    """

    def __init__(self, places, held, limits, counters, clock, always, nursery):
        self.places, self.held, self.limits, self.counters = places, held, limits, counters
        self.commands = edge_commands()
        self.clients = {}
        self.tx = None
        self.connections = self.executed = self.rejected = 0
        self._clock = clock
        self._always_is_default = always
        self._nursery = nursery
        self._other = {}
        self._waiting = {}
        self.began = self.now_ms()

    def now_ms(self):
        """Unix time in ms."""
        return int(self._clock() * 1000)

    def now_us(self):
        """Unix time in us."""
        return int(self._clock() * 1_000_000)

    def is_always(self, session):
        """Whether this user's writes are answered when they are durable."""
        return self._other.get(session.user_id, self._always_is_default)

    def set_always(self, user_id, always):
        """Answer this user's writes when durable, or at once."""
        if user_id not in self._other and len(self._other) >= ALWAYS_MAX:
            del self._other[next(iter(self._other))]
        self._other[user_id] = always

    def is_signed_in(self, client):
        """Whether the session of this connection is good still; by asking it stays so."""
        sid = client.session.sid
        if not sid:
            return True
        try:
            self.places.session(sid)
        except NotSignedIn:
            return False
        return True

    def close(self, place):
        """Let go of a database that nobody looks at here any more."""
        if place.is_made:
            self._nursery.start_soon(trio.to_thread.run_sync, place.close)

    def sign_off(self, client):
        """End the session that this connection began."""
        if client.began_session:
            self.places.sign_out(client.session)
            client.began_session = False

    # Who waits for an element

    def wait_at(self, place):
        """An event that is set when this database changes."""
        event = self._waiting.get(place.mid)
        if event is None:
            event = self._waiting[place.mid] = trio.Event()
        return event

    def tell(self, place):
        """A database has changed."""
        event = self._waiting.pop(place.mid, None)
        if event is not None:
            event.set()


def edge_commands():
    """{name: EdgeCommand} of all that the edge itself answers."""
    groups = (client_commands, server_commands, content_commands, blocking)
    lines = [line for group in groups for line in group.COMMANDS]
    return {name.encode(): EdgeCommand(name.encode(), arity, tuple(flags.split()), *rest) for name, arity, flags, *rest in lines}
