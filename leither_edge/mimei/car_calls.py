"""Calls of the library that carry content in and out as CAR files."""

from .access import Access
from .errors import MimeiError


class CarCalls(Access):
    """Export and import."""

    def export_car(self, session, what, version="cur"):
        """Iterator of the bytes of a CAR v1.

        Args: what (label, binary; or the mid of a MiMei, whose version comes with its chain of manifests). Raises BadInput, NotFound,
        Forbidden, NotSignedIn, BlockMissing.
        """
        raise MimeiError("not yet")

    def import_car(self, session, source, progress=None, pin=False):
        """Imported(roots, mid or None, numbers) of a CAR (path of a file, or iterable of bytes).

        A CAR with a chain of manifests brings its MiMei: the whole chain is checked first, and its versions are added where they
        go on from those that are here. Raises BadInput, BadBlock, BadManifest, TooLarge, Conflict, NotSignedIn, Forbidden, QuotaReached.
        """
        raise MimeiError("not yet")
