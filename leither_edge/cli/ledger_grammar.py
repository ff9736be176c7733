"""The words of ``leither ledger``."""

from leither_edge.cli.verbs import TIMEOUT_S

WHO = "a name of your keys, an id (27 characters), a public key (48), or the word treasury"
PAYEE = "a name of your keys, or a public key (48 characters)"
AT = "at this pulse, or at this time: 2026-11-20, 2026-11-20T18:30 (default: now)"
BEGIN, PAY, SHOW, LOOK, KEEP = "BEGIN", "PAY", "SHOW OTHERS", "LOOK", "KEEP"


def add_ledger(top, common):
    """Add ``leither ledger``.

    Args:
        top: Parser of ``leither``.
        common: function that adds the options every command has.
    """
    ledger = top.command(
        "ledger", "Keep a club's book: points, payments, receipts that anyone can check.", group="TOGETHER",
        details=[
            "An organization's key says who keeps its book. New points go to the treasury with a public reason; it grants them to members, "
            "who pay each other by an offer that both sides sign.",
            "Whoever holds a receipt shows it to anyone: it is checked without the book, knowing only the organization's id.",
        ],
        examples=[
            ("a book for a club, of which you have the key", "leither ledger init club --key owner"),
            ("", "leither ledger issue 10000 --reason 'Founding points'"),
            ("grant some to a member, who accepts", "leither ledger grant anna 500 --reason 'Built the stage'"),
            ("", "leither ledger accept OFFER --key anna"),
            ("", "leither ledger pay ben 20 --key anna --memo 'Lunch'"),
        ],
    )  # fmt: skip
    common(ledger)
    _add_begin(ledger, common)
    _add_pay(ledger, common)
    _add_show(ledger, common)
    _add_look(ledger, common)
    _add_keep(ledger, common)


def _book(parser, common, timeout=TIMEOUT_S):
    """Options of whatever works on a book."""
    parser.add_argument("--book", metavar="BOOK", help="its name, its folder, or the address where it is kept (default: your only one)")
    parser.add_argument("--organization", metavar="ID", help="whose book answers at an address (27 characters)")
    common(parser, timeout=timeout)


def _signing(parser, whose):
    parser.add_argument("--key", metavar="KEY", help=whose)
    parser.add_argument("--passphrase-file", metavar="FILE", help="passphrase of the key")


def _asking(parser, whose="the account's own"):
    parser.add_argument("--key", metavar="KEY", help=f"where the book is kept elsewhere: the key that asks ({whose})")
    parser.add_argument("--passphrase-file", metavar="FILE", help="passphrase of that key")


def _add_begin(ledger, common):
    init = ledger.command(
        "init", "Open a new book.", run="ledger_begin:init", group=BEGIN,
        details=["Makes the bookkeeper's key, signs with the organization's key who keeps the book, and opens it, empty."],
        examples=[
            ("", "leither ledger init club --key owner"),
            ("in a folder of your choice", "leither ledger init club --book /srv/club --key owner"),
            ("somebody else signs for the treasury", "leither ledger init club --key owner --treasurer PUBLICKEY"),
        ],
    )  # fmt: skip
    init.add_argument("name", metavar="NAME", help="your name for the book")
    _signing(init, "the organization's key: a name or a file (the only one)")
    init.add_argument("--treasurer", metavar="WHO", help="who signs for the treasury: a name or a public key (the organization's key)")
    init.add_argument("--book", metavar="FOLDER", help="where the book shall lie (ledger/NAME in the tool's folder)")
    common(init)
    take = ledger.command(
        "import", "Make a book of an exported one.", run="ledger_begin:import_", group=BEGIN,
        details=[
            "Everything in the file is checked against what the bookkeeper signed.",
            "Without the bookkeeper's key the book is for reading alone.",
        ],
        examples=[
            ("", "leither ledger import club.book club --organization ID"),
            ("go on with it on this computer", "leither ledger import club.book club --organization ID --bookkeeper-key bookkeeper.key"),
        ],
    )  # fmt: skip
    take.add_argument("file", metavar="FILE", help="what leither ledger export wrote")
    take.add_argument("name", metavar="NAME", help="your name for the book")
    take.add_argument("--organization", metavar="ID", required=True, help="whose book it must be (27 characters)")
    take.add_argument("--bookkeeper-key", metavar="FILE", help="bookkeeper.key of the folder it came from")
    take.add_argument("--book", metavar="FOLDER", help="where the book shall lie (ledger/NAME in the tool's folder)")
    common(take)


def _add_pay(ledger, common):
    issue = ledger.command(
        "issue", "Put new points into the treasury.", run="ledger_pay:issue", group=PAY,
        details=["Signed by the treasurer. The reason is public, for as long as the book is kept."],
        examples=[
            ("", "leither ledger issue 10000 --reason 'Founding points'"),
            ("backed by a document, of which the hash is kept", "leither ledger issue 300 --reason 'Hall built' --evidence minutes.pdf"),
        ],
    )  # fmt: skip
    issue.add_argument("amount", metavar="AMOUNT", help="how many points")
    _reason(issue)
    _signing(issue, "the treasurer's key (default: the one that fits)")
    _book(issue, common)
    grant = ledger.command(
        "grant", "Offer points of the treasury to a member.", run="ledger_pay:grant", group=PAY,
        details=["Signed by the treasurer; the member's acceptance makes it valid."],
        examples=[
            ("", "leither ledger grant anna 500 --reason 'Built the stage'"),
            ("to somebody on another computer", "leither ledger grant PUBLICKEY 500 --reason 'Built the stage' --out anna.offer"),
        ],
    )  # fmt: skip
    grant.add_argument("who", metavar="WHO", help=PAYEE)
    grant.add_argument("amount", metavar="AMOUNT", help="how many points")
    _reason(grant)
    grant.add_argument("--out", metavar="FILE", help="write the offer to a file (default: print it)")
    _signing(grant, "the treasurer's key (default: the one that fits)")
    _book(grant, common)
    pay = ledger.command(
        "pay", "Offer a payment.", run="ledger_pay:pay", group=PAY,
        details=["You sign an offer, as text, file and QR code. It is valid once the other side has accepted, within 3,600 pulses."],
        examples=[
            ("", "leither ledger pay ben 20 --key anna --memo 'Lunch'"),
            ("the book is kept elsewhere", "leither ledger pay PUBLICKEY 20 --out 20.offer --book 192.168.4.1 --organization ID"),
        ],
    )  # fmt: skip
    pay.add_argument("who", metavar="WHO", help=PAYEE)
    pay.add_argument("amount", metavar="AMOUNT", help="how many points")
    pay.add_argument("--memo", metavar="TEXT", help="what it is for; only the two of you read it")
    pay.add_argument("--out", metavar="FILE", help="write the offer to a file (default: print it)")
    _signing(pay, "the key that pays (the only one)")
    _book(pay, common)
    accept = ledger.command(
        "accept", "Accept an offer, and bring it into the book.", run="ledger_pay:accept", group=PAY,
        details=["Adds your signature. Once everyone has signed, the payment is in the book when the command ends."],
        examples=[
            ("", "leither ledger accept OFFER --key ben"),
            ("with the receipt at once", "leither ledger accept 20.offer --receipt 20.receipt"),
        ],
    )  # fmt: skip
    accept.add_argument("offer", metavar="OFFER", help="its text or its file, - for standard input")
    accept.add_argument("--receipt", metavar="FILE", help="write your receipt to a file")
    accept.add_argument("--out", metavar="FILE", help="where more must sign: write the offer with your signature to a file")
    accept.add_argument("--yes", action="store_true", help="do not ask, even where the offer makes you pay")
    _signing(accept, "your key (default: the one that the offer asks for)")
    _book(accept, common)


def _reason(parser):
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why; everyone may read it")
    parser.add_argument("--evidence", metavar="FILE", help="what backs the reason: its SHA-256 is kept, not the file")


def _add_show(ledger, common):
    receipt = ledger.command(
        "receipt", "Get a receipt: what you hold, and that a payment is in the book.", run="ledger_receipts:receipt", group=SHOW,
        examples=[
            ("of a payment, as a file", "leither ledger receipt anna --transaction ID --out lunch.receipt"),
            ("as a link that checks itself in a browser", "leither ledger receipt anna --link"),
        ],
    )  # fmt: skip
    receipt.add_argument("who", nargs="?", metavar="WHO", help=f"{WHO} (your only key)")
    receipt.add_argument("--transaction", metavar="ID", help="also show that this transaction is in it (64 hexadecimal digits)")
    receipt.add_argument("--at", metavar="PULSE", help="of this pulse; needed for a transaction older than an hour (default: now)")
    receipt.add_argument("--out", metavar="FILE", help="write it to a file")
    receipt.add_argument(
        "--link", nargs="?", const="", metavar="PAGE", help="as a link to a receipt page: its URL or file (that of the bookkeeper)"
    )
    _asking(receipt)
    _book(receipt, common)
    proof = ledger.command(
        "proof", "Prove what an account holds, or held.", run="ledger_receipts:proof", group=SHOW,
        examples=[("", "leither ledger proof anna"), ("in the past", "leither ledger proof anna --at 2026-11-20T18:30")],
    )  # fmt: skip
    proof.add_argument("who", nargs="?", metavar="WHO", help=f"{WHO} (your only key)")
    proof.add_argument("--at", metavar="PULSE|TIME", help=AT)
    proof.add_argument("--out", metavar="FILE", help="write the proof alone to a file, to be checked against the header")
    _asking(proof)
    _book(proof, common)
    verify = ledger.command(
        "verify", "Check a receipt, without any book.", run="ledger_receipts:verify", group=SHOW,
        details=["Look at the account: a receipt is good for the one who is named in it, whoever hands it to you."],
        examples=[
            ("", "leither ledger verify lunch.receipt --organization ID"),
            ("from a script", "leither ledger verify - --organization ID --json < lunch.receipt"),
        ],
    )  # fmt: skip
    verify.add_argument("receipt", metavar="RECEIPT", help="its file, text or link, - for standard input")
    verify.add_argument("--organization", metavar="ID", help="the id that you know of the organization (27 characters)")
    verify.add_argument("--account", metavar="WHO", help="whose receipt it must be: a key's name, an id or a public key")
    common(verify)


def _add_look(ledger, common):
    balance = ledger.command(
        "balance", "Show what an account holds, or held.", run="ledger_look:balance", group=LOOK,
        examples=[("all your keys", "leither ledger balance"), ("last week", "leither ledger balance anna --at 2026-11-14")],
    )  # fmt: skip
    balance.add_argument("who", nargs="?", metavar="WHO", help=f"{WHO} (all your keys)")
    balance.add_argument("--at", metavar="PULSE|TIME", help=AT)
    _asking(balance)
    _book(balance, common)
    history = ledger.command(
        "history", "Show how an account changed, newest first.", run="ledger_look:history", group=LOOK,
        examples=[("", "leither ledger history anna"), ("", "leither ledger history treasury --limit 5")],
    )  # fmt: skip
    history.add_argument("who", nargs="?", metavar="WHO", help=f"{WHO} (your only key)")
    history.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many changes (50)")
    _asking(history)
    _book(history, common)
    show = ledger.command(
        "show", "Show a pulse with its transactions, or one transaction.", run="ledger_look:show", group=LOOK,
        examples=[("the newest", "leither ledger show"), ("", "leither ledger show 17"), ("", "leither ledger show TRANSACTION")],
    )  # fmt: skip
    show.add_argument("what", nargs="?", metavar="PULSE|TRANSACTION", help="a number, or the id of a transaction (64 hexadecimal digits)")
    show.add_argument("--at", metavar="PULSE", help="pulse of the transaction, if it is older than an hour")
    _asking(show, "your only one")
    _book(show, common)
    top = ledger.command(
        "top", "List who holds most.", run="ledger_look:top", group=LOOK,
        examples=[("", "leither ledger top"), ("", "leither ledger top 50")],
    )  # fmt: skip
    top.add_argument("count", nargs="?", type=int, default=10, metavar="N", help="how many (10)")
    _book(top, common, timeout=120)
    stat = ledger.command("stat", "Show the size of a book.", run="ledger_look:stat", group=LOOK, examples=[("", "leither ledger stat")])
    _book(stat, common)
    plot = ledger.command(
        "plot", "Draw how a book grew, as a picture.", run="ledger_plot:plot", group=LOOK,
        details=["Accounts and points over time, and transfers a pulse as far back as they are kept. Needs the extra “plot”."],
        examples=[("", "leither ledger plot --out growth.png"), ("", "leither ledger plot --out growth.svg --book club")],
    )  # fmt: skip
    plot.add_argument("--out", metavar="FILE", required=True, help="the picture: .png or .svg")
    _book(plot, common)


def _add_keep(ledger, common):
    run = ledger.command(
        "run", "Keep a book: take transfers in over HTTP, a pulse a second when some wait.", run="ledger_run:run", group=KEEP,
        details=["Runs until Ctrl-C. The other commands find it by a file in the book's folder. With nothing to do it sleeps."],
        examples=[("", "leither ledger run"), ("for the members on your network", "leither ledger run --listen 0.0.0.0 --port 8041")],
    )  # fmt: skip
    run.add_argument("--listen", metavar="ADDRESS", action="append", help="numeric address to listen on (this computer alone)")
    run.add_argument("--port", type=int, default=0, metavar="PORT", help="TCP port (a free one)")
    run.add_argument("--book", metavar="BOOK", help="its name or its folder (default: your only one)")
    common(run)
    export = ledger.command(
        "export", "Write a whole book into one file that proves itself.", run="ledger_keep:export", group=KEEP,
        details=["The file shows every balance, so it is for you alone. The bookkeeper's key is not in it: keep that too."],
        examples=[("", "leither ledger export club.book")],
    )  # fmt: skip
    export.add_argument("file", metavar="FILE", help="the file to write")
    _book(export, common, timeout=600)
    fsck = ledger.command(
        "fsck", "Check every hash and sum of a book on disk.", run="ledger_keep:fsck", group=KEEP,
        details=["Needs the book for itself: stop its bookkeeper first. Exit code 1 when something is wrong."],
        examples=[("", "leither ledger fsck"), ("mend what can be mended", "leither ledger fsck --repair")],
    )  # fmt: skip
    fsck.add_argument("--repair", action="store_true", help="restore what is damaged from the rest of the book, where that can be done")
    fsck.add_argument("--book", metavar="BOOK", help="its name or its folder (default: your only one)")
    common(fsck)
