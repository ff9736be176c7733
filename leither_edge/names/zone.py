"""Records as people write them, line by line as in a zone file, to and from the wire. Desktop only: dnspython reads and writes the text.

Names are relative to the key; @ is the key itself.
"""

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zone

from leither_edge.names import dns_name, packet
from leither_edge.names.dns_records import TTL_MAX_S, Record
from leither_edge.names.errors import PacketError
from leither_edge.names.z_base_32 import key_to_name

TEXT_MAX_BYTES = 65_536
# $INCLUDE would read files, $GENERATE make thousands of records of one line.
_DIRECTIVES = {"TTL", "ORIGIN"}


def parse(text, key, ttl):
    """[Record] of lines like ``www 300 A 192.0.2.7``; time to live and class may be left out.

    Args: text, key (32 bytes), ttl (seconds, for lines without one).
    Raises PacketError records, saying near which line.
    """
    if len(text) > TEXT_MAX_BYTES:
        raise PacketError("records", f"the records have more than {TEXT_MAX_BYTES} bytes")
    # Under the root, names that are not the key's are seen here, where the reader would pass over them in silence.
    head = f"$TTL {ttl}\n$ORIGIN {key_to_name(key)}.\n"
    try:
        zone = dns.zone.from_text(
            head + text + "\n", origin=dns.name.root, relativize=False, check_origin=False, allow_directives=_DIRECTIVES
        )
    except dns.exception.DNSException as error:
        raise PacketError("records", _plain(error, head.count("\n"))) from None
    except (ValueError, UnicodeError, RecursionError) as error:
        raise PacketError("records", f"the records cannot be read: {error}") from None
    own, records = packet.origin(key), []
    for name, rdataset in zone.iterate_rdatasets():
        wire = name.to_wire().lower()
        if not dns_name.is_under(wire, own):
            raise PacketError("records", f"{name.to_text()} is not under the key's own name; write names without a dot at the end")
        for rdata in rdataset:
            records.append(Record(wire, int(rdataset.rdtype), int(rdataset.rdclass), min(rdataset.ttl, TTL_MAX_S), rdata.to_wire()))
    return records


def type_number(text):
    """The number of a record type by its name, like AAAA. Raises PacketError records."""
    try:
        return int(dns.rdatatype.from_text(text))
    except (dns.exception.DNSException, ValueError):
        raise PacketError("records", f"{text} is no type of record") from None


def type_text(number):
    """The name of a record type."""
    return dns.rdatatype.to_text(number)


def data_text(record):
    """The content of a record as a zone file has it; of one that cannot be read, as RFC 3597 writes any."""
    try:
        return dns.rdata.from_wire(record.class_, record.type, record.data, 0, len(record.data)).to_text()
    except (dns.exception.DNSException, ValueError):
        return f"\\# {len(record.data)} {record.data.hex()}"


def name_text(name, own):
    """A wire name as a zone file of the key has it: relative, @ for the key itself; whole where it is not under it."""
    if name == own:
        return "@"
    if dns_name.is_under(name, own):
        return dns_name.text(name[: len(name) - len(own)] + dns_name.ROOT)[:-1]
    return dns_name.text(name)


def line(record, own):
    """A record as a line of a zone file of the key with the origin ``own``."""
    return f"{name_text(record.name, own)} {record.ttl} {type_text(record.type)} {data_text(record)}"


def _plain(error, lines_before):
    """dnspython's message, with the place in the caller's text as near as dnspython knows it."""
    if "CNAME" in str(error):
        return "a name that is an alias (CNAME) can have no other record"
    place, _, what = str(error).partition(": ")
    number = place.rpartition(":")[2]
    if not what or not number.isdigit():
        return f"the records cannot be read: {error}"
    return f"near line {max(int(number) - lines_before, 1)}: {what.rstrip('.')}"
