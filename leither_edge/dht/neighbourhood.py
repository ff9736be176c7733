"""Who stands around a target: which nodes to ask and to store at, and whether a crowd was put there to take it over.

Ids are spread evenly, so a network of N nodes has k of them within k / N of the id space. Who makes up nodes to own a target puts
them nearer than the rest; but all within that radius are asked and stored at, so the honest ones there keep a share of the say.
"""

from leither_edge.dht import compact

# At most so many are asked around a target and stored at.
WIDE_MAX = 20
_SPACE = 1 << 160


def radius(network_size, k=8):
    """The distance within which k nodes are expected, for a network of ``network_size`` (None where that is not known)."""
    return min(_SPACE * k // max(int(network_size), 1), _SPACE) if network_size else None


def chosen(nearest, k, expected_radius):
    """The k nearest and those within the radius, WIDE_MAX at most; of a larger crowd the nearest of each of so many equal rings.

    Args: nearest (objects with ``distance``, nearest first), expected_radius (a distance, or None).
    """
    if expected_radius is None:
        return nearest[:k]
    count = k
    while count < len(nearest) and nearest[count].distance <= expected_radius:
        count += 1
    if count <= WIDE_MAX:
        return nearest[:count]
    picked = nearest[:k]
    rings = WIDE_MAX - k
    last = -1
    for each in nearest[k:count]:
        ring = each.distance * rings // (expected_radius + 1)
        if ring > last:
            picked.append(each)
            last = ring
    return picked


def crowd(distances, k, expected_radius):
    """The distance within which there are more nodes than chance puts there at all but a few of a thousand targets, or None.

    Args: distances (of those that answered, nearest first).
    """
    found = None
    if expected_radius is not None:
        for at in range(k - 1, len(distances)):
            expected = k * distances[at] / expected_radius
            # The size of the network is known within a half only, and a false alarm costs a hundred messages.
            if at + 1 >= 3 + 4 * expected:
                found = distances[at]
    return found


def beside(target, span, look=0):
    """Targets around another one, all within ``span`` (a distance) or little farther: what those at the target hide lies near these.

    Args: look (0: the three branches of ids that part from the target's in the first bits of the span; 1: the four others).
    """
    step = max(span.bit_length() - 3, 0)
    at = int.from_bytes(target, "big")
    return [((at ^ part << step) % _SPACE).to_bytes(20, "big") for part in ((3, 5, 6, 7) if look else (1, 2, 4))]


def network_of(address, one_per_prefix=True):
    """What has one voice in a search: the /24 or /48 of a global address, without ``one_per_prefix`` the address or the /64 of one.

    In a site it is a machine; on loopback, where all nodes share one machine, an address with its port.
    """
    if compact.is_loopback(address):
        return address
    if compact.is_private(address):
        return compact.ip(address)
    if one_per_prefix:
        return compact.prefix(address)
    return address[:4] if len(address) == 6 else address[:8]


def may_name(teller, named):
    """True if a node at ``teller`` may send us to ``named``: one outside does not direct us at machines of our own site."""
    if compact.is_loopback(teller):
        return True
    if compact.is_private(teller):
        return not compact.is_loopback(named)
    return compact.is_global(named)
