"""A content store with the tables of peers, in a temp folder."""

from leither_edge import profile
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.flow.tables import ALL
from leither_edge.mimei.library import open_library
from leither_edge.observe.counters import Counters

PROFILE = profile.load("pi-zero")


def open_kept(folder, seed=b"n" * 32, clock=None, limits=PROFILE):
    """The open Library of a folder; a context manager."""
    options = {} if clock is None else {"clock": clock}
    return open_library(str(folder), limits, KeyPair(seed), counters=Counters(), more_tables=ALL, **options)
