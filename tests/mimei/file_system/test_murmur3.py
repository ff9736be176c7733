"""Hashes beside those of the npm package @multiformats/murmur3."""

import pytest

from leither_edge.mimei.files.murmur3 import murmur3

KNOWN = (
    ("", "0000000000000000"),
    ("a", "85555565f6597889"),
    # The two names of the specification's example: buckets 00 then 6E, 00 then FF.
    ("470.txt", "006e88df5847e67c"),
    ("742.txt", "00ff87d129ae5428"),
    ("hello, world", "342fac623a5ebc8e"),
    ("0123456789abcdef", "4be06d94cf4ad1a7"),
    ("0123456789abcdef0", "eb24ae8785a5c075"),
    ("x" * 31, "887b5e1ecbc9ba74"),
    ("x" * 32, "58aec0b90bbac410"),
    ("x" * 255, "d1a161d018039a7e"),
    ("źdźbło.txt", "347fcda6cf247d8f"),
)


@pytest.mark.parametrize("name, expected", KNOWN, ids=range(len(KNOWN)))
def test_a_name_hashes_as_elsewhere(name, expected):
    assert murmur3(name.encode()).hex() == expected
