"""``leither mimei``: a node's content kept on a friend's, and brought back."""

from leither_edge.cli.failure import DONE, FAILED, Failure, UsageError
from leither_edge.cli.figures import moment
from leither_edge.cli.flow_place import between, work
from leither_edge.cli.mimei_progress import bytes_text, plural
from leither_edge.cli.output import clean
from leither_edge.cli.store_key import owner_keys


def backup_to(home, out, args):
    """Back up to a friend's node, check or end that; without a name, show how backups are."""
    if args.peer is None:
        if args.check or args.stop:
            raise UsageError("Whose?", fix="Name the node that holds it: leither mimei backup-to PEER --check")
        with between(home, out, args) as node:
            return show_health(out, node.call("backup_stat"))
    with between(home, out, args) as node:
        if args.stop:
            node.call("backup_stop", args.peer)
            out.result({"peer": args.peer, "stopped": True}, lambda: out.done(f"Nothing more is backed up to {clean(args.peer, 60)}."))
            return DONE
        if args.check:
            found = work(out, node, "Asking pieces back", "backup_check", args.peer)
        else:
            found = work(out, node, "Backing up", "backup_to", args.peer)
        is_remote = node.is_remote
    if args.check:
        return tell_check(out, args.peer, found)
    # Also where a process serves it.
    is_own_store = not is_remote or getattr(args, "is_own_store", False)
    if is_own_store and not owner_keys(home):
        out.warn("Only this store's own key opens it, which goes with this computer. Make one that words bring back: leither key new")

    def page():
        out.done(f"{plural(found['versions'], 'version')} of {plural(found['mimei'], 'MiMei', 'MiMei')} are with {clean(args.peer, 60)}.")
        out.note(f"{bytes_text(found['sent'])} sent; it takes {bytes_text(found['bytes'])} there.")
        if not is_remote:
            out.note("Call this again after changes, or let a node run that renews it: leither mimei serve --peers")

    out.result(found, page)
    return DONE


def tell_check(out, peer, found):
    """Say what came of pieces that were asked back."""
    good = found["same"] == found["asked"]
    if not good:
        out.warn(f"{found['asked'] - found['same']} of {plural(found['asked'], 'piece')} are missing or not as they were sent.")

    def page():
        if good:
            out.done(f"{plural(found['asked'], 'piece')} came back from {clean(peer, 60)} as they were sent.")
        else:
            out.next_step("Send what is missing:", f"leither mimei backup-to {peer}")

    out.result(found, page)
    return DONE if good else FAILED


def show_health(out, found):
    """Show where this node's backups lie and how they are, and what it holds for others."""
    bad = [one for one in found["backups"] if one["error"] or one["behind"]]

    def page():
        if not found["backups"]:
            out.line("Nothing of this node is backed up elsewhere.")
            out.next_step("Let a friend's node hold it:", "leither mimei backup-to PEER")
        else:
            cells, styles = [], {}
            for number, one in enumerate(found["backups"]):
                behind = f"{plural(one['behind'], 'version')} behind" if one["behind"] else "all of it"
                checked = moment(one["checked"]) if one["checked"] else "never"
                cells.append(
                    [clean(one["peer"], 64), moment(one["time"]) if one["time"] else "never", bytes_text(one["bytes"]), behind, checked,
                     clean(one["error"] or "", 100)]
                )  # fmt: skip
                styles[number, 3] = "yellow" if one["behind"] else "green"
                styles[number, 5] = "red"
            out.table(["WITH", "LAST", "SIZE", "COVERS", "CHECKED", ""], cells, styles)
        if found["held"]:
            out.line()
            rows = [[clean(one["peer"], 64), bytes_text(one["bytes"]), bytes_text(one["allowed"])] for one in found["held"]]
            out.table(["HELD FOR", "TAKES", "OF"], rows)

    out.result(found, page)
    return FAILED if bad else DONE


def restore_from(home, out, args):
    """Rebuild this node from a backup."""
    from leither_edge.cli.flow_signing import reader_of
    from leither_edge.cli.store_key import bring_back
    from leither_edge.core.ids import id_to_text

    with between(home, out, args) as node:
        signer = reader_of(home, out, args)
        if signer is not None and getattr(args, "is_own_store", False):
            raise Failure(
                "A store gets its key back while nothing else works in it.", "A process serves it now.",
                "Stop that (leither mimei serve), and call this again.", code="in-use",
            )  # fmt: skip
        found = opened(out, node, "Looking for the backup", signer, "restore_from", (args.peer,), (args.of,))
        key = bring_back(node.content, signer) if signer is not None and not node.is_remote else None
    found["key"] = key and id_to_text(key)

    def page():
        out.done(f"{plural(found['mimei'], 'MiMei', 'MiMei')} with {plural(found['versions'], 'version')} are back.")
        out.note(f"The backup is of {moment(found['time'])}; {bytes_text(found['bytes'])} came from {clean(args.peer, 60)}.")
        for one in found.get("failed", ()):
            out.warn(f"{one['id']} is not whole in the backup: {clean(one['why'], 200)}")
        if key is not None:
            out.note("This store has its key again, and what you make with it goes on where it was.")
        out.note(f"What you make from now on is in no backup: leither mimei backup-to {clean(args.peer, 60)}")
        out.next_step("Look at it:", "leither mimei ls")

    out.result(found, page)


def opened(out, node, text, signer, name, before, behind=()):
    """The result of work that opens what is sealed: with a Signer that lies here, or with the node's own key where it is None.

    Args: name (of FlowCalls), before and behind (arguments around the key).
    """
    from leither_edge.cli.flow_signing import Answering

    if signer is None:
        return work(out, node, text, name, *before, None, *behind)
    return work(out, node, text, name, *before, signer.public_key, *behind, on_progress=Answering(node, signer))


def leave(home, out, args):
    """Leave a MiMei sealed with a node, or no longer."""
    from leither_edge.cli.mimei_flow import mid_of

    with between(home, out, args) as node:
        mid = mid_of(node, args.mimei)
        if args.stop:
            node.call("take_back", mid, args.peer)
            out.result({"left": False}, lambda: out.done(f"{clean(args.mimei, 60)} is taken back from {clean(args.peer, 60)}."))
            return
        found = work(out, node, "Sealing", "leave", mid, args.peer)
    if found["unknown"]:
        out.warn(f"It could not be sealed for {plural(len(found['unknown']), 'member')} whose key this node does not know.")

    def page():
        out.done(f"Version {found['number']} of {clean(args.mimei, 60)} lies sealed with {clean(args.peer, 60)}.")
        out.next_step("Its readers take it from there:", f"leither mimei sync ID --sealed --from {args.peer}")

    out.result(found, page)


def take_sealed(home, out, args):
    """Take what lies sealed with a node."""
    from leither_edge.cli.flow_signing import reader_of
    from leither_edge.cli.mimei_flow import called
    from leither_edge.core.ids import ID_TEXT_CHARS, IdError, id_from_text

    if len(args.providers) != 1 or args.follow or args.all:
        raise UsageError("Sealed with whom?", fix="Name one node, and nothing else: leither mimei sync ID --sealed --from PEER")
    text = args.mimei.removeprefix("leither:mimei/")[:ID_TEXT_CHARS]
    with between(home, out, args) as node:
        try:
            mid = id_from_text(text)
        except IdError:
            from leither_edge.cli.mimei_flow import mid_of

            mid = mid_of(node, args.mimei)
        signer = reader_of(home, out, args)
        found = opened(out, node, "Looking for it", signer, "take_sealed", (mid, args.providers[0]))
    new = plural(len(found["versions"]), "new version") if found["versions"] else "nothing new"
    out.result(found, lambda: out.done(f"{called(args.mimei)}: {new}."))
