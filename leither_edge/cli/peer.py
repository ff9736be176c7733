"""``leither peer``: the nodes one knows, and letting friends in."""

from leither_edge.cli.figures import moment, span
from leither_edge.cli.flow_place import between, work
from leither_edge.cli.mimei_progress import bytes_text, plural
from leither_edge.cli.output import clean
from leither_edge.cli.prompt import confirm

STATE_STYLES = {"friend": "green", "blocked": "red"}


def list_peers(home, out, args):
    """List the address book."""
    with between(home, out, args) as node:
        rows = node.call("peer_list")

    def page():
        if not rows:
            out.line("You know no nodes yet.")
            out.next_step("Invite a friend:", "leither peer invite")
            return
        cells, styles = [], {}
        for number, row in enumerate(rows):
            place = (row["addresses"] or ["-"])[0]
            there = "now" if row["connected"] else moment(row["seen"]) if row["seen"] else "never"
            cells.append([clean(row["name"], 64) or "-", clean(row["state"], 20), there, clean(place, 80), clean(row["id"], 30)])
            styles[number, 0], styles[number, 1] = "bold", STATE_STYLES.get(row["state"])
        out.table(["NAME", "", "SEEN", "ADDRESS", "ID"], cells, styles)

    out.result({"peers": rows}, page)


def name_of(row):
    """What people call a node."""
    return clean(row["name"], 64) or clean(row["id"], 40)


def add(home, out, args):
    """Enter a node."""
    with between(home, out, args) as node:
        row = node.call("peer_add", args.peer, args.address, args.name, args.friend)
    out.result(row, lambda: tell_added(out, row))


def tell_added(out, row):
    """Say who was entered."""
    out.done(f"{name_of(row)} is in your address book{' as a friend' if row['state'] == 'friend' else ''}.")
    show_row(out, row)
    if row["how"] == "dial":
        out.note("It said itself who it is. Compare the id with what its owner says.")


def show_row(out, row):
    """Show what is known of a node."""
    out.facts(
        [
            ("Id", clean(row["id"], 40)), ("Key", clean(row["key"], 60) if row["key"] else None), ("State", clean(row["state"], 20)),
            ("May", ", ".join(clean(word, 20) for word in row["may"]) or None),
            ("Addresses", ", ".join(clean(text, 100) for text in row["addresses"]) or None),
            ("Seen", moment(row["seen"]) if row["seen"] else None),
        ],
        indent=2,
    )  # fmt: skip


def set_peer(home, out, args):
    """Change what is known of a node."""
    from leither_edge.cli.failure import UsageError

    if args.name is None and args.friend is None and args.may is None and args.address is None:
        raise UsageError("Set what?", fix=f"Name it: leither peer set {clean(args.peer, 60)} --friend, --name, --may or --address")
    with between(home, out, args) as node:
        row = node.call("peer_set", args.peer, args.name, args.friend, args.address, args.may)

    def page():
        out.done(f"{name_of(row)}:")
        show_row(out, row)

    out.result(row, page)


def remove(home, out, args):
    """Forget a node."""
    with between(home, out, args) as node:
        found = node.call("peer_stat", args.peer)
        row, held = found["peer"], found.get("held", 0)
        if not args.yes:
            also = f" What it keeps here goes, too: a sealed backup of {bytes_text(held)}." if held else ""
            confirm(f"{name_of(row)} will be forgotten, and its keys with it.{also}", row["name"] or row["id"], out)
        node.call("peer_remove", row["id"])
    also = f", and what it kept here: {bytes_text(held)} become free within a day" if held else ""
    out.result({"removed": row["id"], "held": held}, lambda: out.done(f"{name_of(row)} is forgotten{also}."))


def block(home, out, args):
    """Shut a node out."""
    with between(home, out, args) as node:
        row = node.call("peer_block", args.peer)
        held = node.call("peer_stat", row["id"]).get("held", 0)

    def page():
        out.done(f"{name_of(row)} is shut out.")
        if held:
            out.note(f"Its sealed backup of {bytes_text(held)} stays here until you forget the node: leither peer remove {args.peer}")

    out.result(row, page)


def unblock(home, out, args):
    """Let a node in again."""
    with between(home, out, args) as node:
        row = node.call("peer_unblock", args.peer)

    def page():
        out.done(f"{name_of(row)} may connect again, as one that is known.")
        out.next_step("A friend again:", f"leither peer set {args.peer} --friend")

    out.result(row, page)


def stat(home, out, args):
    """Show what passed between this node and others."""
    with between(home, out, args) as node:
        found = node.call("peer_stat", args.peer)

    def page():
        if args.peer is not None:
            out.line(out.styled(name_of(found["peer"]), "bold"))
            show_row(out, found["peer"])
        else:
            show_node(out, found)
        show_channels(out, found["channels"])
        rows = [[clean(name, 40), bytes_text(sent), bytes_text(received)] for name, (sent, received) in sorted(found["bytes"].items())]
        if rows:
            out.line()
            out.table(["SERVICE" if args.peer is not None else "NODE", "SENT", "RECEIVED"], rows)
        else:
            out.note("Nothing has passed yet.")

    out.result(found, page)


def show_node(out, found):
    """Show what is known of the node itself."""
    tunnels = found["tunnels"] or {}
    rates = [rate_text(found[name]) for name in ("up_kib_per_s", "down_kib_per_s")]
    out.line(out.styled(clean(found["id"], 40), "bold"))
    out.facts(
        [
            ("Key", clean(found["key"], 60)), ("Listens at", ", ".join(clean(a, 100) for a in found["addresses"]) or "nowhere"),
            ("Nodes known", found["known"]), ("Connected", f"{len(found['channels'])} of {found['channels_max']} at most"),
            ("Other networks", f"{rates[0]} up, {rates[1]} down"),
            ("Reached through", plural(tunnels["relays"], "relay") if tunnels.get("relays") else None),
            ("Carries", plural(tunnels.get("registered", 0), "node") if tunnels.get("offered") else None),
        ],
        indent=2,
    )  # fmt: skip


def rate_text(kib_per_s):
    """A rate for people."""
    return f"{bytes_text(kib_per_s * 1024)}/s" if kib_per_s else "no limit"


def show_channels(out, channels):
    """List the channels that are open."""
    if not channels:
        return
    rows = []
    for one in channels:
        ms = "-" if one["round_trip_ms"] is None else f"{one['round_trip_ms']:.1f} ms"
        name = clean(one["name"], 64) or clean(one["id"], 30)
        rows.append([name, clean(one["address"] or "-", 100), span(one["open_s"]), ms, one["streams"]])
    out.line()
    out.table(["CONNECTED", "ADDRESS", "FOR", "THERE AND BACK", "STREAMS"], rows)


def ping(home, out, args):
    """Ask for a sign of life."""
    with between(home, out, args) as node:
        found = work(out, node, f"Calling {clean(args.peer, 60)}", "peer_ping", args.peer, args.count)

    def page():
        for number, ms in enumerate(found["ms"], 1):
            out.line(f"{number}: {ms:.1f} ms")
        out.done(f"{clean(found['name'], 64) or clean(found['id'], 40)} is there, at {clean(found['address'], 100)}.")
        out.note(f"Connected in {found['connect_ms']:.0f} ms; shortest {min(found['ms']):.1f} ms, longest {max(found['ms']):.1f} ms.")

    out.result(found, page)


def invite(home, out, args):
    """Invite a friend, and wait until he has come."""
    from leither_edge.cli.peer_invitation import show_invitation

    told = []

    def show(progress, job):
        if progress.get("code") and not told:
            told.append(progress)
            show_invitation(out, progress, is_remote=bool(args.node))

    with between(home, out, args, port=args.port) as node:
        row = work(out, node, "Waiting for your friend", "peer_invite", args.name, args.minutes, on_progress=show)
    invitation = {name: told[0].get(name) for name in ("code", "link", "until")} if told else {}
    out.result({**invitation, "peer": row}, lambda: tell_friend(out, row))


def tell_friend(out, row):
    """Say who has become a friend, and what one does then."""
    out.done(f"{name_of(row)} is your friend now.")
    show_row(out, row)
    out.next_step("Share something:", f"leither mimei share ID {name_of(row)}")


def accept(home, out, args):
    """Take up an invitation."""
    with between(home, out, args) as node:
        row = work(out, node, "Looking for your friend's node", "peer_accept", args.invitation, args.name)
    out.result({"peer": row}, lambda: tell_friend(out, row))
