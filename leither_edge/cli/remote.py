"""``leither remote``: the devices in the book, and groups of them."""

import time

from leither_edge.cli import device
from leither_edge.cli.address import parse_address
from leither_edge.cli.book import Book, check_name, natural
from leither_edge.cli.controller import Controller, day
from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.figures import versions_text
from leither_edge.cli.progress import counting, waiting
from leither_edge.cli.prompt import confirm

CHECKS_AT_ONCE = 16
CHECK_S = 5


def add(home, out, args):
    """Meet a device and pin its key."""
    name, address = check_name(args.name), parse_address(args.address)
    book = Book(home)
    if name in book.remotes:
        raise Failure(
            f"You know a device “{name}” already, at {book.remotes[name]['address']}.",
            fix=f"Choose another name, or tell its new address: leither remote move {name} {address}",
            code="remote-exists",
        )
    statement = meet(home, book, out, name, address, args.device, getattr(args, "timeout", None))
    facts = {"name": name, "address": str(address), **device.describe(statement)}
    out.result(facts, lambda: tell(out, facts))


def meet(home, book, out, name, address, expected, timeout):
    """Ask a device who it is, check that, and put it into the book.

    Args:
        expected: the id's text the user gave, or None.

    Returns:
        its Statement.
    """
    from leither_edge.core.ids import IdError, id_from_text, id_to_text, public_key_to_text

    if expected is not None:
        try:
            id_from_text(expected)
        except IdError as error:
            raise UsageError(
                f"“{expected}” is not a device id.", f"{error}.", "It has 27 characters and stands on the setup page and in the node's log."
            ) from None
    with waiting(out, f"Asking {address} who it is"):
        statement = device.ask(address, timeout or device.TOTAL_S)
    device_id = id_to_text(statement.device_id)
    if expected is not None:
        device.expect(statement, expected, address, name)
    with book.changing():
        twin = book.by_device(device_id)
        if twin is not None:
            fix = f"Use that name, or rename it: leither remote rename {twin} {name}"
            raise Failure(f"You know this device already: it is “{twin}”.", f"Its id is {device_id}.", fix, code="remote-exists")
        if name in book.remotes or name in book.groups:
            raise Failure(f"There is a device or group “{name}” already.", fix="Choose another name.", code="remote-exists")
        book.remotes[name] = {
            "address": str(address),
            "device_id": device_id,
            "public_key": public_key_to_text(statement.public_key),
            "owner": None,
            "added": int(time.time()),
        }
    Controller(home, book, out, name, timeout).remember_statement(statement)
    return statement


def tell(out, facts):
    """Show a device that was just met."""
    name = facts["name"]
    out.done(f"{out.styled(name, 'bold')} is in your book. From now on only this device is believed under that name.")
    out.line()
    out.facts(
        [
            ("Calls itself", facts["device_name"] or "-"),
            ("Address", facts["address"]),
            ("Device id", facts["device_id"]),
            ("Version", versions_text(facts["versions"]) or None),
            ("Owner", "claimed" if facts["claimed"] else out.styled("nobody yet", "yellow")),
        ]
    )
    if facts["claimed"]:
        out.next_step("See how it is:", f"leither remote {name} status")
    else:
        out.next_step("Make it yours with the token it shows when it starts:", f"leither remote claim {name} --token TOKEN")


def list_remotes(home, out, args):
    """List the devices, and with ``--check`` ask each whether it is there."""
    book = Book(home)
    names = sorted(book.remotes, key=natural)
    rows = {name: summary(home, book, name) for name in names}
    if args.check and names:
        check_all(home, book, out, rows, getattr(args, "timeout", CHECK_S))

    def show():
        if not names:
            out.line("You know no devices yet.")
            out.next_step("Meet one:", "leither remote add NAME ADDRESS")
            return
        cells, styles = [], {}
        for number, name in enumerate(names):
            row = rows[name]
            state = row.get("state")
            cells.append([name, row["address"], owner_text(row), row["device_id"], state or ago(row["seen"])])
            styles[number, 0] = "bold"
            if row["claimed"] is False:
                styles[number, 2] = "yellow"
            if state:
                styles[number, 4] = "green" if state == "there" else "red"
        out.table(["NAME", "ADDRESS", "OWNER", "DEVICE ID", "NOW" if args.check else "LAST SEEN"], cells, styles)

    out.result({"remotes": [rows[name] for name in names]}, show)


def summary(home, book, name):
    """What the book tells of a device, for JSON."""
    entry = book.remotes[name]
    seen = home.read_json("seen", f"{entry['device_id']}.json", default={})
    groups = sorted(group for group, members in book.groups.items() if name in members)
    return {
        "name": name,
        "address": entry["address"],
        "device_id": entry["device_id"],
        "public_key": entry["public_key"],
        "owner": entry.get("owner"),
        "claimed": seen.get("claimed"),
        "groups": groups,
        "seen": seen.get("seen"),
    }


def owner_text(row):
    """Who owns a device, as far as the book knows."""
    if row["owner"]:
        return f"you ({row['owner']})"
    return {True: "claimed", False: "nobody yet", None: "?"}[row["claimed"]]


def ago(moment):
    """A time span in the largest unit that says enough."""
    if not moment:
        return "never"
    gone = max(0, int(time.time() - moment))
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if gone >= size:
            number = gone // size
            return f"{number} {unit}{'s' if number > 1 else ''} ago" if number < 365 or unit != "day" else day(moment)
    return "just now"


def check_all(home, book, out, rows, timeout):
    """Fill in ``state`` and ``claimed`` of every row by asking the devices."""
    from concurrent.futures import ThreadPoolExecutor

    def check(name):
        try:
            rows[name]["claimed"] = Controller(home, book, out, name, timeout).refresh().claimed
            rows[name]["seen"] = int(time.time())
            return "there"
        except Failure as error:
            return {"unreachable": "not reachable", "wrong-device": "another device"}.get(error.code, "no device there")

    with counting(out, "Asking", len(rows)) as advance, ThreadPoolExecutor(CHECKS_AT_ONCE) as pool:
        for name, state in zip(rows, pool.map(check, rows), strict=True):
            rows[name]["state"] = state
            advance(name)


def remove(home, out, args):
    """Forget a device."""
    book = Book(home)
    book.remote(args.name)
    if not args.yes:
        confirm(f"{args.name} will leave your book. The device itself is not changed; you can add it again.", args.name, out)
    with book.changing():
        book.remotes.pop(args.name, None)
        for group in list(book.groups):
            drop_members(book, group, [args.name])
        book.content["passes"] = [kept for kept in book.passes if kept.get("only") != args.name]
    out.result({"removed": args.name}, lambda: out.done(f"{args.name} is gone from your book."))


def rename(home, out, args):
    """Give a device another name in the book."""
    book, new = Book(home), check_name(args.new_name)
    with book.changing():
        book.remote(args.name)
        if new in book.remotes or new in book.groups:
            raise Failure(f"There is a device or group “{new}” already.", fix="Choose another name.", code="remote-exists")
        book.remotes[new] = book.remotes.pop(args.name)
        for members in book.groups.values():
            members[:] = [new if member == args.name else member for member in members]
        for kept in book.passes:
            if kept.get("only") == args.name:
                kept["only"] = new
    out.result({"name": new, "was": args.name}, lambda: out.done(f"{args.name} is now called {out.styled(new, 'bold')}."))


def move(home, out, args):
    """Note a device's new address, after the device there proved itself."""
    book, address = Book(home), parse_address(args.address)
    entry = book.remote(args.name)
    with waiting(out, f"Asking {address} who it is"):
        statement = device.ask(address, getattr(args, "timeout", device.TOTAL_S))
    device.expect(statement, entry["device_id"], address, args.name)
    with book.changing():
        book.remote(args.name)["address"] = str(address)
    Controller(home, book, out, args.name).remember_statement(statement)
    out.result(
        {"name": args.name, "address": str(address)},
        lambda: out.done(f"{args.name} is at {address}: the same device, with the key you know."),
    )


def group_add(home, out, args):
    """Put devices into a group."""
    book, group = Book(home), check_name(args.group, "group")
    with book.changing():
        if group in book.remotes:
            raise Failure(f"There is a device “{group}” already.", fix="Choose another name for the group.", code="remote-exists")
        for name in args.names:
            book.remote(name)
        book.groups[group] = sorted({*book.groups.get(group, []), *args.names})
        members = book.group(group)
    out.result({"group": group, "names": members}, lambda: out.done(f"{out.styled('@' + group, 'bold')}: {', '.join(members)}"))


def group_remove(home, out, args):
    """Take devices out of a group; the last one takes the group with it."""
    book = Book(home)
    with book.changing():
        members = book.group(args.group)
        strangers = [name for name in args.names if name not in members]
        if strangers:
            raise UsageError(f"{', '.join(strangers)} is not in the group “{args.group}”.", fix=f"In it: {', '.join(members)}")
        drop_members(book, args.group, args.names or members)
        left = sorted(book.groups.get(args.group, []))
    text = f"@{args.group}: {', '.join(left)}" if left else f"The group {args.group} is gone; its devices stay in your book."
    out.result({"group": args.group, "names": left}, lambda: out.done(text))


def drop_members(book, group, names):
    """Take names out of a group, and remove it when it is empty."""
    book.groups[group] = [member for member in book.groups[group] if member not in names]
    if not book.groups[group]:
        del book.groups[group]


def group_list(home, out, args):
    """List the groups."""
    book = Book(home)
    groups = [{"group": group, "names": sorted(members)} for group, members in sorted(book.groups.items())]

    def show():
        if not groups:
            out.line("You have no groups yet.")
            out.next_step("Make one:", "leither remote group add home NAME...")
            return
        out.table(
            ["GROUP", "DEVICES"],
            [["@" + entry["group"], ", ".join(entry["names"])] for entry in groups],
            {(n, 0): "bold" for n in range(len(groups))},
        )

    out.result({"groups": groups}, show)
