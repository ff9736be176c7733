"""The channel key in its file, and the record that binds it."""

import pytest

from leither_edge.core import cose
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.peer.channel.credential import (
    CREDENTIAL_MAX_BYTES,
    BadCredential,
    KeyFileError,
    load_or_create,
    open_credential,
)
from tests.peer.channel.two_nodes import ALICE

IDENTITY = KeyPair(b"i" * 32)


def test_made_once(tmp_path):
    first = load_or_create(tmp_path / "channel.key", IDENTITY)
    again = load_or_create(tmp_path / "channel.key", IDENTITY)
    assert first.pair == again.pair and first.credential == again.credential
    assert (tmp_path / "channel.key").stat().st_mode & 0o777 == 0o600
    assert first.pair.secret not in first.credential
    record = open_credential(first.credential)
    assert record == (first.pair.public, IDENTITY.public_key)
    assert len(first.credential) <= CREDENTIAL_MAX_BYTES


def test_a_damaged_file(tmp_path):
    path = tmp_path / "channel.key"
    path.write_bytes(bytes(31))
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="31 bytes"):
        load_or_create(path, IDENTITY)
    path.write_bytes(bytes(32))
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="0644"):
        load_or_create(path, IDENTITY)


def code_of(data):
    with pytest.raises(BadCredential) as caught:
        open_credential(data)
    return caught.value.code


def test_records_that_are_not_good():
    good = ALICE.credential
    assert code_of(good[:-1] + bytes([good[-1] ^ 1])) == "bad-signature"
    assert code_of(good[:-1]) == "malformed"
    assert code_of(good + b"\0") == "malformed"
    assert code_of(bytes(CREDENTIAL_MAX_BYTES + 1)) == "too-large"
    payload = cose.parse_sign1(good, cose.CT_CHANNEL_KEY).payload
    other = KeyPair(b"o" * 32)
    assert code_of(cose.sign1(payload, cose.CT_CHANNEL_KEY, other.id, other.sign)) == "bad-signature"
    assert code_of(cose.sign1(payload, cose.CT_DEVICE, IDENTITY.id, IDENTITY.sign)) == "malformed"
