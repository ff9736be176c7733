"""The node of a store of this computer, alive in a thread of its own for as long as one command."""

import math
import threading

from leither_edge.cli import store_key
from leither_edge.cli.dht_network import chosen, remembered, told_by
from leither_edge.cli.failure import Failure
from leither_edge.cli.main import debugging

LEAVE_S = 5
EVERYWHERE = ("0.0.0.0", "::")
# What asks nobody needs no network; everything else waits until this computer has met it, or found nobody there.
AT_ONCE = frozenset((
    "peer_list", "peer_set", "peer_stat", "peer_block", "peer_unblock", "peer_remove", "follows", "unfollow", "shares", "backup_stat",
    "job_wait", "job_stop", "key_answer",
))  # fmt: skip
# An invitation is looked for in this house, too, and in the network as soon as that is met.
PATIENCE_S = {"peer_accept": 1.5}
# What is nothing without it.
NETWORK_ONLY = frozenset(("publish", "provide"))


class LocalNode:
    """A node with a store that is open here. It asks others, and is asked only where it was given a port.

    Args:
        home: Home.
        out: Output.
        args: of the command; those of add_network_options() say that a network is needed.
        content: LocalContent.
        port: TCP port to listen on (0: a free one), None to listen nowhere.
    """

    is_remote = False

    def __init__(self, home, out, args, content, port):
        self.content = content
        self._home, self._out, self._args, self._port = home, out, args, port
        self._thread, self._ready = None, threading.Event()
        self._calls = self._token = self._closing = self._joined = self._dht = self._error = self._not_met = None

    def call(self, name, *arguments):
        """What FlowCalls' method of a name gives. Raises MimeiError, Failure."""
        import trio

        if self._thread is None:
            self._begin()
        self._ready.wait()
        if self._error is not None:
            raise self._error
        try:
            return trio.from_thread.run(self._call, name, arguments, trio_token=self._token)
        except trio.RunFinishedError:
            raise self._error or Failure("The node of this command has ended.", "", "Try again.", code="ended") from None

    def publish(self, mid):
        """The job of publishing."""
        return self.call("publish", mid)

    def stop(self, job):
        """Stop a job, and wait a moment until it has let go."""
        self.call("job_stop", job)
        self.call("job_wait", job, LEAVE_S)

    def close(self):
        """End the node: everything it did is durable then."""
        if self._thread is None:
            return
        import trio

        if self._token is not None:
            try:
                self._token.run_sync_soon(self._closing.set)
            except trio.RunFinishedError:
                pass
        self._thread.join()

    def _begin(self):
        network = self._network()
        owners = store_key.owner_keys(self._home)
        # A daemon: Ctrl-C must not wait for the network.
        self._thread = threading.Thread(target=self._live, args=(network, owners), daemon=True)
        self._thread.start()

    def _network(self):
        """The Network in which others are looked for; None where nothing needs it, or none was joined."""
        if not hasattr(self._args, "bootstrap"):
            return None
        if told_by(self._args) is not None:
            return chosen(self._home, self._args)
        return remembered(self._home)

    def _live(self, network, owners):
        import trio

        from leither_edge.cli.dht_access import alone

        try:
            trio.run(self._main, network, owners)
        except BaseExceptionGroup as group:
            self._error = alone(group)
        except BaseException as error:
            self._error = error
        self._ready.set()

    async def _main(self, network, owners):
        import trio

        from leither_edge.observe.counters import Counters
        from leither_edge.observe.log import Log
        from leither_edge.peer_node import open_peer_node

        library = self.content.library
        self._closing, self._joined = trio.Event(), trio.Event()
        own = {library.node_key.public_key, self.content.key.public_key}
        is_listening = self._port is not None

        def tell(line):
            if debugging():
                self._out.note(line)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(library.held.run)
            if network is None:
                self._joined.set()
            else:
                nursery.start_soon(self._join, network)
            async with open_peer_node(
                library, self.content.folder, library.limits, hosts=EVERYWHERE if is_listening else (), port=self._port,
                dht=lambda: self._dht, counters=Counters(), log=Log(tell), name=getattr(self._args, "called", None) or "",
                own_key=self.content.key.public_key, may_run=lambda session: session.public_key in own, owners=lambda: owners,
                maps_port=is_listening,
            ) as node:  # fmt: skip
                node.backup.keeping.before = lambda: store_key.keep(library, library.node_key, owners)
                self._calls, self._token = node.calls, trio.lowlevel.current_trio_token()
                self._ready.set()
                await self._closing.wait()
            nursery.cancel_scope.cancel()

    async def _join(self, network):
        """Be in the network until the end; that nobody of it is met is no reason to end."""
        from leither_edge.cli import dht_access
        from leither_edge.dht import DhtError

        async def stay(dht):
            self._dht = dht
            self._joined.set()
            await self._closing.wait()

        try:
            await dht_access.live(self._home, network, math.inf, lambda text: None, stay, True)
        except* DhtError as group:
            self._not_met = dht_access.failure(dht_access.alone(group), network)
        except* OSError:
            pass
        self._dht = None
        self._joined.set()

    async def _call(self, name, arguments):
        import trio

        if name not in AT_ONCE:
            with trio.move_on_after(PATIENCE_S.get(name, math.inf)):
                await self._joined.wait()
        if name in NETWORK_ONLY and self._not_met is not None:
            raise self._not_met
        return await getattr(self._calls, name)(self.content.session, *arguments)
