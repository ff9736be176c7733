"""Node ids: 20 bytes, compared by XOR, and bound to the node's own address (BEP 42)."""

from leither_edge.dht import compact

ID_BYTES = compact.NODE_ID_BYTES
ID_BITS = 8 * ID_BYTES

_MASK_4 = bytes((0x03, 0x0F, 0x3F, 0xFF))
_MASK_6 = bytes((0x01, 0x03, 0x07, 0x0F, 0x1F, 0x3F, 0x7F, 0xFF))


def _nibbles():
    table = []
    for number in range(16):
        for _ in range(4):
            number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
        table.append(number)
    return tuple(table)


_CRC_OF_NIBBLE = _nibbles()


def crc32c(data):
    """CRC-32C (Castagnoli, RFC 3720 appendix B.4) of some bytes."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        value = value >> 4 ^ _CRC_OF_NIBBLE[value & 15]
        value = value >> 4 ^ _CRC_OF_NIBBLE[value & 15]
    return value ^ 0xFFFFFFFF


def id_for(address, random_bytes):
    """A fresh id for the node at a packed address (or None, where it is not known): a random one, 21 bits of it by BEP 42.

    Args: random_bytes (count -> bytes).
    """
    made = bytearray(random_bytes(ID_BYTES))
    if address is not None and compact.is_global(address):
        wanted = _prefix(address, made[19])
        made[0], made[1] = wanted >> 24, wanted >> 16 & 0xFF
        made[2] = wanted >> 8 & 0xF8 | made[2] & 0x07
    return bytes(made)


def is_valid_for(node_id, address):
    """True if the id may be used at the packed address (BEP 42). Loopback and private addresses are free to take any."""
    if not compact.is_global(address):
        return True
    return (int.from_bytes(node_id[:4], "big") ^ _prefix(address, node_id[19])) >> 11 == 0


def _prefix(address, chance):
    """The CRC whose top 21 bits begin the id. Args: chance (the id's last byte, of which 3 bits count)."""
    mask = _MASK_4 if len(address) == 6 else _MASK_6
    masked = bytearray(len(mask))
    for at, bits in enumerate(mask):
        masked[at] = address[at] & bits
    masked[0] |= (chance & 7) << 5
    return crc32c(masked)


def distance(a, b):
    """The XOR distance of two ids, as a number."""
    return int.from_bytes(a, "big") ^ int.from_bytes(b, "big")


def prefix_length(a, b):
    """How many leading bits two ids share: 0 to 160."""
    return ID_BITS - distance(a, b).bit_length()
