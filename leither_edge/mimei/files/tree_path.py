"""Paths in a file system: names between slashes, from its root.

A name is what UnixFS has in a link: any text without slash and NUL, kept as it is (no Unicode normalization, which would make two
names that somebody wrote into one). "." and ".." are no names here, so no path leads out of its root.
"""

from leither_edge.mimei.errors import BadInput, TooLarge

NAME_MAX_BYTES = 255
DEPTH_MAX = 64


def split(path):
    """The names of a path, root first: "a/b" and "/a/b" are ("a", "b"), "" and "/" are the root, ().

    Raises BadInput: an empty name, "." or "..", NUL, text that is no Unicode; TooLarge: a name or the depth.
    """
    if not isinstance(path, str):
        raise BadInput("a path is text")
    path = path[1:] if path[:1] == "/" else path
    if not path:
        return ()
    # Counted before it is cut: a path of a million slashes makes no list.
    if path.count("/") >= DEPTH_MAX:
        raise TooLarge(f"this path is deeper than {DEPTH_MAX} folders")
    names = tuple(path.split("/"))
    for name in names:
        check_name(name)
    return names


def check_name(name):
    """Nothing, for a name that a folder of ours may hold. Raises as split()."""
    if name in ("", ".", ".."):
        raise BadInput(f"a path has no part {name!r}: write it without" if name else "a path has no empty part: leave out the extra slash")
    if "/" in name or "\0" in name:
        raise BadInput("a name has no slash and no NUL in it")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise BadInput("a name must be Unicode text, and this one is not") from None
    if size > NAME_MAX_BYTES:
        raise TooLarge(f"a name has {NAME_MAX_BYTES} bytes at most, and this one has {size}")


def join(names):
    """The path of names: ("a", "b") is "a/b"."""
    return "/".join(names)
