"""One MiMei's versions as a DAG of their own, sealed for those who may read it, to be left with nodes that may not.

A tree with these rows; numbers in 8 bytes, most significant first:

    00                 number of the last version, number of the released one or null: deterministic CBOR of an array
    01, number         a reference to the manifest of each version
    02, number, 00     a reference to the root, 02, number, 01 one to the list of references: of the last version and the released one
"""

from collections import namedtuple

from leither_edge.core import cbor
from leither_edge.core.fields import is_u53
from leither_edge.core.ids import key_id
from leither_edge.mimei import history, rights
from leither_edge.mimei.errors import BadBlock, NotFound
from leither_edge.mimei.quota import Writing
from leither_edge.mimei.sealed import head as heads
from leither_edge.mimei.tables import KEYS, MEMBERS
from leither_edge.mimei.taking import check_chain, read_chain
from leither_edge.mimei.tree import build, node, read

from . import rows
from .tables import SEALED_MIMEI

CHAIN_MAX = 100_000
_HEAD, _MANIFEST, _CONTENT = b"\0", b"\1", b"\2"

# root, sealed_root: labels. head: signed bytes. number: of the last version in it.
SealedMimei = namedtuple("SealedMimei", "author root sealed_root head number")


def keeper(tx):
    """For library.keepers: what was sealed stays until it is sealed anew."""
    for _, row in tx.scan(SEALED_MIMEI):
        yield row[0], row[1], True


def sealed_root_of(tx, mid):
    """The plain root of what is sealed of a MiMei, None where nothing is."""
    row = tx.get(SEALED_MIMEI, mid)
    return None if row is None else row[1]


def readers_of(library, mid, key_of=None):
    """([public key], [id of whom no key is known]) of the author and the members who may read a MiMei. Args: key_of (id -> key or None)."""
    found, unknown = [], []
    with library.store.read() as tx:
        identity = library.identity(tx, mid)
        found.append(identity.public_key)
        for key in tx.keys(MEMBERS, start=mid):
            if not key.startswith(mid):
                break
            own, user = tx.get(MEMBERS, key)[0], key[20:]
            if rights.effective(identity.masks, rights.MEMBER, own) & rights.READ:
                public_key = tx.get(KEYS, user) or library.key_of(user) or (key_of(user) if key_of is not None else None)
                if public_key is None:
                    unknown.append(user)
                else:
                    found.append(public_key)
    return list(dict.fromkeys(found)), unknown


def seal_mimei(library, sealed, mid, readers, progress=None):
    """The SealedMimei of a MiMei as its versions are now, recorded; the one before, where nothing changed.

    Args: library (with `keeper` among its keepers), sealed (SealedBlocks), readers ([public key]: one less than before begins a new
    epoch), progress (blocks sealed so far -> None). Raises NotFound (no version yet), BlockMissing, QuotaReached, BadInput.
    """
    with library.store.read() as tx:
        identity, head = library.identity(tx, mid), history.read_head(tx, mid)
        before = tx.get(SEALED_MIMEI, mid)
        if head.last is None:
            raise NotFound("This MiMei has no version yet: make one with backup.")
        versions = list(history.scan_versions(tx, mid))
    known = sealed.readers(mid)
    sealed.set_readers(mid, readers)
    author = key_id(identity.public_key)
    with Writing(library, author) as writing:
        root = build.build(writing, _rows(writing, head, versions))
        if before is not None and before[1] == root and before[3] and known == sealed.readers(mid):
            return SealedMimei(*before)
        with library.blocks.hold([root]):
            writing.finish(lambda tx: tx.put(SEALED_MIMEI, mid, [author, root, None, b"", head.last]))
    sealed_root = sealed.seal(mid, root, progress)
    number, epochs = sealed.next_number(mid)
    size = library.blocks.quota.used()
    data = heads.make_head(library.node_key, mid, number, epochs, root, sealed_root, library.now(), size)
    found = SealedMimei(author, root, sealed_root, data, head.last)
    library.held.call(lambda tx: tx.put(SEALED_MIMEI, mid, list(found)))
    return found


def forget_mimei(library, sealed, mid):
    """Nothing of a MiMei is sealed any more."""
    library.held.call(lambda tx: tx.delete(SEALED_MIMEI, mid))
    sealed.forget(mid)


def take_mimei(library, session, root, mid):
    """taking.Taken: the versions in an opened DAG are the caller's, as a sync would enter them.

    Args: root (plain label; all of it is here), mid (that it must be of). Raises BadBlock, BadManifest (not signed by the author, or of
    another MiMei), Conflict, Forbidden, QuotaReached.
    """
    blocks = library.blocks
    last, release = _numbers(read.get(blocks, root, _HEAD))
    labels = {}
    for key, value in read.scan(blocks, root, _MANIFEST):
        if key[:1] != _MANIFEST or len(labels) > CHAIN_MAX:
            break
        labels[int.from_bytes(key[1:], "big")] = _label(blocks, value)
    here = []
    for key, value in read.scan(blocks, root, _CONTENT):
        if len(key) == 10 and key[9] == 0:
            here.append((int.from_bytes(key[1:9], "big"), _label(blocks, value)))
    with blocks.hold([root]), Writing(library, library.user_of(session)) as writing:
        if last not in labels or not here:
            raise BadBlock("Sealed versions lack the last one.")
        chain = read_chain(writing, labels[last], CHAIN_MAX)
        check_chain(chain)
        by_number = {found.number: (label, found) for label, found in chain}
        if chain[-1][1].mid != mid or any(number not in by_number or by_number[number][1].root != label for number, label in here):
            raise BadBlock("Sealed versions are of another MiMei, or not what their manifests say.")
        return library.take_versions(session, writing, chain, [number for number, _ in here], release=release)


def _rows(writing, head, versions):
    yield _HEAD, cbor.encode([head.last, head.release])
    for number, row in versions:
        if number <= head.last:
            yield _MANIFEST + number.to_bytes(8, "big"), rows.reference(writing, row.manifest)
    for number, row in versions:
        if number in (head.last, head.release):
            for at, label in enumerate((row.root, row.references)):
                if label is not None:
                    yield _CONTENT + number.to_bytes(8, "big") + bytes((at,)), rows.reference(writing, label)


def _numbers(data):
    try:
        last, release = cbor.decode(data)
    except (cbor.CborError, TypeError, ValueError):
        last = release = -1
    if not is_u53(last) or not (release is None or is_u53(release)):
        raise BadBlock("Sealed versions do not begin with their numbers.")
    return last, release


def _label(blocks, value):
    if not isinstance(value, node.Reference):
        raise BadBlock("A row of sealed versions is no reference.")
    return rows.target(blocks, value)
