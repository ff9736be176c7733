"""``leither ledger balance``, ``history``, ``show``, ``top`` and ``stat``: what is in a book."""

from leither_edge.cli.failure import UsageError
from leither_edge.cli.figures import moment, size
from leither_edge.cli.ledger_access import opened
from leither_edge.cli.ledger_asking import OwnKeys
from leither_edge.cli.ledger_head import PULSE_DIGITS_MAX, head, header_at, pulse_at
from leither_edge.cli.ledger_pay import KIND_TEXTS
from leither_edge.cli.ledger_people import TREASURY, People
from leither_edge.cli.ledger_place import find
from leither_edge.cli.ledger_receipts import checked, described, read_transaction
from leither_edge.cli.output import clean
from leither_edge.cli.progress import waiting
from leither_edge.core.ids import id_from_text, id_to_text

HISTORY_MAX = 10_000
TOP_MAX = 1000


def balance(home, out, args):
    """Show what one account holds, or all of this user's keys."""
    people = People(home)
    names = [args.who] if args.who else [*people.keys, TREASURY]
    accounts = {people.account(name): name for name in names}
    with opened(find(home, args), args, OwnKeys(people, out, args)) as access:
        if not args.who:
            accounts = told_accounts(access, out, accounts)
        pulse = pulse_at(access, args.at)
        pulse = head(access).header.pulse if pulse is None else pulse
        shown = [checked(access.receipt(account, None, pulse), access.organization) for account in accounts]
    entries = [{**described(one), "name": people.name(one.account)} for one in shown]
    if args.who:
        one = shown[0]

        def line():
            since = f", since pulse {one.changed}" if one.changed is not None else ""
            out.line(f"{out.styled(str(one.amount), 'bold')}  {people.described(one.account)} at pulse {one.pulse}{since}")

        out.result(entries[0], line)
        return
    rows = [[entry["name"], entry["amount"], entry["account"]] for entry in entries]
    out.result({"pulse": pulse, "accounts": entries}, lambda: out.table(["NAME", "HOLDS", "ACCOUNT"], rows))


def told_accounts(access, out, accounts):
    """Those of the accounts that this user may ask about; all of them if that is none, so that the refusal says why."""
    told = [account for account in accounts if access.may_ask(account)]
    if 0 < len(told) < len(accounts):
        out.note("What the treasury holds is for its treasurer and the keeper of the book to ask.")
    return told or accounts


def history(home, out, args):
    """Show how an account changed."""
    check_count(args.limit, HISTORY_MAX, "--limit")
    people = People(home)
    account = people.account(args.who)
    with opened(find(home, args), args, OwnKeys(people, out, args)) as access:
        certificate = head(access).certificate
        found = access.ask("history", account=account, limit=args.limit)
        changes = []
        with waiting(out, "Reading the pulses"):
            for pulse, amount in found["changes"]:
                changes.append({"pulse": pulse, "amount": amount, "time": header_at(access, certificate, pulse).time})
    for change, before in zip(changes, changes[1:], strict=False):
        change["change"] = change["amount"] - before["amount"]

    def page():
        if not changes:
            out.line(f"{people.described(account)} did not change as far back as this book tells.")
            return
        rows = [[c["pulse"], moment(c["time"]), f"{c['change']:+d}" if "change" in c else "", c["amount"]] for c in changes]
        out.table(["PULSE", "TIME", "CHANGE", "HOLDS"], rows)
        if found["more"]:
            out.note("There are older changes: --limit N")

    out.result({"account": id_to_text(account), "changes": changes, "more": found["more"]}, page)


def show(home, out, args):
    """Show a pulse, or a transaction."""
    people, text = People(home), args.what
    if text is None or (text.isascii() and text.isdigit() and len(text) <= PULSE_DIGITS_MAX):
        show_pulse(home, out, args, people, None if text is None else int(text))
    else:
        show_transaction(home, out, args, people, read_transaction(text))


def show_pulse(home, out, args, people, pulse):
    """Show a pulse with its transactions."""
    from leither_edge.cli.failure import Failure
    from leither_edge.ledger.errors import BookError

    with opened(find(home, args), args) as access:
        now = head(access)
        header = now.header if pulse is None else header_at(access, now.certificate, pulse)
        try:
            found = [transaction_of(entry, header.pulse) for entry in access.ask("transactions", pulse=header.pulse)["transactions"]]
        except (BookError, Failure) as error:
            if error.code not in ("purged", "not-keeper"):
                raise
            found = None
    facts = {
        "pulse": header.pulse, "time": header.time, "accounts": header.accounts, "total": header.total, "issued": header.issued,
        "root": header.root.hex(), "previous": header.previous.hex(), "transactions": found,
    }  # fmt: skip

    def page():
        out.line(out.styled(f"Pulse {header.pulse}", "bold"))
        out.facts(
            [
                ("Time", moment(header.time)), ("Accounts", header.accounts), ("Points", f"{header.total} ({header.issued} issued)"),
                ("Root", header.root.hex()), ("Transactions", "not kept here any more" if found is None else len(found)),
            ], indent=2,
        )  # fmt: skip
        if found:
            out.line()
            out.table(["TRANSACTION", "KIND", "FROM", "TO", "AMOUNT"], [row(people, entry) for entry in found])

    out.result(facts, page)


def show_transaction(home, out, args, people, id):
    """Show one transaction."""
    with opened(find(home, args), args, OwnKeys(people, out, args)) as access:
        found = access.ask("transaction", id=id, pulse=pulse_at(access, args.at))
        entry = transaction_of(found, found["pulse"])

    def page():
        _, kind, payers, payees, amount = row(people, entry)
        out.line(f"{out.styled(kind, 'bold')} of {amount} in pulse {entry['pulse']}")
        out.facts(
            [
                ("From", payers), ("To", payees), ("Reason", entry["reason"] and clean(entry["reason"], 300)),
                ("Evidence", entry["evidence"]), ("Memo's hash", entry["memo_hash"]), ("Transaction", entry["id"]),
            ], indent=2,
        )  # fmt: skip

    out.result(entry, page)


def transaction_of(found, pulse):
    """What a transaction in an answer says."""
    from leither_edge.core.transfer import TRANSFER_MAX_BYTES, kind, read_transfer
    from leither_edge.organization.offers import from_text

    signed = read_transfer(from_text(found["data"], TRANSFER_MAX_BYTES))
    transfer = signed.transfer
    sides = {name: [[id_to_text(account), amount] for account, amount in getattr(transfer, name)] for name in ("payers", "payees")}
    return {
        "id": signed.id.hex(), "pulse": pulse, "kind": kind(transfer), **sides, "amount": sum(amount for _, amount in transfer.payees),
        "reason": transfer.reason, "evidence": transfer.evidence and transfer.evidence.hex(),
        "memo_hash": transfer.memo_hash and transfer.memo_hash.hex(), "expires": transfer.expires,
    }  # fmt: skip


def row(people, entry):
    """A transaction as cells of a table."""
    payers, payees = (", ".join(people.name(id_from_text(account)) for account, _ in entry[side]) for side in ("payers", "payees"))
    return [entry["id"], KIND_TEXTS[entry["kind"]], payers or "-", payees, entry["amount"]]


def top(home, out, args):
    """List who holds most."""
    check_count(args.count, TOP_MAX, "N")
    people = People(home)
    with opened(find(home, args), args) as access, waiting(out, "Looking through all accounts"):
        found = access.ask("top", count=args.count)["accounts"]
    entries = [{"account": account, "amount": amount, "changed": pulse} for account, amount, pulse in found]
    rows = [[number, entry["amount"], people.described(id_from_text(entry["account"]))] for number, entry in enumerate(entries, 1)]
    out.result({"accounts": entries}, lambda: out.table(["", "HOLDS", "ACCOUNT"], rows))


def stat(home, out, args):
    """Show the size of a book."""
    with opened(find(home, args), args) as access:
        found = access.ask("stat")
        facts = {**found, "folder": access.folder, "kept_by": access.address}

    def page():
        accounts = max(found["accounts"], 1)
        out.facts(
            [
                ("Organization", out.styled(found["organization"], "bold")), ("Folder", facts["folder"]),
                ("Kept by", facts["kept_by"] or "nobody right now"), ("Pulse", found["pulse"]), ("Accounts", found["accounts"]),
                ("Points", f"{found['total']} ({found['issued']} issued)"),
                ("Transactions kept since pulse", found["purged"]),
                ("On disk", f"{size(found['file_bytes'] / 1024)}, {found['file_bytes'] / accounts:.0f} bytes an account"),
            ]
        )  # fmt: skip

    out.result(facts, page)


def check_count(value, most, name):
    """Refuse a count out of its range."""
    if not 0 < value <= most:
        raise UsageError(f"{name} is {value}.", f"It is a number from 1 to {most}.")
