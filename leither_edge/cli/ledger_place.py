"""Which book a command means: a name or folder on this computer, or an address where one is kept."""

import os
import sys
from collections import namedtuple

from leither_edge.cli.failure import UsageError
from leither_edge.cli.parser import nearest

FOLDER = "ledger"
# Address space only: the file grows as the book does. A 32-bit process has less to give.
MAP_BYTES = (8 << 30) if sys.maxsize > 1 << 32 else (1 << 30)

# folder: path, or None where the book is kept elsewhere. address: text, or None. organization: id in text from the command line, or None.
Place = namedtuple("Place", "name folder address organization")


def names(home):
    """Names of the books in the tool's folder."""
    try:
        found = os.listdir(home.path(FOLDER))
    except OSError:
        return []
    return sorted(name for name in found if os.path.isfile(home.path(FOLDER, name, "data.mdb")))


def find(home, args):
    """Return the Place of ``--book``, or of the only book there is."""
    text, organization = args.book, getattr(args, "organization", None)
    if text is None:
        known = names(home)
        if len(known) == 1:
            return Place(known[0], home.path(FOLDER, known[0]), None, organization)
        if not known:
            raise UsageError(
                "You have no book on this computer.", fix="Open one: leither ledger init NAME\nOr say where it is: --book BOOK",
                code="no-book",
            )  # fmt: skip
        raise UsageError(f"You have {len(known)} books.", fix=f"Say which one with --book: {', '.join(known)}", code="which-book")
    if text in names(home):
        return Place(text, home.path(FOLDER, text), None, organization)
    if os.path.isfile(os.path.join(text, "data.mdb")):
        folder = os.path.abspath(text)
        return Place(os.path.basename(folder), folder, None, organization)
    if is_address(text):
        if not organization:
            raise UsageError(
                "Whose book is it?", "What answers at an address could be anybody's book.", "Say so: --organization ID",
                code="no-organization",
            )  # fmt: skip
        return Place(text, None, text, organization)
    fix = nearest(text, names(home)) + "See what there is: leither ledger stat --book NAME"
    raise UsageError(f"There is no book “{text}”, and no folder with a book.", fix=fix, code="no-book")


def is_address(text):
    """Whether a text is meant as a network address rather than as a name or a path."""
    return "://" in text or (os.sep not in text and (":" in text or "." in text))


def new_folder(home, args):
    """Return the folder for a new book; it must not hold one."""
    from leither_edge.cli.book import check_name

    name = check_name(args.name, "book")
    if args.book:
        folder = os.path.abspath(args.book)
        if not os.path.isdir(os.path.dirname(folder)):
            raise UsageError(f"There is no folder {os.path.dirname(folder)}.", fix="Make it first, or choose another --book.")
    else:
        folder = os.path.join(home.make(FOLDER), name)
    if os.path.isfile(os.path.join(folder, "data.mdb")):
        raise UsageError(f"There is a book in {folder} already.", fix="Choose another name.", code="book-exists")
    return folder
