"""Reading content, in one way: through blocks that are on this computer, or that a node hands over one by one."""

import contextlib
from collections import namedtuple

from leither_edge.cli.failure import Failure

# name: text; cid: label (binary); size: bytes of a file, of a folder's blocks; kind: "file", "directory", "symlink", "unknown".
Entry = namedtuple("Entry", "name cid size kind")
# What is the same of a MiMei wherever it is kept. mid, author: 20 bytes. data_type: as in mimei.info. created, changed: s. last, release:
# numbers or None. tags: list. ancestor: label or None.
Info = namedtuple("Info", "mid author app_type ext mark data_type created changed last release tags ancestor")
# number: from 0. root, manifest: labels (binary). time: s. author: 20 bytes.
Version = namedtuple("Version", "number root manifest time memo is_last is_release author")
# kind: "+", "-", "~". what: path, offset, or (key, type, member or None) of a database. old, new: Side of files, else bytes; or None.
Change = namedtuple("Change", "kind what old new")
# size: bytes, None where the block is not here. kind: as of an Entry.
Side = namedtuple("Side", "cid size kind")


class Reading:
    """What can be done with blocks and roots alone; the base of LocalContent and RemoteContent.

    Attributes: blocks (with get), user (20 bytes: who asks, None for a guest), by_pass (whether who asks acts for another).
    """

    by_pass = False

    def root_of(self, target):
        """The label of what a Target's MiMei holds at its version. Raises MimeiError, Failure: it has no files."""
        raise NotImplementedError

    def hold(self, cid):
        """Context manager: what a label reaches is kept meanwhile."""
        return contextlib.nullcontext()

    def stat(self, target):
        """The Entry of a file or folder."""
        from leither_edge.mimei.files import read
        from leither_edge.mimei.ipld import cid as cids

        root = target.cid or self.root_of(target)
        path = target.path or ""
        if not path and cids.codec(root) == cids.RAW:
            return Entry("", root, read.size(self.blocks, root), "file")
        if cids.codec(root) == cids.DAG_CBOR:
            raise Failure(
                "That label names data, not a file or a folder.", fix="Export it: leither mimei export LABEL FILE.car", code="conflict"
            )
        return Entry(*self._system(root).stat(path))

    def entries(self, target):
        """Iterator of Entry of a folder."""
        root = target.cid or self.root_of(target)
        with self.hold(root):
            for entry in self._system(root).list(target.path or ""):
                yield Entry(*entry)

    def read(self, cid, offset=0, length=None):
        """Iterator of the bytes of a file, from an offset."""
        from leither_edge.mimei.files import read

        with self.hold(cid):
            yield from read.read(self.blocks, cid, offset, length)

    def get_folder(self, cid, folder, progress):
        """Write a folder to this computer; returns mimei.files.write_folder.Written."""
        from leither_edge.mimei.files.write_folder import write_folder

        with self.hold(cid):
            return write_folder(self.blocks, cid, folder, progress=progress)

    def files_below(self, cid):
        """Iterator of (path, Entry) of all below a folder, what is in a folder before the folder itself."""
        system, stack = self._system(cid), []
        stack.append(("", None, system.list("")))
        while stack:
            way, own, found = stack[-1]
            entry = next(found, None)
            if entry is None:
                stack.pop()
                if own is not None:
                    yield way, own
                continue
            path = f"{way}/{entry.name}" if way else entry.name
            if entry.kind == "directory":
                stack.append((path, Entry(*entry), system.list(path)))
            else:
                yield path, Entry(*entry)

    def side(self, cid):
        """The Side of a change that a label is."""
        from leither_edge.mimei.errors import MimeiError
        from leither_edge.mimei.files.folder_node import kind_and_size, total_of

        if cid is None:
            return None
        try:
            kind, size = kind_and_size(self.blocks, cid, None)
            return Side(cid, total_of(self.blocks, cid) if kind == "directory" else size, kind)
        except MimeiError:
            return Side(cid, None, "unknown")

    def _system(self, root):
        from leither_edge.mimei.files.file_system import FileSystem
        from leither_edge.mimei.files.label_profile import V1_2025

        return FileSystem(self.blocks, root, V1_2025)
