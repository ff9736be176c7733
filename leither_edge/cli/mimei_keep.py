"""``leither mimei``: looking after what is kept: pins, collection, checks, CAR files."""

import os
import sys

from leither_edge.cli.failure import DONE, FAILED, Failure, UsageError
from leither_edge.cli.figures import moment
from leither_edge.cli.home import sync_folder
from leither_edge.cli.mimei_place import content
from leither_edge.cli.mimei_progress import bytes_text, moving, plural
from leither_edge.cli.mimei_target import label, label_target, target
from leither_edge.cli.mimei_writing import there
from leither_edge.cli.output import clean
from leither_edge.cli.progress import waiting

PIECE_BYTES = 1 << 20


def pin_ls(home, out, args):
    """List what is pinned."""
    from leither_edge.mimei.ipld.cid import to_text

    with content(home, out, args) as at:
        pins = [{"label": to_text(cid), "name": name, "time": time} for cid, name, time in at.pins()]

    def page():
        for pin in pins:
            out.line(f"{pin['label']}  {moment(pin['time'])}  {clean(pin['name'])}".rstrip())
        if not pins:
            out.note("Nothing is pinned.")

    out.result({"pins": pins}, page)


def pin_add(home, out, args):
    """Pin labels."""
    cids = [label(word) for word in args.label]
    with content(home, out, args) as at:
        for cid in cids:
            at.pin(cid, args.name or "")
    out.result({"pinned": len(cids)}, lambda: out.done(f"{plural(len(cids), 'label')} pinned."))


def pin_rm(home, out, args):
    """Unpin labels."""
    cids = [label(word) for word in args.label]
    with content(home, out, args) as at:
        count = sum(bool(at.unpin(cid)) for cid in cids)
    if not count:
        raise Failure("None of these was pinned.", fix="See what is: leither mimei pin ls", code="not-found")
    out.result({"unpinned": count}, lambda: out.done(f"{plural(count, 'label')} unpinned; leither mimei gc frees their room."))


def gc(home, out, args):
    """Free what nothing keeps."""
    with content(home, out, args) as at:
        with waiting(out, "Looking for what nothing keeps") as say:

            def tell(found):
                if found.phase == "mark":
                    say(f"Looking for what nothing keeps: {plural(found.marked, 'block')} are kept")
                else:
                    say(f"Freeing: {plural(found.removed, 'block')}, {bytes_text(found.removed_bytes)}")

            blocks, count = at.collect(tell)
    text = f"{plural(blocks, 'block')} freed, {bytes_text(count)}." if blocks else "Nothing to free: all of it is kept."
    out.result({"blocks": blocks, "bytes": count}, lambda: out.done(text))


def fsck(home, out, args):
    """Check everything; say what is wrong."""
    with content(home, out, args) as at:
        with waiting(out, "Checking") as say:
            faults = at.fsck(args.repair, lambda count: say(f"Checking: {plural(count, 'block')}"))

    def page():
        for fault in faults:
            out.item(out.styled("✗", "red", "bold"), clean(fault, 600))
        if not faults:
            out.done("Everything is as it must be.")
        elif args.repair:
            out.note("What could be mended is mended, or was dropped. Check once more: leither mimei fsck")
        else:
            out.next_step("Mend it, dropping what cannot be:", "leither mimei fsck --repair")

    out.result({"faults": faults, "repaired": bool(args.repair and faults)}, page)
    return FAILED if faults and not args.repair else DONE


def export(home, out, args):
    """Write content into a CAR file."""
    with content(home, out, args) as at:
        found = label_target(args.what) or target(at, args.what, "last")
        if found.path:
            entry = at.stat(found)
            found = found._replace(mid=None, cid=entry.cid, path=None)
        if args.all:
            if found.mid is None:
                raise UsageError("A label has no versions.", fix="Leave out --all.")
            found = found._replace(version="all")
        if args.file == "-":
            for piece in at.export(found):
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return
        count = write_car(out, at, found, args.file, args.force)
    out.result({"file": os.path.abspath(args.file), "bytes": count}, lambda: out.done(f"{bytes_text(count)} in {clean(args.file, 200)}."))


def write_car(out, at, found, path, force):
    """Write a CAR file; returns its bytes."""
    if os.path.lexists(path) and not force:
        raise there(path)
    part, count = f"{path}.{os.getpid()}.part", 0
    try:
        try:
            with open(part, "xb") as file, moving(out, f"Exporting {clean(os.path.basename(path), 60)}") as tell:
                for piece in at.export(found):
                    file.write(piece)
                    count += len(piece)
                    tell(count)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            if os.path.exists(part):
                os.unlink(part)
            raise
        sync_folder(os.path.dirname(os.path.abspath(path)))
    except OSError as error:
        raise Failure(f"{clean(path, 200)} could not be written.", f"{error.strerror}.", "Nothing was left behind.") from None
    return count


def import_(home, out, args):
    """Take a CAR file in."""
    from leither_edge.cli.mimei_files import size_of, source_of
    from leither_edge.core.ids import id_to_text
    from leither_edge.mimei.ipld.cid import to_text

    total = None if args.file == "-" else size_of(args.file)
    if args.file != "-" and total is None:
        raise UsageError(f"{clean(args.file, 200)} is a folder.", fix="Import takes a CAR file; a folder is added: leither mimei add")
    with content(home, out, args) as at:
        with moving(out, "Importing", total) as tell:
            roots, mid, numbers = at.import_car(source_of(args.file), tell, args.pin)
    facts = {"roots": [to_text(root) for root in roots], "id": mid and id_to_text(mid), "versions": numbers}

    def page():
        if mid is not None:
            new = plural(len(numbers), "new version") if numbers else "nothing new"
            out.done(f"MiMei {facts['id']}: {new}.")
            return
        for root in facts["roots"]:
            out.line(root)
        if not args.pin:
            out.note("Nothing keeps it: it goes with the next leither mimei gc, unless it is put somewhere or pinned.")

    out.result(facts, page)
