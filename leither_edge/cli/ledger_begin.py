"""``leither ledger init`` and ``import``: how a book comes to this computer."""

import os
import shutil
import time

from leither_edge.cli import keyring
from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.ledger_access import read_organization
from leither_edge.cli.ledger_failures import told
from leither_edge.cli.ledger_people import People
from leither_edge.cli.ledger_place import FOLDER, MAP_BYTES, new_folder
from leither_edge.cli.progress import waiting
from leither_edge.core.ids import id_to_text, key_id


def init(home, out, args):
    """Open a new book."""
    from leither_edge.organization.book_folder import found_book

    folder, people = new_folder(home, args), People(home)
    treasurer = None if args.treasurer is None else people.public_key(args.treasurer)
    signer = keyring.unlock(keyring.find_key(people.book, args.key), out, args.passphrase_file)
    with told():
        found_book(folder, signer.public_key, signer.sign, treasurer or signer.public_key, MAP_BYTES, time.time()).close()
    facts = {
        "book": args.name, "folder": folder, "organization": id_to_text(signer.key_id),
        "treasurer": id_to_text(key_id(treasurer or signer.public_key)),
    }  # fmt: skip

    def page():
        out.done(f"The book “{args.name}” is open.")
        out.facts([("Organization", out.styled(facts["organization"], "bold")), ("Folder", folder)], indent=2)
        out.note("Whoever knows the organization's id can check receipts. Tell it to every member.")
        out.next_step("Put points into its treasury:", f"leither ledger issue 10000 --reason 'Founding points'{chosen(home, args, folder)}")

    out.result(facts, page)


def import_(home, out, args):
    """Make a book of an exported one."""
    from leither_edge.crypto.node_key import load_or_create
    from leither_edge.ledger.export import import_book
    from leither_edge.organization.book_folder import KEY_NAME, name_organization

    folder, organization = new_folder(home, args), read_organization(args.organization)
    key = args.bookkeeper_key
    if key is not None and not os.path.isfile(key):
        raise UsageError(f"There is no file {key}.", fix="It is bookkeeper.key in the folder of the book that was exported.")
    with told():
        if key is not None:
            load_or_create(key)
        try:
            with waiting(out, "Checking and loading every account"):
                header = import_book(args.file, folder, organization, MAP_BYTES)
        except OSError as error:
            raise Failure(f"{args.file} could not be imported.", f"{error.strerror}.", code="import") from None
        name_organization(folder, organization)
        if key is not None:
            shutil.copyfile(key, os.path.join(folder, KEY_NAME))
            os.chmod(os.path.join(folder, KEY_NAME), 0o600)
    facts = {
        "book": args.name, "folder": folder, "organization": args.organization, "pulse": header.pulse, "accounts": header.accounts,
        "total": header.total, "keeps": key is not None,
    }  # fmt: skip

    def page():
        out.done(f"The book “{args.name}” is whole and signed: {header.accounts} accounts hold {header.total} at pulse {header.pulse}.")
        if key is None:
            out.note("It is for reading alone: the bookkeeper's key did not come with it (--bookkeeper-key).")

    out.result(facts, page)


def chosen(home, args, folder):
    """The option that names a book, where it is not in the tool's folder."""
    return "" if os.path.dirname(folder) == home.path(FOLDER) else f" --book {folder}"
