"""The device's content store: opened when it is first asked for, closed with the device.

Until then nothing of mimei, resp and what lies behind the gateway's routes is loaded: see open_mimei.py and kept_redis.py.
A device without an owner keeps nothing, nor does one whose owner has switched `mimei` off.
"""

import threading
import time

import trio

from leither_edge import __version__
from leither_edge.gateway import add_routes
from leither_edge.http import HttpError
from leither_edge.storage import StorageError

# A store that could not be opened is tried again after so long.
AGAIN_S = 5
# Settings that say who may keep content.
_WHO = ("mimei", "mimei_users")


class KeptMimei:
    """Opens the store of a device and looks after it; `begin` comes before all else.

    Args: node (Node), options (Options). Attributes: library (the open Library or None), redis_port (where Redis clients are answered,
    or None), changed (trio.Event of the next change of the configuration).
    """

    def __init__(self, node, options):
        self.library = self.redis_port = None
        self.node, self.options = node, options
        self.changed = trio.Event()
        self.executor = self._claim = self._nursery = self._token = self._config = None
        self._opening = threading.Lock()
        # Why the last try failed, and when.
        self._failed, self._failed_at = None, 0.0

    def begin(self, executor, claim, nursery, router, flow=None):
        """Answer from now on.

        Args: executor, claim (of the device), nursery (for what runs beside), router (gets the routes), flow (see gateway.add_routes).
        """
        self.executor, self._claim, self._nursery = executor, claim, nursery
        self._token = trio.lowlevel.current_trio_token()
        self._config = executor.config
        executor.content = self
        node = self.node
        add_routes(_Gate(router, self.check), self.open, node.profile, node.counters, node.log, version=__version__, flow=flow)
        if self.options.redis_port is not None:
            nursery.start_soon(self._answer_redis)

    def close(self):
        """When nothing asks any more."""
        if self.library is not None:
            from appliance.device.open_mimei import close

            close(self.library, self.node)

    def why_not(self):
        """(status, sentence) why this device keeps no content now; None where it does."""
        if not self._claim.claimed:
            return 503, "This device has no owner yet, and keeps nothing before. Open its setup page to claim it."
        if self._config["mimei"] != "on":
            return 404, "This device keeps no content: its owner has switched that off."
        return None

    def check(self):
        """Raises HttpError where this device keeps no content now."""
        found = self.why_not()
        if found is not None:
            raise HttpError(*found, reason="no-content")

    def open(self):
        """The open Library. For a worker thread of trio. Raises HttpError."""
        with self._opening:
            if self.library is None:
                self._check_failed()
                from appliance.device.open_mimei import FAILURES, open_kept

                try:
                    library = open_kept(self)
                except FAILURES as error:
                    self._fail(str(error))
                try:
                    # Sooner than anybody may use it. By the token: whoever asked first may be gone by now, others wait.
                    trio.from_thread.run_sync(self._look_after, library, trio_token=self._token)
                except BaseException:
                    library.close()
                    raise
            return self.library

    def config_changed(self, config):
        """Called after each change of the configuration."""
        before, self._config = self._config, config
        self.changed.set()
        self.changed = trio.Event()
        if self.library is not None:
            from appliance.device.open_mimei import follow

            follow(self.library, self.node.profile, config)
            if any(before[name] != config[name] for name in _WHO):
                self.end_sessions()

    def end_sessions(self):
        """Have all sign in anew, since who may keep content has changed."""
        if self.library is not None:
            self._nursery.start_soon(trio.to_thread.run_sync, self.library.sessions.close)

    async def figures(self):
        """For `status`: {name: number} of the open store, None while it is not open."""
        if self.library is None:
            return None
        from appliance.device.open_mimei import figures

        try:
            return await trio.to_thread.run_sync(figures, self)
        except StorageError:
            return None

    async def collect(self):
        """Delete blocks that nothing reaches. For the verb of this name; raises VerbFailed."""
        from appliance.device.open_mimei import collect

        return await collect(self, self._nursery)

    def _look_after(self, library):
        from appliance.device.open_mimei import run_beside

        self._nursery.start_soon(run_beside, library, self.node)
        self.library = library

    async def _answer_redis(self):
        from appliance.device.kept_redis import KeptRedis

        await KeptRedis(self).run()

    def _check_failed(self):
        if self._failed is not None and time.monotonic() < self._failed_at + AGAIN_S:
            raise _unopened(self._failed)

    def _fail(self, sentence):
        node = self.node
        node.counters.add("mimei_openings_failed")
        if sentence != self._failed:
            node.log.error("content store", sentence=sentence)
        self._failed, self._failed_at = sentence, time.monotonic()
        raise _unopened(sentence) from None


class _Gate:
    """A router's stand-in whose handlers are behind a check."""

    def __init__(self, router, check):
        self._router, self._check = router, check

    def add(self, method, pattern, handler):
        """As Router.add."""
        check = self._check

        async def checked(request):
            check()
            return await handler(request)

        self._router.add(method, pattern, checked)


def _unopened(sentence):
    return HttpError(503, f"The content of this device cannot be reached. {sentence}", (("retry-after", str(AGAIN_S)),), "unopened")
