"""Paths in a file system: names between slashes, from its root.

A name is what UnixFS has in a link: any text without slash and NUL, kept as it is (no Unicode normalization, which would make two
names that somebody wrote into one). "." and ".." are no names here, so no path leads out of its root.
"""

from leither_edge.mimei.errors import BadInput, TooLarge

NAME_MAX_BYTES = 255
DEPTH_MAX = 64


def split(path):
    """The names of a path as UTF-8, root first: "a/b" and "/a/b" are (b"a", b"b"), "" and "/" are the root, ().

    Raises BadInput: an empty name, "." or "..", NUL, text that is no Unicode; TooLarge: a name or the depth.
    """
    if not isinstance(path, str):
        raise BadInput("A path is text.")
    path = path[1:] if path[:1] == "/" else path
    if not path:
        return ()
    # Counted before it is cut: a path of a million slashes makes no list.
    if path.count("/") >= DEPTH_MAX:
        raise TooLarge(f"This path is deeper than {DEPTH_MAX} folders.")
    return tuple(name_of(part) for part in path.split("/"))


def name_of(text):
    """A name as UTF-8, from text or from bytes that must be it. Raises as split()."""
    try:
        name = text.encode() if isinstance(text, str) else text
        name.decode()
    except UnicodeError:
        raise BadInput("A name must be Unicode text, and this one is not: rename it.") from None
    if not name:
        raise BadInput("A path has no empty part: leave out the slash that is too much.")
    if name in (b".", b".."):
        raise BadInput(f"A path has no part {name.decode()!r}: write it without.")
    if b"/" in name or b"\0" in name:
        raise BadInput("A name has no slash and no NUL in it.")
    if len(name) > NAME_MAX_BYTES:
        raise TooLarge(f"A name has {NAME_MAX_BYTES} bytes at most, and this one has {len(name)}.")
    return name


def join(names):
    """The path of names: (b"a", b"b") is "a/b". What is no Unicode in a stranger's name becomes a question mark in a diamond."""
    return b"/".join(names).decode(errors="replace")
