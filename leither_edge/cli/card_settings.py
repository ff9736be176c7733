"""What a card shall tell its device, from the options of a command and what is made by chance."""

import os

from leither_edge.card import access_point
from leither_edge.card.card_file import CARD_MAX_BYTES, CardError, Network, file_bytes, parse_card
from leither_edge.card.claim_token import TOKEN_CHARACTERS, in_groups, token_from
from leither_edge.card.location import LocationError, place_bytes, replacement
from leither_edge.card.wifi_network import PASSPHRASE_MAX, is_passphrase, is_ssid
from leither_edge.cli.book import Book
from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.parser import nearest
from leither_edge.cli.prompt import ask_secret, interactive, read_limited


def settled(card, home, out, args):
    """The Card that ``card`` becomes by the options; what is missing is made anew.

    Args:
        card: Card, empty for a new one.
        home, out, args: of the command.

    Raises:
        Failure: an option is no good.
    """
    card = card._replace(network=_network(card.network, out, args), owner=_owner(card.owner, home, args))
    if args.passphrase_file:
        text = _first_line(args.passphrase_file, "Passphrase file")
        if len(text) > PASSPHRASE_MAX or not is_passphrase(text) or not text.isascii():
            raise UsageError(
                f"The passphrase in {args.passphrase_file} is not good.", "It has 8 to 63 letters without accents, digits, marks."
            )
        card = card._replace(access_point_passphrase=text)
    card = completed(card, getattr(args, "new_token", False))
    try:
        file_bytes(card)
    except CardError as error:
        # A name in bytes that are no text, for one.
        raise UsageError("A card cannot say that.", str(error)) from None
    return card


def completed(card, is_new_token=False):
    """A Card with everything that its owner will need; one with an owner needs no claim token, and has none lying about."""
    from leither_edge.crypto.sodium import random_bytes

    if card.owner is not None:
        card = card._replace(claim_token=None)
    elif card.claim_token is None or is_new_token:
        card = card._replace(claim_token=in_groups(token_from(random_bytes(TOKEN_CHARACTERS))))
    if card.access_point_ssid is None:
        card = card._replace(access_point_ssid=access_point.name_from(random_bytes(access_point.NAME_RANDOM_BYTES)))
    if card.access_point_passphrase is None:
        made = access_point.passphrase_from(random_bytes(access_point.PASSPHRASE_RANDOM_BYTES))
        card = card._replace(access_point_passphrase=made)
    return card


def changes_for(card, file):
    """[(offset, bytes)] that write a Card in the place of leither.toml (FatFile). Raises Failure."""
    try:
        return replacement(file, file_bytes(card, min(place_bytes(file), CARD_MAX_BYTES)))
    except (CardError, LocationError) as error:
        raise Failure(
            "The settings do not fit on this card.", str(error), "Write the card anew: leither card write", code="no-room"
        ) from None


def parsed(data):
    """The Card in the bytes of leither.toml. Raises Failure."""
    try:
        return parse_card(data)
    except CardError as error:
        fix = "Correct it in an editor, or begin anew with: leither card settings … --fresh"
        raise Failure("The settings on this card cannot be used.", str(error), fix, code="bad-card") from None


def _network(network, out, args):
    if args.wifi is None:
        for option, given in (("--wifi-password-file", args.wifi_password_file), ("--hidden", args.hidden), ("--open", args.open)):
            if given:
                raise UsageError(f"{option} says how to join a network.", fix="Name the network too: --wifi NAME")
        return None if getattr(args, "no_wifi", False) else network
    if not is_ssid(os.fsencode(args.wifi)):
        raise UsageError("The name of a Wi-Fi network has 1 to 32 bytes.", "A letter of another alphabet than the Latin takes two to four.")
    if args.open:
        passphrase = ""
    elif args.wifi_password_file:
        passphrase = _first_line(args.wifi_password_file, "Password file")
    elif interactive() and not out.as_json:
        passphrase = ask_secret(f"Password of the network “{args.wifi}”: ")
    else:
        raise UsageError(
            "The network's password is needed, and nobody is here to type it.",
            fix="Give it with --wifi-password-file FILE, or say --open.", code="needs-passphrase",
        )  # fmt: skip
    if not args.open and not is_passphrase(passphrase):
        raise UsageError("A Wi-Fi password has 8 to 63 characters.", fix="Check it; for a network without one say --open.")
    return Network(args.wifi, passphrase, args.hidden)


def _owner(owner, home, args):
    if args.owner is None:
        return None if getattr(args, "no_owner", False) else owner
    from leither_edge.cli.keyring import entry_to_key
    from leither_edge.core.ids import PUBLIC_KEY_TEXT_CHARS, IdError, public_key_from_text

    book = Book(home)
    if args.owner in book.keys:
        key = entry_to_key(args.owner, book.keys[args.owner])
        if key.kind != "owner":
            raise UsageError(
                f"“{args.owner}” is a controller key.", "Only an owner key can own a device.", "See your keys: leither key list"
            )
        return key.public_key
    if len(args.owner) == PUBLIC_KEY_TEXT_CHARS:
        try:
            return public_key_from_text(args.owner)
        except IdError as error:
            raise UsageError("That is not a public key.", f"{str(error).capitalize()}.", "See it: leither key show") from None
    fix = nearest(args.owner, book.keys) + "See your keys: leither key list"
    if os.environ.get("SUDO_USER"):
        fix = "sudo does not see your keys. Give the public key itself; this shows it: leither key show"
    raise UsageError(f"There is no key “{args.owner}”.", fix=fix, code="no-key")


def _first_line(path, what):
    data = read_limited(path, 4 * PASSPHRASE_MAX, what)
    try:
        return (data.decode().splitlines() or [""])[0]
    except UnicodeDecodeError:
        raise Failure(f"{path} is not text (UTF-8).") from None
