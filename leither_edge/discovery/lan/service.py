"""What the records of DNS-SD say of a node: its key in z-base-32 is the instance's name and the host's, so nobody else has that name.

    _leither._tcp.local            PTR   <key>._leither._tcp.local
    <key>._leither._tcp.local      SRV   port of the channel, <key>.local
                                   TXT   v=1, n=<name that its owner gave it>
    <key>.local                    A, AAAA
"""

from collections import namedtuple

from leither_edge.dht import compact
from leither_edge.names import dns_name, dns_records
from leither_edge.names.dns_records import AAAA, IN, PTR, SRV, TXT, A, Record
from leither_edge.names.z_base_32 import KeyNameError, key_to_name, name_to_key

# Of records that name a host, and of all others (RFC 6762, 10).
HOST_TTL_S, TTL_S = 120, 4500
# Whoever has older records of this name forgets them (RFC 6762, 10.2).
ONLY_ONE = 0x8000
LOCAL = b"local"
SERVICE = dns_name.join(b"_leither", b"_tcp", LOCAL)
SERVICES = dns_name.join(b"_services", b"_dns-sd", b"_udp", LOCAL)
# A datagram without either cannot be for us.
MARKS = (b"_leither", b"_services")
NAME_MAX_BYTES = 64
ADDRESSES_MAX = 8
_SRV_HEAD_BYTES = 6

# public_key: 32 bytes; port: TCP; name: text, may be empty; hosts: IP literals.
Own = namedtuple("Own", "public_key port name hosts")


def instance_of(public_key):
    """The wire name of a key's instance."""
    return dns_name.join(key_to_name(public_key).encode(), *dns_name.split(SERVICE))


def host_of(public_key):
    """The wire name of a key's host."""
    return dns_name.join(key_to_name(public_key).encode(), LOCAL)


def pointer(public_key):
    """The record that lists a key's instance."""
    return Record(SERVICE, PTR, IN, TTL_S, instance_of(public_key))


def type_pointer():
    """The record that lists this kind of service."""
    return Record(SERVICES, PTR, IN, TTL_S, SERVICE)


def details(own):
    """([SRV], [TXT], [A, AAAA]) of an Own."""
    instance, host = instance_of(own.public_key), host_of(own.public_key)
    service = Record(instance, SRV, IN | ONLY_ONE, HOST_TTL_S, bytes(4) + own.port.to_bytes(2, "big") + host)
    strings = [b"v=1"]
    if own.name:
        # Cut between two letters.
        strings.append(b"n=" + own.name.encode()[:NAME_MAX_BYTES].decode("utf-8", "ignore").encode())
    text = Record(instance, TXT, IN | ONLY_ONE, TTL_S, dns_records.text_data(*strings))
    packed = [compact.ip(compact.pack(each, 0)) for each in own.hosts[:ADDRESSES_MAX]]
    addresses = [Record(host, A if len(data) == 4 else AAAA, IN | ONLY_ONE, HOST_TTL_S, data) for data in packed]
    return [service], [text], addresses


def key_of(instance):
    """The public key that an instance's wire name writes, or None."""
    if not dns_name.is_under(instance, SERVICE) or dns_name.parent(instance) != SERVICE:
        return None
    try:
        return name_to_key(dns_name.split(instance)[0].decode("latin-1"))
    except KeyNameError:
        return None


def read_service(data):
    """(port, host's wire name in lower case) of an SRV record's content, which the codec has checked."""
    return data[4] << 8 | data[5], data[_SRV_HEAD_BYTES:].lower()


def read_name(data):
    """The name in a TXT record's content, "" where there is none that can be shown."""
    at = 0
    while at < len(data):
        string = data[at + 1 : at + 1 + data[at]]
        if string[:2].lower() == b"n=":
            text = string[2 : 2 + NAME_MAX_BYTES].decode("utf-8", "ignore")
            return text if text.isprintable() else ""
        at += 1 + data[at]
    return ""
