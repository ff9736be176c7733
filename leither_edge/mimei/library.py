"""The one public face of the content store: everything a node, a command line or a gateway does with MiMei.

Calls may come from several worker threads at once; they wait for the disk, so the trio thread runs them in one. Only
DatabaseView.run is made for the trio thread itself.
"""

import time

from leither_edge.crypto import sodium

from .car_calls import CarCalls
from .care import CareCalls
from .content import ContentCalls
from .file_calls import FileCalls
from .reference_calls import ReferenceCalls
from .session_calls import SessionCalls
from .version_calls import VersionCalls


class Library(SessionCalls, ContentCalls, FileCalls, VersionCalls, ReferenceCalls, CarCalls, CareCalls):
    """An open content store; made by open_library.

    Any call raises BadInput (not of the form), NotFound, Forbidden, NotSignedIn (a guest may not), and StorageError; others are named.
    """

    def close(self):
        """Ends sessions, makes everything durable and lets the folder go; a second call does nothing."""
        self.sessions.close()
        self.held.close()
        self.store.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()


def open_library(
    folder, profile, node_key, *, counters, log=None, clock=time.time, random_bytes=sodium.random_bytes, may_join=None
):
    """The Library in a folder, made if there is none.

    Args: profile (Profile), node_key (KeyPair), counters (Counters), clock (-> s since 1970), random_bytes (count -> bytes), may_join
    ((public key or None, Pass or None) -> whether that user may keep content here, None: who may register; without it everybody may).
    Raises StorageError.
    """
    raise NotImplementedError
