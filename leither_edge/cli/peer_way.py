"""The way to devices through a channel between nodes: from anywhere, if need be through a tunnel that another node offers.

For the length of a command this computer is a node of its own, with a key that it forgets: who may command is in the command.
"""

import contextlib
import math
import tempfile
from collections import namedtuple

from leither_edge.cli.failure import Failure, UnreachableError
from leither_edge.cli.node_thread import NodeThread
from leither_edge.cli.output import clean

LEAVE_S = 5
KEY_BYTES = 32
SERVICE = "command"

# data: the signed answer, None where the device refused without one, with code and sentence; facts: of the way, for JSON.
Reply = namedtuple("Reply", "data code sentence facts")


class PeerWay:
    """A node that several threads command devices by. Begins at the first call.

    Args:
        home: Home.
        network: the Network in which devices are found, or None.
        say: function (text) that shows what it is doing.
    """

    def __init__(self, home, network, say):
        self._home, self._network, self._say = home, network, say
        self._thread = NodeThread(self._live, LEAVE_S)

    def exchange(self, device, data, hint, timeout_s):
        """The Reply to the bytes of a command.

        Args: device (Peer of the book), data (bytes), hint (text of an address that may lead to it), timeout_s.
        Raises UnreachableError, Failure.
        """
        import trio

        self._thread.start()
        self._say(f"Looking for {clean(device.name, 60)}")
        try:
            return self._thread.run(self._exchange, device, data, hint, timeout_s)
        except trio.RunFinishedError:
            raise UnreachableError("The node on this computer has ended.", "", "Try again.") from None

    def close(self):
        """End the node."""
        self._thread.close()

    async def _live(self, serve):
        from leither_edge.cli import dht_access

        async def live(dht):
            await self._open(dht, serve)

        try:
            if self._network is None:
                await live(None)
            else:
                await dht_access.live(self._home, self._network, math.inf, self._say, live, False)
        except BaseExceptionGroup as group:
            raise dht_access.alone(group) from None

    async def _open(self, dht, serve):
        from leither_edge.cli.mimei_store import Limits
        from leither_edge.crypto.key_pair import KeyPair
        from leither_edge.crypto.sodium import random_bytes
        from leither_edge.flow.tables import ALL
        from leither_edge.mimei.library import open_library
        from leither_edge.observe.counters import Counters
        from leither_edge.observe.log import Log
        from leither_edge.peer_node import open_peer_node

        counters = Counters()
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="leither-"))
            limits = Limits(folder)
            library = stack.enter_context(
                open_library(folder, limits, KeyPair(random_bytes(KEY_BYTES)), counters=counters, more_tables=ALL)
            )
            async with open_peer_node(library, folder, limits, dht=dht, counters=counters, log=Log(lambda line: None)) as node:
                await serve(node)

    async def _exchange(self, node, device, data, hint, timeout_s):
        import trio

        from leither_edge.peer.channel.errors import CallTimedOut, ChannelClosed, Refused
        from leither_edge.peer.errors import PeerError

        begun, sent = trio.current_time(), False
        try:
            channel = await node.peers.connect(device.public_key, addresses=(hint,), timeout_s=timeout_s)
            facts = {"address": clean(channel.peer.address or "", 300), "connect_ms": round((trio.current_time() - begun) * 1000)}
            self._say(f"Waiting for {clean(device.name, 60)}")
            sent = True
            left_s = max(1.0, timeout_s - (trio.current_time() - begun))
            answer = await channel.call(SERVICE, {"command": data}, timeout_s=left_s)
        except Refused as error:
            if error.code in ("unknown-service", "busy"):
                raise self._unreachable(device, error, error.code == "busy") from None
            return Reply(None, clean(error.code, 32), clean(error, 300), facts)
        except (PeerError, CallTimedOut, ChannelClosed) as error:
            raise self._unreachable(device, error, sent) from None
        found = answer.get("answer") if isinstance(answer, dict) else None
        if not isinstance(found, bytes):
            raise Failure(f"{device.name} gave an answer that makes no sense.", "", "Is its software of the same age?", code="not-a-device")
        return Reply(found, None, None, facts)

    def _unreachable(self, device, error, sent):
        fix = "Is it switched on? If nobody reaches it from outside, it needs a friend's node that offers a tunnel."
        if self._network is None:
            fix += "\nTo look for it beyond this house: leither dht join"
        failure = UnreachableError(f"No channel to {device.name} could be used.", clean(error, 600), fix, code="unreachable")
        failure.maybe_arrived = sent
        return failure
