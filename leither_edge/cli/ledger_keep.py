"""``leither ledger export`` and ``fsck``: care for a book."""

import os

from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.ledger_access import opened
from leither_edge.cli.ledger_failures import told
from leither_edge.cli.ledger_place import MAP_BYTES, find
from leither_edge.cli.output import clean, plain
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
    from leither_edge.organization.book_folder import organization_of

    place = find(home, args)
    if place.folder is None:
        raise UsageError("A book is checked where it is kept.", fix="Name its folder with --book.")
    with told(), waiting(out, "Checking every hash and sum") as say:
        findings = checked(place.folder, organization_of(place.folder), args.repair, say)
        left = checked(place.folder, organization_of(place.folder), False, say) if args.repair and findings else findings
    facts = {
        "folder": place.folder, "good": not left, "repaired": bool(args.repair and findings and not left),
        "findings": [finding._asdict() for finding in findings],
    }  # fmt: skip

    def page():
        for finding in findings:
            mark = out.styled("✗", "red", "bold") if left else out.styled("✓", "green", "bold")
            out.item(mark, " ".join(clean(text, 400) for text in (finding.sentence, finding.remedy) if text))
        if not left:
            out.done("The book is whole again." if findings else "Every hash and sum is right.")

    if not left:
        out.result(facts, page)
        return
    count = f"{len(findings)} findings" if len(findings) > 1 else "1 finding"
    error = Failure("The book is damaged.", f"{count}.", repair_text(args.repair, findings), code="damaged", details=plain(facts))
    if not out.as_json:
        page()
    raise error


def checked(folder, organization, repair, say):
    """[Finding, ...] of what is wrong with a book."""
    from leither_edge.ledger import fsck as checker

    findings = []
    with checker.open_damaged(folder, MAP_BYTES) as store:
        for found in (checker.repair if repair else checker.check)(store, organization):
            if isinstance(found, checker.Progress):
                say(f"Checking {found.stage}: {found.done} of {found.total}")
            elif len(findings) < FINDINGS_MAX:
                findings.append(found)
    return findings


def repair_text(repaired, findings):
    """What to do about a damaged book."""
    if not repaired and any(finding.restorable for finding in findings):
        return "Mend what can be mended: leither ledger fsck --repair"
    return "Keep the folder as it is, and make a book of an export: leither ledger import"
