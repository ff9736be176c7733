"""Node ids: the vectors of BEP 42, a CRC-32C known elsewhere, distances."""

import random

import pytest

from leither_edge.dht import compact, node_id

# BEP 42's test vectors: address, the id's last byte, the id. The third byte's last three bits are chance.
BEP_42 = (
    ("124.31.75.21", 1, "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401"),
    ("21.75.31.124", 86, "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256"),
    ("65.23.51.170", 22, "a5d43220bc8f112a3d426c84764f8c2a1150e616"),
    ("84.124.73.14", 65, "1b0321dd1bb1fe518101ceef99462b947a01ff41"),
    ("43.213.53.83", 90, "e56f6cbf5b7c4be0237986d5243b87aa6d51305a"),
)


@pytest.mark.parametrize(("host", "last", "text"), BEP_42)
def test_the_vectors_of_bep_42(host, last, text):
    address, wanted = compact.pack(host, 6881), bytes.fromhex(text)
    assert wanted[19] == last
    assert node_id.is_valid_for(wanted, address)
    # With the same chance the same id comes out.
    assert node_id.id_for(address, lambda count: wanted[:count]) == wanted
    assert not node_id.is_valid_for(wanted, compact.pack("8.8.4.4", 6881))
    for bit in range(21):
        other = (int.from_bytes(wanted, "big") ^ 1 << 159 - bit).to_bytes(20, "big")
        assert not node_id.is_valid_for(other, address)
    for bit in range(21, 157):
        other = (int.from_bytes(wanted, "big") ^ 1 << 159 - bit).to_bytes(20, "big")
        assert node_id.is_valid_for(other, address)


def test_crc_32c_of_rfc_3720():
    assert node_id.crc32c(bytes(32)) == 0x8A9136AA
    assert node_id.crc32c(b"\xff" * 32) == 0x62A8AB43
    assert node_id.crc32c(bytes(range(32))) == 0x46DD794E
    assert node_id.crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("host", ("124.31.75.21", "2001:db8:1:2:3:4:5:6"))
def test_a_fresh_id_is_valid_at_its_address_alone(host):
    chance, address = random.Random(2), compact.pack(host, 1)
    ids = {node_id.id_for(address, chance.randbytes) for _ in range(200)}
    assert len(ids) == 200 and all(node_id.is_valid_for(one, address) for one in ids)
    # Eight prefixes an address, by the three bits of chance.
    assert len({node_id.distance(one, bytes(20)) >> 139 for one in ids}) == 8
    chosen = sum(node_id.is_valid_for(chance.randbytes(20), address) for _ in range(2000))
    assert chosen == 0


def test_ids_at_home_are_free():
    chance = random.Random(3)
    for host in ("127.0.0.1", "10.0.0.1", "192.168.1.1", "::1", "fe80::1"):
        address = compact.pack(host, 1)
        assert node_id.is_valid_for(chance.randbytes(20), address)
        assert len({node_id.id_for(address, chance.randbytes)[:2] for _ in range(20)}) > 10
    assert len(node_id.id_for(None, chance.randbytes)) == 20


def test_distance_and_common_prefix():
    zero, one = bytes(20), bytes(19) + b"\1"
    assert node_id.distance(zero, zero) == 0 and node_id.distance(zero, one) == 1 == node_id.distance(one, zero)
    assert node_id.prefix_length(zero, zero) == 160 and node_id.prefix_length(zero, one) == 159
    assert node_id.prefix_length(zero, b"\x80" + bytes(19)) == 0
    assert node_id.prefix_length(zero, b"\x01" + bytes(19)) == 7
