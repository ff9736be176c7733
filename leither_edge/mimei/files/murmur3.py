"""MurmurHash3 x64, its first 64 bits: which bucket of a sharded directory a name is in (multihash 0x22, murmur3-x64-64).

Not a cryptographic hash: who chooses names can make them collide, so what is built on it must bound its depth.
Source: the algorithm's public domain description (A. Appleby), seed 0; UnixFS, "HAMT Structure and Parameters".
"""

import struct

HASH_BYTES = 8
_MASK = 0xFFFFFFFFFFFFFFFF
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
_blocks = struct.Struct("<QQ").iter_unpack


def murmur3(data):
    """The 8 bytes of a name's hash (data: bytes), the first byte choosing the bucket of the root."""
    size = len(data)
    h1 = h2 = 0
    tail = size & 15
    if size != tail:
        for k1, k2 in _blocks(memoryview(data)[: size - tail]):
            k1 = k1 * _C1 & _MASK
            h1 ^= (k1 << 31 | k1 >> 33) * _C2 & _MASK
            h1 = (((h1 << 27 | h1 >> 37) & _MASK) + h2) * 5 + 0x52DCE729 & _MASK
            k2 = k2 * _C2 & _MASK
            h2 ^= (k2 << 33 | k2 >> 31) * _C1 & _MASK
            h2 = (((h2 << 31 | h2 >> 33) & _MASK) + h1) * 5 + 0x38495AB5 & _MASK
    if tail:
        last = int.from_bytes(data[size - tail :], "little")
        if tail > 8:
            k2 = (last >> 64) * _C2 & _MASK
            h2 ^= (k2 << 33 | k2 >> 31) * _C1 & _MASK
            last &= _MASK
        k1 = last * _C1 & _MASK
        h1 ^= (k1 << 31 | k1 >> 33) * _C2 & _MASK
    h1 ^= size
    h2 ^= size
    h1 = h1 + h2 & _MASK
    return ((_mixed(h1) + _mixed(h2 + h1 & _MASK)) & _MASK).to_bytes(HASH_BYTES, "big")


def _mixed(k):
    k = (k ^ k >> 33) * 0xFF51AFD7ED558CCD & _MASK
    k = (k ^ k >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return k ^ k >> 33
