"""Signed packets of records: a DNS message as a mutable item of the DHT, under the key that is the name (pkarr's base specification).

The item's sequence number is the time of signing in microseconds since 1970; its salt is empty. Records are those of the answer section
under the key's own name, its *origin*; others are nobody's business here and passed over.
"""

from collections import namedtuple

from leither_edge.dht.item import Item, signed_part
from leither_edge.names import dns_message, dns_name, dns_records
from leither_edge.names.errors import DnsError, PacketError
from leither_edge.names.z_base_32 import KEY_BYTES, key_to_name

# What is read: BEP 44's bound, as pkarr counts it. What is written: four bytes less, for those who count the length before it as well.
READ_MAX_BYTES = 1000
WRITE_MAX_BYTES = 996
SIGNATURE_BYTES = 64
SEQUENCE_BYTES = 8
SEQUENCE_MAX = (1 << 63) - 1
HEAD_BYTES = KEY_BYTES + SIGNATURE_BYTES + SEQUENCE_BYTES
NO_SALT = b""
RESPONSE_AUTHORITATIVE = dns_message.QUERY_BIT | dns_message.AUTHORITATIVE

# key: 32 bytes; sequence: microseconds since 1970; records: [Record], their names in lower case and under the key's own.
Packet = namedtuple("Packet", "key sequence records")


def origin(key):
    """The wire name of a public key."""
    return dns_name.join(key_to_name(key).encode())


def make(key, records, sequence, sign):
    """The signed Item of records.

    Args: key (32 bytes), records ([Record] under the key's origin), sequence (microseconds since 1970), sign (message -> 64 bytes).
    Raises PacketError: size, records (one outside the key's name), sequence.
    """
    value = write_value(key, records)
    if not 0 <= sequence <= SEQUENCE_MAX:
        raise PacketError("sequence", "the time of signing is out of range")
    return Item(value, key, NO_SALT, sequence, sign(signed_part(sequence, value, NO_SALT)))


def write_value(key, records):
    """The bencoded value of records, to be signed. Raises PacketError: size, records."""
    own = origin(key)
    kept = []
    for record in records:
        name = record.name.lower()
        if not dns_name.is_under(name, own):
            raise PacketError("records", f"the record of {dns_name.text(name)} is not under the key's own name")
        kept.append(record._replace(name=name))
    message = dns_message.Message(flags=RESPONSE_AUTHORITATIVE, answers=kept)
    try:
        data = dns_message.encode(message)
    except DnsError as error:
        raise PacketError("records", str(error)) from None
    if len(data) > WRITE_MAX_BYTES:
        raise PacketError("size", f"the records take {len(data)} bytes, and a signed packet holds {WRITE_MAX_BYTES}")
    return b"%d:%b" % (len(data), data)


def read(item):
    """The Packet of an Item whose signature is known to be good. Raises PacketError: salt, size, value, dns."""
    if item.key is None or item.salt:
        raise PacketError("salt", "records are signed by a key, and have no salt")
    return Packet(item.key, item.seq, read_records(item.key, dns_bytes(item.value)))


def dns_bytes(value):
    """The DNS message in a bencoded value. Raises PacketError: size, value."""
    digits, colon, data = value.partition(b":")
    if not colon or not digits.isdigit() or len(digits) > 4 or str(len(data)).encode() != digits:
        raise PacketError("value", "the value is no byte string")
    if len(data) > READ_MAX_BYTES:
        raise PacketError("size", f"a signed packet has at most {READ_MAX_BYTES} bytes")
    return data


def read_records(key, data):
    """The records of a key's DNS message. Raises PacketError dns."""
    own = origin(key)
    try:
        message = dns_message.parse(data, READ_MAX_BYTES)
    except DnsError as error:
        raise PacketError("dns", f"its DNS message cannot be read: {error}") from None
    records = []
    for record in message.answers:
        name = record.name.lower()
        if record.class_ == dns_records.IN and dns_name.is_under(name, own):
            records.append(record._replace(name=name))
    return records


def to_bytes(item):
    """An item in pkarr's own form: key, signature, sequence number (8 bytes), DNS message."""
    return item.key + item.signature + item.seq.to_bytes(SEQUENCE_BYTES, "big") + dns_bytes(item.value)


def from_bytes(data, verify):
    """The Item of that form, checked. verify: (signature, message, key) -> bool. Raises PacketError: size, sequence, signature, dns."""
    if not HEAD_BYTES < len(data) <= HEAD_BYTES + READ_MAX_BYTES:
        raise PacketError("size", f"a signed packet has {HEAD_BYTES + 1} to {HEAD_BYTES + READ_MAX_BYTES} bytes in all")
    key, signature = data[:KEY_BYTES], data[KEY_BYTES : KEY_BYTES + SIGNATURE_BYTES]
    sequence, message = int.from_bytes(data[KEY_BYTES + SIGNATURE_BYTES : HEAD_BYTES], "big"), data[HEAD_BYTES:]
    if sequence > SEQUENCE_MAX:
        raise PacketError("sequence", "the time of signing is out of range")
    value = b"%d:%b" % (len(message), message)
    if not verify(signature, signed_part(sequence, value, NO_SALT), key):
        raise PacketError("signature", "the signature is not the key's")
    read_records(key, message)
    return Item(value, key, NO_SALT, sequence, signature)


def is_newer(item, other):
    """Whether an item replaces another of the same key: a higher sequence number, or at the same one the greater value, as pkarr has it."""
    return (item.seq, item.value) > (other.seq, other.value)
