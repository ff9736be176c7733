"""What a node tells in JSON, as it is used here."""

import contextlib
import os
import tempfile

from leither_edge.cli.mimei_reading import Info, Version

PIECE_BYTES = 1 << 20
TYPES = {"file": 1, "files": 2, "database": 3, "stream": 4}


def pieces(source, progress):
    """Yields the bytes of a path, or of an iterable, and tells how many there were."""
    done = 0
    if isinstance(source, (str, os.PathLike)):
        file = open(source, "rb")  # noqa: SIM115  closed below
        source = iter(lambda: file.read(PIECE_BYTES), b"")
    else:
        file = None
    try:
        for piece in source:
            yield piece
            done += len(piece)
            if progress is not None:
                progress(done)
    finally:
        if file is not None:
            file.close()


@contextlib.contextmanager
def readable_twice(source):
    """A path of the bytes of a path, or of an iterable, which is copied for as long as it takes."""
    if isinstance(source, (str, os.PathLike)):
        yield source
        return
    with tempfile.NamedTemporaryFile(prefix="leither-") as file:
        for piece in source:
            file.write(piece)
        file.flush()
        yield file.name


def id_text(mid):
    """The text of an id (20 bytes)."""
    from leither_edge.core.ids import id_to_text

    return id_to_text(mid)


def id_of(text):
    """The id of its text. Raises IdError."""
    from leither_edge.core.ids import id_from_text

    return id_from_text(text)


def label_text(cid):
    """The text of a label."""
    from leither_edge.mimei.ipld.cid import to_text

    return to_text(cid)


def label_of(text):
    """The label of its text. Raises BadInput."""
    from leither_edge.mimei.ipld.cid import from_text

    return from_text(text)


def info_of(found):
    """The Info of what a node tells."""
    ancestor = found["ancestor"] and label_of(found["ancestor"])
    return Info(
        id_of(found["mid"]), id_of(found["author"]), found["appType"], found["ext"], found["mark"], TYPES[found["dataType"]],
        found["create"], found["changed"], found["last"], found["release"], found["tags"], ancestor,
    )  # fmt: skip


def version_of(found):
    """The Version of what a node tells."""
    return Version(
        found["version"], label_of(found["root"]), label_of(found["manifest"]), found["time"], found["memo"], found["isLast"],
        found["isRelease"], id_of(found["author"]),
    )  # fmt: skip
