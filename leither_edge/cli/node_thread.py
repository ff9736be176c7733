"""A node that is alive in a thread of its own beside a command, for as long as the command may need it."""

import threading


class NodeThread:
    """A node that several threads ask. Begins at the first call.

    Args:
        live: async function (serve) that opens the node, awaits serve(node), and closes it.
        leave_s: seconds that close() waits for it to end.
    """

    def __init__(self, live, leave_s):
        self._live_with, self._leave_s = live, leave_s
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._thread = None
        self._node = self._token = self._closing = self._error = None

    def start(self):
        """Have the node alive. Raises what its life failed with."""
        with self._lock:
            if self._thread is None:
                # A daemon: Ctrl-C must not wait for the network.
                self._thread = threading.Thread(target=self._live, daemon=True)
                self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error

    def run(self, work, *args):
        """The result of ``await work(node, *args)``. Raises as start(), what work raises, and trio.RunFinishedError."""
        import trio

        self.start()
        return trio.from_thread.run(work, self._node, *args, trio_token=self._token)

    def close(self):
        """End the node."""
        if self._token is not None:
            import trio

            try:
                self._token.run_sync_soon(self._closing.set)
            except trio.RunFinishedError:
                return
            self._thread.join(self._leave_s)

    def _live(self):
        import trio

        try:
            trio.run(self._live_with, self._serve)
        except BaseException as error:
            self._error = error
        self._ready.set()

    async def _serve(self, node):
        import trio

        self._node, self._token, self._closing = node, trio.lowlevel.current_trio_token(), trio.Event()
        self._ready.set()
        await self._closing.wait()
