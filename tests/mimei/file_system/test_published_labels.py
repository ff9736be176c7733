"""Folders of IPIP-499's test fixtures: names drawn with ChaCha20 as Kubo's own tests draw them, each a file of one "x"."""

import hashlib

import pysodium
import pytest

from leither_edge.mimei.files.build import build
from leither_edge.mimei.files.directory import directory_of
from leither_edge.mimei.files.label_profile import by_name
from leither_edge.mimei.ipld.cid import to_text
from tests.mimei.memory_blocks import MemoryBlocks

LETTERS = b"abcdefghijklmnopqrstuvwxyz01234567890-_"
# Profile, names, their bytes, bytes of the last one: exactly at the bound of one block, and one byte over it.
PUBLISHED = (
    ("unixfs-v0-2015", 4096, 30, 30, "QmX5GtRk3TSSEHtdrykgqm4eqMEn3n2XhfkFAis5fjyZmN"),
    ("unixfs-v0-2015", 4033, 31, 31, "QmeMiJzmhpJAUgynAcxTQYek5PPKgdv3qEvFsdV3XpVnvP"),
    ("unixfs-v1-2025", 4766, 11, 21, "bafybeic3h7rwruealwxkacabdy45jivq2crwz6bufb5ljwupn36gicplx4"),
    ("unixfs-v1-2025", 4766, 11, 22, "bafybeiegvuterwurhdtkikfhbxcldohmxp566vpjdofhzmnhv6o4freidu"),
)


@pytest.mark.parametrize("profile, many, size, last, label", PUBLISHED)
def test_a_folder_has_the_published_label(profile, many, size, last, label):
    drawn = pysodium.crypto_stream_chacha20_xor(bytes(many * size + last), bytes(8), hashlib.sha256(b"hamt-" + profile.encode()).digest())
    sizes = [size] * (many - 1) + [last]
    names, at = [], 0
    for size in sizes:
        names.append(bytes(LETTERS[byte % len(LETTERS)] for byte in drawn[at : at + size]))
        at += size
    blocks, profile = MemoryBlocks(), by_name(profile)
    cid, _, total = build(blocks, profile, [b"x"])
    made, _ = directory_of(blocks, profile, ((name, cid, total) for name in names))
    assert to_text(made) == label
