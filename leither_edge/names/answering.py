"""What a packet's records say to one question (RFC 1034, 4.3.2; wildcards of RFC 4592): found, no such name, or no such type."""

from collections import namedtuple

from leither_edge.names import dns_name
from leither_edge.names.dns_records import ANY, CNAME

FOUND, NO_NAME, NO_DATA = "found", "no-name", "no-data"
# A chain longer than this is a loop or a joke.
CHAIN_MAX = 8
_STAR = b"\1*"

# kind: one of the above; records: [Record] to answer with, aliases first; target: a name outside of the packet to go on with, or None.
Found = namedtuple("Found", "kind records target")


def find(records, own, name, type_):
    """Look a name up among a packet's records.

    records: [Record] with names in lower case; own: the key's origin; name: in lower case, under it; type_: number.
    """
    chain = []
    for _ in range(CHAIN_MAX):
        there = _at(records, own, name)
        if there is None:
            exists = name == own or _is_between(records, name)
            return Found(NO_DATA if exists else NO_NAME, chain, None)
        wanted = there if type_ == ANY else [record for record in there if record.type == type_]
        if wanted:
            return Found(FOUND, chain + wanted, None)
        alias = next((record for record in there if record.type == CNAME), None)
        if alias is None:
            return Found(NO_DATA, chain, None)
        chain.append(alias)
        name = alias.data.lower()
        if not dns_name.is_under(name, own):
            return Found(FOUND, chain, name)
    return Found(FOUND, chain, None)


def _at(records, own, name):
    """The records of a name, or of the wildcard that stands for it; None if there is neither."""
    there = [record for record in records if record.name == name]
    if there or _is_between(records, name):
        return there or None
    ancestor = name
    while ancestor != own:
        ancestor = dns_name.parent(ancestor)
        star = _STAR + ancestor
        there = [record._replace(name=name) for record in records if record.name == star]
        if there:
            return there
        # The nearest name that exists ends the search: a wildcard above it does not reach past it.
        if _exists(records, ancestor):
            return None
    return None


def _exists(records, name):
    return any(dns_name.is_under(record.name, name) for record in records)


def _is_between(records, name):
    """Whether something lies below a name that has no record of its own."""
    return any(record.name != name and dns_name.is_under(record.name, name) for record in records)
