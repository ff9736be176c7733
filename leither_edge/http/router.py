"""Paths to handlers."""

from .errors import HttpError
from .message import Response


class Router:
    """Finds the handler of a request; itself a handler.

    A pattern is a path whose segments may be ``{name}``; a last ``{name*}`` takes
    the rest of the path. A plain path wins over a pattern, an earlier pattern over a later one.
    HEAD is answered by the handler of GET, OPTIONS by the router.
    """

    __slots__ = ("_fallback", "_paths", "_patterns")

    def __init__(self):
        self._paths = {}
        self._patterns = []
        self._fallback = None

    def add(self, method, pattern, handler):
        """Register ``handler``, an async function of a Request that returns a Response."""
        if "{" in pattern:
            segments = pattern.split("/")
            handlers = next((found for known, found in self._patterns if known == segments), None)
            if handlers is None:
                handlers = {}
                self._patterns.append((segments, handlers))
        else:
            handlers = self._paths.setdefault(pattern, {})
        if method in handlers:
            raise ValueError(f"{method} {pattern} has a handler already")
        handlers[method] = handler
        if method == "GET":
            handlers.setdefault("HEAD", handler)

    def add_fallback(self, handler):
        """Register the handler of requests that no pattern matches."""
        self._fallback = handler

    async def __call__(self, request):
        handlers = self._paths.get(request.path)
        if handlers is None:
            handlers = self._match(request)
            if handlers is None:
                if self._fallback is not None:
                    return await self._fallback(request)
                raise HttpError(404, "There is nothing at this address.")
        handler = handlers.get(request.method)
        if handler is None:
            allowed = (("allow", ", ".join(sorted({*handlers, "OPTIONS"}))),)
            if request.method == "OPTIONS":
                return Response(204, headers=allowed)
            raise HttpError(405, "This address does not take this method.", allowed)
        return await handler(request)

    def _match(self, request):
        parts = request.path.split("/")
        for segments, handlers in self._patterns:
            params = _params(segments, parts)
            if params is not None:
                request.params = params
                return handlers
        return None


def _params(segments, parts):
    takes_rest = segments[-1].endswith("*}")
    if len(parts) < len(segments) if takes_rest else len(parts) != len(segments):
        return None
    params = {}
    for position, segment in enumerate(segments):
        if segment[:1] != "{":
            if segment != parts[position]:
                return None
        elif segment.endswith("*}"):
            params[segment[1:-2]] = "/".join(parts[position:])
        elif parts[position]:
            params[segment[1:-1]] = parts[position]
        else:
            return None
    return params
