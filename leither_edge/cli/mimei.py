"""``leither mimei``: making, listing, moving and removing."""

from leither_edge.cli.figures import short_moment
from leither_edge.cli.mimei_place import content
from leither_edge.cli.mimei_progress import bytes_text, plural
from leither_edge.cli.mimei_store import is_drawn
from leither_edge.cli.mimei_target import must_be_cur, path_wanted, target, whole
from leither_edge.cli.output import clean

AUTO_MARK = "{{auto}}"
TYPES = {"file": 1, "files": 2, "database": 3, "stream": 4}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
WHAT = {
    "file": "one file", "files": "a folder with whatever is in it", "database": "a database that Redis clients understand",
    "stream": "a log that only grows",
}  # fmt: skip


def create(home, out, args):
    """Make a MiMei; print its id."""
    from leither_edge.core.ids import id_to_text

    with content(home, out, args) as at:
        mid = at.create(args.app or "", args.ext or "", args.mark or AUTO_MARK, TYPES[args.type])
    text = id_to_text(mid)
    name = args.mark or text

    def page():
        out.line(text)
        out.note(f"It holds {WHAT[args.type]}.")
        first = {"file": f"put FILE {name}", "files": f"put FILE {name}", "database": f"db {name}", "stream": f"put FILE {name}"}
        out.note(f"Next: leither mimei {first[args.type]}, then: leither mimei backup {name} -m 'What it is'")

    out.result({"id": text, "type": args.type, "mark": args.mark}, page)


def ls(home, out, args):
    """List MiMei, or what is in a folder."""
    with content(home, out, args) as at:
        if args.what is None:
            show_all(out, at, args)
        else:
            show_folder(out, at, target(at, args.what))


def show_all(out, at, args):
    """List the MiMei that are here."""
    from leither_edge.core.ids import id_to_text

    infos = [info for info in at.infos() if not args.mine or info.author == at.user]
    infos.sort(key=lambda info: (info.created, info.mid))

    def page():
        if not infos:
            out.line("There is no MiMei here yet.")
            out.next_step("Make one:", "leither mimei create --mark notes")
            return
        rows = [
            [
                id_to_text(info.mid), TYPE_NAMES[info.data_type], mark_text(info), "-" if info.last is None else info.last,
                "-" if info.release is None else info.release, short_moment(info.changed), "yours" if info.author == at.user else "",
            ]
            for info in infos
        ]  # fmt: skip
        headings = ["ID", "TYPE", "MARK", "LAST", "RELEASE", "CHANGED", ""]
        if all(row[-1] for row in rows):
            rows, headings = [row[:-1] for row in rows], headings[:-1]
        out.table(headings, rows)

    out.result({"mimei": [info_json(info) for info in infos]}, page)


def show_folder(out, at, found):
    """List the names in a folder."""
    from leither_edge.mimei.ipld.cid import to_text

    if found.cid is None:
        kind = TYPE_NAMES[at.info(found.mid).data_type]
        if kind in ("database", "stream"):
            from leither_edge.cli.failure import Failure

            fix = (
                f"See its keys: leither mimei db {found.text} SCAN 0" if kind == "database" else f"Read it: leither mimei cat {found.text}"
            )
            raise Failure(f"“{clean(found.text, 60)}” is a {kind}; it has no files.", fix=fix, code="conflict")
    entry = at.stat(found)
    if entry.kind == "directory":
        entries = sorted(at.entries(found), key=lambda one: one.name)
    else:
        entries = [entry._replace(name=(found.path or "").rpartition("/")[2])]
    facts = [{"name": one.name, "type": one.kind, "size": one.size, "label": to_text(one.cid)} for one in entries]

    def page():
        if not entries:
            out.note("It is empty.")
            return
        room = max(len(bytes_text(one.size)) for one in entries)
        for one, fact in zip(entries, facts, strict=True):
            name = clean(one.name) + {"directory": "/", "symlink": "@"}.get(one.kind, "")
            style = ("blue", "bold") if one.kind == "directory" else ()
            out.line(f"{fact['label']}  {bytes_text(one.size):>{room}}  {out.styled(name, *style)}")

    out.result({"label": to_text(entry.cid), "entries": facts}, page)


def mkdir(home, out, args):
    """Make folders."""
    with content(home, out, args) as at:
        made = [path_wanted(target(at, word)) for word in args.path]
        for found in made:
            at.make_directory(found.mid, found.path)
    out.result({"made": [found.path for found in made]})


def cp(home, out, args):
    """Copy a file or folder."""
    with content(home, out, args) as at:
        source, to = target(at, args.source), must_be_cur(target(at, args.target))
        path = place_for(at, to, (source.path or "").rpartition("/")[2])
        at.copy(source, to.mid, path)
    out.result({"path": path}, lambda: out.done(f"Copied to {clean(path)}."))


def mv(home, out, args):
    """Move or rename within a MiMei."""
    from leither_edge.cli.failure import UsageError

    with content(home, out, args) as at:
        source, to = path_wanted(target(at, args.source)), must_be_cur(target(at, args.target))
        if source.mid != to.mid:
            raise UsageError(
                "A move stays within one MiMei.", fix="Copy it with leither mimei cp, then remove it here with leither mimei rm."
            )
        path = place_for(at, to, source.path.rpartition("/")[2])
        at.rename(source.mid, source.path, path)
    out.result({"path": path}, lambda: out.done(f"Moved to {clean(path)}."))


def place_for(at, to, name):
    """The path at which something of a name comes to lie: inside a folder that is there, else what was named."""
    from leither_edge.cli.failure import UsageError
    from leither_edge.mimei.errors import NotFound

    inside = not to.path or to.text.endswith("/")
    if to.path and not inside:
        try:
            inside = at.stat(to).kind == "directory"
        except NotFound:
            return to.path
    if not inside:
        return to.path
    if not name:
        raise UsageError("Under which name?", "The source has none.", f"Name it: {to.text.rstrip(':/')}:/name")
    return f"{to.path}/{name}" if to.path else name


def rm(home, out, args):
    """Remove a path, versions, or a whole MiMei."""
    from leither_edge.cli.prompt import confirm
    from leither_edge.core.ids import id_to_text

    with content(home, out, args) as at:
        for word in args.what:
            found = target(at, word)
            if found.cid is not None:
                from leither_edge.cli.mimei_failures import wrong

                raise wrong(
                    "A label is not removed.", "It goes by itself once nothing keeps it.", "See: leither mimei pin rm, leither mimei gc"
                )
            if found.path:
                must_be_cur(found)
                at.remove(found.mid, found.path, args.recursive)
                out.note(f"Removed {clean(found.path)}.")
            elif found.version != "cur":
                at.delete_versions(found.mid, [found.version])
                out.note(f"Deleted version {found.version}; leither mimei gc frees its room.")
            else:
                info = at.info(whole(found).mid)
                if not args.yes:
                    confirm(f"{name_of(info)} and all its versions will be deleted.", info.mark or id_to_text(found.mid), out)
                at.delete(found.mid)
                out.note(f"Deleted {name_of(info)}; leither mimei gc frees its room.")
    out.result({"removed": args.what})


def stat(home, out, args):
    """Show a MiMei, a file, or the store."""
    with content(home, out, args) as at:
        if args.what is None:
            show_store(out, at)
            return
        found = target(at, args.what)
        if found.cid is not None or found.path:
            show_entry(out, found, at.stat(found))
        else:
            show_mimei(out, at, found)


def show_store(out, at):
    """Show how much the store holds and may hold."""
    figures, (charged, allowed) = at.node_stat(), at.usage()
    facts = {"where": at.name, "charged_bytes": charged, "allowed_bytes": allowed, **(figures or {})}

    def page():
        out.line(out.styled(at.name, "bold"))
        pairs = [("Yours", f"{bytes_text(charged)} of {bytes_text(allowed)}")]
        if figures:
            pairs += [
                ("MiMei", figures.get("mimei")), ("Versions", figures.get("versions")), ("Pins", figures.get("pins")),
                ("Blocks", plural(figures["blocks"], "block") if "blocks" in figures else None),
                ("On the disk", bytes_text(figures["used_bytes"]) if "used_bytes" in figures else None),
                ("Database", bytes_text(figures.get("database_bytes"))),
            ]  # fmt: skip
        out.facts(pairs, indent=2)

    out.result(facts, page)


def show_entry(out, found, entry):
    """Show a file or folder."""
    from leither_edge.mimei.ipld.cid import to_text

    facts = {"label": to_text(entry.cid), "type": entry.kind, "size": entry.size}

    def page():
        out.facts([("Label", facts["label"]), ("Type", entry.kind), ("Size", f"{bytes_text(entry.size)} ({entry.size} bytes)")])

    out.result(facts, page)


def show_mimei(out, at, found):
    """Show what is known of a MiMei."""
    from leither_edge.cli.figures import moment
    from leither_edge.core.ids import id_to_text
    from leither_edge.mimei.rights import names

    info, figures, allowed = at.info(found.mid), at.stat_of(found.mid), at.right_of(found.mid)
    may = "everything" if allowed == (1 << 64) - 1 else " ".join(names(allowed)) or "nothing"
    facts = {
        **info_json(info),
        **{name: figures[name] for name in ("bytes", "keys", "records", "versions") if name in figures},
        "may": names(allowed),
    }

    def page():
        out.facts(
            [
                ("Id", id_to_text(info.mid)), ("Mark", mark_text(info)), ("Type", TYPE_NAMES[info.data_type]),
                ("Application", info.app_type or None), ("Ext", info.ext or None),
                ("Author", id_to_text(info.author) + (" (you)" if info.author == at.user else "")),
                ("Made", moment(info.created)), ("Changed", moment(info.changed)),
                ("Size", bytes_text(figures["bytes"]) if "bytes" in figures else None),
                ("Keys", figures.get("keys")), ("Records", figures.get("records")),
                ("Versions", figures.get("versions")), ("Last", info.last), ("Release", info.release),
                ("Tags", ", ".join(map(clean, info.tags)) or None), ("You may", may),
            ]
        )  # fmt: skip

    out.result(facts, page)


def info_json(info):
    """An Info for ``--json``."""
    from leither_edge.core.ids import id_to_text
    from leither_edge.mimei.ipld.cid import to_text

    return {
        "id": id_to_text(info.mid), "author": id_to_text(info.author), "app": info.app_type, "ext": info.ext, "mark": info.mark,
        "type": TYPE_NAMES[info.data_type], "created": info.created, "changed": info.changed, "last": info.last, "release": info.release,
        "tags": info.tags, "ancestor": info.ancestor and to_text(info.ancestor),
    }  # fmt: skip


def mark_text(info):
    """A mark for people."""
    return "-" if is_drawn(info.mark) else clean(info.mark, 60)


def name_of(info):
    """What people call a MiMei."""
    from leither_edge.core.ids import id_to_text

    mark = mark_text(info)
    return id_to_text(info.mid) if mark == "-" else f"“{mark}” ({id_to_text(info.mid)})"
