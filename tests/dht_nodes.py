"""A private network of our own DHT nodes in a thread of this process, on loopback addresses of their own."""

import contextlib
import os
import threading

import trio

from leither_edge.dht import Settings, open_dht
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log

START_S = 30
JOIN_S = 2


class Nodes:
    """Use as a context manager. Attributes: dhts (the nodes), addresses [(host, port)] of each node's first socket.

    hosts: for each node the addresses it listens on; bootstrap: of others to enter by, beside the first of these nodes;
    settings: more for Settings.
    """

    def __init__(self, hosts, bootstrap=(), **settings):
        self._hosts, self._bootstrap, self._settings = hosts, list(bootstrap), settings
        self._ready, self._over, self._problem = threading.Event(), None, None
        self._thread = threading.Thread(target=self._main, daemon=True)
        self.dhts = []

    def __enter__(self):
        self._thread.start()
        if not self._ready.wait(START_S) or self._problem:
            raise self._problem or TimeoutError("the nodes did not start")
        return self

    def __exit__(self, *_):
        self._token.run_sync_soon(self._over.set)
        self._thread.join(START_S)
        if self._problem:
            raise self._problem

    @property
    def addresses(self):
        return [tuple(dht.addresses[0]) for dht in self.dhts]

    def ask(self, name, *args, node=0, **kwargs):
        """Call a method of a node from the thread of the test, and wait for what it returns."""

        async def call():
            with trio.fail_after(START_S):
                return await getattr(self.dhts[node], name)(*args, **kwargs)

        return trio.from_thread.run(call, trio_token=self._token)

    def _main(self):
        try:
            trio.run(self._run)
        except BaseException as error:
            self._problem = error
            self._ready.set()

    async def _run(self):
        self._token, self._over = trio.lowlevel.current_trio_token(), trio.Event()
        async with contextlib.AsyncExitStack() as stack:
            for hosts in self._hosts:
                doors = [*self._bootstrap, *([address for address in self.dhts[0].addresses] if self.dhts else [])]
                settings = Settings(**{"hosts": hosts, "bootstrap": doors, "local_only": True, **self._settings})
                made = open_dht(settings, counters=Counters(), log=Log(lambda line: None), random_bytes=os.urandom)
                self.dhts.append(await stack.enter_async_context(made))
                # One after the other, as in life: those who all come at once know nobody to be told of.
                await self.dhts[-1].joined(JOIN_S)
            self._ready.set()
            await self._over.wait()
