"""What the fuzzer throws its bytes at: labels, nodes, values, CAR files, and trees of files and folders whose root is what came.

As in tests/dht/fuzz_targets.py: a target takes bytes and returns a short word for what came of it; only an exception that is not promised
(anything but a MimeiError) ends it. Beyond that each target holds what must be true of what was taken.
"""

from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.files import build, directory, edit, read
from leither_edge.mimei.files.label_profile import V0_2015, V1_2025
from leither_edge.mimei.ipld import car, dag_cbor, dag_pb, unixfs
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.walk import walk

from .memory_blocks import MemoryBlocks
from .sealed.fuzz_targets import targets as sealed_targets

SMALL = V1_2025._replace(chunk_bytes=8, width=3)
READ_MAX = 1 << 10
RAW = cids.of(cids.RAW, b"x")
INLINE = b"\x01\x55\0\x05hello"
# What stands in such data, to be put where it does not belong.
PIECES = (
    b"\x0a", b"\x12", b"\x18", b"\x08\x02", b"\x20", b"\x22", b"\xff" * 9 + b"\x01", b"\x80\x80", b"\xff\xff\xff\xff\x0f", RAW, INLINE,
    b"\x12\x20", b"\x01\x70\x12\x20", b"\xd8\x2a\x58\x25\0", b"\xa1\x61a", b"\x82", b"\x9f", b"\xfb", b"\x1b" + b"\xff" * 8, b"\x0a\0",
    b"\x0a\xa1\x67version\x02", b"\x28\x22\x30\x80\x02", b"\x12\x02FF", b"\x12\0\x18\0",
)  # fmt: skip


def what(function, *given):
    """A word for what came of a call, and its result or None."""
    try:
        return "good", function(*given)
    except MimeiError as error:
        return error.code, None


def read_label(data):
    word, found = what(cids.parse, data)
    if found is None:
        return word
    cid, end = found
    assert data.startswith(cid) and end == len(cid)
    assert cids.from_text(cids.to_text(cid)) == cid
    inline = cids.inline(cid)
    assert (inline is None) == (cids.digest(cid) is not None)
    return f"{cids.codec(cid) % 256} {inline is None} {len(cid)}"


def read_text(data):
    words = []
    for text in (data.decode("latin-1"), data.decode("utf-8", "replace")):
        word, cid = what(cids.from_text, text)
        if cid is not None:
            assert cids.from_text(cids.to_text(cid)) == cid
        words.append(word)
    return " ".join(words)


def read_node(data):
    word, found = what(dag_pb.decode, data)
    if found is None:
        return word
    content, below = found
    again = dag_pb.encode(below, content)
    assert dag_pb.decode(again) == found and len(again) == len(data)
    said, node = what(unixfs.decode, content)
    return f"{word} {said} {node and node.kind} {min(len(below), 9)}"


def read_said(data):
    word, node = what(unixfs.decode, data)
    if node is None:
        return word
    assert unixfs.decode(unixfs.encode(node)) == node
    return f"{node.kind} {node.data is None} {node.size is None} {len(node.block_sizes)} {node.mode is None} {node.mtime is None}"


def read_value(data):
    word, value = what(dag_cbor.decode, data)
    said, found = what(dag_cbor.links, data)
    if word != "good":
        return f"{word} {said}"
    assert dag_cbor.encode(value) == data and said == "good"
    return f"{type(value).__name__} {len(found)} {len(data) // 8}"


def read_car(data):
    def in_pieces(size):
        reader, blocks = car.Reader(count_max=50, bytes_max=5000), []
        for at in range(0, len(data), size):
            blocks += reader.feed(data[at : at + size])
        reader.finish()
        return reader.roots, blocks

    word, found = what(in_pieces, max(1, len(data)))
    # What a file is does not depend on how it comes; which of its faults is met first may.
    other, again = what(in_pieces, 7)
    assert found == again and (word == "good") == (other == "good")
    return word if found is None else f"{len(found[0])} {len(found[1])}"


class AsRoot:
    """A store in which what came is the root of a file or folder, beside parts that are really there."""

    def __init__(self):
        self.blocks = MemoryBlocks()
        self.seeds = []
        content = bytes(range(200))
        for profile in (SMALL, V0_2015._replace(chunk_bytes=8, width=3)):
            for size in (3, 8, 20, 70):
                self._seed(build.build(self.blocks, profile, [content[:size]])[0])
        parts = [(RAW, b"", 1), (build.build(self.blocks, SMALL, [content[:20]])[0], b"", 20)]
        self.blocks.put(RAW, b"x")
        said = unixfs.encode(unixfs.Node(unixfs.FILE, b"own", 24, [1, 20], mode=0o644, mtime=(5, 6)))
        self.seeds.append(dag_pb.encode(parts, said))
        rows = [(b"name %d" % number, RAW, 1) for number in range(40)]
        self._seed(directory.directory_of(self.blocks, V1_2025, rows[:3])[0])
        self._seed(directory.directory_of(self.blocks, V1_2025._replace(shard_bytes=100), rows)[0])
        self._seed(directory.directory_of(self.blocks, V1_2025._replace(shard_bytes=100, shard_fanout=8), rows)[0])

    def _seed(self, cid):
        if cids.codec(cid) == cids.DAG_PB:
            self.seeds.append(self.blocks.get(cid))

    def put(self, data):
        """The label of what came, stored only as long as the next run."""
        store = MemoryBlocks()
        store.rows = dict(self.blocks.rows)
        cid = cids.of(cids.DAG_PB, data)
        store.put(cid, data)
        return store, cid


def check_file(blocks, cid, chance):
    """Reads, and changes: what is read after a change is what was read before, changed. Args: chance (a number)."""
    word, size = what(read.size, blocks, cid)
    if size is None:
        return word
    word, content = what(lambda: b"".join(read.read(blocks, cid, 0, READ_MAX)))
    part = what(lambda: b"".join(read.read(blocks, cid, 5, 9)))[1]
    if content is None:
        return word
    assert len(content) == min(size, READ_MAX) and part == content[5:14]
    if size > READ_MAX:
        return "large"
    at = chance % (size + 10)
    changed = edit.write(blocks, cid, at, b"changed", SMALL)
    wanted = content[:at].ljust(at, b"\0") + b"changed" + content[at + 7 :]
    assert tuple(changed) == build.build(blocks, SMALL, [wanted])
    cut = edit.truncate(blocks, cid, at, SMALL)
    # Cut to what it was, it stays as it was, however it is laid out.
    assert at == size or tuple(cut) == build.build(blocks, SMALL, [content[:at].ljust(at, b"\0")])
    return f"{size.bit_length()} {at > size}"


class AsFile(AsRoot):
    """The root of a file."""

    def __call__(self, data):
        return check_file(*self.put(data), len(data))


def as_plan(data):
    """A file whose tree is laid out as the bytes say: well-formed, mostly true to its sizes, as no profile would make it."""
    blocks = MemoryBlocks()
    blocks.put(RAW, b"x")
    parts = [(RAW, 1)]
    for at in range(2, min(len(data), 60), 3):
        count, first, own = data[at], data[at - 2], data[at - 1]
        below = [parts[-1 - (first + number) % min(len(parts), 3 + first % 5)] for number in range(count % 5)]
        content = data[at : at + own % 4] if own & 32 else None
        sizes = [size for _, size in below]
        if sizes and own == 77:
            sizes[-1] += 1
        total = sum(sizes) + len(content or b"")
        if own & 64 and not below:
            raw = data[at : at + 1 + own % 20]
            blocks.put(cids.of(cids.RAW, raw), raw)
            parts.append((cids.of(cids.RAW, raw), len(raw)))
        elif total <= READ_MAX:
            node = unixfs.Node(unixfs.FILE, content, None if own & 16 else total, sizes)
            block = dag_pb.encode([(cid, b"", size) for cid, size in below], unixfs.encode(node))
            blocks.put(cids.of(cids.DAG_PB, block), block)
            parts.append((cids.of(cids.DAG_PB, block), total))
    return check_file(blocks, parts[-1][0], len(data))


class AsFolder(AsRoot):
    """Lists, finds what was listed, walks."""

    def __call__(self, data):
        blocks, cid = self.put(data)
        word, rows = what(lambda: list(directory.entries(blocks, cid)))
        walked = what(lambda: sum(1 for _ in walk(blocks, [cid], count_max=500)))[0]
        for row in (rows or ())[:3]:
            what(directory.find, blocks, cid, row.name)
        return f"{word} {rows and len(rows)} {walked}"


def a_value():
    inner = {"ü": "世界", "in": [INLINE]}
    return dag_cbor.encode({"": [1, -5, 1 << 40, None, True, 1.5], "a": dag_cbor.Link(RAW), "bb": b"bytes", "text": inner})


def labels():
    v0 = cids.v0_of(b"y")
    return [RAW, cids.of(cids.DAG_CBOR, b"\xf6"), v0, INLINE, b"\x01\xa9\x02\x12\x20" + bytes(32)]


def car_files():
    blocks = MemoryBlocks()
    cid = build.build(blocks, SMALL, [bytes(range(60))])[0]
    inner = b"".join(car.write([cid], walk(blocks, [cid])))
    head = b"\x0a\xa1\x67version\x02" + bytes(16) + b"".join(number.to_bytes(8, "little") for number in (55, len(inner), 0)) + bytes(4)
    small = b"".join(car.write([RAW, cid], [(RAW, b"x")]))
    return [inner, head + inner + b"index", small, car.header([]), car.header([RAW]) + car.section(INLINE, b"hello") + b"hello"]


def targets():
    """{name: (work, seeds)}"""
    files, folders = AsFile(), AsFolder()
    nodes = [*files.seeds, dag_pb.encode([(RAW, None, None), (RAW, b"a", 1 << 40)], b"d")]
    said = [dag_pb.decode(block)[0] for block in files.seeds] + [b"\x08\x02\x18\x05\x22\x02\x02\x03"]
    texts = [cids.to_text(cid).encode() for cid in labels()]
    return {
        "label": (read_label, labels()),
        "label's text": (read_text, texts),
        "dag-pb": (read_node, nodes),
        "unixfs": (read_said, said),
        "dag-cbor": (read_value, [a_value(), b"\xf6", b"\x80", b"\xa0"]),
        "car": (read_car, car_files()),
        "file": (files, files.seeds),
        "file's plan": (as_plan, [bytes(range(60)), bytes((2, 64, 0) * 20), bytes((3, 200, 90, 2, 1, 40) * 10)]),
        "folder": (folders, folders.seeds),
        **sealed_targets(),
    }
