"""``leither card write``: makes a card from an image."""

import contextlib
import os
import sys
import time

from leither_edge.card.card_file import Card
from leither_edge.cli import card_page
from leither_edge.cli.card_copy import BROKEN, read_back, write_image
from leither_edge.cli.card_device import CardDevice
from leither_edge.cli.card_disks import FIX_LIST, Machine, refusal, size_text
from leither_edge.cli.card_image import Image, examine
from leither_edge.cli.card_progress import measured
from leither_edge.cli.card_settings import changes_for, settled
from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.prompt import confirm

STOPPED = 130


def write(home, out, args):
    """Check everything first, ask, write, read back, tell how to go on."""
    linux_only()
    machine = Machine()
    if not args.device:
        raise UsageError("Which disk is the card?", choice(machine), f"Say --device /dev/…\n{FIX_LIST}", code="which-disk")
    image = Image(args.image)
    disk = allowed(machine, args)
    if disk.kind == "file" and os.path.samefile(disk.path, image.path):
        raise UsageError("The image would be written over itself.", fix="Name another file with --device.", code="same-file")
    card = settled(Card(), home, out, args)
    with measured(out, "Checking the image", image.size) as advance:
        examined = examine(image, advance, disk.size)
    if not examined.checked:
        out.note(f"No checksum lies beside the image ({image.path}.sha256 or .json), so only its own marks were checked.")
    changes = changes_for(card, examined.file)
    disk = allowed(machine, args, examined.size)
    if not args.yes:
        confirm(f"Everything on {disk.path}, {disk.model}, {size_text(disk.size)}, will be erased.", disk.name, out)
    # The time that the question took is long enough to mount something.
    disk = allowed(Machine(), args, examined.size)
    amount, begin = sum(end - start for start, end in examined.ranges), time.monotonic()
    with CardDevice(disk) as device:
        with unfinished("The card is not finished, and no device will start from it."):
            with measured(out, f"Writing {disk.path}", amount) as advance:
                pieces = write_image(image, examined, changes, device, advance)
        with unfinished("The card is written, but was not read back to the end."):
            with measured(out, f"Reading back {disk.path}", amount) as advance:
                read_back(device, pieces, advance)
    seconds = time.monotonic() - begin
    facts = {
        "device": disk.path, "model": disk.model, "image": image.path, "image_bytes": examined.size, "image_sha256": examined.sha256,
        "written_bytes": amount, "read_back": True, "seconds": round(seconds, 1), **card_page.secret_facts(card),
    }  # fmt: skip

    def show():
        out.done(f"The card is ready: {size_text(amount)} written and read back in {seconds:.0f} s.")
        card_page.tell(out, card)

    out.result(facts, show)


def allowed(machine, args, needed=0):
    """The Disk of ``--device``, if it may be overwritten. Raises Failure."""
    disk = machine.find(args.device)
    error = refusal(disk, needed, args.really)
    if error is not None:
        raise error
    if not os.access(disk.path, os.R_OK | os.W_OK):
        fix = "Run the same command with sudo in front of it."
        raise Failure(f"{disk.path} could not be opened: you may not.", fix=fix, code="not-allowed")
    return disk


def choice(machine):
    """The disks that could be meant, as a sentence."""
    fit = [disk for disk in machine.disks() if refusal(disk) is None]
    if not fit:
        return "No card is to be seen here."
    return "Here are: " + ", ".join(f"{disk.path} ({disk.model}, {size_text(disk.size)})" for disk in fit) + "."


def linux_only():
    """Raise Failure where disks are not reached as on Linux."""
    if sys.platform != "linux":
        raise Failure(
            "Cards are written by this command on Linux only.",
            fix="Here use Raspberry Pi Imager: choose the image as a custom one, and answer no to its own settings.\n"
            "Then put the card in again, and: leither card settings FOLDER/leither.toml (on the drive LEITHER)",
            code="linux-only",
        )


@contextlib.contextmanager
def unfinished(sentence):
    """Say how the card is when something, or Ctrl-C, ends the block early."""
    try:
        yield
    except KeyboardInterrupt:
        raise Failure("Stopped.", sentence, "Write it again when you like.", code="stopped", exit_code=STOPPED) from None
    except Failure as error:
        if error.code != BROKEN:
            error.why = "\n".join(part for part in (error.why, sentence) if part)
        raise
