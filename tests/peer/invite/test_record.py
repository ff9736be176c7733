"""What an invitation says, sealed and in a link."""

import pytest

from leither_edge.core import cbor
from leither_edge.crypto import sodium
from leither_edge.peer.invite import record as records
from leither_edge.peer.invite.code import new_code, read_code
from leither_edge.peer.invite.errors import InviteError
from leither_edge.peer.invite.link import LINK_MAX_CHARS, read_invitation, write_link
from leither_edge.peer.invite.secrets import secrets_of

KEY = b"k" * 32
RECORD = records.Record(b"p" * 32, "Attic", ("192.0.2.1:8042", "via:" + "A" * 27 + "@[2001:db8::1]:8042"), 1_800_000_000)
SYMBOLS = read_code(new_code(lambda count: bytes(range(count))))
QUICK = {"operations": 1, "memory_bytes": 8192}


def code_of(call, *arguments):
    with pytest.raises(InviteError) as caught:
        call(*arguments)
    assert str(caught.value).endswith(".")
    return caught.value.code


def test_sealed_and_back():
    sealed = records.seal(RECORD, KEY, sodium.random_bytes)
    assert records.unseal(sealed, KEY) == RECORD
    assert b"Attic" not in sealed and sealed != records.seal(RECORD, KEY, sodium.random_bytes)
    assert code_of(records.unseal, sealed, b"x" * 32) == "bad-record"
    for at in range(0, len(sealed), 5):
        assert code_of(records.unseal, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], KEY) == "bad-record"
    for wrong in (b"", sealed[:40], sealed + bytes(1000), "text", None):
        assert code_of(records.unseal, wrong, KEY) == "bad-record"


def test_what_does_not_fit_is_left_out():
    long = RECORD._replace(name="n" * 64, addresses=tuple(f"{number}." + "a" * 290 + ":8042" for number in range(8)))
    sealed = records.seal(long, KEY, sodium.random_bytes)
    assert len(sealed) <= records.SEALED_MAX_BYTES
    kept = records.unseal(sealed, KEY).addresses
    assert kept == long.addresses[: len(kept)] and len(kept) == 2
    assert len(write_link(SYMBOLS, long)) <= LINK_MAX_CHARS


@pytest.mark.parametrize(
    "change", [{1: b"short"}, {2: "n" * 65}, {2: "a\nb"}, {3: ["a"] * 9}, {3: [""]}, {3: "text"}, {3: [1]}, {4: -1}, {5: 1}, {1: None}]
)
def test_records_that_are_not_good(change):
    fields = {1: b"p" * 32, 2: "Attic", 3: ["192.0.2.1:8042"], 4: 1}
    assert records.read(cbor.encode(fields))
    assert code_of(records.read, cbor.encode(fields | change)) == "bad-record"


def test_link():
    link = write_link(SYMBOLS, RECORD)
    assert link.startswith(f"leither:peer/{SYMBOLS}/") and link.isascii() and "=" not in link
    assert read_invitation(f"  {link}\n") == (SYMBOLS, RECORD)
    assert read_invitation(SYMBOLS.lower()) == (SYMBOLS, None)
    assert code_of(read_invitation, link[:-3]) in ("bad-link", "bad-record")
    assert code_of(read_invitation, link + "!!") == "bad-link"
    assert code_of(read_invitation, link.rpartition("/")[0]) == "bad-link"
    assert code_of(read_invitation, link.replace(SYMBOLS, SYMBOLS[::-1])) == "bad-code"
    assert code_of(read_invitation, link + "A" * 2000) == "bad-link"
    assert code_of(read_invitation, "leither:mimei/abc") == "bad-code"
    assert code_of(read_invitation, None) == "bad-code"


def test_secrets_are_of_code_and_network():
    first, again = secrets_of(SYMBOLS, bytes(8), **QUICK), secrets_of(SYMBOLS, bytes(8), **QUICK)
    assert first[1:] == again[1:] and first.place.public_key == again.place.public_key
    others = [secrets_of(SYMBOLS[::-1], bytes(8), **QUICK), secrets_of(SYMBOLS, b"friends!", **QUICK)]
    parts = {part for each in (first, *others) for part in (each.place.seed, each.tag, each.sealing, each.proving)}
    assert len(parts) == 12
