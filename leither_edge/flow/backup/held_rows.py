"""What is held for whom: rows of sealed snapshots, which of them stay, and what a collection must leave."""

from collections import namedtuple

from leither_edge.flow.tables import HELD, HELD_BYTES
from leither_edge.mimei.blocks.digest_set import DigestSet
from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.links import links

ID_BYTES = 20
DAY_S = 86400
# The newest of each of so many days and weeks stay: what was deleted by mistake is missed within a month.
DAYS_KEPT, WEEKS_KEPT = 7, 4

# number: of the snapshot. root: sealed label. time: of the snapshot, s. size: what its node says it holds. came: s. readers: [id].
Held = namedtuple("Held", "number root time size is_whole came readers head")


def held_of(tx, peer):
    """[Held] of a peer, oldest first. Args: peer (node id)."""
    found = []
    for key, row in tx.scan(HELD, start=peer):
        if key[:ID_BYTES] != peer:
            break
        found.append(Held(int.from_bytes(key[ID_BYTES:], "big"), *row))
    return found


def peers_held(tx):
    """[node id] of those of whom something is held."""
    return list(dict.fromkeys(key[:ID_BYTES] for key in tx.keys(HELD)))


def write_held(tx, peer, held):
    """Keeps a Held of a peer."""
    tx.put(HELD, _key(peer, held.number), [*held[1:6], list(held.readers), held.head])


def drop_held(tx, peer, numbers):
    """Forgets some snapshots of a peer; their blocks go with the next collection."""
    for number in numbers:
        tx.delete(HELD, _key(peer, number))


def bytes_held(tx, peer=None):
    """Bytes that a peer's backup takes here (of all peers for None), as last counted."""
    if peer is not None:
        return tx.get(HELD_BYTES, peer, 0)
    return sum(value for _, value in tx.scan(HELD_BYTES))


def keeper(tx):
    """For library.keepers: what is held stays, and is charged to whom it is held for."""
    for key, row in tx.scan(HELD):
        held = Held(0, *row)
        yield key[:ID_BYTES], held.root, held.is_whole


def to_drop(found):
    """[number] of whole snapshots that are not kept any more. Args: found ([Held] of one peer, oldest first)."""
    days, weeks, dropped = set(), set(), []
    for held in reversed([held for held in found if held.is_whole]):
        day, week = held.time // DAY_S, held.time // (7 * DAY_S)
        is_kept = not days or day not in days and len(days) < DAYS_KEPT or week not in weeks and len(weeks) < WEEKS_KEPT
        if is_kept:
            days.add(day)
            weeks.add(week)
        else:
            dropped.append(held.number)
    return dropped


def count_bytes(library, roots):
    """Bytes that some sealed roots reach together, as far as they are here; walks them. In a worker thread."""
    blocks = library.blocks
    seen, total, todo = DigestSet(blocks.leases.key), 0, list(roots)
    while todo:
        label = todo.pop()
        if not seen.add(label):
            continue
        try:
            total += blocks.size(label)
            if cids.codec(label) != cids.RAW:
                todo += links(label, blocks.get(label))
        except MimeiError:
            # Not here yet, or spoilt: it takes no room that could be counted.
            continue
    return total


def _key(peer, number):
    return peer + number.to_bytes(8, "big")
