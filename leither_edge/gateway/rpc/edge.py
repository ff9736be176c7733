"""JSON-RPC on HTTP: one message in a POST, or many over a WebSocket."""

from leither_edge.http import HttpError, Response, Upgrade

from ..caller import Caller, bearer_of
from ..origin import check_origin
from ..websocket.handshake import answer_headers, asks_for_websocket
from ..websocket.session import talk
from .dispatch import Dispatcher
from .table import TABLE

JSON = "application/json"
# Base64 takes four bytes for three; the rest is names and other arguments.
MESSAGE_SLACK = 65536
# The first version of a database of a million keys takes minutes on the smallest board.
CALL_MAX_S = 900
HEADERS = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))


class RpcEdge:
    """The handlers of /rpc. Args: gateway (Gateway)."""

    def __init__(self, gateway):
        self._gateway = gateway
        self._dispatcher = Dispatcher(TABLE, gateway.counters, gateway.log)
        self._message_max = gateway.limits.mimei.value_max_kib * 1024 * 4 // 3 + MESSAGE_SLACK
        # A WebSocket stays; others must find a connection, too.
        self._sockets_left = max(1, gateway.limits.http.connections_max // 2)

    async def post(self, request):
        """Answer the message in a request's body."""
        check_origin(request)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            # Any page may send a form or a text; only one of ours, JSON.
            raise HttpError(415, "A message is sent as application/json.", reason="content-type")
        message = await request.body(self._message_max)
        request.allow(CALL_MAX_S)
        answer = await self._dispatcher.answer(message, Caller(self._gateway, bearer_of(request.headers)))
        return Response(204) if answer is None else Response(200, answer.encode(), JSON, HEADERS)

    async def open_socket(self, request):
        """Take a connection over as a WebSocket."""
        check_origin(request)
        if request.method != "GET" or not asks_for_websocket(request.headers):
            raise HttpError(426, "Messages come here by POST, or over a WebSocket.", (("upgrade", "websocket"),))
        headers = answer_headers(request.headers)
        if not self._sockets_left:
            raise HttpError(503, "As many WebSockets as this node takes are open.", (("retry-after", "10"),), "websockets-full")
        caller = Caller(self._gateway, bearer_of(request.headers))

        async def answer(message):
            return await self._dispatcher.answer(message, caller)

        async def talk_on(duplex):
            if not self._sockets_left:
                return
            self._sockets_left -= 1
            try:
                await talk(duplex, self._message_max, answer, self._gateway.counters)
            finally:
                self._sockets_left += 1

        return Upgrade(headers, talk_on)
