"""All handlers of the gateway, made together with the first request."""

import os

from leither_edge.http import StaticFiles

from . import SCRIPT_PATH
from .caller import Gateway
from .content import ContentAnswers
from .ipfs.answers import IpfsAnswers
from .rpc.edge import RpcEdge

_COUNTED = (
    ("rpc_calls", "Procedures that did what was asked"),
    ("rpc_refusals", "Procedures and messages refused, by the word of the error"),
    ("websocket_messages", "Texts that came over WebSockets"),
    ("websocket_refusals", "WebSockets closed because a rule was broken, by close code"),
)


def make(library, limits, counters, log, version, denied, flow=None):
    """{name: handler}. Args: as add_routes."""
    for name, sentence in _COUNTED:
        counters.describe(name, sentence)
    gateway = Gateway(library, limits, counters, log, version, flow)
    content, rpc = ContentAnswers(gateway), RpcEdge(gateway)
    folder = os.path.join(os.path.dirname(__file__), "static")
    return {
        "ipfs": IpfsAnswers(gateway, denied),
        "read": content.read,
        "write": content.write,
        "remember": content.remember,
        "take": content.take,
        "rpc": rpc.post,
        "socket": rpc.open_socket,
        # Asked for rarely: no memory for it.
        "script": StaticFiles(folder, 0, prefix=SCRIPT_PATH, index=SCRIPT_PATH[1:]),
    }
