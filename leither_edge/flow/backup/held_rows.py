"""What is held for whom: rows of sealed snapshots, which of them stay, and what a collection must leave."""

from collections import namedtuple

from leither_edge.flow.tables import HELD, HELD_BYTES
from leither_edge.mimei.blocks.digest_set import DigestSet
from leither_edge.mimei.blocks.rows import ROW_CHARGE_BYTES, charge_of
from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.links import links

ID_BYTES = 20
DAY_S = 86400
# The newest of each of so many days and weeks stay: what was deleted by mistake is missed within a month.
DAYS_KEPT, WEEKS_KEPT = 7, 4

# scope: whose key it is sealed under: the node itself (its backup), or a MiMei. number: of the snapshot. root: sealed label.
# time: of the snapshot, s. size: what its node says it holds. came: s. readers: [id].
Held = namedtuple("Held", "scope number root time size is_whole came readers head")


def held_of(tx, peer, scope=b""):
    """[Held] of a peer, each scope's together, oldest first. Args: peer (node id), scope (of that one alone)."""
    found, prefix = [], peer + scope
    for key, row in tx.scan(HELD, start=prefix):
        if not key.startswith(prefix):
            break
        found.append(_held(key, row))
    return found


def all_held(tx):
    """Yields (node id, Held) of all that is held."""
    for key, row in tx.scan(HELD):
        yield key[:ID_BYTES], _held(key, row)


def is_held_for(tx, scope, reader):
    """Whether something whole of a scope is held that a reader opens. Args: reader (id of his key)."""
    rows = (_held(key, tx.get(HELD, key)) for key in tx.keys(HELD) if key[ID_BYTES : 2 * ID_BYTES] == scope)
    return any(held.is_whole and reader in held.readers for held in rows)


def peers_held(tx):
    """[node id] of those of whom something is held."""
    return list(dict.fromkeys(key[:ID_BYTES] for key in tx.keys(HELD)))


def write_held(tx, peer, held):
    """Keeps a Held of a peer."""
    tx.put(HELD, _key(peer, held), [held.root, held.time, held.size, held.is_whole, held.came, list(held.readers), held.head])


def is_held(tx, peer, held):
    """Whether there is a row of a Held still."""
    return tx.get(HELD, _key(peer, held)) is not None


def charge_of_row(held):
    """Bytes that the row of a Held counts for."""
    return len(held.head) + ID_BYTES * len(held.readers) + ROW_CHARGE_BYTES


def drop_held(tx, peer, found):
    """Forgets some snapshots of a peer; their blocks go with the next collection. Args: found ([Held])."""
    for held in found:
        tx.delete(HELD, _key(peer, held))


def bytes_held(tx, peer=None):
    """Bytes that a peer's backup takes here (of all peers for None), as last counted."""
    if peer is not None:
        return tx.get(HELD_BYTES, peer, 0)
    return sum(value for _, value in tx.scan(HELD_BYTES))


def keeper(tx):
    """For library.keepers: what is held stays, and is charged to whom it is held for."""
    for peer, held in all_held(tx):
        yield peer, held.root, held.is_whole


def to_drop(found):
    """[Held] that are whole and not kept any more. Args: found ([Held] of one scope, oldest first)."""
    days, weeks, dropped = set(), set(), []
    for held in reversed([held for held in found if held.is_whole]):
        day, week = held.time // DAY_S, held.time // (7 * DAY_S)
        is_kept = not days or day not in days and len(days) < DAYS_KEPT or week not in weeks and len(weeks) < WEEKS_KEPT
        if is_kept:
            days.add(day)
            weeks.add(week)
        else:
            dropped.append(held)
    return dropped


def count_bytes(library, roots):
    """Bytes that some sealed roots reach together, as far as they are here, with what a row takes; walks them. In a worker thread."""
    blocks = library.blocks
    seen, total, todo = DigestSet(blocks.leases.key), 0, list(roots)
    while todo:
        label = todo.pop()
        if not seen.add(label):
            continue
        try:
            total += charge_of(blocks.size(label))
            if cids.codec(label) != cids.RAW:
                todo += links(label, blocks.get(label))
        except MimeiError:
            # Not here yet, or spoilt: it takes no room that could be counted.
            continue
    return total


def _key(peer, held):
    return peer + held.scope + held.number.to_bytes(8, "big")


def _held(key, row):
    return Held(key[ID_BYTES : 2 * ID_BYTES], int.from_bytes(key[2 * ID_BYTES :], "big"), *row)
