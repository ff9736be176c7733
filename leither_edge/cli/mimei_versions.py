"""``leither mimei``: versions: backup, versions, diff, restore, release, fork."""

import shlex

from leither_edge.cli.figures import moment
from leither_edge.cli.mimei_place import content
from leither_edge.cli.mimei_progress import bytes_text, plural
from leither_edge.cli.mimei_target import target, version_of, whole
from leither_edge.cli.output import clean
from leither_edge.cli.progress import waiting

SHOWN_CHARS = 120
MARKS = {"+": "green", "-": "red", "~": "yellow"}


def backup(home, out, args):
    """Freeze cur into the next version."""
    with content(home, out, args) as at:
        found = whole(target(at, args.mimei))
        with waiting(out, "Making a version") as say:
            number = at.backup(found.mid, args.message or "", lambda count: say(f"Making a version: {count} changes"))
        version = next((one for one in at.versions(found.mid) if one.number == number), None)
    facts = {"version": number, **(version_json(version) if version else {})}

    def page():
        out.done(f"Version {number} of {clean(args.mimei, 60)}.")
        if version:
            out.note(f"Label {facts['label']}")

    out.result(facts, page)


def versions(home, out, args):
    """List the versions, newest first."""
    with content(home, out, args) as at:
        found = at.versions(whole(target(at, args.mimei)).mid)

    def page():
        if not found:
            out.line("There is no version yet.")
            out.next_step("Make one:", f"leither mimei backup {shlex.quote(args.mimei)} -m 'What it is'")
            return
        rows = []
        for one in reversed(found):
            words = " ".join(word for word, so in (("last", one.is_last), ("release", one.is_release)) if so)
            rows.append([one.number, moment(one.time), words, version_json(one)["label"], clean(one.memo, 200)])
        out.table(["VERSION", "MADE", "", "LABEL", "MEMO"], rows, {(n, 2): "green" for n in range(len(rows))})

    out.result({"versions": [version_json(one) for one in found]}, page)


def restore(home, out, args):
    """Copy a version to cur."""
    from leither_edge.cli.failure import UsageError

    with content(home, out, args) as at:
        found = target(at, args.mimei)
        version = named_version(args, found, None)
        if version is None:
            raise UsageError("Restore which version?", fix=f"Name it: {clean(args.mimei, 60)}@3, or {clean(args.mimei, 60)}@last")
        with waiting(out, "Restoring"):
            at.restore(found.mid, version)
    out.result({"restored": version}, lambda: out.done(f"cur is what version {version} was."))


def named_version(args, found, default):
    """The version that is named behind an @ or as a word of its own."""
    whole(found._replace(version="cur"))
    if args.number is not None:
        return version_of(args.number.removeprefix("@"))
    return default if found.version == "cur" else found.version


def release(home, out, args):
    """Make a version the released one."""
    with content(home, out, args) as at:
        found = target(at, args.mimei)
        version = named_version(args, found, "last")
        number = at.release(found.mid, version)
    out.result({"release": number}, lambda: out.done(f"Version {number} is the released one."))


def fork(home, out, args):
    """Begin another MiMei with a version."""
    from leither_edge.cli.mimei import AUTO_MARK
    from leither_edge.core.ids import id_to_text

    with content(home, out, args) as at:
        found = target(at, args.mimei, "last")
        mid = at.fork(found.mid, found.version, args.mark or AUTO_MARK)
    text = id_to_text(mid)

    def page():
        out.line(text)
        out.note(f"It begins with version {found.version} of {clean(args.mimei.partition('@')[0], 60)}.")

    out.result({"id": text, "mark": args.mark}, page)


def diff(home, out, args):
    """Show what differs between two versions."""
    with content(home, out, args) as at:
        found = target(at, args.mimei)
        if found.path:
            whole(found)
        a = version_of(args.a.removeprefix("@")) if args.a else (found.version if found.version != "cur" else "last")
        b = version_of(args.b.removeprefix("@")) if args.b else "cur"
        count, facts = 0, []
        for change in at.diff(found.mid, a, b):
            count += 1
            if out.as_json:
                facts.append(change_json(change))
            else:
                show_change(out, change)
    if not count:
        out.note(f"Nothing differs between {a} and {b}.")
    out.result({"from": a, "to": b, "changes": facts})


def show_change(out, change):
    """Print a change."""
    from leither_edge.cli.mimei_reading import Side

    mark = out.styled(change.kind, MARKS[change.kind])
    what = what_text(change.what)
    if isinstance(change.old or change.new, Side):
        sides = [side for side in (change.old, change.new) if side is not None]
        name = f"{what}/" if sides[-1].kind == "directory" else what or "(the file)"
        out.line(f"{mark} {name}  {out.styled(' -> '.join(bytes_text(side.size) for side in sides), 'dim')}")
        return
    values = " -> ".join(value_text(value) for value in (change.old, change.new) if value is not None)
    out.line(f"{mark} {what}  {values}".rstrip())


def what_text(what):
    """A path, an offset, or a key with what is in it."""
    if isinstance(what, (list, tuple)):
        key, kind, member = what
        text = value_text(key)
        if member is not None:
            text += f" {value_text(member)}"
        kind = kind.decode() if isinstance(kind, bytes) else kind
        return f"{text} ({kind})" if kind else text
    return clean(what)


def value_text(value):
    """Bytes as redis-cli shows them, cut where they are long."""
    from leither_edge.cli.mimei_replies import quoted

    if isinstance(value, (int, float)):
        return str(value)
    data = value if isinstance(value, bytes) else str(value).encode()
    return quoted(data[:SHOWN_CHARS]) + (f"... ({plural(len(data), 'byte')})" if len(data) > SHOWN_CHARS else "")


def change_json(change):
    """A change for ``--json``."""
    from leither_edge.cli.mimei_reading import Side
    from leither_edge.cli.mimei_replies import for_json
    from leither_edge.mimei.ipld.cid import to_text

    def side(value):
        if isinstance(value, Side):
            return {"label": to_text(value.cid), "size": value.size, "type": value.kind}
        return for_json(value)

    what = change.what
    if isinstance(what, (list, tuple)):
        what = {"key": for_json(what[0]), "type": for_json(what[1]), "member": for_json(what[2])}
    return {"kind": change.kind, "what": what, "old": side(change.old), "new": side(change.new)}


def version_json(version):
    """A Version for ``--json``."""
    from leither_edge.core.ids import id_to_text
    from leither_edge.mimei.ipld.cid import to_text

    return {
        "number": version.number, "label": to_text(version.root), "manifest": to_text(version.manifest), "time": version.time,
        "memo": version.memo, "last": version.is_last, "release": version.is_release, "author": id_to_text(version.author),
    }  # fmt: skip
