"""What our udhcpc script leaves: one line with the interface's address, or an empty file while it has none."""

import _socket as socket  # as in wifi/links.py

LEASE_MAX_BYTES = 256


def address_in(data):
    """The IPv4 address a lease file holds, or None."""
    text = data[:LEASE_MAX_BYTES].strip().decode("ascii", "replace")
    try:
        packed = socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        return None
    # Nothing a network may give to a machine: 0/8, loopback, multicast and above.
    return None if packed[0] in (0, 127) or packed[0] >= 224 else text
