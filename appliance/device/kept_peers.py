"""The device's channels to other nodes: a listening socket and nothing more until somebody connects, or there is somebody to connect to.

Then the content store is opened and the rest loaded: see open_peers.py. A file beside the state says that this node has friends or
follows others, so that a restart finds them again without the store being opened to look.
"""

import os

import trio

from leither_edge.http import HttpError

LOOK_S = 2
REST_S = 60
MARK = "peers"


class KeptPeers:
    """Args: node (Node), mimei (KeptMimei, begun), dht (() -> the open Dht or None), options (Options), executor (of the device).

    Attributes: these; port (TCP, None while it does not listen), lan (Lan, or None), open_node (PeerNode, None until it is needed).
    """

    def __init__(self, node, mimei, dht, options, executor):
        self.node, self.mimei, self.dht, self.options, self.executor = node, mimei, dht, options, executor
        self.port = self.lan = self.open_node = self._complained = None
        self._wanted, self._opened = trio.Event(), trio.Event()

    def why_not(self):
        """The sentence why this device has no channels now; None where it has."""
        found = self.mimei.why_not()
        if found is not None:
            return found[1]
        if self.executor.config["peers"] != "on":
            return "This device has no channels to other nodes: its owner has switched that off."
        return None

    @property
    def mark(self):
        """Path of the file that says that there is somebody to look after."""
        return os.path.join(self.node.folder, MARK)

    def facts(self):
        """For `status`: the port of the channels, and how many are open; nothing where there are none."""
        if self.port is None:
            return {}
        return {"peer_port": self.port, "channels": len(self.open_node.peers.channels()) if self.open_node is not None else 0}

    async def calls(self):
        """What programs ask of other nodes by (FlowCalls); opens what is needed. Raises MimeiError."""
        from leither_edge.mimei.errors import MimeiError

        why = self.why_not()
        if why is None:
            self._wanted.set()
            with trio.move_on_after(REST_S):
                while self.open_node is None and (why := self.why_not()) is None:
                    with trio.move_on_after(LOOK_S):
                        await self._opened.wait()
        if self.open_node is None:
            raise MimeiError(why or "This device's channels could not be opened. Its log says why.", "no-peers")
        return self.open_node.calls

    def records(self):
        """[Record] of the way to this device's channels, for its name; none while there is none."""
        if self.port is None or self.why_not() is not None:
            return []
        from leither_edge.discovery.node_records import service_records

        relays = self.open_node.relays() if self.open_node is not None else ()
        return service_records(self.node.key.public_key, self.port, relays)

    async def run(self):
        """Until cancelled."""
        while True:
            while self.why_not() is not None:
                await self._look_again()
            async with trio.open_nursery() as nursery:
                self.lan = self._lan()
                if self.lan is not None:
                    nursery.start_soon(self._be_found, self.lan)
                nursery.start_soon(self._listen)
                while self.why_not() is None:
                    await self._look_again()
                nursery.cancel_scope.cancel()

    async def _look_again(self):
        # Nothing tells of a claim.
        with trio.move_on_after(LOOK_S):
            await self.mimei.changed.wait()

    async def _listen(self):
        while True:
            try:
                await self._serve()
            except* Exception as group:
                self._tell_fault(group)
            await trio.sleep(REST_S)

    def _tell_fault(self, error):
        """A fault of the channels is not the device's end."""
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        self.node.counters.add("peer_faults")
        # Texts of errors without a code may quote what somebody sent.
        self.node.log.error("peers", kind=type(error).__name__, why=str(error) if hasattr(error, "code") else "")

    async def _be_found(self, lan):
        while True:
            try:
                await lan.run()
            except* Exception as group:
                self._tell_fault(group)
            await trio.sleep(REST_S)

    def _lan(self):
        """The Lan on which this device says where it is; None where no other machine reaches it."""
        hosts = self.options.hosts
        if all(host.startswith("127.") or host == "::1" for host in hosts):
            return None
        from leither_edge.discovery.interfaces import ANY_4, addresses_4, served
        from leither_edge.discovery.lan.edge import Lan, own_of

        key, executor = self.node.key.public_key, self.executor

        def own():
            return own_of(key, self.port, lambda: executor.config["name"], lambda: served(hosts))() if self.port else None

        ways = addresses_4 if ANY_4 in hosts else lambda: [host for host in hosts if ":" not in host]
        return Lan(ways, self.node.counters, self.node.log, own)

    async def _serve(self):
        listeners = self._open_listeners()
        try:
            self.port = listeners[0].getsockname()[1] if listeners else None
            await self._until_needed(listeners)
            library = await trio.to_thread.run_sync(self.mimei.open)
            await self._live(library, listeners)
        except HttpError:
            # The store could not be opened; the log knows of it.
            return
        finally:
            self.port = None
            for listener in listeners:
                listener.close()

    def _open_listeners(self):
        """The sockets; none where the port cannot be had: then this node connects, and nobody connects to it."""
        from leither_edge.peer.errors import NotListening
        from leither_edge.peer.listening import open_sockets

        for port in dict.fromkeys((self.options.peer_port, 0)):
            try:
                return open_sockets(self.options.hosts, port)
            except NotListening as error:
                if str(error) != self._complained:
                    self._complained = str(error)
                    self.node.log.warning("peers", sentence=str(error))
        return []

    async def _until_needed(self, listeners):
        """Return when somebody connects, a program asks for it, or there are friends to look after."""
        if os.path.exists(self.mark):
            return
        async with trio.open_nursery() as nursery:

            async def readable(listener):
                await trio.lowlevel.wait_readable(listener)
                nursery.cancel_scope.cancel()

            for listener in listeners:
                nursery.start_soon(readable, listener)
            await self._wanted.wait()
            nursery.cancel_scope.cancel()

    async def _live(self, library, listeners):
        from appliance.device.open_peers import live

        def opened(peer_node):
            self.open_node = peer_node
            self._opened.set()

        try:
            await live(self, library, listeners, opened)
        finally:
            self.open_node, self._opened = None, trio.Event()
