"""How rows of tables stand in the tree of a snapshot.

    table, 00, key of the row, 00        the row's value, deterministic CBOR
    table, 00, key of the row, 01 ...    one for each label that it names: a reference to that

Rows of HEADS differ from the store's in one thing: root is that of cur for databases and streams, too, whose rows are in no block.
A label that a tree cannot refer to (version 0, or with content in it) stands in a block of its own, [link].
"""

from collections import namedtuple

from leither_edge.core import cbor
from leither_edge.mimei import history
from leither_edge.mimei.errors import BadBlock
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_cbor
from leither_edge.mimei.tables import ACCOUNTS, HEADS, KEYS, MEMBERS, MIMEI, PINS, REFERENCES, VERSIONS
from leither_edge.mimei.tree import node, read

ID_BYTES = 20
# In the order of their names, which is that of the tree. What can be made of these again is in none of them.
TABLES = (ACCOUNTS, HEADS, KEYS, MEMBERS, MIMEI, PINS, REFERENCES, VERSIONS)
ROW_MAX_BYTES = 1 << 16
_LINKABLE = (cids.RAW, cids.DAG_PB, cids.DAG_CBOR)

# table: its name, bytes. key: of the row. value: what the table holds.
Row = namedtuple("Row", "table key value")


def prefix_of(table, start=b""):
    """What the tree's keys of a table begin with. Args: table (Table, or its name as bytes), start (what rows' keys begin with)."""
    name = table if isinstance(table, bytes) else table.name.encode()
    return name + b"\0" + start


def entries(blocks, table, key, value, labels):
    """[(key, value)] of a row in the tree. Args: blocks (with put, for labels that need a block of their own), labels (it names)."""
    start = prefix_of(table, key)
    found = [(start + b"\0", cbor.encode(value))]
    return found + [(start + bytes((1 + at,)), reference(blocks, label)) for at, label in enumerate(labels)]


def labels_of(blocks, table, key, value):
    """[label] that a row names and that belong to what is backed up, each once."""
    if table is HEADS:
        head = history.Head(*value)
        found = [head.root, head.base, head.manifest]
        if head.ancestor is not None and blocks.has(head.ancestor):
            found.append(head.ancestor)
    elif table is VERSIONS:
        row = history.VersionRow(*value)
        found = [row.manifest] if row.dropped else [row.manifest, row.root, row.references]
    elif table in (REFERENCES, PINS):
        found = [key[ID_BYTES:]]
    else:
        found = []
    return [label for label in dict.fromkeys(found) if label is not None]


def reference(blocks, label):
    """The node.Reference for a label; puts a block where the label is of a form that a tree does not link to."""
    if cids.digest(label) is not None and len(label) == 36 and label[0] == 1 and cids.codec(label) in _LINKABLE:
        return node.Reference(b"", label)
    data = dag_cbor.encode([dag_cbor.Link(label)])
    cid = cids.of(cids.DAG_CBOR, data)
    blocks.put(cid, data)
    return node.Reference(b"\1", cid)


def target(blocks, found):
    """The label that a node.Reference of a snapshot stands for. Raises BlockMissing, BadBlock."""
    if found.data == b"":
        return found.cid
    inner = dag_cbor.decode(blocks.get(found.cid))
    if found.data != b"\1" or not isinstance(inner, list) or len(inner) != 1 or not isinstance(inner[0], dag_cbor.Link):
        raise BadBlock("A reference in a snapshot is not of the form that they have.")
    return inner[0].cid


def scan(blocks, root, table, start=b""):
    """Yields the Row of each row of a table in a snapshot, in the order of keys. Args: start (bytes that keys begin with).

    Raises BlockMissing, BadBlock (the tree, or a row, is not of its form).
    """
    prefix = prefix_of(table, start)
    name_bytes = len(prefix) - len(start)
    for key, value in read.scan(blocks, root, prefix, value_max=ROW_MAX_BYTES):
        if not key.startswith(prefix):
            return
        if key[-1] == 0:
            yield Row(prefix[: name_bytes - 1], key[name_bytes:-1], _value(value))


def get(blocks, root, table, key):
    """The value of a row in a snapshot, None where there is none. Raises BlockMissing, BadBlock."""
    found = read.get(blocks, root, prefix_of(table, key) + b"\0", value_max=ROW_MAX_BYTES)
    return None if found is None else _value(found)


def _value(data):
    if not isinstance(data, bytes):
        raise BadBlock("A row of a snapshot is a reference where it must be a value.")
    try:
        return cbor.decode(data, ROW_MAX_BYTES)
    except cbor.CborError as error:
        raise BadBlock(f"A row of a snapshot is malformed: {error}.") from None
