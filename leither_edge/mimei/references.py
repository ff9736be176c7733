"""What is kept beyond versions: a MiMei's references, with counts, and users' pins.

A version keeps the references of its time as a list: DAG-CBOR, an array of [link, count] in the order of labels; where there are
more than 4,000 an array of links to such arrays.
"""

from .errors import BadBlock
from .ipld import cid as cids
from .ipld import dag_cbor
from .tables import PINS, REFERENCES

LIST_MAX = 4000
ID_BYTES = 20


def read_counts(tx, mid):
    """{label: count} of a MiMei's cur."""
    return {key[ID_BYTES:]: tx.get(REFERENCES, key) for key in keys_of(tx, REFERENCES, mid)}


def write_counts(tx, mid, counts):
    """Sets all references of a MiMei's cur. Args: counts ({label: count})."""
    for key in keys_of(tx, REFERENCES, mid):
        tx.delete(REFERENCES, key)
    for label, count in counts.items():
        tx.put(REFERENCES, mid + label, count)


def list_root(blocks, counts):
    """The label of the list of some references, put; None for none."""
    rows = [[dag_cbor.Link(label), counts[label]] for label in sorted(counts)]
    if not rows:
        return None
    parts = [_put(blocks, rows[at : at + LIST_MAX]) for at in range(0, len(rows), LIST_MAX)]
    return parts[0] if len(parts) == 1 else _put(blocks, [dag_cbor.Link(part) for part in parts])


def read_list(blocks, root):
    """{label: count} of a list. Args: root (None: of none). Raises BlockMissing, BadBlock."""
    if root is None:
        return {}
    found = dag_cbor.decode(blocks.get(root))
    if not isinstance(found, list) or not found:
        raise _bad()
    if isinstance(found[0], dag_cbor.Link):
        lists = (dag_cbor.decode(blocks.get(part.cid)) if isinstance(part, dag_cbor.Link) else None for part in found)
    else:
        lists = [found]
    counts, last = {}, b""
    for rows in lists:
        for row in rows if isinstance(rows, list) else [None]:
            good = isinstance(row, list) and len(row) == 2 and isinstance(row[0], dag_cbor.Link) and type(row[1]) is int
            # They rise, so that a part that is named again ends this.
            if not good or not 0 < row[1] < 1 << 63 or row[0].cid <= last:
                raise _bad()
            last = row[0].cid
            counts[last] = row[1]
    return counts


def read_pins(tx, user):
    """[(label, name, time)] of a user."""
    return [(key[ID_BYTES:], *tx.get(PINS, key)) for key in keys_of(tx, PINS, user)]


def keys_of(tx, table, prefix, start=b""):
    """[key] of a table that begin with some bytes. Args: start (what follows in the first of them)."""
    found = []
    for key in tx.keys(table, start=prefix + start):
        if not key.startswith(prefix):
            break
        found.append(key)
    return found


def _put(blocks, rows):
    data = dag_cbor.encode(rows)
    label = cids.of(cids.DAG_CBOR, data)
    blocks.put(label, data)
    return label


def _bad():
    return BadBlock("A block is not the list of references that it should be.")
