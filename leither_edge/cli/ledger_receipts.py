"""``leither ledger receipt``, ``proof`` and ``verify``: what one shows to others, and how they check it."""

import os

from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.figures import moment
from leither_edge.cli.home import replace_file
from leither_edge.cli.ledger_access import opened, read_organization
from leither_edge.cli.ledger_asking import OwnKeys
from leither_edge.cli.ledger_head import pulse_at
from leither_edge.cli.ledger_people import People
from leither_edge.cli.ledger_place import find
from leither_edge.cli.output import clean
from leither_edge.cli.prompt import read_limited
from leither_edge.core.ids import id_to_text

TRANSACTION_DIGITS = 64
RECEIPT_FILE_MAX_BYTES = 32 * 1024
OPEN_PAGE = "receipt.html"


def receipt(home, out, args):
    """Get a receipt."""
    from leither_edge.organization.offers import to_text

    people = People(home)
    account, transaction = people.account(args.who), read_transaction(args.transaction)
    with opened(find(home, args), args, OwnKeys(people, out, args)) as access:
        data = access.receipt(account, transaction, pulse_at(access, args.at))
        shown = checked(data, access.organization)
        address, organization = access.address, id_to_text(access.organization)
    text = to_text(data)
    facts = {**described(shown), "organization": organization, "receipt": text}
    if args.link is not None:
        page = args.link or (f"{address}/receipt" if address else OPEN_PAGE)
        facts["link"] = f"{page}#o={organization}&r={text}"
    if args.out:
        replace_file(args.out, data)
        facts["file"] = os.path.abspath(args.out)

    def page():
        if args.out:
            out.done(f"{people.described(account)} holds {shown.amount} at pulse {shown.pulse}: {args.out}")
        if args.link is not None:
            out.line(facts["link"])
        elif not args.out:
            out.line(text)

    out.result(facts, page)


def proof(home, out, args):
    """Prove what an account holds."""
    from leither_edge.core.receipt import read_receipt
    from leither_edge.organization.offers import to_text

    people = People(home)
    account = people.account(args.who)
    with opened(find(home, args), args, OwnKeys(people, out, args)) as access:
        data = access.receipt(account, None, pulse_at(access, args.at))
        shown = checked(data, access.organization)
    found = read_receipt(data).proof
    header = shown.header
    facts = {
        **described(shown), "root": header.root.hex(), "total": header.total, "accounts": header.accounts, "proof": to_text(found),
        "proof_bytes": len(found),
    }  # fmt: skip
    if args.out:
        replace_file(args.out, found)
        facts["file"] = os.path.abspath(args.out)

    def page():
        holds = f"holds {shown.amount}" if shown.amount else "holds nothing"
        out.line(f"{out.styled(people.described(account), 'bold')} {holds} at pulse {shown.pulse}")
        out.facts(
            [
                ("Since pulse", shown.changed), ("Time", moment(shown.time)),
                ("All accounts", f"{header.accounts}, together {header.total}"), ("Root", header.root.hex()),
                ("Proof", args.out or to_text(found)),
            ], indent=2,
        )  # fmt: skip

    out.result(facts, page)


def verify(home, out, args):
    """Check a receipt without any book."""
    data, organization = read_receipt_argument(args)
    people = People(home)
    shown = checked(data, organization)
    wanted = None if args.account is None else people.account(args.account)
    if wanted not in (None, shown.account):
        raise Failure(
            "This is another account's receipt.", f"It is that of {people.described(shown.account)}.", code="wrong-account",
            details={"field": "account", **described(shown)},
        )  # fmt: skip

    def page():
        out.done("The receipt is good.")
        out.facts(
            [
                ("Account", out.styled(people.described(shown.account), "bold")), ("Holds", out.styled(str(shown.amount), "bold")),
                ("At pulse", f"{shown.pulse}, {moment(shown.time)}"), ("Since pulse", shown.changed),
                ("Transaction", shown.transaction and f"{shown.transaction.hex()} is in that pulse"),
                ("Organization", id_to_text(organization)),
            ], indent=2,
        )  # fmt: skip

    out.result({"good": True, **described(shown), "organization": id_to_text(organization)}, page)


def read_receipt_argument(args):
    """(bytes of the receipt, organization's id) as given: file, text, link or standard input."""
    from leither_edge.core.receipt import RECEIPT_MAX_BYTES
    from leither_edge.organization.offers import from_text

    given = args.receipt
    is_file = given == "-" or os.path.exists(given)
    data = read_limited(given, RECEIPT_FILE_MAX_BYTES, "Receipt") if is_file else given.encode(errors="replace")
    linked = None
    # An array of seven is no letter, so bytes and text cannot be taken for each other.
    if data[:1] != b"\x87":
        text = "".join(data.decode("ascii", "replace").split())
        if "#" in text:
            parts = dict(part.partition("=")[::2] for part in text.partition("#")[2].split("&"))
            text, linked = parts.get("r", ""), parts.get("o")
        try:
            data = from_text(text, RECEIPT_MAX_BYTES)
        except ValueError as error:
            what = "There is no such file, and it is not the text of a receipt" if given != "-" else "It is not the text of a receipt"
            raise Failure(
                "The receipt cannot be read.", f"{what}: {error}.", code="bad-receipt", details={"good": False, "field": "receipt"}
            ) from None
    if args.organization is None:
        raise UsageError(
            "Whose receipt shall it be?", "A receipt is worth what the organization is that signed it"
            + (f"; this link says {clean(linked, 40)}, which its sender chose." if linked else "."),
            "Say the id that you know: --organization ID", code="no-organization", details={"field": "organization"},
        )  # fmt: skip
    return data, read_organization(args.organization)


def checked(data, organization):
    """What a receipt shows, or a Failure that names what is wrong with it."""
    from leither_edge.core.receipt import verify_receipt
    from leither_edge.core.sum_tree import TreeError
    from leither_edge.crypto import sodium

    try:
        return verify_receipt(data, organization, sodium.verify)
    except TreeError as error:
        field = getattr(error, "field", "receipt")
        why = str(error)
        raise Failure(
            "The receipt is not good.", f"{why[:1].upper()}{why[1:]}.", "Trust nothing that it says. Ask for a new one.",
            code="bad-receipt", details={"good": False, "field": field},
        ) from None  # fmt: skip


def described(shown):
    """What a verified receipt says, for JSON."""
    return {
        "account": id_to_text(shown.account), "amount": shown.amount, "pulse": shown.pulse, "time": shown.time, "changed": shown.changed,
        "transaction": None if shown.transaction is None else shown.transaction.hex(),
    }  # fmt: skip


def read_transaction(text):
    """The id of a transaction, or None where none is given."""
    if text is None:
        return None
    try:
        data = bytes.fromhex(text) if text.isascii() and len(text) == TRANSACTION_DIGITS else b""
    except ValueError:
        data = b""
    if len(data) * 2 != TRANSACTION_DIGITS:
        raise UsageError(
            f"“{clean(text, 70)}” is not the id of a transaction.", f"It has {TRANSACTION_DIGITS} hexadecimal digits.",
            code="usage", details={"field": "transaction"},
        )  # fmt: skip
    return data
