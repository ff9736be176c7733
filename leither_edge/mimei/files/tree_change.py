"""Many changes in a tree of folders at once: each folder on their ways is written once."""

from leither_edge.mimei.errors import BadInput, Conflict
from leither_edge.mimei.ipld import dag_pb

from . import directory
from . import folder_node as nodes
from .tree_path import join


def change_tree(blocks, profile, root, changes):
    """(label, size of all blocks) of a tree after changes. Folders that are missing on the way to what is put are made.

    Args: root (a folder's label), changes ([(names, Link or None to remove)], each way once; names: tuple of bytes, not empty).
    Raises BadInput: one way is put and gone through; Conflict: a file is on a way, or what is put would replace a folder; BadBlock,
    BlockMissing.
    """
    tree = {}
    for names, link in changes:
        below = tree
        for name in names[:-1]:
            below = below.setdefault(name, {})
            if not isinstance(below, dict):
                raise _both(names)
        if names[-1] in below:
            raise _both(names)
        below[names[-1]] = link and link._replace(name=names[-1])
    return _changed(blocks, profile, root, tree, ())


def _changed(blocks, profile, cid, tree, way):
    """(label, size) of a folder (None: there is none yet), or None if there is none and nothing comes."""
    links = {}
    for name, link in tree.items():
        if isinstance(link, dict):
            old = None if cid is None else directory.find(blocks, cid, name)
            if old is not None and not is_folder(blocks, old.cid):
                raise Conflict(f"{join((*way, name))!r} is no folder, so nothing can be below it.")
            made = _changed(blocks, profile, old and old.cid, link, (*way, name))
            if made is None:
                continue
            link = dag_pb.Link(made[0], name, made[1])
        links[name] = link

    def replacing(old, new):
        # A folder that was changed takes the place of itself; any other must be removed first, so that a slip cannot lose what is in it.
        if new is not None and not isinstance(tree[old.name], dict) and old.cid != new.cid and is_folder(blocks, old.cid):
            raise Conflict(f"{join((*way, old.name))!r} is a folder: remove it before you put something else there.")

    if cid is not None:
        return directory.change(blocks, profile, cid, links, replacing)
    if not any(links.values()):
        return None
    return directory.directory_of(blocks, profile, ((link.name, link.cid, link.size) for link in links.values() if link))


def is_folder(blocks, cid):
    """Whether a label is that of a folder; no, if its block is not here."""
    return nodes.kind_and_size(blocks, cid, 0)[0] == nodes.DIRECTORY


def _both(names):
    return BadInput(f"{join(names)!r} is named twice, or as a folder and as something else: name it once.")
