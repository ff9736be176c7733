"""Trees for the tests: a file system beside a dictionary {path: bytes, None for a folder, or ("link", text)}."""

from leither_edge.mimei.files.build import build
from leither_edge.mimei.files.file_system import FileSystem, empty
from leither_edge.mimei.files.label_profile import V1_2025
from tests.mimei.memory_blocks import MemoryBlocks


def new_tree(profile=V1_2025, blocks=None):
    blocks = MemoryBlocks() if blocks is None else blocks
    return FileSystem(blocks, empty(blocks, profile), profile)


def moved(tree, root):
    """The file system at another root of the same blocks."""
    return FileSystem(tree.blocks, root, tree.profile)


def put(tree, path, content):
    """The file system with a file in it."""
    return moved(tree, tree.put(path, *stored(tree, content)))


def stored(tree, content):
    """(label, size of all blocks) of a file's bytes."""
    cid, _, total = build(tree.blocks, tree.profile, (content,))
    return cid, total


def tree_of(files, profile=V1_2025):
    """A file system of {path: bytes}, written at once."""
    tree = new_tree(profile)
    return moved(tree, tree.put_many((path, *stored(tree, content)) for path, content in files.items()))


def content(tree, path=""):
    """The dictionary of a file system, read name by name."""
    found = {}
    for entry in tree.list(path):
        at = f"{path}/{entry.name}" if path else entry.name
        if entry.kind == "directory":
            found[at] = None
            found |= content(tree, at)
        elif entry.kind == "symlink":
            found[at] = ("link", tree.link_target(at))
        else:
            found[at] = b"".join(tree.read(at))
            assert entry.size == len(found[at])
    return found
