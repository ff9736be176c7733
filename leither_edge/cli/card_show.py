"""``leither card list``, ``show`` and ``settings``: which disks there are, what a card says, and changing it."""

import contextlib
import os
import stat

from leither_edge.card.card_file import CARD_MAX_BYTES, Card, file_bytes
from leither_edge.card.location import CARD_FILE, LocationError, find_card_file, read_card_file
from leither_edge.cli import card_page
from leither_edge.cli.card_device import CardDevice
from leither_edge.cli.card_disks import Machine, refusal, size_text
from leither_edge.cli.card_settings import changes_for, parsed, settled
from leither_edge.cli.card_write import allowed, linux_only
from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.prompt import read_limited

KINDS = {"usb": "USB", "sd": "card", "other": "built in"}


def list_disks(home, out, args):
    """List the disks a card could be, and what speaks against each."""
    linux_only()
    disks = [(disk, refusal(disk)) for disk in Machine().disks()]
    if not args.all:
        disks = [(disk, error) for disk, error in disks if disk.kind != "other" or disk.removable]
    entries = [
        {
            "device": disk.path, "model": disk.model, "bytes": disk.size, "kind": disk.kind,
            "fit": error is None, "why_not": error and f"{error.what} {error.why}".strip().replace("\n", " "),
        }
        for disk, error in disks
    ]  # fmt: skip

    def show_table():
        if not entries:
            out.line("No card is to be seen here. Put one in, and look again.")
            return
        rows = []
        for disk, error in disks:
            said = "ready to be written" if error is None else (error.why or error.what).strip().splitlines()[0]
            rows.append([disk.path, disk.model, size_text(disk.size), KINDS[disk.kind], said])
        styles = {(n, 4): "green" if error is None else "yellow" for n, (_, error) in enumerate(disks)}
        out.table(["DISK", "MODEL", "SIZE", "KIND", "STATE"], rows, styles)

    out.result({"disks": entries}, show_table)


def show(home, out, args):
    """Tell what leither.toml says, without secrets."""
    card = parsed(card_text(args.target))
    facts = {"from": args.target, **card_page.open_facts(card)}

    def page():
        network = card.network
        known = "set" if card.access_point_passphrase else "made by the device"
        wifi = None
        if network is not None:
            wifi = f"{network.ssid} ({'with a password' if network.passphrase else 'open'}{', hidden' if network.hidden else ''})"
        out.facts(
            [
                ("Its own Wi-Fi", card.access_point_ssid or "Leither-…, named by the device"),
                ("Its password", known),
                ("Claim token", "set" if card.claim_token else "none" if card.owner else "made by the device"),
                ("Joins", wifi or "no network"),
                ("Belongs to", facts["owner"] or "nobody yet"),
            ]
        )

    out.result(facts, page)


def card_text(path):
    """The bytes of leither.toml: of that file itself, or of the one on a card or in an image. Raises Failure."""
    if not is_disk(path):
        return read_limited(path, CARD_MAX_BYTES, "Card file")
    # Reading changes nothing, so a mounted card may be looked at too.
    with open_to_read(path) as read:
        return read_card_file(read, found(path, read))


@contextlib.contextmanager
def open_to_read(path):
    """A read function over a disk or an image."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:
        fix = "Run the same command with sudo in front of it."
        raise Failure(f"{path} could not be opened: you may not.", fix=fix, code="not-allowed") from None
    except OSError as error:
        raise UsageError(f"{path} could not be opened.", error.strerror) from None
    try:
        yield lambda offset, count: os.pread(file, count, offset)
    except OSError as error:
        raise Failure(f"{path} could not be read.", error.strerror, code="io-error") from None
    finally:
        os.close(file)


def found(path, read, size=1 << 62):
    """The FatFile of leither.toml on a disk. Raises Failure."""
    try:
        return find_card_file(read, size)
    except LocationError as error:
        raise Failure(
            f"{path} is not a card of Leither Edge: {error}.", fix="Write it first: leither card write", code="no-card-file"
        ) from None


def is_disk(path):
    """Whether a path is a block device, or a file with a partition table; else it is taken for leither.toml itself."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISBLK(mode):
            return True
        if not stat.S_ISREG(mode):
            raise UsageError(f"{path} is neither a disk nor a file.", fix="Name a disk, an image, or a leither.toml.")
        with open(path, "rb") as file:
            begin = file.read(512)
    except OSError as error:
        raise UsageError(f"{path} cannot be read.", error.strerror) from None
    if begin.startswith(b"\xfd7zXZ\0"):
        raise UsageError(f"{path} is packed.", fix="Unpack it first, or look at the card itself.")
    return begin[510:] == b"\x55\xaa"


def settings(home, out, args):
    """Change what a card says, on the disk or in the file itself."""
    if os.path.basename(args.target) == CARD_FILE and not os.path.exists(args.target):
        card = settled(Card(), home, out, args)
        replace_text(args.target, file_bytes(card))
    elif is_disk(args.target):
        card = change_disk(home, out, args)
    else:
        before = Card() if args.fresh else parsed(card_text(args.target))
        card = settled(before, home, out, args)
        replace_text(args.target, file_bytes(card))

    def page():
        out.done(f"{args.target} says this now.")
        card_page.tell(out, card)

    out.result({"target": args.target, **card_page.secret_facts(card)}, page)


def change_disk(home, out, args):
    """Rewrite leither.toml on a disk and read it back; returns the Card."""
    linux_only()
    args.device = args.target
    disk = allowed(Machine(), args)
    with CardDevice(disk) as device:
        file = found(disk.path, device.read, device.size)
        before = Card() if args.fresh else parsed(read_card_file(device.read, file))
        card = settled(before, home, out, args)
        changes = changes_for(card, file)
        for at, data in changes:
            device.write(at, data)
        device.forget()
        if any(device.read(at, len(data)) != data for at, data in changes):
            raise Failure("The card does not hold what was written to it.", "It is broken.", "Take another one.", code="read-back")
    return card


def replace_text(path, data):
    """Write leither.toml in place, so that it stays one piece on the card. Raises Failure."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(file, "wb") as stream:
            stream.write(data)
            stream.truncate()
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise Failure(f"{path} could not be written.", error.strerror, code="io-error") from None
