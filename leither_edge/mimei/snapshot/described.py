"""What a node holds, in words: two descriptions are compared, and every difference named. For people and tests, not for speed.

{name: fact}, both texts. A name says whose fact it is, such as "MiMei 7Xq... version 3 root". Nothing that differs between two nodes with
the same content is in it: no numbers of rows, no times of the node's own, no charges.
"""

from leither_edge.core.ids import id_to_text
from leither_edge.mimei import history, info
from leither_edge.mimei.blocks.digest_set import DigestSet
from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.walk import walk
from leither_edge.mimei.tables import ACCOUNTS, HEADS, KEYS, MEMBERS, MIMEI, PINS, REFERENCES

ABSENT = "not there"


def describe(library, with_blocks=True):
    """{name: fact} of all that a library holds. Args: with_blocks (read every block that a root reaches)."""
    found, roots = {}, {}
    with library.store.read() as tx:
        for mid, row in tx.scan(MIMEI):
            _describe_one(library, tx, mid, info.read_identity(row), found, roots)
        for key, row in tx.scan(PINS):
            name = f"pin of {id_to_text(key[:20])} {cids.to_text(key[20:])}"
            found[name] = repr(row)
            roots[name] = key[20:]
        for table, what in ((ACCOUNTS, "account"), (KEYS, "key of user")):
            for key, row in tx.scan(table):
                found[f"{what} {key.hex()}"] = repr(row)
    if with_blocks:
        seen = DigestSet(library.blocks.leases.key)
        for name, root in roots.items():
            found[f"{name} blocks"] = _whole(library.blocks, root, seen)
    return found


def differences(first, second, names=("the first", "the second")):
    """Yields a sentence for each difference of two descriptions, in the order of names. Args: names (of the two, for the sentences)."""
    for name in sorted({*first, *second}):
        a, b = first.get(name, ABSENT), second.get(name, ABSENT)
        if a != b:
            yield f"{name}: {a} in {names[0]}, {b} in {names[1]}."


def _describe_one(library, tx, mid, identity, found, roots):
    name = f"MiMei {id_to_text(mid)}"
    head = history.Head(*tx.get(HEADS, mid))
    found[f"{name} author"] = identity.public_key.hex()
    found[f"{name} words"] = repr((identity.app_type, identity.ext, identity.mark, identity.data_type, identity.created))
    found[f"{name} rights"] = repr(tuple(identity.masks))
    found[f"{name} tags"] = repr(identity.tags)
    found[f"{name} pointers"] = repr((head.next, head.last, head.release, _text(head.manifest), _text(head.ancestor)))
    root = head.root
    if head.database is not None:
        with library.blocks.writer() as writer:
            root = library.rows.frozen(writer, mid, identity.data_type)[1]
            writer.finish()
    found[f"{name} cur"] = _text(root)
    roots[f"{name} cur"] = root
    for key in tx.keys(MEMBERS, start=mid):
        if not key.startswith(mid):
            break
        found[f"{name} member {id_to_text(key[20:])}"] = repr(tx.get(MEMBERS, key))
    for key in tx.keys(REFERENCES, start=mid):
        if not key.startswith(mid):
            break
        found[f"{name} reference {cids.to_text(key[20:])}"] = repr(tx.get(REFERENCES, key))
        roots[f"{name} reference {cids.to_text(key[20:])}"] = key[20:]
    for number, row in history.scan_versions(tx, mid):
        version = f"{name} version {number:06d}"
        found[version] = repr((row.time, row.memo, row.dropped, *map(_text, (row.manifest, row.previous, row.ancestor))))
        roots[f"{version} manifest"] = row.manifest
        found[f"{version} root"] = _text(row.root)
        found[f"{version} references"] = _text(row.references)
        if not row.dropped:
            roots[f"{version} root"] = row.root
            if row.references is not None:
                roots[f"{version} references"] = row.references


def _whole(blocks, root, seen):
    try:
        for label, data in walk(blocks, [root], seen):
            cids.check(label, data)
    except MimeiError as error:
        return str(error)
    return "whole"


def _text(label):
    return "none" if label is None else cids.to_text(label)
