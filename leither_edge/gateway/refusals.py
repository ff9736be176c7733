"""What the store refuses, as the answer to a plain request."""

from leither_edge.http import HttpError
from leither_edge.mimei import errors
from leither_edge.storage import DiskFull, MapFull, StorageError

# What a handler lets out of the library and hands to http_error.
REFUSALS = (errors.MimeiError, StorageError)

# The nearer class stands before its parent.
_STATUSES = (
    (errors.NotSignedIn, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.TooLarge, 413),
    (errors.BadInput, 400),
    (errors.QuotaReached, 507),
    (errors.Busy, 503),
    (DiskFull, 507),
    (MapFull, 507),
)
_RETRY_S = "1"


def http_error(error):
    """The HttpError that one of REFUSALS is."""
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    headers = ()
    if status == 401:
        headers = (("www-authenticate", "Bearer"),)
    elif status == 503:
        headers = (("retry-after", _RETRY_S),)
    return HttpError(status, str(error), headers, getattr(error, "code", "storage"))
