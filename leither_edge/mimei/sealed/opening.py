"""From sealed blocks back to plain ones: each is opened by the key of its epoch and compared with the label that its parent gave it.

Nothing that was sealed is believed: a block that is another's, or of another length, or has other blocks below it than the plain
content says, is refused.
"""

from leither_edge.mimei.errors import BadBlock, Forbidden
from leither_edge.mimei.ipld import cid as cids

from . import form
from .children import children


def open_block(unlocked, label, sealed_label, sealed, get):
    """(plain bytes, [(plain label, sealed label)] of those below) of a sealed block.

    Args: unlocked (head.Unlocked), label (plain), sealed_label, sealed (its bytes), get (sealed label -> bytes, of its parts).
    Raises BadBlock, Forbidden (its key is missing), what get raises.
    """
    cids.check(sealed_label, sealed)
    found = form.read(sealed_label, sealed)
    keys = unlocked.keys.get(found.epoch)
    if keys is None:
        raise Forbidden(f"The key of epoch {found.epoch} is missing. Ask the one who sealed this for a newer version.")
    cipher = found.cipher
    if isinstance(cipher, list):
        cipher = b"".join(_checked(part, get(part)) for part in cipher)
    data = form.open_cipher(keys, label, cipher)
    below = children(label, data)
    if len(below) != len(found.links):
        raise BadBlock("A sealed block links to other blocks than its content does.")
    return data, list(zip(below, found.links, strict=True))


def open_all(unlocked, get, has, put, progress=None):
    """Opens all that a head reaches; blocks that are here are left alone with all below them.

    Args: unlocked, get (sealed label -> bytes), has (plain label -> whether it and all below are here), put (plain label, bytes ->
    None; what lies below is put first), progress (blocks so far -> None). Raises as open_block.
    """
    todo, seen, count = [(unlocked.root, unlocked.sealed_root, None)], set(), 0
    while todo:
        label, sealed_label, data = todo.pop()
        if data is not None:
            put(label, data)
            continue
        if label in seen or has(label):
            continue
        seen.add(label)
        data, below = open_block(unlocked, label, sealed_label, get(sealed_label), get)
        todo.append((label, sealed_label, data))
        todo += [(plain, sealed, None) for plain, sealed in reversed(below)]
        count += 1
        if progress is not None:
            progress(count)


def _checked(label, data):
    cids.check(label, data)
    return data
