"""A connection that a handler takes over for another protocol (RFC 9110, 7.8)."""

import math

from .wire import switching_head

# An upgraded connection waits for its peer, or works for it.
WAITS, WORKS = "upgraded-waits", "upgraded-works"


class Upgrade:
    """What a handler returns instead of a Response to speak another protocol on the connection from now on.

    Args: headers (name, value) pairs of text for the 101 answer, Upgrade among them, Connection not;
    talk async function of a Duplex: when it returns, the connection is closed.
    The request must have offered the upgrade and have no body.
    """

    __slots__ = ("headers", "talk")

    def __init__(self, headers, talk):
        self.headers = headers
        self.talk = talk


class Duplex:
    """The bytes of an upgraded connection, both ways; one task at a time reads or writes.

    No deadline of the server's runs but the one for a peer that takes nothing. When the server ends, a connection
    that waits for its peer ends at once, the others have the usual grace.
    """

    __slots__ = ("_connection", "_server")

    def __init__(self, connection, server):
        self._connection = connection
        self._server = server

    async def receive(self, max_bytes):
        """Some bytes, b"" at the end. Raises Disconnected."""
        connection = self._connection
        data = connection.buffer
        if data:
            data, connection.buffer = data[:max_bytes], data[max_bytes:]
            return data
        connection.phase = WAITS
        self._unbind()
        data = await connection.receive(max_bytes)
        connection.phase = WORKS
        return data

    async def send(self, data):
        """Send all of ``data``. Raises Disconnected; a peer that reads too slowly ends the connection."""
        await self._connection.send(data)
        self._connection.phase = WORKS
        self._unbind()

    def _unbind(self):
        if not self._server.draining:
            self._connection.scope.deadline = math.inf


async def talk_upgraded(connection, server, parser, upgrade):
    """Send the 101 and let the handler's function have the connection."""
    head = switching_head(parser, upgrade.headers)
    server.count_answer(101)
    duplex = Duplex(connection, server)
    connection.phase = WORKS
    await duplex.send(head)
    await upgrade.talk(duplex)
