"""Our databases behind the Redis protocol, to be asked beside a redis-server."""

import contextlib

from tests.resp.serving import serving

# Sent first, on every connection.
SIGN_IN = ()


@contextlib.contextmanager
def served():
    """The address of a server over an empty store."""
    with serving() as made:
        yield made.address
