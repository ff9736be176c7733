"""``leither mimei``: what concerns others, and finding: rights, tags, search, references."""

from leither_edge.cli.failure import UsageError
from leither_edge.cli.mimei_place import content
from leither_edge.cli.mimei_progress import plural
from leither_edge.cli.mimei_target import label, target, whole
from leither_edge.cli.output import clean

ALL = (1 << 64) - 1


def rights(home, out, args):
    """Show or set who may do what."""
    with content(home, out, args) as at:
        mid = whole(target(at, args.mimei)).mid
        if args.member is not None:
            set_right(at, mid, args)
        roles, members = at.rights(mid)
    show_rights(out, roles, members)


def set_right(at, mid, args):
    """Give a role or a user the rights that were named."""
    from leither_edge.core.ids import IdError, id_from_text
    from leither_edge.mimei.rights import ROLES

    member = args.member
    if member not in ROLES:
        try:
            member = id_from_text(member)
        except IdError as error:
            raise UsageError(
                f"“{clean(member, 60)}” is neither a role nor the id of a user: {error}.",
                fix=f"Roles are {', '.join(ROLES)}. A user's id has 27 characters; he sees his own with leither mimei stat.",
            ) from None
    if args.remove or args.rights is None:
        if not args.remove or args.rights is not None or member in ROLES:
            raise UsageError("Which rights?", fix="Name them: read,write or +write or -write; for a user also: member, or --remove")
        at.set_right(mid, member, None)
        return
    if args.rights == "member" and member not in ROLES:
        at.set_right(mid, member, "member")
        return
    roles, members = at.rights(mid)
    now = roles[member] if member in ROLES else members.get(member)
    at.set_right(mid, member, mask_of(args.rights, roles["member"] if now is None and member in members else now or 0))


def mask_of(text, now):
    """The mask of words with commas; those with + or - before them change the one that holds now."""
    from leither_edge.mimei.rights import from_names

    words = [word for word in text.split(",") if word]
    signed = [word for word in words if word[0] in "+-"]
    if not words or signed and len(signed) != len(words):
        raise UsageError(
            f"“{clean(text, 60)}” names no rights.", fix="Write read,write to say all of them, or +write,-delete to change them."
        )
    if not signed:
        return from_names(words)
    for word in signed:
        mask = from_names([word[1:]])
        now = now | mask if word[0] == "+" else now & ~mask
    return now


def words_text(mask):
    """A mask in words."""
    from leither_edge.mimei.rights import names

    return "everything" if mask == ALL else ", ".join(names(mask)) or "nothing"


def show_rights(out, roles, members):
    """Print who may do what."""
    from leither_edge.core.ids import id_to_text
    from leither_edge.mimei.rights import names

    users = {id_to_text(user): mask for user, mask in sorted(members.items())}
    facts = {
        "roles": {role: {"mask": str(mask), "rights": names(mask)} for role, mask in roles.items()},
        "members": {user: None if mask is None else {"mask": str(mask), "rights": names(mask)} for user, mask in users.items()},
    }

    def page():
        pairs = [(role.capitalize(), words_text(mask)) for role, mask in roles.items()]
        pairs += [(user, "as members" if mask is None else words_text(mask)) for user, mask in users.items()]
        out.facts(pairs)

    out.result(facts, page)


def tag(home, out, args):
    """Show or change tags."""
    with content(home, out, args) as at:
        info = at.info(whole(target(at, args.mimei)).mid)
        tags = set(info.tags) - set(args.delete) | set(args.tag)
        if args.tag or args.delete:
            at.set_tags(info.mid, sorted(tags))
    found = sorted(tags)
    out.result({"tags": found}, lambda: out.line("\n".join(map(clean, found))) if found else out.note("It has no tags."))


def search(home, out, args):
    """Find words in what is here."""
    from leither_edge.cli.progress import waiting
    from leither_edge.core.ids import id_to_text

    text = " ".join(args.word)
    if args.peers is not None:
        from leither_edge.cli.mimei_search import search_peers

        return search_peers(home, out, args, text)
    with content(home, out, args) as at:
        with waiting(out, "Looking at what is new"):
            hits = at.search(text, args.limit)
    facts = [{"id": id_to_text(mid), "path": path, "score": score, "title": title} for mid, path, score, title in hits]

    def page():
        for fact in facts:
            path = f":/{fact['path']}" if fact["path"] else ""
            out.line(f"{fact['id']}{clean(path)}  {out.styled(clean(fact['title'], 100), 'bold')}".rstrip())
        if not facts:
            out.note("Nothing has all these words.")

    out.result({"hits": facts}, page)


def ref_ls(home, out, args):
    """List what a MiMei refers to."""
    from leither_edge.mimei.ipld.cid import to_text

    with content(home, out, args) as at:
        found = target(at, args.mimei)
        counts = {to_text(cid): count for cid, count in at.references(found.mid, found.version).items()}

    def page():
        for text, count in counts.items():
            out.line(f"{text}  {count}")
        if not counts:
            out.note("It refers to nothing.")

    out.result({"references": counts}, page)


def ref_add(home, out, args):
    """Count labels up."""
    with content(home, out, args) as at:
        count = at.add_references(whole(target(at, args.mimei)).mid, [label(word) for word in args.label])
    out.result({"added": count}, lambda: out.done(f"{plural(count, 'reference')} added."))


def ref_rm(home, out, args):
    """Count labels down."""
    with content(home, out, args) as at:
        count = at.remove_references(whole(target(at, args.mimei)).mid, [label(word) for word in args.label])
    out.result({"removed": count}, lambda: out.done(f"{plural(count, 'reference')} removed."))
