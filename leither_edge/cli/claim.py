"""``leither remote claim``: become the owner of a device, and give this computer a pass for daily use."""

import time

from leither_edge.cli import device, keyring
from leither_edge.cli.address import parse_address
from leither_edge.cli.book import Book, check_name
from leither_edge.cli.controller import Controller, day
from leither_edge.cli.failure import Failure, RefusedError, UsageError
from leither_edge.cli.passes import CONTROLLER, check_days, controller_key, keep, make_pass
from leither_edge.cli.progress import waiting
from leither_edge.cli.prompt import ask, interactive
from leither_edge.cli.remote import meet
from leither_edge.cli.signers import Signers
from leither_edge.cli.transport import TOTAL_S, request_until

TOKEN_MAX = 128


def claim(home, out, args):
    """Claim a device: meet it if needed, prove the token and the key, then make this computer's pass."""
    if not args.no_controller:
        check_days(args.days)
    book, name = Book(home), check_name(args.name)
    timeout = getattr(args, "timeout", TOTAL_S)
    key = keyring.find_key(book, args.key, "owner")
    known = name in book.remotes
    if not known and not args.address:
        raise UsageError(
            f"There is no device “{name}” in your book.",
            fix=f"Give its address too: leither remote claim {name} ADDRESS --token TOKEN",
            code="unknown-remote",
        )
    if known and args.address and str(parse_address(args.address)) != book.remotes[name]["address"]:
        raise UsageError(
            f"“{name}” is in your book at {book.remotes[name]['address']}.", fix=f"If it moved: leither remote move {name} {args.address}"
        )
    if known:
        with waiting(out, f"Asking {name} who it is"):
            statement = Controller(home, book, out, name, timeout).refresh()
    else:
        statement = meet(home, book, out, name, parse_address(args.address), args.device, timeout)
    if statement.claimed:
        raise RefusedError(
            f"{name} has an owner already.",
            "A device can be claimed once.",
            claimed_fix(book, name),
            code="claimed",
        )
    token = wanted_token(args)
    signers = Signers(book, out, args.key, args.passphrase_file)
    owner = signers.unlock(key)
    address = parse_address(book.remotes[name]["address"])
    with waiting(out, f"Claiming {name}"):
        statement = send_claim(address, statement, token, owner, timeout, name)
    with book.changing():
        book.remote(name)["owner"] = key.name if key.name in book.keys else None
    controller = Controller(home, book, out, name, timeout)
    controller.remember_statement(statement)
    until = None if args.no_controller else own_pass(home, book, out, owner, name, statement, args.days)
    facts = {"name": name, "owner": key.name, **device.describe(statement), "pass_until": until}
    out.result(facts, lambda: tell(out, facts))


def claimed_fix(book, name):
    """What helps at a device that has an owner: a pass where the owner's key is here, else that key."""
    if any(entry.get("kind") == "owner" for entry in book.keys.values()):
        return (
            f"If one of your owner keys owns it, let this computer command it: leither remote pass create --this-computer --only {name}\n"
            "If another key of yours does, bring it here: leither key restore --name NAME"
        )
    return "If it is yours, bring its owner key here: leither key restore"


def wanted_token(args):
    """The claim token from the command line or a prompt, as typed."""
    token = args.token
    if token is None:
        if not interactive():
            raise UsageError(
                "The claim token is needed, and nobody is here to type it.",
                fix="Give it with --token TOKEN. The device shows it when it starts.",
            )
        token = ask("Claim token, as the device shows it: ")
    token = token.strip()
    if not 0 < len(token) <= TOKEN_MAX:
        raise UsageError("That is not a claim token.", fix="The device shows it when it starts.")
    return token


def send_claim(address, statement, token, owner, timeout, name):
    """Send the signed claim; returns the device's new signed statement."""
    from leither_edge.card.claim_token import normal_token
    from leither_edge.core.claim import Claim, sign_claim, token_hash

    known = token_hash(statement.device_id, owner.public_key, normal_token(token))
    body = sign_claim(Claim(statement.device_id, owner.public_key, int(time.time()), known), owner.sign)
    answer = request_until(address, "POST", "/claim", body, 'application/cose; cose-type="cose-sign1"', timeout=timeout)
    if answer.status != 200:
        error = device.unsigned_refusal(address, answer)
        if isinstance(error, RefusedError):
            fix = "Compare it with what the device shows when it starts." if "token" in error.code + error.why.lower() else ""
            raise RefusedError(f"{name} refused the claim.", error.why, fix, code=error.code, details=error.details)
        raise error
    after = device.read_statement(answer.body, address, None)
    if after.device_id != statement.device_id or not after.claimed:
        raise Failure(
            f"{name} did not confirm the claim.",
            "Its answer is signed, but does not say that it has an owner now.",
            "Ask it again: leither remote list --check",
        )
    return after


def own_pass(home, book, out, owner, name, statement, days):
    """Give this computer's controller key a pass for one device; returns its end."""
    key = controller_key(home, book, out)
    data = make_pass(owner, key.public_key, statement.device_id, "operator", None, days, "")
    keep(book, CONTROLLER, data, name)
    return int(time.time()) + days * 86400


def tell(out, facts):
    """Show that the device is the user's."""
    name = facts["name"]
    out.done(f"{out.styled(name, 'bold')} is yours. Its owner key is “{facts['owner']}”.")
    if facts["pass_until"]:
        out.line(f"  This computer may command it without a passphrase until {day(facts['pass_until'])};")
        out.line("  changing its keys or resetting it will ask for the owner key.")
    out.next_step("Try:", f"leither remote {name} status", f"leither remote {name} identify")
