"""Content as files of this computer: gone on with where it stopped, never over what is there unless that is wanted."""

import os

from leither_edge.cli.failure import Failure
from leither_edge.cli.home import sync_folder
from leither_edge.cli.mimei_progress import bytes_text, moving
from leither_edge.cli.output import clean

PARTS = ".leither-part"
# What was written last before a power cut may be zeros; the rest of a part is what its label says.
REWRITTEN_BYTES = 4 << 20


def write_file(out, at, entry, dest, force):
    """Write a file; returns what ``--json`` says of it."""
    from leither_edge.mimei.ipld.cid import to_text

    if os.path.lexists(dest) and not force:
        raise there(dest)
    if os.path.isdir(dest):
        raise Failure(f"{clean(dest, 200)} is a folder.", fix="Name a file, or remove the folder.", code="exists")
    label = to_text(entry.cid)
    folder, name = os.path.split(os.path.abspath(dest))
    # Another content of the same name begins anew.
    part = os.path.join(folder, f".{name[:100]}.{label[-16:]}{PARTS}")
    try:
        with open(part, "ab") as file:
            begin = max(0, min(file.tell(), entry.size) - REWRITTEN_BYTES)
            file.truncate(begin)
            if begin:
                out.note(f"Going on at {bytes_text(begin)}.")
            with moving(out, f"Getting {clean(name, 60)}", entry.size) as tell:
                done = begin
                for piece in at.read(entry.cid, begin):
                    file.write(piece)
                    done += len(piece)
                    tell(done)
            file.flush()
            os.fsync(file.fileno())
        if os.path.lexists(dest) and not force:
            raise there(dest)
        os.replace(part, dest)
        sync_folder(folder)
    except OSError as error:
        raise Failure(
            f"{clean(dest, 200)} could not be written.",
            f"{error.strerror}.",
            "Make room or choose another place; it goes on where it stopped.",
        ) from None
    return {"path": os.path.abspath(dest), "label": label, "bytes": entry.size, "files": 1}


def write_tree(out, at, entry, dest, force):
    """Write a folder; returns what ``--json`` says of it."""
    from leither_edge.mimei.ipld.cid import to_text

    if os.path.lexists(dest) and not force:
        # What began to be written is gone on with.
        names = os.listdir(dest) if os.path.isdir(dest) else [""]
        if names and PARTS not in names:
            raise there(dest)
    with moving(out, f"Getting {clean(os.path.basename(dest), 60)}", entry.size) as tell:
        found = at.get_folder(entry.cid, dest, lambda path, files, count: tell(count, path))
    for path in found.skipped[:10]:
        out.warn(f"{clean(path, 200)} is a link that leads out of the folder; it was left out.")
    return {"path": os.path.abspath(dest), "label": to_text(entry.cid), "bytes": found.bytes, "files": found.files}


def there(dest):
    """The Failure for something in the way."""
    return Failure(
        f"{clean(dest, 200)} is there already.", "Nothing is overwritten unasked.", "Name another place, or say --force.", code="exists"
    )
