"""Our databases behind the Redis protocol, to be asked beside a redis-server: a library of its own, and a user in it."""

import contextlib
import tempfile
import time

from leither_edge.resp.places import Places
from leither_edge.resp.shared import limits_of
from tests.mimei.library.people import opened
from tests.resp.serving import serving_places

NAME, PASSWORD = "anna", "correct horse"
# Sent first, on every connection.
SIGN_IN = (("AUTH", NAME, PASSWORD),)


@contextlib.contextmanager
def served_library(**options):
    """(library, Serving) over an empty library in which NAME is registered."""
    with tempfile.TemporaryDirectory(prefix="resp-") as folder, opened(folder, time.time) as library:
        library.register(NAME, PASSWORD)
        with serving_places(Places(library), library.held, limits_of(library.limits), **options) as made:
            yield library, made


@contextlib.contextmanager
def served(**options):
    """The address of such a server."""
    with served_library(**options) as (_, made):
        yield made.address
