"""What the fuzzer throws its bytes at, of sealed content: blocks of another's making, and records of sealed versions."""

from leither_edge.core import cbor
from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_cbor
from leither_edge.mimei.sealed import form, head, opening
from leither_edge.mimei.sealed.epochs import Epochs
from tests.mimei.library.people import ANNA, NODE

KEYS = form.keys_of(b"k" * 32)
LEAF = cids.of(cids.RAW, b"content")
PLAIN = dag_cbor.encode([dag_cbor.Link(LEAF)])
LABEL = cids.of(cids.DAG_CBOR, PLAIN)
EPOCHS = Epochs(0, 0, (b"k" * 32,), (ANNA.public_key,), False)


def seeds():
    leaf = form.seal(KEYS, 0, LEAF, b"content", [])[-1]
    return [leaf[1], form.seal(KEYS, 0, LABEL, PLAIN, [leaf[0]])[-1][1], dag_cbor.encode([0, [dag_cbor.Link(LEAF)], []])]


def read_sealed(data):
    """A block under its own label, as one that lies gives it: read, opened, never believed."""
    words = []
    unlocked = head.Unlocked(LABEL, LABEL, {0: KEYS})
    for codec in (cids.RAW, cids.DAG_CBOR):
        label = cids.of(codec, data)
        try:
            found = form.read(label, data)
            assert all(cids.digest(link) is not None for link in found.links)
            words.append(f"{type(found.cipher).__name__} {len(found.links)}")
            plain, below = opening.open_block(unlocked, LABEL, label, data, {LEAF: b"content"}.__getitem__)
            # Whoever opens it gets what the label says, or nothing.
            assert plain == PLAIN and len(below) == 1
            words.append("opened")
        except (MimeiError, KeyError) as error:
            words.append(getattr(error, "code", "parts"))
    return " ".join(words)


def read_head(data):
    try:
        found = head.open_head(data, lambda *_: True)
    except head.BadHead as error:
        return f"{error.code} {str(error)[:40]}"
    try:
        head.unlock(found, ANNA)
    except MimeiError as error:
        return error.code
    return "unlocked"


def read_inner(data):
    try:
        found = head._read_inner(data)
    except head.BadHead as error:
        return str(error)[:60]
    return f"{len(found[2])}"


def targets():
    """{name: (work, seeds)}"""
    made = head.make_head(NODE, bytes(20), 3, EPOCHS, LABEL, LEAF, 5, 7)
    inner = cbor.encode({1: LABEL, 2: 0, 3: [b"k" * 32]})
    return {"sealed block": (read_sealed, seeds()), "sealed head": (read_head, [made]), "sealed head's inner": (read_inner, [inner])}
