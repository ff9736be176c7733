"""``leither ledger issue``, ``grant``, ``pay`` and ``accept``: how points move."""

import os

from leither_edge.cli.extras import qr_lines
from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.home import replace_file
from leither_edge.cli.ledger_access import opened
from leither_edge.cli.ledger_asking import OwnKeys
from leither_edge.cli.ledger_failures import read_amount, told
from leither_edge.cli.ledger_head import head
from leither_edge.cli.ledger_people import People
from leither_edge.cli.ledger_place import find
from leither_edge.cli.ledger_receipts import checked
from leither_edge.cli.output import clean, columns_of
from leither_edge.cli.progress import waiting
from leither_edge.cli.prompt import confirm, read_limited
from leither_edge.core.ids import id_to_text, key_id

EVIDENCE_PIECE_BYTES = 1 << 20
KIND_TEXTS = {"issue": "New points", "grant": "Grant", "transfer": "Payment"}


def issue(home, out, args):
    """Put new points into the treasury."""
    from leither_edge.core.transfer import sign_transfer
    from leither_edge.crypto.sodium import random_bytes
    from leither_edge.organization.offers import SALT_BYTES, issue_terms

    amount, evidence = read_amount(args.amount), evidence_hash(args.evidence)
    people = People(home)
    with opened(find(home, args), args) as access:
        now = head(access)
        signer = treasurer(people, out, args, now.certificate)
        public, salt = (amount, args.reason, now.anchor, now.header.pulse), random_bytes(SALT_BYTES)
        terms = issue_terms(access.organization, now.certificate.treasurer, *public, salt, evidence)
        pulse, id = submitted(access, out, sign_transfer(terms, [(signer.key_id, signer.sign)]))
    facts = {"kind": "issue", "amount": amount, "pulse": pulse, "transaction": id.hex()}
    out.result(facts, lambda: out.done(f"{amount} new points are in the treasury, since pulse {pulse}."))


def grant(home, out, args):
    """Offer points of the treasury."""
    from leither_edge.crypto.sodium import random_bytes
    from leither_edge.organization.offers import SALT_BYTES, grant_terms

    amount, evidence, people = read_amount(args.amount), evidence_hash(args.evidence), People(home)
    payee, keys = people.public_key(args.who), OwnKeys(people, out, args)
    with opened(find(home, args), args, keys) as access:
        now = head(access)
        signer = keys.add(treasurer(people, out, args, now.certificate))
        public, salt = (amount, args.reason, now.anchor, now.header.pulse), random_bytes(SALT_BYTES)
        terms = grant_terms(access.organization, now.certificate.treasurer, payee, *public, salt, evidence)
        warn_if_short(access, out, people, terms)
    offer(out, args, people, terms, signer)


def pay(home, out, args):
    """Offer a payment."""
    from leither_edge.crypto.sodium import random_bytes
    from leither_edge.organization.offers import SALT_BYTES, memo_bytes, payment_terms

    amount, people = read_amount(args.amount), People(home)
    payee, keys = people.public_key(args.who), OwnKeys(people, out, args)
    with opened(find(home, args), args, keys) as access:
        memo = memo_bytes(args.memo, random_bytes(SALT_BYTES))
        now = head(access)
        signer = keys.add(people.signer(None, out, args, "You"))
        terms = payment_terms(access.organization, signer.public_key, payee, amount, now.anchor, now.header.pulse, memo)
        warn_if_short(access, out, people, terms)
    offer(out, args, people, terms, signer, memo)


def warn_if_short(access, out, people, terms):
    """Warn where the payer holds less than an offer of theirs says; by the time it is booked it may be enough."""
    account, amount = terms.payers[0]
    try:
        holds = checked(access.receipt(account), access.organization).amount
    except Failure as error:
        out.warn(f"Whether {people.name(account)} holds {amount} could not be asked: {error.why or error.what}")
        return
    if holds < amount:
        out.warn(f"{people.name(account)} holds {holds} now, and this offers {amount}: it is booked only once there is that much.")


def offer(out, args, people, terms, signer, memo=b""):
    """Sign an offer and hand it out."""
    from leither_edge.core.transfer import read_transfer, sign_transfer
    from leither_edge.organization.offers import offer_text

    with told():
        data = sign_transfer(terms, [(signer.key_id, signer.sign)])
    hand_out(out, args, people, read_transfer(data), offer_text(data, memo), f"Offered {terms.payees[0][1]}")


def hand_out(out, args, people, signed, text, what):
    """Show an offer as text, or write it to a file."""
    payee, amount = signed.transfer.payees[0]
    facts = {
        "offer": text, "transaction": signed.id.hex(), "amount": amount, "payee": id_to_text(payee), "expires": signed.transfer.expires,
    }  # fmt: skip
    if args.out:
        replace_file(args.out, text.encode() + b"\n")
        facts["file"] = os.path.abspath(args.out)

    def page():
        out.done(f"{what} to {people.described(payee)}, valid until pulse {signed.transfer.expires}.")
        out.facts([("Transaction", signed.id.hex()), ("File", facts.get("file"))], indent=2)
        if not args.out:
            out.line()
            out.line(text)
            picture(out, qr_lines(text) if out.out.isatty() else None)
        out.next_step("It counts once the other side has accepted:", f"leither ledger accept {args.out or 'OFFER'}")

    out.result(facts, page)


def picture(out, lines):
    """Draw a QR code where the terminal has room for it."""
    if lines and len(lines[0]) + 2 > columns_of(out.out):
        out.note(f"A terminal of {len(lines[0]) + 2} columns shows this as a QR code, too.")
        return
    for line in lines or ():
        # Explicit white on black, so that the picture is right on light terminals too.
        out.line(f"  \x1b[97;40m{line}\x1b[0m")


def accept(home, out, args):
    """Add this user's signature to an offer, and submit it when it is complete."""
    from leither_edge.core.transfer import add_signature, check_signatures, missing, read_transfer
    from leither_edge.crypto.sodium import verify
    from leither_edge.organization.offers import offer_text, read_offer

    people, text = People(home), read_text(args.offer)
    keys = OwnKeys(people, out, args)
    with opened(find(home, args), args, keys) as access:
        found = read_offer(text)
        certificate = head(access).certificate
        keeper = key_id(certificate.treasurer)
        signed = found.signed
        if signed.transfer.organization != access.organization:
            raise UsageError(
                "This offer is for another organization's book.", f"It is for that of {id_to_text(signed.transfer.organization)}.",
                "Say which book with --book.", code="wrong-organization", details={"field": "organization"},
            )  # fmt: skip
        check_signatures(signed, keeper, verify, offer=True)
        wanted = set(missing(signed, keeper))
        signer = people.signer(wanted, out, args, "Somebody") if wanted else None
        if signer is not None:
            ask_if_it_costs(out, args, people, signed.transfer, signer, keeper, found.memo)
            signed = read_transfer(add_signature(signed.data, (signer.key_id, signer.sign)))
        others = missing(signed, keeper)
        if others:
            memo = text.partition(".")[2]
            hand_out(out, args, people, signed, offer_text(signed.data) + ("." + memo if memo else ""), "You have signed the offer")
            return
        account = party(access, signed.transfer) if signer is None else keys.add(signer).key_id
        if args.receipt:
            # Before it is booked: whoever is not told a receipt may still send it without.
            access.unlock(account)
        pulse, id = submitted(access, out, signed.data)
        if args.receipt:
            replace_file(args.receipt, access.receipt(account, id, pulse))
    told_accepted(out, args, people, signed.transfer, found.memo, pulse, id)


def party(access, transfer):
    """Return whose receipt it shall be where all have signed before: the first that this user may ask about."""
    accounts = [account for account, _ in transfer.payees + transfer.payers]
    return next((account for account in accounts if access.may_ask(account)), accounts[0])


def told_accepted(out, args, people, transfer, memo, pulse, id):
    """Say what is in the book now."""
    from leither_edge.core.transfer import kind

    payee, amount = transfer.payees[0]
    facts = {
        "kind": kind(transfer), "amount": amount, "payers": [id_to_text(account) for account, _ in transfer.payers],
        "payee": id_to_text(payee), "pulse": pulse, "transaction": id.hex(), "memo": memo, "reason": transfer.reason,
        "receipt": os.path.abspath(args.receipt) if args.receipt else None,
    }  # fmt: skip

    def page():
        payer = ", ".join(people.name(account) for account, _ in transfer.payers)
        out.done(f"{amount} from {payer} to {people.name(payee)}: in the book since pulse {pulse}.")
        out.facts(
            [
                ("Memo", memo and clean(memo, 300)), ("Reason", transfer.reason and clean(transfer.reason, 300)),
                ("Transaction", id.hex()), ("Receipt", facts["receipt"]),
            ], indent=2,
        )  # fmt: skip
        if not args.receipt:
            out.next_step("A receipt that anyone can check:", f"leither ledger receipt {people.name(payee)} --transaction {id.hex()}")

    out.result(facts, page)


def ask_if_it_costs(out, args, people, transfer, signer, keeper, memo):
    """Ask before a signature by which this user pays; to be paid needs no question."""
    from leither_edge.organization.offers import TREASURY_ACCOUNT

    payers = {keeper if account == TREASURY_ACCOUNT else account: amount for account, amount in transfer.payers}
    if signer.key_id in payers and not args.yes:
        to = ", ".join(people.described(account) for account, _ in transfer.payees)
        about = f" (“{clean(memo, 300)}”)" if memo else ""
        confirm(f"By this offer you pay {payers[signer.key_id]} to {to}{about}.", "pay", out)


def submitted(access, out, data):
    """Bring a transfer into the book."""
    with waiting(out, "Waiting for the pulse"):
        return access.submit(data)


def treasurer(people, out, args, certificate):
    """Unlock the treasurer's key."""
    id = key_id(certificate.treasurer)
    signer = people.signer({id}, out, args, "The treasurer")
    if signer.key_id != id:
        raise UsageError(
            f"The key “{signer.name}” does not sign for this treasury.", f"The treasurer's id is {id_to_text(id)}.",
            code="not-treasurer", details={"field": "key"},
        )  # fmt: skip
    return signer


def read_text(given):
    """The text of an offer that was given as such, as a file or on standard input."""
    from leither_edge.organization.offers import TEXT_MAX_CHARS

    if given == "-" or os.path.exists(given):
        given = read_limited(given, TEXT_MAX_CHARS, "Offer").decode("ascii", "replace")
    return "".join(given.split())


def evidence_hash(path):
    """The SHA-256 of a file, or None without one."""
    if path is None:
        return None
    from leither_edge.core.sha256 import sha256

    digest = sha256()
    try:
        with open(path, "rb") as file:
            while piece := file.read(EVIDENCE_PIECE_BYTES):
                digest.update(piece)
    except OSError as error:
        raise Failure(f"The evidence {path} could not be read.", f"{error.strerror}.") from None
    return digest.digest()
