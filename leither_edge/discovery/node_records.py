"""What a node's signed packet (leither_edge.names) says of the way to its channel.

Beside the A and AAAA records of the key's own name: `_leither-peer.<key>` SVCB 1 <key> with the TCP port, and for each relay
`_leither-peer.<key>` SVCB 2 <relay's key> with its port and addresses (RFC 9460: an endpoint of another name, and hints to it).
"""

from collections import namedtuple

from leither_edge.dht import compact
from leither_edge.names import dns_name, dns_records, packet
from leither_edge.names.dns_records import AAAA, IN, SVCB, A, Record
from leither_edge.names.z_base_32 import KeyNameError, name_to_key

SERVICE = b"_leither-peer"
TTL_S = 300
PORT_PARAMETER, HINT_4_PARAMETER, HINT_6_PARAMETER = 3, 4, 6
DIRECT, THROUGH_RELAY = 1, 2
# Each takes some 85 bytes of a packet's 996, beside addresses and whatever else its owner says under his key.
RELAYS_MAX = 3
HINTS_MAX = 2
ADDRESSES_MAX = 8

# public_key: 32 bytes; addresses: its own, texts of host and port, none where they are not known.
Relay = namedtuple("Relay", "public_key addresses")
# direct: texts of host and port; relays: [Relay], the best first.
Reach = namedtuple("Reach", "direct relays")
NOWHERE = Reach((), ())


def address_text(host, port):
    """An IP literal and a port as people write them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split_address(text):
    """(host, port) of such a text, None where it is none of an IP literal."""
    host, colon, port = text.rpartition(":")
    if host[:1] == "[" and host[-1:] == "]":
        host = host[1:-1]
    elif ":" in host:
        return None
    if not colon or not port.isascii() or not port.isdecimal() or len(port) > 5 or not 0 < int(port) < 65536:
        return None
    try:
        compact.pack(host, 0)
    except compact.AddressError:
        return None
    return host, int(port)


def service_name(key):
    """The wire name under which a key's node tells of its channel."""
    return dns_name.join(SERVICE, packet.origin(key)[1:-1])


def service_records(key, port, relays=()):
    """[Record] of a node's channel, for its packet.

    Args: key (its public key), port (TCP, or None where it does not listen), relays ([Relay] whose tunnel leads to it).
    """
    own, name, records = packet.origin(key), service_name(key), []
    if port:
        data = dns_records.service_data(DIRECT, own, ((PORT_PARAMETER, port.to_bytes(2, "big")),))
        records.append(Record(name, SVCB, IN, TTL_S, data))
    for relay in relays[:RELAYS_MAX]:
        data = dns_records.service_data(THROUGH_RELAY, packet.origin(relay.public_key), _hints(relay.addresses))
        records.append(Record(name, SVCB, IN, TTL_S, data))
    return records


def address_records(key, hosts):
    """[Record] of the addresses (IP literals) of a key's node."""
    own = packet.origin(key)
    packed = [compact.ip(compact.pack(host, 0)) for host in hosts[:ADDRESSES_MAX]]
    return [Record(own, A if len(data) == 4 else AAAA, IN, TTL_S, data) for data in packed]


def is_ours(key, record):
    """Whether a record of a key's packet is one that service_records or address_records makes."""
    return record.name == service_name(key) or (record.name == packet.origin(key) and record.type in (A, AAAA))


def read_reach(key, records):
    """The Reach of a node by the records of its packet; what cannot be read in it is passed over."""
    own, name = packet.origin(key), service_name(key)
    hosts, ports, relays = [], [], []
    for record in records:
        if record.name == own and record.type in (A, AAAA):
            address = record.data + b"\0\1"
            if compact.is_usable(address):
                hosts.append(compact.unpack(address)[0])
        elif record.name == name and record.type == SVCB:
            target, parameters = _service(record.data)
            if target == own:
                ports += [int.from_bytes(parameters.get(PORT_PARAMETER, b""), "big")]
            elif (relay_key := _key_of(target)) is not None:
                relays.append(Relay(relay_key, _hinted(parameters)))
    direct = [address_text(host, port) for port in ports[:1] if port for host in hosts[:ADDRESSES_MAX]]
    return Reach(tuple(direct), tuple(relays[:RELAYS_MAX]))


def _hints(addresses):
    """Parameters of those addresses that share the first one's port."""
    found = list(filter(None, map(split_address, addresses)))
    if not found:
        return ()
    port = found[0][1]
    packed = [compact.ip(compact.pack(host, 0)) for host, other in found if other == port][:HINTS_MAX]
    of_4, of_6 = (b"".join([data for data in packed if len(data) == size]) for size in (4, 16))
    parameters = [(PORT_PARAMETER, port.to_bytes(2, "big"))]
    parameters += [(HINT_4_PARAMETER, of_4)] if of_4 else []
    return (*parameters, *([(HINT_6_PARAMETER, of_6)] if of_6 else []))


def _hinted(parameters):
    port = int.from_bytes(parameters.get(PORT_PARAMETER, b""), "big")
    found = []
    for key, size in ((HINT_4_PARAMETER, 4), (HINT_6_PARAMETER, 16)):
        data = parameters.get(key, b"")
        packed = [data[at : at + size] + port.to_bytes(2, "big") for at in range(0, len(data) - size + 1, size)] if 0 < port < 65536 else ()
        found += [address_text(*compact.unpack(address)) for address in packed if compact.is_usable(address)]
    return tuple(found[:HINTS_MAX])


def _service(data):
    """(target, {key: bytes}) of an SVCB record's content, which the codec has checked."""
    target, at = dns_name.read(data, 2, len(data), may_point=False)
    parameters = {}
    while at < len(data):
        key, size = data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3]
        parameters[key] = data[at + 4 : at + 4 + size]
        at += 4 + size
    return target.lower(), parameters


def _key_of(name):
    labels = dns_name.split(name)
    if len(labels) != 1:
        return None
    try:
        return name_to_key(labels[0].decode("latin-1"))
    except KeyNameError:
        return None
