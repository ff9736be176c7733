"""``leither ledger export`` and ``fsck``: care for a book."""

import os

from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.ledger_access import opened
from leither_edge.cli.ledger_failures import told
from leither_edge.cli.ledger_place import MAP_BYTES, find
from leither_edge.cli.output import clean
from leither_edge.cli.progress import waiting

FINDINGS_MAX = 1000


def export(home, out, args):
    """Write a whole book into one file."""
    path = os.path.abspath(args.file)
    if os.path.lexists(path):
        raise UsageError(f"{path} is there already.", "An export replaces nothing.", "Choose another file.")
    if not os.path.isdir(os.path.dirname(path)):
        raise UsageError(f"There is no folder {os.path.dirname(path)}.", fix="Make it first, or choose another file.")
    with opened(find(home, args), args) as access:
        if access.folder is None:
            raise Failure("Only the keeper of the book may export it.", fix="Run the command where it is kept.", code="not-keeper")
        try:
            with waiting(out, "Writing every account"):
                pulse = access.export(path)
        except OSError as error:
            raise Failure(f"{path} could not be written.", f"{error.strerror}.", code="export") from None
        folder = access.folder
    facts = {"file": path, "pulse": pulse, "bytes": os.path.getsize(path)}

    def page():
        out.done(f"The book as of pulse {pulse} is in {args.file}. It shows every balance: keep it to yourself.")
        out.note(f"To go on with it elsewhere, also keep {os.path.join(folder, 'bookkeeper.key')}, as secret as any key.")

    out.result(facts, page)


def fsck(home, out, args):
    """Check every hash and sum of a book."""
    place = find(home, args)
    if place.folder is None:
        raise UsageError("A book is checked where it is kept.", fix="Name its folder with --book.")
    with told(), waiting(out, "Checking every chunk, pulse and hash"):
        findings, more = checked(place.folder, args.repair)
    facts = {"folder": place.folder, "good": not findings, "findings": findings, "more": more}

    def page():
        if not findings:
            out.done("Every hash and sum is right.")
            return
        for one in findings:
            out.item(out.styled("✗", "red", "bold"), clean(one, 400))

    if not findings:
        out.result(facts, page)
        return 0
    if out.as_json:
        raise Failure("The book is damaged.", f"{len(findings)} findings.", code="damaged", details=facts)
    page()
    count = f"{len(findings)} findings{' and more' if more else ''}."
    raise Failure("The book is damaged.", count, repair_text(args.repair), code="damaged")


def checked(folder, repair):
    """([sentence, ...], whether there are more) of what is wrong with a book."""
    from leither_edge.ledger import fsck as checker
    from leither_edge.ledger.book import TABLES
    from leither_edge.storage import open_store

    findings = []
    with open_store(folder, MAP_BYTES, TABLES) as store:
        for finding in checker.check(store, repair=repair) if repair else checker.check(store):
            if len(findings) == FINDINGS_MAX:
                return findings, True
            findings.append(str(finding))
    return findings, False


def repair_text(repair):
    """What to do about a damaged book."""
    return "Restore it from an export: leither ledger import" if repair else "Mend what can be mended: leither ledger fsck --repair"
