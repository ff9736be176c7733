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


def is_crowded(distances, k, expected_radius):
    """True if there are more nodes, or nearer ones, than chance puts there once in some hundred targets.

    Args: distances (of those that answered, nearest first).
    """
    if expected_radius is None or len(distances) < k:
        return False
    # Of 8 expected within the radius, 8 within a quarter of it or 18 within all of it happen once in a thousand targets.
    return distances[k - 1] * 4 < expected_radius or sum(distance <= expected_radius for distance in distances) > 2 * k + 1


def beside(target, span, look=0):
    """Targets spread over all that is within ``span`` (a distance): a search for each finds nodes that those at the target hide.

    Args: look (0: three places, 1: four others between them).
    """
    step = max(span.bit_length() - 3, 0)
    at = int.from_bytes(target, "big")
    return [((at ^ part << step) % _SPACE).to_bytes(20, "big") for part in ((1, 3, 5, 7) if look else (2, 4, 6))]


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
