"""``leither mimei``: bytes in and out: add, put, get, cat."""

import os
import sys

from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.mimei_blocks import Forgetting
from leither_edge.cli.mimei_place import content
from leither_edge.cli.mimei_progress import bytes_text, moving, plural
from leither_edge.cli.mimei_target import must_be_cur, target
from leither_edge.cli.output import clean

PIECE_BYTES = 1 << 20
RECORD_MAX_BYTES = 1 << 20
FILE, FILES, DATABASE, STREAM = 1, 2, 3, 4


def add(home, out, args):
    """Give content its label; keep it."""
    from leither_edge.mimei.files.label_profile import by_name

    profile = by_name(args.profile)
    if args.only_hash:
        from leither_edge.cli.mimei_failures import told

        with told():
            show_added(out, args, [only_hash(out, args, word, profile) for word in args.what], None)
        return
    with content(home, out, args) as at:
        added = [add_one(out, args, at, word, profile) for word in args.what]
        if args.wrap:
            added.append(wrapped(at, added, profile, args.pin))
        show_added(out, args, added, at)


def add_one(out, args, at, word, profile):
    """(label, name, whether it is a folder) of a word that was added."""
    name, total = ("", None) if word == "-" else (os.path.basename(os.path.abspath(word)), size_of(word))
    with moving(out, f"Adding {clean(name) or 'standard input'}", total) as tell:
        if word != "-" and os.path.isdir(word):
            cid = at.add_folder(word, profile, lambda path, files, count: tell(count, path), args.pin and not args.wrap, args.hidden)
            return cid, name, True
        return at.add(source_of(word), profile, tell, args.pin and not args.wrap, total), name, False


def only_hash(out, args, word, profile):
    """The same without keeping anything."""
    from leither_edge.mimei.file_views import added
    from leither_edge.mimei.files.add_folder import add_folder

    name, total = ("", None) if word == "-" else (os.path.basename(os.path.abspath(word)), size_of(word))
    if args.wrap:
        raise UsageError("--wrap and --only-hash exclude each other.")
    with moving(out, f"Reading {clean(name) or 'standard input'}", total) as tell:
        if word != "-" and os.path.isdir(word):
            found = add_folder(Forgetting(), word, profile, hidden=args.hidden, progress=lambda path, files, count: tell(count, path))
            return found.cid, name, True
        return added(Forgetting(), source_of(word), profile, tell)[0], name, False


def wrapped(at, added, profile, pin):
    """(label, "", True) of a folder around what was added."""
    return at.wrap([(name or f"input-{number}", cid) for number, (cid, name, _) in enumerate(added)], profile, pin), "", True


def show_added(out, args, added, at):
    """Print labels as ``ipfs add`` does."""
    from leither_edge.mimei.ipld.cid import to_text

    facts = [{"label": to_text(cid), "name": name} for cid, name, _ in added]

    def page():
        if args.quieter:
            out.line(facts[-1]["label"])
            return
        for (cid, name, is_folder), fact in zip(added, facts, strict=True):
            if is_folder and at is not None and name:
                for path, entry in at.files_below(cid):
                    show_label(out, args, to_text(entry.cid), f"{name}/{path}")
            show_label(out, args, fact["label"], name or fact["label"])
        if at is not None and not args.pin:
            out.note("Nothing keeps it: it goes with the next leither mimei gc, unless it is put somewhere or pinned.")

    out.result({"added": facts}, page)


def show_label(out, args, label, name):
    """One line of ``add``."""
    out.line(label if args.quiet else f"added {label} {clean(name)}")


def put(home, out, args):
    """Put files and folders into a MiMei."""
    with content(home, out, args) as at:
        *sources, last = args.what
        if not sources:
            raise UsageError("Put what, and where?", fix="leither mimei put FILE MIMEI:/path")
        to = must_be_cur(target(at, last))
        if to.cid is not None:
            raise UsageError("What a label names never changes.", fix="Name a MiMei, or add it: leither mimei add FILE")
        kind = at.info(to.mid).data_type
        if kind == STREAM:
            append(out, args, at, to, sources)
            return
        if kind == DATABASE:
            raise UsageError("A database takes no files.", fix=f"Set a key: leither mimei db {to.text} SET key value")
        if len(sources) > 1 and kind == FILE:
            raise UsageError("This MiMei is one file.", fix="Put one, or make one that holds many: leither mimei create --type files")
        done = [put_one(out, args, at, kind, to, word, len(sources) > 1) for word in sources]
    out.result({"put": done})


def put_one(out, args, at, kind, to, word, many):
    """Put a file or folder; returns what ``--json`` says of it."""
    from leither_edge.cli.mimei import place_for
    from leither_edge.mimei.ipld.cid import to_text

    name, total = ("", None) if word == "-" else (os.path.basename(os.path.abspath(word)), size_of(word))
    is_folder = word != "-" and os.path.isdir(word)
    if kind == FILE:
        if is_folder or to.path:
            raise UsageError("This MiMei is one file; it has no paths.", fix="Make one that holds many: leither mimei create --type files")
        path = ""
    elif args.root:
        if not is_folder or to.path:
            raise UsageError("--root is for a folder that becomes the whole MiMei.", fix="leither mimei put --root FOLDER MIMEI")
        path = ""
    elif is_folder and to.path and not many and not to.text.endswith("/"):
        path = to.path
    else:
        path = place_for(at, to._replace(text=to.text + "/") if many else to, name)
    with moving(out, f"Putting {clean(name) or 'standard input'}", total) as tell:
        if is_folder:
            cid, files, count, skipped = put_folder(at, to.mid, path, word, lambda path, files, count: tell(count, path), args)
        else:
            seen = [0]

            def note(count):
                seen[0] = count
                tell(count)

            cid, files, skipped = at.put(to.mid, path, source_of(word), note, total), 1, 0
            count = seen[0]
    if skipped:
        out.warn(f"{plural(skipped, 'thing was', 'things were')} left out of {clean(word, 200)}: neither files nor folders nor links.")
    label = to_text(cid)
    where = f"{clean(to.text.partition(':')[0], 60)}:/{clean(path)}"
    many = f" in {plural(files, 'file')}" if is_folder else ""
    out.note(f"{where}  {bytes_text(count)}{many}  {label}")
    return {"path": path, "label": label, "bytes": count, "files": files}


def put_folder(at, mid, path, folder, progress, args):
    """Put a folder; with --force in place of what is there."""
    from leither_edge.mimei.errors import Conflict, NotFound

    if path and args.force:
        part = f"{path}.leither-new"
        found = at.put_folder(mid, part, folder, progress, args.hidden)
        try:
            at.remove(mid, path, True)
        except NotFound:
            pass
        at.rename(mid, part, path)
        return found
    try:
        return at.put_folder(mid, path, folder, progress, args.hidden)
    except Conflict as error:
        raise Failure(
            f"{clean(path)} was not put.",
            str(error),
            "Put it in place of what is there with --force, or under another name.",
            code="conflict",
        ) from None


def append(out, args, at, to, sources):
    """Append files to a stream, each as a record, or each line as one."""
    rows = at.opened(to.mid, "cur")
    first, count = None, 0
    try:
        for word in sources:
            for part in records_of(word, args.lines):
                offset = rows.append(part)
                first = offset if first is None else first
                count += len(part)
    finally:
        rows.close()
    out.result({"first": first, "records": count}, lambda: out.done(f"{plural(count, 'record')} appended, the first at {first}."))


def records_of(word, lines):
    """Yields lists of records that fit into one append."""
    file = sys.stdin.buffer if word == "-" else open_file(word)
    try:
        if not lines:
            record = file.read(RECORD_MAX_BYTES + 1)
            if len(record) > RECORD_MAX_BYTES:
                raise Failure(
                    f"{clean(word, 200)} is too large for one record.", "A record has at most 1 MiB.", "Put each line as a record: --lines"
                )
            yield [record]
            return
        part, size = [], 0
        while line := file.readline(RECORD_MAX_BYTES + 1):
            part.append(line.rstrip(b"\n"))
            size += len(line)
            if size >= PIECE_BYTES or len(part) >= 1000:
                yield part
                part, size = [], 0
        if part:
            yield part
    finally:
        if word != "-":
            file.close()


def get(home, out, args):
    """Write a file or folder to this computer."""
    from leither_edge.cli.mimei_writing import write_file, write_tree

    with content(home, out, args) as at:
        found = target(at, args.what)
        if found.cid is None and at.info(found.mid).data_type in (DATABASE, STREAM):
            raise UsageError("A database or stream is not a file.", fix="Take it whole: leither mimei export ID@last FILE.car")
        entry = at.stat(found)
        if entry.kind not in ("file", "directory"):
            raise Failure(
                f"{clean(found.text, 80)} is a link to somewhere; it is written only with the folder that it is in.", code="conflict"
            )
        if args.dest == "-":
            if entry.kind != "file":
                raise UsageError("A folder is not written to standard output.", fix="Name a folder to write it to.")
            pour(at, entry.cid, sys.stdout.buffer)
            return
        dest = place_here(at, found, args.dest, entry.kind == "file")
        if entry.kind == "file":
            facts = write_file(out, at, entry, dest, args.force)
        else:
            facts = write_tree(out, at, entry, dest, args.force)

    def page():
        many = f"{plural(facts['files'], 'file')}, " if entry.kind == "directory" else ""
        out.done(f"{many}{bytes_text(facts['bytes'])} in {clean(dest, 200)}.")

    out.result(facts, page)


def place_here(at, found, dest, inside):
    """The path on this computer: what was named (with ``inside``, in it where that is a folder), else the name that it has."""
    if dest is not None and not (inside and os.path.isdir(dest)):
        return dest
    name = (found.path or "").rpartition("/")[2]
    if not name and found.cid is None:
        info = at.info(found.mid)
        name = info.mark.rpartition("/")[2] + (info.ext if info.data_type == FILE and info.ext.startswith(".") else "")
    if not name:
        from leither_edge.mimei.ipld.cid import to_text

        name = to_text(found.cid)
    if name in (".", "..") or "\0" in name:
        raise UsageError("That name cannot be a file's here.", fix="Say where to write it: leither mimei get ... DEST")
    if dest is None:
        return name
    return os.path.join(dest, name)


def cat(home, out, args):
    """Print a file, or the records of a stream."""
    with content(home, out, args) as at:
        for word in args.what:
            found = target(at, word)
            if found.cid is None and at.info(found.mid).data_type == STREAM:
                print_records(at, found, args.offset)
                continue
            entry = at.stat(found)
            if entry.kind == "directory":
                raise UsageError(
                    f"{clean(found.text, 80)} is a folder.", fix=f"See what is in it: leither mimei ls {clean(found.text, 80)}"
                )
            pour(at, entry.cid, sys.stdout.buffer, args.offset, args.length)


def print_records(at, found, offset):
    """Print a stream, each record on a line."""
    rows = at.opened(found.mid, found.version)
    try:
        for _, record in rows.records(offset):
            sys.stdout.buffer.write(record + b"\n")
        sys.stdout.buffer.flush()
    finally:
        rows.close()


def pour(at, cid, file, offset=0, length=None):
    """Write a file's bytes to an open one."""
    for piece in at.read(cid, offset, length):
        file.write(piece)
    file.flush()


def source_of(word):
    """What is read of a word: a path as it is, ``-`` as the pieces of standard input."""
    if word != "-":
        return word
    return iter(lambda: sys.stdin.buffer.read(PIECE_BYTES), b"")


def size_of(path):
    """Bytes of a file, None of a folder. Raises UsageError: there is none."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise UsageError(f"{clean(path, 200)} cannot be read.", f"{error.strerror}.") from None
    return None if os.path.isdir(path) else found.st_size


def open_file(path):
    """A file open for reading. Raises UsageError."""
    try:
        return open(path, "rb")
    except OSError as error:
        raise UsageError(f"{clean(path, 200)} cannot be read.", f"{error.strerror}.") from None
