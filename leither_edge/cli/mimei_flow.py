"""``leither mimei``: content that goes between nodes: publish, provide, findprovs, sync, follow, share, compare."""

import os
import shlex
import time

from leither_edge.cli.failure import DONE, FAILED, UsageError
from leither_edge.cli.figures import moment
from leither_edge.cli.flow_place import between, watch, work
from leither_edge.cli.flow_progress import took
from leither_edge.cli.mimei_progress import bytes_text, moving, plural
from leither_edge.cli.mimei_target import ID_CHARS, target, whole
from leither_edge.cli.output import clean

LINK = "leither:"
# What comes of a sync that asked nobody.
NOTHING = {"bytes": 0, "twice_bytes": 0, "by_provider": {}, "shunned": [], "kept_as": None, "source": None, "state": None,
           "waiting": None}  # fmt: skip


def mid_of(node, word):
    """The id (20 bytes) of a MiMei that is here."""
    return whole(target(node.content, word)).mid


def what_of(node, word):
    """What stands for a MiMei that may not be here yet: a link or an id as it was typed, else the id of a mark."""
    from leither_edge.core.ids import id_to_text

    if word.startswith(LINK) or len(word) == ID_CHARS:
        return word
    return id_to_text(mid_of(node, word))


def called(word):
    """What people see of a word that names a MiMei: of a link, the id in it."""
    return clean(word.split("/")[1] if word.startswith(f"{LINK}mimei/") else word, 60)


def split(words):
    """(CAR files of this computer, other providers) of what stands behind --from. Raises UsageError."""
    cars, others = [], []
    for word in words:
        if word.endswith(".car") or os.path.sep in word and "://" not in word:
            if not os.path.isfile(word):
                raise UsageError(f"There is no file {clean(word, 200)}.", fix="Name a CAR file, a peer, or a gateway: http://ADDRESS")
            cars.append(word)
        else:
            others.append(word)
    return cars, others


def taken(out, node, what, cars):
    """Numbers of the versions that CAR files brought of a MiMei."""
    from leither_edge.core.ids import id_to_text

    numbers = []
    for path in cars:
        with moving(out, f"Taking {clean(os.path.basename(path), 60)}", os.path.getsize(path)) as tell:
            _, mid, found = node.content.import_car(path, tell)
        if mid is None or id_to_text(mid) not in what:
            out.warn(f"{clean(path, 200)} holds something else, which is here now.")
        else:
            numbers += found
    return numbers


def publish(home, out, args):
    """Put the newest version's pointer into the DHT."""
    with between(home, out, args) as node:
        found = watch(out, node, "Publishing", node.publish(mid_of(node, args.mimei)))

    def page():
        out.done(f"Version {found['number']} of {called(args.mimei)} is published: {plural(found['stored'], 'node')} keep its pointer.")
        out.line(clean(found["link"], 300))
        out.next_step("Elsewhere:", f"leither mimei sync {shlex.quote(clean(found['link'], 300))}")
        if found.get("is_private"):
            out.note("Whoever has the link finds it, and nobody may read it yet: leither mimei rights, leither mimei share")

    out.result(found, page)


def provide(home, out, args):
    """Say in the DHT that this node serves a MiMei."""
    with between(home, out, args) as node:
        found = work(out, node, "Announcing", "provide", mid_of(node, args.mimei), not args.stop)
        is_remote = node.is_remote

    def page():
        if args.stop:
            out.done("It is not announced any more; what was said fades within half an hour.")
            return
        if found["stored"]:
            out.done(f"{plural(found['stored'], 'node')} tell who asks for it.")
        else:
            out.done("It is announced once this node can be reached.")
        if not is_remote:
            out.note("This command serves nobody. A running node does, and says so again and again: leither mimei serve --peers")

    out.result(found, page)


def findprovs(home, out, args):
    """Find who serves a MiMei."""
    with between(home, out, args) as node:
        found = work(out, node, "Looking", "findprovs", what_of(node, args.mimei), args.seconds)

    def page():
        if not found["providers"]:
            out.line("Nobody was found who serves it.")
            return
        rows = [
            [clean(one["name"], 64) or clean(one["id"] or "-", 40), clean(one["address"] or "-", 100), clean(one["how"], 30)]
            for one in found["providers"]
        ]
        out.table(["NODE", "ADDRESS", "FOUND BY"], rows)

    out.result(found, page)
    return DONE if found["providers"] else FAILED


def sync(home, out, args):
    """Fetch the newest version."""
    if args.sealed:
        from leither_edge.cli.mimei_backup import take_sealed

        take_sealed(home, out, args)
        return
    fetch(home, out, args, args.follow, args.on_fork, args.all)


def fetch(home, out, args, is_followed, on_fork="refuse", is_all=False):
    """Fetch the newest version, once or from now on."""
    begin, (cars, providers) = time.monotonic(), split(args.providers)
    with between(home, out, args) as node:
        what, is_remote = what_of(node, args.mimei), node.is_remote
        numbers = taken(out, node, what, cars)
        if cars and not providers and not is_followed:
            found = {**NOTHING, "versions": numbers, "last": max(numbers, default=None)}
        else:
            found = work(out, node, "Looking for providers", "sync", what, providers, is_followed, on_fork, is_all)
            found["versions"] = sorted({*numbers, *found["versions"]})
    seconds = time.monotonic() - begin
    for name in found["shunned"]:
        out.warn(f"{clean(name, 80)} sent what it should not have, and is not asked again.")

    def page():
        new = plural(len(found["versions"]), "new version") if found["versions"] else "nothing new"
        if found["waiting"]:
            out.done(f"{called(args.mimei)} is followed; nothing has come yet.")
            out.note(clean(found["waiting"], 600))
            return
        last = "" if found["last"] is None else f", version {found['last']} is the last"
        out.done(f"{called(args.mimei)}: {new}{last}.")
        if found["kept_as"]:
            out.note(f"What was here is kept as {clean(found['kept_as'], 40)}.")
        if found["bytes"]:
            out.note(f"{bytes_text(found['bytes'])} fetched{took(seconds, found['bytes'])}.")
        by = found["by_provider"]
        for name in sorted(by, key=by.get, reverse=True):
            out.note(f"  {bytes_text(by[name])} from {clean(name, 80)}")
        if is_followed:
            by_itself = "Each new version comes by itself now."
            out.note(by_itself if is_remote else "A running node fetches each new version: leither mimei serve --peers")

    out.result({"id": what, **found}, page)


def follow(home, out, args):
    """Follow a MiMei, or list what is followed."""
    if args.mimei is not None and not args.stop:
        fetch(home, out, args, True)
        return
    if args.mimei is None and (args.stop or args.providers):
        raise UsageError("Which MiMei?", fix="Name it: leither mimei follow WHAT; without a name, all that is followed is listed.")
    with between(home, out, args) as node:
        if args.mimei is None:
            show_follows(out, node.call("follows"))
            return
        node.call("unfollow", what_of(node, args.mimei))
    out.result({"followed": False}, lambda: out.done(f"{called(args.mimei)} is not followed any more. What was fetched stays."))


def show_follows(out, rows):
    """List what is followed."""

    def page():
        if not rows:
            out.line("Nothing is followed.")
            return
        cells, styles = [], {}
        for number, row in enumerate(rows):
            problem = clean(row["error"] or "", 100)
            last = "-" if row["last"] is None else row["last"]
            cells.append([clean(row["id"], 40), last, moment(row["seen"]) if row["seen"] else "never", problem])
            styles[number, 3] = "yellow"
        out.table(["ID", "LAST", "LOOKED", ""], cells, styles)

    out.result({"follows": rows}, page)


def share(home, out, args):
    """Share with a friend, take what was offered, or list both."""
    if args.accept is not None:
        if args.mimei is not None:
            raise UsageError("--accept takes what was offered, and nothing is shared at the same time.")
        with between(home, out, args) as node:
            found = work(out, node, "Taking it", "share_accept", what_of(node, args.accept))
        out.result(found, lambda: out.done(f"{called(args.accept)} is yours to read, and followed from now on."))
        return
    if args.mimei is None:
        with between(home, out, args) as node:
            show_shares(out, node.call("shares"))
        return
    if args.peer is None:
        raise UsageError("Share with whom?", fix=f"Name a friend's node: leither mimei share {called(args.mimei)} PEER")
    with between(home, out, args) as node:
        mask = None if args.right is None else mask_of_words(args.right)
        found = work(out, node, "Offering it", "share", mid_of(node, args.mimei), args.peer, args.reader, mask)

    def page():
        out.done(f"{called(args.mimei)} is shared with {clean(args.peer, 60)}.")
        if not found["told"]:
            out.note("His node could not be reached: it is offered again when it is.")
        elif found["accepted"]:
            out.note("His node has taken it, and follows it.")
        else:
            out.note("His node keeps the offer until he takes it: leither mimei share --accept ID")

    out.result(found, page)


def mask_of_words(text):
    """The mask of rights named with commas."""
    from leither_edge.mimei.rights import from_names

    return from_names([word for word in text.split(",") if word])


SHARED = {"to-offer": "his node was not reached yet", "waiting": "waits until he takes it", "accepted": "taken, and followed"}


def show_shares(out, found):
    """List what is shared and what was offered."""

    def page():
        if found["offered"]:
            out.line(out.styled("Offered to you", "bold"))
            rows = [[clean(o["id"], 40), clean(o["words"], 40), clean(o["peer"], 64), moment(o["time"])] for o in found["offered"]]
            out.table(["ID", "CALLED", "FROM", "WHEN"], rows)
            out.next_step("Take one:", f"leither mimei share --accept {clean(found['offered'][0]['id'], 40)}")
        if found["shared"]:
            if found["offered"]:
                out.line()
            out.line(out.styled("Shared by you", "bold"))
            rows = [
                [clean(o["id"], 40), clean(o["words"], 40), clean(o["peer"], 64), SHARED.get(o["state"], clean(o["state"], 30))]
                for o in found["shared"]
            ]
            out.table(["ID", "CALLED", "WITH", ""], rows)
        if found["left"]:
            out.line()
            out.line(out.styled("Left sealed with", "bold"))
            rows = [[clean(o["id"], 40), clean(o["peer"], 64), o["number"], clean(o["error"] or "", 100)] for o in found["left"]]
            out.table(["ID", "WITH", "VERSION", ""], rows)
        if not found["offered"] and not found["shared"] and not found["left"]:
            out.line("Nothing is shared, and nothing was offered to you.")

    out.result(found, page)


def unshare(home, out, args):
    """Share no longer."""
    with between(home, out, args) as node:
        found = work(out, node, "Telling it", "unshare", mid_of(node, args.mimei), args.peer)

    def page():
        out.done(f"{called(args.mimei)} is not shared with {clean(args.peer, 60)} any more.")
        out.note("From the next version on it is sealed anew: leither mimei backup")

    out.result(found, page)


def compare(home, out, args):
    """Show versions here and with others."""
    cars, providers = split(args.providers)
    if cars:
        raise UsageError("A CAR file is not compared.", fix="Take it in: leither mimei sync WHAT --from FILE.car")
    with between(home, out, args) as node:
        found = work(out, node, "Asking", "compare", what_of(node, args.mimei), providers)

    def page():
        rows, styles = [], {}
        for number, one in enumerate(found["versions"]):
            rows.append(
                [one["number"], one["where"], moment(one["time"]), clean(one["author"] or "", 30), clean(one["memo"], 100)]
            )
            styles[number, 1] = {"here": "green", "net": "blue", "fork": "red"}.get(one["where"])
        if rows:
            out.table(["VERSION", "WHERE", "MADE", "AUTHOR", "MEMO"], rows, styles)
        out.note(VERDICTS.get(found["state"], clean(found["state"], 60)))
        if found["has_changed"]:
            out.note("What you have now (cur) is in no version yet: leither mimei backup")

    out.result(found, page)
    return FAILED if found["state"] == "fork" else DONE


VERDICTS = {
    "same": "Both sides have the same versions.",
    "net-newer": "There are newer ones elsewhere: leither mimei sync",
    "here-newer": "Yours are newer: leither mimei publish, or whoever follows it fetches them.",
    "fork": "Both went on from the same version. To take theirs and keep yours, too: leither mimei sync --on-fork fork",
}


def jobs(home, out, args):
    """List, watch or stop long work."""
    if not args.node:
        raise UsageError("Work of this computer's store ends with its command.", fix="Name the node: leither mimei jobs --node NODE")
    if args.stop and not args.job:
        raise UsageError("Stop which?", fix="leither mimei jobs JOB --stop --node NODE")
    with between(home, out, args) as node:
        if args.job is None:
            show_jobs(out, node.call("job_list"))
        elif args.stop:
            job = node.call("job_stop", args.job)
            out.result(job, lambda: out.done(f"{clean(job['kind'], 30)} of {clean(job['subject'], 80)} is stopped."))
        else:
            job = node.call("job_wait", args.job, 0)
            found = watch(out, node, clean(job["kind"], 30), job)
            out.result(found, lambda: out.done(f"{clean(job['kind'], 30)} of {clean(job['subject'], 80)} is done."))


def show_jobs(out, rows):
    """List jobs."""
    from leither_edge.cli.figures import span

    def page():
        if not rows:
            out.line("No work is under way, and none has ended lately.")
            return
        cells, styles = [], {}
        for number, row in enumerate(rows):
            progress = row["progress"] or {}
            done = bytes_text(progress["done"]) if isinstance(progress.get("done"), int) else ""
            state, error = clean(row["state"], 20), row["error"]
            for_s = (row["ended"] or time.time()) - row["began"]
            cells.append(
                [clean(row["id"], 30), clean(row["kind"], 30), clean(row["subject"], 60), state, span(for_s), done,
                 clean(error["message"], 100) if error else ""]
            )  # fmt: skip
            styles[number, 3] = {"running": "blue", "done": "green", "failed": "red"}.get(state, "yellow")
        out.table(["JOB", "WHAT", "OF", "", "TOOK", "BYTES", ""], cells, styles)

    out.result({"jobs": rows}, page)
