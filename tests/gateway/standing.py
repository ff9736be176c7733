"""A library with a user, served by the gateway on a free port, and a client that speaks to it."""

import json
from binascii import a2b_base64, b2a_base64
from contextlib import asynccontextmanager, contextmanager

from leither_edge import profile
from leither_edge.core.ids import id_to_text
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.gateway import add_routes
from leither_edge.http import Limits, Router
from leither_edge.mimei.library import open_library
from leither_edge.observe.counters import Counters
from tests.http.serving import Lines, serving

LIMITS = profile.load("pi-zero")
HTTP = Limits(connections_max=40, connections_per_address_max=40, upload_max_bytes=1 << 30, handler_timeout_s=40)


class Standing:
    """A library, its user "anna", and what has been made in it."""

    def __init__(self, library):
        self.library = library
        self.key = KeyPair(bytes(range(32)))
        self.session = library.local_session(self.key)
        self.sid = self.session.sid

    def files(self, content, mark="{{auto}}", right=None):
        """A file system with {path: bytes} in it; its id as text."""
        mid = self.library.create(self.session, mark=mark, data_type=2, right=right)
        for path, data in content.items():
            self.library.put_file(self.session, mid, path, [data])
        return id_to_text(mid)


@contextmanager
def standing(folder):
    library = open_library(str(folder), LIMITS, KeyPair(b"n" * 32), counters=Counters())
    with library:
        yield Standing(library)


@asynccontextmanager
async def gateway(library, limits=LIMITS, **options):
    """The gateway, running."""
    router, counters, log = Router(), Counters(), Lines()
    add_routes(router, library, limits, counters, log, version="1.0", **options)
    async with serving(router, HTTP) as server:
        server.gateway_counters, server.gateway_log = counters, log
        yield server


async def fetch(server, path, *fields, method="GET", body=None):
    """(status, {field: value}, body) of one request, on a connection of its own."""
    client = await server.connect()
    async with client:
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n" + "".join(field + "\r\n" for field in fields)
        if body is not None:
            head += f"Content-Length: {len(body)}\r\n"
        await client.send(head.encode() + b"\r\n" + (body or b""))
        status, headers, data = await client.response(method.encode())
        return status, {name.decode(): value.decode() for name, value in headers.items()}, data


class Rpc:
    """Calls over one connection."""

    def __init__(self, server, sid=""):
        self.server, self.sid = server, sid

    async def raw(self, message, *fields):
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        status, headers, data = await fetch(self.server, "/rpc", "Content-Type: application/json", *fields, method="POST", body=body)
        return status, json.loads(data) if data else None

    async def __call__(self, method, *params):
        """The result. Raises RpcFailed."""
        status, answer = await self.raw({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        assert status == 200 and answer["id"] == 1
        if "error" in answer:
            raise RpcFailed(answer["error"]["data"]["code"], answer["error"]["message"])
        return answer["result"]


class RpcFailed(Exception):
    """What a procedure answered. Args: code, sentence."""


def binary(data):
    """Bytes as JSON."""
    return {"$bytes": b2a_base64(data, newline=False).decode()}


def of_binary(thing):
    """Bytes of JSON."""
    return thing.encode() if isinstance(thing, str) else a2b_base64(thing["$bytes"])
