"""What the fuzzer throws its bytes at, of what flows between nodes."""

from leither_edge.core import cbor
from leither_edge.flow import blocks_wire, link, pointer, search, told
from leither_edge.flow.errors import BadAnswer
from leither_edge.mimei import manifest
from leither_edge.mimei.errors import BadInput
from leither_edge.mimei.info import mid_of
from leither_edge.mimei.ipld import cid as cids
from tests.mimei.library.people import ANNA, BEN

from . import answer_target
from .backup.fuzz_targets import targets as backup_targets

PIECES = (b"\xa1", b"\xf6", b"\xd8\x2a", b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x58\x20", b"\x9f", b"%", b"?from=", b"\0")
MID = mid_of(ANNA.id, "app", "ext", "mark")
LABEL = cids.of(cids.RAW, b"content")


def signed(number=0, previous=None):
    """The bytes of a manifest of Anna's."""
    made = manifest.Manifest(ANNA.public_key, MID, number, 2, LABEL, previous, None, 1, "memo", None, "app", "ext", "mark")
    return manifest.with_signature(made, ANNA.sign(manifest.to_be_signed(made)), lambda *_: True)


def from_map(read, *arguments):
    """A target: the arguments of a call or an answer, read as the channel gives them."""

    def work(data):
        try:
            value = cbor.decode(data)
        except cbor.CborError as error:
            return error.code
        try:
            found = read(value, *arguments)
        except BadInput as error:
            return f"{error.code} {str(error)[:24]}"
        return type(found).__name__

    return work


def read_link(data):
    try:
        found = link.parse(data.decode("utf-8", "surrogateescape"))
    except BadInput as error:
        return str(error)[:40]
    assert len(found.sources) <= link.SOURCES_MAX and all(source.isprintable() for source in found.sources)
    if found.author is not None:
        assert link.parse(link.to_text(*found)) == found
    return f"read {len(found.sources)}"


def read_pointer(data):
    try:
        found = pointer.read_value(data)
    except BadAnswer as error:
        return str(error)[:40]
    assert pointer.value_of(found) == data
    return f"read {len(found.nodes)}"


def read_wants(data):
    wants = blocks_wire.Wants()
    try:
        found = wants.feed(data[: len(data) // 2]) + wants.feed(data[len(data) // 2 :])
        wants.finish()
    except blocks_wire.BadWire as error:
        return str(error)[:32]
    return f"{len(found)}"


def targets():
    """{name: (work, seeds)}."""
    one = signed()
    two = signed(1, cids.of(cids.RAW, one))
    head = told.head_answer(one, None, 7)
    return {
        "head": (from_map(told.read_head, MID), [cbor.encode(head), cbor.encode(told.head_answer(two, 1, 0))]),
        "chain": (from_map(told.read_chain_question), [cbor.encode({"mid": MID, "start": 0, "end": 5, "user": BEN.id})]),
        "page": (from_map(told.read_page, MID, 0, 1), [cbor.encode({"manifests": [one, two], "dropped": [0]})]),
        "mids": (from_map(told.read_mids), [cbor.encode({"mids": [MID, bytes(20)]})]),
        "numbers": (from_map(told.read_numbers, 2), [cbor.encode({"numbers": [1, None]})]),
        "new": (from_map(told.read_new), [cbor.encode({"mid": MID, "head": head})]),
        "offer": (
            from_map(told.read_offer), [cbor.encode({"mid": MID, "author": ANNA.public_key, "data_type": 2, "words": "holidays"})]
        ),
        "search": (from_map(search.read_question), [cbor.encode({"text": "apples", "limit": 20})]),
        "hits": (from_map(search.read_answer, 2), [cbor.encode({"hits": [[MID, "a/b.txt", "b.txt"], [MID, "", "title"]]})]),
        "keys": (from_map(told.read_keys), [cbor.encode({"keys": [BEN.public_key]})]),
        "link": (read_link, [link.to_text(MID, ANNA.public_key, ["[2001:db8::1]:8042", "http://x/ä"]).encode()]),
        "pointer": (read_pointer, [pointer.value_of(pointer.Pointer(3, LABEL, 2, (ANNA.public_key, BEN.public_key)))]),
        "answers": (answer_target.read_answers, answer_target.seeds()),
        "wants": (read_wants, [blocks_wire.want(LABEL) + blocks_wire.cancel(0) + blocks_wire.want(LABEL, 1 << 20)]),
        **backup_targets(),
    }  # fmt: skip
