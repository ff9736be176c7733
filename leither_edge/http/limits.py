"""Bounds of the HTTP server. The hardware profile states them; this only carries them."""

from collections import namedtuple

_DEFAULTS = {
    "connections_max": 64,
    "connections_per_address_max": 16,
    "header_max_bytes": 8192,
    "body_max_bytes": 65536,
    "upload_max_bytes": 16 * 1024 * 1024,
    "request_timeout_s": 10.0,
    "idle_timeout_s": 30.0,
    # A handler may wait for a radio to join a network; no page waits longer.
    "handler_timeout_s": 60.0,
}


class Limits(namedtuple("Limits", _DEFAULTS, defaults=_DEFAULTS.values())):
    """Bounds of one server.

    Args: connections at once, in all and from one address (one /64 for IPv6);
    header_max_bytes request line and fields together; body_max_bytes what a
    handler gets in one piece; upload_max_bytes what it may stream; request_timeout_s
    for a head, and for a body or a response on top of what BYTES_PER_S_MIN allows;
    idle_timeout_s between requests; handler_timeout_s for a handler to answer.
    """

    __slots__ = ()

    @classmethod
    def from_profile(cls, profile):
        """Limits as the profile's [http] section states them."""
        http = profile.http
        return cls(
            connections_max=http.connections_max,
            connections_per_address_max=http.connections_per_address_max,
            header_max_bytes=http.header_max_bytes,
            body_max_bytes=http.body_max_bytes,
            upload_max_bytes=http.upload_max_mib * 1024 * 1024,
            request_timeout_s=http.request_timeout_s,
            idle_timeout_s=http.idle_timeout_s,
        )


# A peer slower than this is holding a connection rather than using it
# (Apache's mod_reqtimeout starts at 500 bytes a second for the same reason).
BYTES_PER_S_MIN = 1024

# Fields of one request: browsers send about 20; nginx and Apache stop at 100.
FIELDS_MAX = 100

# How long to read and drop what a refused client still sends, so that the
# refusal reaches it before the reset does (RFC 9112, 9.6).
LINGER_S = 1.0
LINGER_MAX_BYTES = 256 * 1024

# How long a shutdown waits for requests that are being answered.
SHUTDOWN_GRACE_S = 3.0
