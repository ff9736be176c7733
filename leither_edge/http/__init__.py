"""HTTP/1.1 server: h11 on trio, a small router, static files."""

from .errors import Disconnected, HttpError, ListenError
from .limits import Limits
from .listeners import open_listeners
from .message import Request, Response, form, redirect, text
from .router import Router
from .server import serve
from .static_files import StaticFiles
from .upgrade import Duplex, Upgrade

__all__ = [
    "Disconnected",
    "Duplex",
    "HttpError",
    "Limits",
    "ListenError",
    "Request",
    "Response",
    "Router",
    "StaticFiles",
    "Upgrade",
    "form",
    "open_listeners",
    "redirect",
    "serve",
    "text",
]
