"""Who invites, and where he is: the record that lies sealed at the place of a code, and stands in a link."""

from collections import namedtuple

from leither_edge.core.fields import Field, is_hash, is_text, is_u53, read_record, write_record
from leither_edge.crypto import sodium
from leither_edge.peer.invite.errors import InviteError

NAME_MAX_CHARS = 64
ADDRESSES_MAX = 8
ADDRESS_MAX_CHARS = 300
# A value in the DHT has at most 1,000 bytes, and some nodes count bencode's length before it.
SEALED_MAX_BYTES = 960
_SEAL_BYTES = sodium.NONCE_BYTES + 16
PLAIN_MAX_BYTES = SEALED_MAX_BYTES - _SEAL_BYTES
_ADDITIONAL = b"leither invitation 1"
_WHAT = "the record of this invitation"

# public_key: of the inviting node. name: what it calls itself, or "". addresses: texts, ways through relays too. until: s since 1970.
Record = namedtuple("Record", ("public_key", "name", "addresses", "until"))


def _is_name(value):
    return is_text(value, 0, NAME_MAX_CHARS) and (not value or value.isprintable())


def are_addresses(value):
    """Whether a value from outside is a list of at most 8 texts that can be addresses."""
    return isinstance(value, list) and len(value) <= ADDRESSES_MAX and all(is_text(each, 1, ADDRESS_MAX_CHARS) for each in value)


_FIELDS = (
    Field(1, "public_key", "32 bytes", is_hash, False),
    Field(2, "name", f"at most {NAME_MAX_CHARS} characters", _is_name, False),
    Field(3, "addresses", f"at most {ADDRESSES_MAX} texts", are_addresses, False),
    Field(4, "until", "a time in seconds", is_u53, False),
)


def write(record):
    """The bytes of a Record; the last addresses are left out where there is no room. Raises InviteError (bad-record)."""
    addresses = list(record.addresses)[:ADDRESSES_MAX]
    while True:
        data = write_record(record._replace(addresses=addresses), _FIELDS, InviteError, _WHAT)
        if len(data) <= PLAIN_MAX_BYTES:
            return data
        addresses.pop()


def read(data):
    """The Record of bytes. Raises InviteError (bad-record)."""
    try:
        record = read_record(data, Record, _FIELDS, InviteError, _WHAT, PLAIN_MAX_BYTES)
    except InviteError as error:
        raise InviteError("bad-record", f"This invitation cannot be read: {error}.") from None
    return record._replace(addresses=tuple(record.addresses))


def seal(record, key, random_bytes):
    """A Record sealed for whoever knows the code. Args: key (32 bytes), random_bytes (count -> bytes). Raises InviteError (bad-record)."""
    nonce = random_bytes(sodium.NONCE_BYTES)
    return nonce + sodium.seal(write(record), _ADDITIONAL, nonce, key)


def unseal(sealed, key):
    """The Record of sealed bytes. Raises InviteError (bad-record): another key, altered, malformed."""
    if not isinstance(sealed, bytes) or not _SEAL_BYTES < len(sealed) <= SEALED_MAX_BYTES:
        raise InviteError("bad-record", "What lies at the place of this invitation is none.")
    plain = sodium.unseal(sealed[sodium.NONCE_BYTES :], _ADDITIONAL, sealed[: sodium.NONCE_BYTES], key)
    if plain is None:
        raise InviteError("bad-record", "What lies at the place of this invitation is none, or was altered.")
    return read(plain)
