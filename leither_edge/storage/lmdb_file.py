"""Read LMDB's file ourselves, with bounds, before LMDB maps it.

LMDB trusts its file: a cut or overwritten one makes it read outside of pages, which ends the process with a signal.
So the two meta pages and every page reachable from them are checked first, with plain reads.

Format (LMDB 0.9, data version 1, words of the machine, here W bytes):

    page     number W, pad 2, flags 2, lower 2, upper 2 (overflow: page count 4); then offsets of nodes, 2 each
    node     low 2, high 2, flags 2, key size 2, key, data; data size is low + high * 65536
             in a branch the three first make the child's page number
    meta     (pages 0 and 1) page header, magic 4, version 4, address W, map size W, two trees, last page W, transaction W
    tree     pad 4 (of the first: page size), flags 2, depth 2, branch pages W, leaf pages W, overflow pages W, entries W,
             root W (all ones: empty)

The first tree lists free pages, the second the named tables, each a tree in the data of a leaf node.
"""

import os
import struct
import sys

MAGIC = 0xBEEFC0DE
DATA_VERSION = 1

BRANCH, LEAF, OVERFLOW, META = 1, 2, 4, 8
NODE_BIG, NODE_TREE, NODE_DUPLICATES = 1, 2, 4
NODE_HEADER = struct.Struct("=HHHH")
# Flags of a tree: keys are machine words (the free pages' tree); and one of the environment's, kept in the same place.
TREE_WORD_KEYS, NO_SUBFOLDER = 0x08, 0x4000

PAGE_MIN_BYTES = 512
PAGE_MAX_BYTES = 32768
# LMDB's own stack of pages in a cursor.
DEPTH_MAX = 32
# How many times larger than its file a head may state it, so that a wrong number does not make us reserve memory.
PLAUSIBLE_FACTOR = 64


class BadFile(Exception):
    """The file is not what LMDB writes; str() is the reason as half a sentence."""


class _Layout:
    """Structures for one word size (4 or 8 bytes)."""

    def __init__(self, word_bytes):
        word = "Q" if word_bytes == 8 else "I"
        self.word_bytes = word_bytes
        self.word = struct.Struct("=" + word)
        self.page = struct.Struct("=" + word + "HHHH")
        self.tree = struct.Struct("=IHH5" + word)
        self.meta = struct.Struct("=II" + word * 2)
        self.meta_end = struct.Struct("=" + word * 2)
        self.none = (1 << 8 * word_bytes) - 1

    def meta_bytes(self):
        return self.page.size + self.meta.size + 2 * self.tree.size + self.meta_end.size


_LAYOUTS = {4: _Layout(4), 8: _Layout(8)}
NATIVE = _LAYOUTS[struct.calcsize("P")]


class Tree:
    """One B+ tree as its parent records it."""

    __slots__ = ("flags", "depth", "branch_pages", "leaf_pages", "overflow_pages", "entries", "root")

    def __init__(self, layout, data, offset):
        record = layout.tree.unpack_from(data, offset)
        _, self.flags, self.depth, self.branch_pages, self.leaf_pages, self.overflow_pages, self.entries, self.root = record


class Meta:
    """One meta page. page_bytes, map_bytes; free and main trees; last_page; transaction number; other: the older Meta."""

    __slots__ = ("page_bytes", "map_bytes", "free", "main", "last_page", "transaction", "other")


def _parse_meta(data, number, layout):
    page_number, _, flags, _, _ = layout.page.unpack_from(data, 0)
    offset = layout.page.size
    magic, version, address, map_bytes = layout.meta.unpack_from(data, offset)
    if magic != MAGIC:
        raise BadFile(f"head {number + 1} of 2 has no LMDB mark")
    if version != DATA_VERSION:
        raise BadFile(f"its format version is {version}, not {DATA_VERSION}")
    if page_number != number or not flags & META or address:
        raise BadFile(f"head {number + 1} of 2 is garbled")
    offset += layout.meta.size
    meta = Meta()
    meta.page_bytes = struct.unpack_from("=I", data, offset)[0]
    meta.map_bytes = map_bytes
    meta.free = Tree(layout, data, offset)
    meta.main = Tree(layout, data, offset + layout.tree.size)
    meta.last_page, meta.transaction = layout.meta_end.unpack_from(data, offset + 2 * layout.tree.size)
    if meta.free.flags & ~NO_SUBFOLDER != TREE_WORD_KEYS or meta.main.flags:
        raise BadFile(f"head {number + 1} of 2 is garbled")
    size = meta.page_bytes
    if not PAGE_MIN_BYTES <= size <= PAGE_MAX_BYTES or size & (size - 1):
        raise BadFile(f"head {number + 1} of 2 states pages of {size} bytes")
    return meta


def read_meta(file):
    """Return the Meta that LMDB would use. file: descriptor. Raises BadFile."""
    layout = NATIVE
    first = os.pread(file, layout.meta_bytes(), 0)
    if len(first) < layout.meta_bytes():
        raise BadFile(f"it has only {len(first)} bytes")
    try:
        metas = [_parse_meta(first, 0, layout)]
    except BadFile:
        other = _LAYOUTS[12 - layout.word_bytes]
        if struct.unpack_from("=I", first, other.page.size)[0] == MAGIC:
            raise BadFile(f"it was written on a {other.word_bytes * 8}-bit system and this one has {layout.word_bytes * 8} bits") from None
        raise
    size = metas[0].page_bytes
    second = os.pread(file, layout.meta_bytes(), size)
    if len(second) < layout.meta_bytes():
        raise BadFile("it ends before its second head")
    metas.append(_parse_meta(second, 1, layout))
    older, newer = sorted(metas, key=lambda meta: meta.transaction)
    # Commits write the two heads in turn, the transaction's last bit says which.
    step = newer.transaction - older.transaction
    if metas[1].page_bytes != size or step > 1 or (step and metas[newer.transaction & 1] is not newer):
        raise BadFile("its two heads contradict each other")
    file_bytes = os.fstat(file).st_size
    for meta in metas:
        # The last pages may be free and never written, so the file may end before them, but not by a whole map.
        if not 1 <= meta.last_page <= max(file_bytes, min(meta.map_bytes, PLAUSIBLE_FACTOR * file_bytes)) // size:
            raise BadFile(f"its head states {meta.last_page + 1} pages, it has {file_bytes // size}: cut short or overwritten")
    newer.other = older
    return newer


def check(file, pages_max=None, row_is_good=None):
    """Walk every tree of an LMDB file. Raises BadFile at the first thing LMDB would not have written.

    file: descriptor. pages_max: leaves are looked into until this many pages were read, branches always; None for all.
    row_is_good(key, data) -> bool is asked for each row of each named table.
    """
    meta = read_meta(file)
    if sys.byteorder == "little":
        _Walk(file, meta, pages_max, row_is_good).run()
        _check_ages(file, meta)
    return meta


def _check_ages(file, meta):
    """Find a wrong transaction number in a head, which would silently bring back the state before the last commit.

    Every commit but the first frees pages and lists them under its number. The older head's pages are whole, too: LMDB
    leaves those alone until the commit after the next.
    """
    for head in (meta, meta.other):
        if head.transaction < 2:
            continue
        walk = _Walk(file, head, None, None)
        walk.free_pages()
        if walk.newest_free != head.transaction:
            raise BadFile("its two heads contradict each other")


def count_free_pages(file):
    """Return (last page ever used, how many up to it are free). file: descriptor. Raises BadFile."""
    meta = read_meta(file)
    walk = _Walk(file, meta, None, None)
    walk.free_pages()
    return meta.last_page, walk.free_count


class _Walk:
    def __init__(self, file, meta, pages_max, row_is_good):
        self._file = file
        self._meta = meta
        self._size = meta.page_bytes
        self._file_pages = os.fstat(file).st_size // self._size
        self._seen = bytearray(meta.last_page + 1)
        self._seen[0] = self._seen[1] = 1
        self._budget = pages_max
        self._row_is_good = row_is_good
        self.free_count = 0
        self.newest_free = 0

    def run(self):
        trees = []
        self._tree(self._meta.main, "the list of tables", lambda key, data, flags: self._table(key, data, flags, trees))
        for name, tree in trees:
            self._tree(tree, f"table {name}", self._row)
        self.free_pages()

    def free_pages(self):
        """Walk the tree of free pages, after all others: a free page must not be in use."""
        self._tree(self._meta.free, "the list of free pages", self._free_list, whole=True)

    # -- what stands in leaves

    def _table(self, key, data, flags, trees):
        if flags != NODE_TREE or len(data) != NATIVE.tree.size:
            raise BadFile("the list of tables is garbled")
        name = "".join(letter if letter.isprintable() else "?" for letter in bytes(key).decode("utf-8", "replace")[:40])
        tree = Tree(NATIVE, data, 0)
        if tree.flags:
            # Ours have no duplicates and byte keys; other flags send LMDB into other code.
            raise BadFile(f"table {name} has unknown flags")
        trees.append((name, tree))

    def _row(self, key, data, flags):
        if flags & (NODE_TREE | NODE_DUPLICATES):
            raise BadFile("a table is garbled")
        if self._row_is_good and not self._row_is_good(key, data):
            raise BadFile("a row does not match its checksum")

    def _free_list(self, key, data, flags):
        word = NATIVE.word_bytes
        if len(key) != word or len(data) < word or flags & ~NODE_BIG:
            raise BadFile("the list of free pages is garbled")
        count = NATIVE.word.unpack_from(data, 0)[0]
        transaction = NATIVE.word.unpack(key)[0]
        if count > len(data) // word - 1 or transaction > self._meta.transaction:
            raise BadFile("the list of free pages is garbled")
        self.newest_free = max(self.newest_free, transaction)
        for (number,) in NATIVE.word.iter_unpack(memoryview(data)[word : word * (count + 1)]):
            self._mark(number, "the list of free pages")
        self.free_count += count

    # -- pages

    def _mark(self, number, where):
        if not 2 <= number <= self._meta.last_page:
            raise BadFile(f"{where} points outside of the file (page {number})")
        if self._seen[number]:
            raise BadFile(f"{where} uses page {number}, which something else uses")
        self._seen[number] = 1

    def _read(self, number, where, pages=1):
        if number + pages > self._file_pages:
            raise BadFile(f"it was cut short: {where} needs page {number + pages - 1}, the file ends after {self._file_pages}")
        data = os.pread(self._file, self._size * pages, self._size * number)
        if len(data) != self._size * pages:
            raise BadFile(f"it was cut short: {where} needs page {number}")
        return data

    def _tree(self, tree, where, on_leaf, whole=False):
        if tree.root == NATIVE.none:
            if tree.entries or tree.depth:
                raise BadFile(f"{where} has lost its root")
            return
        if not 1 <= tree.depth <= DEPTH_MAX:
            raise BadFile(f"{where} states a depth of {tree.depth}")
        # Each page with the least key it may hold; a wrong bound would hide rows from a search.
        level, branches = [(tree.root, None)], 0
        for _ in range(tree.depth - 1):
            below = []
            for number, least in level:
                self._mark(number, where)
                below += self._branch(number, least, where)
                if len(below) > self._meta.last_page:
                    raise BadFile(f"{where} is larger than the file")
            branches += len(level)
            level = below
        counts = [0, 0]
        order = _Order(tree.flags & TREE_WORD_KEYS, where)
        for number, least in level:
            self._mark(number, where)
            order.bound(least)
            if self._budget is not None and not whole:
                if self._budget <= 0:
                    # Not looked into, but at least there.
                    self._read_bound(number, where)
                    continue
                self._budget -= 1
            self._leaf(number, where, on_leaf, counts, order)
        if self._budget is not None and self._budget <= 0 and not whole:
            return
        if (branches, len(level), counts[0], counts[1]) != (tree.branch_pages, tree.leaf_pages, tree.entries, tree.overflow_pages):
            raise BadFile(f"{where} does not have the size it states")

    def _read_bound(self, number, where):
        if number >= self._file_pages:
            raise BadFile(f"it was cut short: {where} needs page {number}, the file ends after {self._file_pages}")

    def _nodes(self, number, where, kind):
        data = self._read(number, where)
        stated, _, flags, lower, upper = NATIVE.page.unpack_from(data, 0)
        header = NATIVE.page.size
        if stated != number or flags != kind or not header < lower <= upper <= self._size or lower & 1:
            raise BadFile(f"page {number} of {where} is garbled")
        offsets = struct.unpack_from(f"={(lower - header) // 2}H", data, header)
        if min(offsets) < upper or max(offsets) > self._size - NODE_HEADER.size:
            raise BadFile(f"page {number} of {where} is garbled")
        return data, offsets

    def _branch(self, number, least, where):
        data, offsets = self._nodes(number, where, BRANCH)
        if len(offsets) < 2:
            raise BadFile(f"page {number} of {where} is garbled")
        children = []
        for offset in offsets:
            low, high, flags, key_bytes = NODE_HEADER.unpack_from(data, offset)
            if offset + NODE_HEADER.size + key_bytes > self._size:
                raise BadFile(f"page {number} of {where} is garbled")
            child = low | high << 16
            if NATIVE.word_bytes == 8:
                child |= flags << 32
            if children:
                # The first node's key is not used; its bound is that of the page.
                least = data[offset + NODE_HEADER.size : offset + NODE_HEADER.size + key_bytes]
            children.append((child, least))
        return children

    def _leaf(self, number, where, on_leaf, counts, order):
        data, offsets = self._nodes(number, where, LEAF)
        counts[0] += len(offsets)
        view = memoryview(data)
        for offset in offsets:
            low, high, flags, key_bytes = NODE_HEADER.unpack_from(data, offset)
            size = low | high << 16
            start = offset + NODE_HEADER.size + key_bytes
            inside = NATIVE.word_bytes if flags & NODE_BIG else size
            if start + inside > self._size or flags > 7 or not key_bytes:
                raise BadFile(f"page {number} of {where} is garbled")
            if flags & NODE_BIG:
                value = self._overflow(NATIVE.word.unpack_from(data, start)[0], size, where, counts)
            else:
                value = view[start : start + size]
            key = data[offset + NODE_HEADER.size : start]
            order.key(key)
            on_leaf(key, value, flags)

    def _overflow(self, number, size, where, counts):
        pages = (NATIVE.page.size + size - 1) // self._size + 1
        if number + pages - 1 > self._meta.last_page:
            raise BadFile(f"{where} points outside of the file (page {number})")
        data = self._read(number, where, pages)
        stated, _, flags, low, high = NATIVE.page.unpack_from(data, 0)
        # LMDB keeps a longer run when a value is replaced by a shorter one.
        run = low | high << 16
        if stated != number or flags != OVERFLOW or run < pages:
            raise BadFile(f"page {number} of {where} is garbled")
        for page in range(number, number + run):
            self._mark(page, where)
        counts[1] += run
        return memoryview(data)[NATIVE.page.size : NATIVE.page.size + size]


class _Order:
    """Keys of a tree must rise, and bounds lie between them."""

    def __init__(self, word_keys, where):
        self._word_keys = word_keys
        self._where = where
        self._last = None
        self._least = None

    def bound(self, least):
        if least is None:
            return
        least = self._comparable(least)
        if self._last is not None and least <= self._last:
            self._fail()
        self._least = least

    def key(self, key):
        key = self._comparable(key)
        if self._least is not None and key < self._least or self._last is not None and key <= self._last:
            self._fail()
        self._last = key

    def _comparable(self, key):
        if not self._word_keys:
            return key
        if len(key) != NATIVE.word_bytes:
            self._fail()
        return NATIVE.word.unpack(key)[0]

    def _fail(self):
        raise BadFile(f"{self._where} is out of order")
