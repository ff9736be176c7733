"""An HTTP server of the standard library in a thread, for tests that only need somebody to answer."""

import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer


@contextmanager
def in_thread(handler):
    """Serve with a handler class on a free port of 127.0.0.1; gives the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
