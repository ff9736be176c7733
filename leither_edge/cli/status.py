"""``leither status``: the node on this computer."""

import os

from leither_edge.cli import device, show
from leither_edge.cli.address import parse_address
from leither_edge.cli.book import Book
from leither_edge.cli.controller import Controller, day
from leither_edge.cli.failure import Failure, UnreachableError, UsageError
from leither_edge.cli.figures import versions_text
from leither_edge.cli.output import clean
from leither_edge.cli.progress import waiting
from leither_edge.cli.signers import Signers

ADDRESS_FILE = "address"
ADDRESS_MAX_BYTES = 512


def status(home, out, args):
    """Show who the local node says it is and, with a key it knows, how it is."""
    address = parse_address(args.address) if args.address else local_address(args.state)
    timeout = getattr(args, "timeout", device.TOTAL_S)
    try:
        with waiting(out, f"Asking {address}"):
            statement = device.ask(address, timeout)
    except UnreachableError as error:
        if args.address:
            raise
        raise UnreachableError(
            "The node of this folder is not running.", f"Its last address was {address}. {error.why}", "Start it: make run"
        ) from None
    facts = {"address": str(address), **device.describe(statement)}
    book = Book(home)
    name = book.by_device(facts["device_id"])
    facts["remote"] = name
    result = signed_status(home, book, out, args, name, timeout, address) if name and statement.claimed else None
    if result is not None:
        facts["status"] = result

    def page():
        if result is not None:
            show.show_status(out, name, result, args, address=str(address))
            return
        out.line(f"{out.styled('●', 'green')} {out.styled(facts['device_name'] or 'A node', 'bold')} is running at {address}")
        out.facts(
            [
                ("Device id", facts["device_id"]),
                ("Owner", "claimed" if facts["claimed"] else out.styled("nobody yet", "yellow")),
                ("Version", versions_text(facts["versions"]) or None),
                ("Time", day(facts["device_time"])),
            ],
            indent=2,
        )
        if not statement.claimed:
            out.next_step("Make it yours, on its page or here:", f"leither remote claim home {address} --token TOKEN")
        elif not name:
            out.next_step("To see more, add it and use your key:", f"leither remote add home {address}", "leither remote home status")

    out.result(facts, page)


def signed_status(home, book, out, args, name, timeout, address):
    """The signed status, or None where no key fits or the device does not want to."""
    try:
        signers = Signers(book, out, args.key, args.passphrase_file)
        signer = signers.choose(name, "status")
        with waiting(out, f"Waiting for {name}"):
            return Controller(home, book, out, name, timeout, address).call("status", {}, signer).result
    except Failure as error:
        if args.key:
            raise
        out.note(f"No signed status: {error.what}")
        return None


def local_address(folder):
    """Read the address file that a running node keeps in its folder."""
    path = os.path.join(folder, ADDRESS_FILE)
    try:
        with open(path, "rb") as file:
            text = file.read(ADDRESS_MAX_BYTES).decode("utf-8", "replace").split()
    except FileNotFoundError:
        raise UsageError(
            "There is no node in this folder.", f"{path} does not exist.",
            "Start one: make run\nFor a node elsewhere: leither status --address HOST:PORT", code="no-node",
        ) from None  # fmt: skip
    except OSError as error:
        raise Failure(f"{path} could not be read.", error.strerror) from None
    if not text:
        raise Failure(f"{path} is empty.", fix="The node may be starting: try again in a moment.")
    return parse_address(clean(text[0]))
