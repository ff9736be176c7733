"""The keys that may command a device: a versioned list, signed by the old and the new owner, or by two of three roots."""

from collections import namedtuple

from leither_edge.core import cose
from leither_edge.core.fields import U32_MAX, Field, is_hash, is_id, is_integer, read_record, write_record
from leither_edge.core.ids import key_id
from leither_edge.core.roles import is_role

KEYS_MAX = 16
REVOKED_MAX = 64
ROOTS = 3
ROOTS_NEEDED = 2
KEYSET_MAX_BYTES = 8192

# device_id: 20 bytes. version: from 1. keys: ((role, public key), ...). revoked: ids. roots: three public keys or none.
Keyset = namedtuple("Keyset", ("device_id", "version", "keys", "revoked", "roots"))


class KeysetError(ValueError):
    """A keyset is malformed, or may not follow the one in force.

    Args: code (a short word for programs), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def _are_keys(value):
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= KEYS_MAX:
        return False
    for entry in value:
        if not isinstance(entry, (list, tuple)) or len(entry) != 2 or not is_role(entry[0]) or not is_hash(entry[1]):
            return False
    return len({entry[1] for entry in value}) == len(value)


def _are_ids(value):
    return _are_distinct(value, is_id) and len(value) <= REVOKED_MAX


def _are_roots(value):
    return _are_distinct(value, is_hash) and len(value) in (0, ROOTS)


def _are_distinct(value, check):
    if not isinstance(value, (list, tuple)):
        return False
    for item in value:
        if not check(item):
            return False
    return len(set(value)) == len(value)


def _is_version(value):
    return is_integer(value, 1, U32_MAX)


_FIELDS = (
    Field(1, "device_id", "20 bytes", is_id, False),
    Field(2, "version", "a number from 1", _is_version, False),
    Field(3, "keys", "1 to 16 different keys, each with a role", _are_keys, False),
    Field(4, "revoked", "at most 64 different key ids", _are_ids, False),
    Field(5, "roots", "no root key or three different ones", _are_roots, False),
)


def first_keyset(device_id, owner_public_key):
    """The keyset of a fresh claim: one owner, version 1."""
    return Keyset(device_id, 1, (("owner", owner_public_key),), (), ())


def encode_keyset(keyset):
    """The payload bytes of a keyset. Raises KeysetError: malformed, no-owner."""
    _check_owner(keyset)
    return write_record(keyset, _FIELDS, KeysetError, "the keyset")


def parse_keyset(payload):
    """The keyset that a payload encodes. Raises KeysetError: malformed, too-large, no-owner."""
    value = read_record(payload, Keyset, _FIELDS, KeysetError, "the keyset", KEYSET_MAX_BYTES)
    keys = tuple([(role, public_key) for role, public_key in value.keys])
    keyset = Keyset(value.device_id, value.version, keys, tuple(value.revoked), tuple(value.roots))
    _check_owner(keyset)
    return keyset


def find_key(keyset, id20):
    """The (role, public key) of a key id in the keyset, revoked or not; None if it is not listed."""
    for role, public_key in keyset.keys:
        if key_id(public_key) == id20:
            return role, public_key
    return None


def owner_keys(keyset):
    """{key id: public key} of the owners that are not revoked."""
    return {kid: key for kid, key in _by_id(key for role, key in keyset.keys if role == "owner") if kid not in keyset.revoked}


def sign_keyset(keyset, signers):
    """A keyset as a COSE_Sign message. Args: signers as for cose.sign."""
    return cose.sign(encode_keyset(keyset), cose.CT_KEYSET, signers)


def open_rotation(old, data, verify):
    """The keyset that a signed message puts in place of ``old``.

    Args: old (Keyset), data (COSE_Sign bytes), verify as for cose.verify1.
    Raises CoseError, BadSignature, KeysetError.
    """
    message = cose.parse_sign(data, cose.CT_KEYSET, KEYSET_MAX_BYTES)
    new = parse_keyset(message.payload)
    public_keys = dict(_by_id(old.roots))
    public_keys.update(owner_keys(old))
    public_keys.update(owner_keys(new))
    check_rotation(old, new, cose.verified_keys(message, public_keys, verify))
    return new


def check_rotation(old, new, signers):
    """Judges whether ``new`` may follow ``old``, signed by ``signers`` (set of key ids whose signatures are good).

    An owner of the old keyset signs, or two of its three roots; every owner that is new signs as well, which proves that the
    key exists and is in use. Roots are set by an owner where there were none, and changed by two of the old ones.
    A key that was revoked does not come back: whoever found it would come back with it.
    Raises KeysetError: wrong-device, wrong-version, no-owner, not-signed, revoked-key, new-owner-unsigned, roots-unsigned.
    """
    if new.device_id != old.device_id:
        raise KeysetError("wrong-device", "the keyset is another device's")
    if new.version != old.version + 1:
        raise KeysetError("wrong-version", f"the next keyset has version {old.version + 1}, not {new.version}")
    _check_owner(new)
    by_roots = len([kid for kid, _ in _by_id(old.roots) if kid in signers and kid not in old.revoked]) >= ROOTS_NEEDED
    old_owners = owner_keys(old)
    by_owner = any(kid in signers for kid in old_owners)
    if not by_roots and not by_owner:
        raise KeysetError("not-signed", "neither an owner nor two root keys of the keyset in force signed this one")
    known = dict(_by_id(key for _, key in old.keys))
    for kid, _ in _by_id(key for _, key in new.keys):
        if kid not in known and (kid in old.revoked or kid in new.revoked):
            raise KeysetError("revoked-key", "a key that was revoked cannot be put back; make a new one")
    for kid in owner_keys(new):
        if kid not in old_owners and kid not in signers:
            raise KeysetError("new-owner-unsigned", "a new owner's key did not sign the keyset")
    if set(new.roots) != set(old.roots) and old.roots and not by_roots:
        raise KeysetError("roots-unsigned", "only two of the three root keys may change the root keys")


def _by_id(public_keys):
    return [(key_id(public_key), public_key) for public_key in public_keys]


def _check_owner(keyset):
    if not owner_keys(keyset):
        raise KeysetError("no-owner", "a keyset needs an owner that is not revoked")
