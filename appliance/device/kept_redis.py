"""Redis clients of the device, where it was given a port for them: answered whenever it keeps content."""

import trio

from appliance.device.open_mimei import clock_of, keep_going
from leither_edge.http import HttpError, ListenError, open_listeners
from leither_edge.resp.places import Places
from leither_edge.resp.server import serve
from leither_edge.resp.shared import limits_of

LOOK_S = 2


class KeptRedis:
    """Args: kept (KeptMimei, whose redis_port is set while clients are answered)."""

    def __init__(self, kept):
        self._kept = kept
        self._complained = None

    async def run(self):
        """Until cancelled."""
        kept = self._kept
        while True:
            while kept.why_not() is not None:
                await self._look_again()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._answer_on)
                while kept.why_not() is None:
                    await self._look_again()
                nursery.cancel_scope.cancel()

    async def _look_again(self):
        # Nothing tells of a claim.
        with trio.move_on_after(LOOK_S):
            await self._kept.changed.wait()

    async def _answer_on(self):
        while True:
            await keep_going(self._answer, self._kept.node, "redis")
            await trio.sleep(LOOK_S)

    async def _answer(self):
        kept, node = self._kept, self._kept.node
        try:
            library = await trio.to_thread.run_sync(kept.open)
            listeners = open_listeners(kept.options.redis_port, kept.options.hosts)
        except HttpError:
            # The log knows of it.
            return
        except ListenError as error:
            if str(error) != self._complained:
                self._complained = str(error)
                node.log.warning("redis", sentence=str(error))
            return
        kept.redis_port, self._complained = listeners[0].getsockname()[1], None
        node.log.info("redis", port=kept.redis_port)
        try:
            await serve(Places(library), library.held, listeners, limits_of(node.profile), node.counters, node.log, clock=clock_of(kept))
        finally:
            kept.redis_port = None
