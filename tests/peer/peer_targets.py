"""What the fuzzer throws its bytes at, of what other nodes say of themselves and of relays: addresses, requests for a tunnel."""

from types import SimpleNamespace

from leither_edge import profile
from leither_edge.core import cbor
from leither_edge.core.ids import id_to_text
from leither_edge.observe.counters import Counters
from leither_edge.peer.addresses import parse, parse_all
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer.errors import BadAddress
from leither_edge.peer.services import Services
from leither_edge.peer.tunnel import relay

VIA = f"via:{id_to_text(bytes(20))}"
LIMITS = profile.load("pi-zero").peers


class NoGate:
    """Of a relay that carries nothing here."""

    def __init__(self, bytes_per_s):
        self.moved = 0


def address(data):
    try:
        found = parse(data.decode("latin-1"))
    except BadAddress as error:
        return f"{str(error)[-30:]}"
    assert parse(str(found)) == found
    return f"{found.relay is None} {':' in (found.host or '')} {found.port == 0}"


def addresses(data):
    try:
        said = cbor.decode(data)
    except cbor.CborError as error:
        return error.code
    return f"{len(parse_all(said, 4))}"


def request(data):
    """What anybody asks of a relay."""
    try:
        said = cbor.decode(data)
    except cbor.CborError as error:
        return error.code
    if not isinstance(said, dict):
        # No service sees it, see serving.py.
        return "bad-call"
    gate, relay.Gate = relay.Gate, NoGate
    try:
        made = relay.Relay(SimpleNamespace(limits=LIMITS, services=Services(), counters=Counters()))
    finally:
        relay.Gate = gate
    asked = made._connect(SimpleNamespace(peer=SimpleNamespace(node_id=bytes(20)), arguments=said))
    try:
        asked.send(None)
    except Refused as error:
        return error.code
    raise AssertionError("a relay without anybody registered leads nowhere")


def peer_targets():
    """{name: (function of bytes, [bytes to start from])}."""
    texts = ["192.0.2.1:8042", "[2001:db8::1]:8042", "node.example:1", VIA, f"{VIA}@[fe80::1%eth0]:8042"]
    return {
        "address": (address, [text.encode() for text in texts]),
        "addresses": (addresses, [cbor.encode(texts)]),
        "tunnel": (request, [cbor.encode({"to": bytes(20)}), cbor.encode({})]),
    }
