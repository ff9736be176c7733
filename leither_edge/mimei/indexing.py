"""What the search finds: each MiMei by its words and tags, and the files of its released version, or of its last where none is.

A MiMei whose content is to be looked at stands in a table until that is done. After a crash it is begun again, at little cost, as
a document whose mark is the same is left alone.
"""

from itertools import islice

from leither_edge.core.sha256 import sha256

from . import history, info
from .errors import MimeiError
from .files import read
from .files.difference import diff
from .files.file_system import FileSystem
from .files.folder_node import DIRECTORY
from .files.folder_node import FILE as FILE_KIND
from .files.label_profile import V1_2025
from .files.tree_path import DEPTH_MAX
from .search import index
from .search.terms import TEXT_MAX_BYTES, text_of
from .tables import INDEXED, MIMEI, TO_INDEX

NAMES_A_STEP = 32
# Names looked at in one version: one folder may stand in another so often that no time would do.
NAMES_MAX = 1 << 16
# In the place of the root that was looked at: it is not known what of it is in the index.
_UNKNOWN = b"?"


# The path under which the text of a MiMei that is one file is found.
FILE_PATH = "/"


def put_mimei(tx, mid, identity):
    """Indexes the words and tags of a MiMei; its content waits for `Indexing.step`."""
    title = " ".join(word for word in (identity.app_type, identity.ext, identity.mark) if word)
    index.put(tx, mid, "", title, identity.tags, mark=sha256(repr((title, identity.tags)).encode()).digest()[:8])
    tx.put(TO_INDEX, mid, b"")


def indexed_number(head):
    """The number of the version whose content is found, None where there is none."""
    return head.last if head.release is None else head.release


def shows_release(tx, mid):
    """Whether what is found of a MiMei's content is that of its released version and of no other: not so until that was looked at."""
    head = history.read_head(tx, mid)
    return head.release is not None and tx.get(INDEXED, mid) == history.read_version(tx, mid, head.release).root


class Indexing:
    """Looks at content in small steps; used by one thread at a time. Args: library."""

    def __init__(self, library):
        self._library = library
        self._job = None
        self._untidy = True

    def step(self):
        """Does a little; returns whether there is more."""
        library = self._library
        if self._job is None:
            # Read where it is written: a snapshot would show for a second what is done already.
            mid = library.held.call(lambda tx: next(tx.keys(TO_INDEX), None), durable=False)
            if mid is None:
                # Asked again only after something was put: it writes, and an idle node should not.
                self._untidy = self._untidy and library.held.call(index.tidy, durable=False)
                return self._untidy
            self._untidy = True
            self._job = self._look(mid)
        if next(self._job, None) is None:
            self._job = None
        return True

    def _look(self, mid):
        """A generator: each item is a step of the work on one MiMei."""
        library = self._library
        identity, root, before = library.held.call(lambda tx: self._known(tx, mid), durable=False)
        if root is None or before == _UNKNOWN:
            while library.held.call(lambda tx: index.remove_under(tx, mid), durable=False):
                yield True
            before = None
        done = root or b""
        try:
            if root is not None and identity.data_type == info.FILE:
                text = self._text(root)
                library.held.call(lambda tx: _put(tx, mid, [(FILE_PATH, root, text)]), durable=False)
            elif root is not None and identity.data_type == info.FILES:
                with library.blocks.hold([root]):
                    batch, changes = [], self._changes(before, root)
                    for count, (path, cid) in enumerate(islice(changes, NAMES_MAX)):
                        if path is not None:
                            batch.append((path, cid, cid and self._text(cid)))
                        if count % NAMES_A_STEP == NAMES_A_STEP - 1:
                            library.held.call(lambda tx, batch=batch: _put(tx, mid, batch), durable=False)
                            batch = []
                            yield True
                    library.held.call(lambda tx: _put(tx, mid, batch), durable=False)
                    if before and next(changes, None) is not None:
                        # Some of what it was before is in the index still.
                        done = _UNKNOWN
        except MimeiError:
            # A block is not here any more. What was found stays; with the next version all is looked at anew.
            done = _UNKNOWN

        def finish(tx):
            if identity is None or tx.get(MIMEI, mid) is None:
                tx.delete(INDEXED, mid)
            else:
                put_mimei(tx, mid, library.identity(tx, mid))
                tx.put(INDEXED, mid, done)
            # Else a version came while this one was looked at: it is the next.
            if self._known(tx, mid)[1] == root:
                tx.delete(TO_INDEX, mid)

        library.held.call(finish, durable=False)

    def _known(self, tx, mid):
        if tx.get(MIMEI, mid) is None:
            return None, None, None
        number = indexed_number(history.read_head(tx, mid))
        root = None if number is None else history.read_version(tx, mid, number).root
        return self._library.identity(tx, mid), root, tx.get(INDEXED, mid)

    def _changes(self, before, root):
        """Yields (path, label), the label None where the file or folder that was there is gone, the path where nothing is to be done."""
        blocks = self._library.blocks
        if not before:
            yield from _files(blocks, root, "")
            return
        for found in diff(blocks, before, root):
            if found.cid_a is not None:
                yield found.path, None
            if found.cid_b is not None:
                yield from _files(blocks, found.cid_b, found.path)

    def _text(self, cid):
        blocks, data = self._library.blocks, b""
        for piece in read.read(blocks, cid, 0, TEXT_MAX_BYTES):
            data += piece
        return text_of(data) or ""


def _put(tx, mid, batch):
    for path, cid, text in batch:
        if cid is None:
            index.remove(tx, mid, path)
            while index.remove_under(tx, mid, path + "/"):
                pass
        else:
            index.put(tx, mid, path, path.replace("/", " / "), (), text, cid)


def _files(blocks, cid, path):
    """Yields (path, label) of each file under a label, its own path included, and (None, None) for all else, which are no documents."""
    kind = FileSystem(blocks, cid, V1_2025).stat("").kind if path else DIRECTORY
    if kind != DIRECTORY:
        yield (path, cid) if kind == FILE_KIND else (None, None)
        return
    # Names as links of a chain, as whole paths of all folders would be more than memory holds.
    todo = [(None, path, cid, 1)]
    while todo:
        above, name, cid, depth = todo.pop()
        path = _path_of(above, name)
        for entry in FileSystem(blocks, cid, V1_2025).list():
            is_file = entry.kind == FILE_KIND
            yield (f"{path}/{entry.name}" if path else entry.name, entry.cid) if is_file else (None, None)
            if entry.kind == DIRECTORY and depth < DEPTH_MAX:
                todo.append(((above, name), entry.name, entry.cid, depth + 1))


def _path_of(above, name):
    names = [name]
    while above is not None:
        above, name = above
        names.append(name)
    return "/".join(reversed(names)).lstrip("/")
