"""Which pages may ask: those of this very address, and programs that are no pages.

The name in Host is checked in front of all routes, by who serves them. A browser says where a page comes from in Origin, and in
Sec-Fetch-Site; a program says neither. Sessions travel in a header or in the message, so that no other page can use one; still
a page from elsewhere shall not try passwords, or write as a guest, from inside somebody's network.
"""

from leither_edge.http import HttpError


def check_origin(request):
    """Refuse what a page from elsewhere sends. Raises HttpError 403."""
    headers = request.headers
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site", "same-origin")
    if (origin is None or origin == "http://" + headers.get("host", "")) and site in ("same-origin", "none"):
        return
    raise HttpError(403, "This page may not ask here: it comes from another address.", reason="origin")


def refuse_service_worker(headers):
    """Content may not take the whole address over in somebody's browser. Args: headers (dict). Raises HttpError 400."""
    if headers.get("service-worker", "").strip() == "script":
        raise HttpError(400, "Content served here may not become a service worker.", reason="service-worker")
