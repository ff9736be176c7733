"""What is told of a card: what it says without its secrets, and, once it is made, how to go on with it."""

from leither_edge.card.access_point import ADDRESS, PORT
from leither_edge.card.claim_token import normal_token
from leither_edge.card.wifi_network import qr_text
from leither_edge.cli.extras import qr_lines


def claim_address(card):
    """The address of a device's setup page in its own Wi-Fi, with the token in it if the card has one."""
    address = f"http://{ADDRESS}/" if PORT == 80 else f"http://{ADDRESS}:{PORT}/"
    return address if card.claim_token is None else f"{address}?t={normal_token(card.claim_token)}"


def open_facts(card):
    """What a card says, without its secrets, for JSON."""
    network = card.network
    return {
        "access_point": card.access_point_ssid,
        "access_point_passphrase": card.access_point_passphrase is not None,
        "claim_token": card.claim_token is not None,
        "wifi": None if network is None else {"ssid": network.ssid, "passphrase": bool(network.passphrase), "hidden": network.hidden},
        **owner_facts(card),
    }


def owner_facts(card):
    """The owner on a card, for JSON."""
    from leither_edge.core.ids import public_key_to_text

    return {"owner": None if card.owner is None else public_key_to_text(card.owner)}


def secret_facts(card):
    """What the next steps need, secrets and all but the home network's password, for JSON."""
    return {
        "access_point": {"ssid": card.access_point_ssid, "passphrase": card.access_point_passphrase},
        "claim_token": card.claim_token,
        "claim_address": claim_address(card),
        "wifi": None if card.network is None else card.network.ssid,
        **owner_facts(card),
    }


def tell(out, card):
    """Show how to go on: access point, token, their QR codes, and the steps."""
    out.line()
    out.facts(
        [
            ("Its own Wi-Fi", out.styled(card.access_point_ssid, "bold")),
            ("Password", out.styled(card.access_point_passphrase, "bold")),
            ("Claim token", card.claim_token and out.styled(card.claim_token, "bold")),
            ("Joins", card.network and card.network.ssid),
            ("Belongs to", owner_facts(card)["owner"]),
        ],
        indent=2,
    )
    picture(out, "Join its Wi-Fi with a phone's camera:", qr_text(card.access_point_ssid, card.access_point_passphrase))
    if card.claim_token is not None:
        picture(out, "Then open its page, if it does not open by itself:", claim_address(card))
    out.line()
    for number, step in enumerate(steps(card, out.out.isatty()), 1):
        out.item(f"  {number}.", step)
    address = f"{ADDRESS}:{PORT}"
    if card.claim_token is not None:
        out.next_step("Or from a terminal, in its Wi-Fi:", f"leither remote claim NAME {address} --token {card.claim_token}")
    else:
        out.next_step("To command it from here:", f"leither remote add NAME {address if card.network is None else 'ADDRESS'}")
    out.note("Keep this to yourself until the device is yours. The card says the same: erase leither.toml on it afterwards.")


def steps(card, has_codes):
    """What to do with the card, one sentence each. has_codes: whether QR codes stand above."""
    yield "Take the card out, put it into the device, and give it power."
    if card.claim_token is None:
        if card.network is not None:
            yield f"In about a minute it joins “{card.network.ssid}” and is yours from the start."
        else:
            yield f"It is yours from the start. Without a network it opens its Wi-Fi “{card.access_point_ssid}” after a while."
        return
    way = "the first code" if has_codes else "the password above"
    yield f"In about a minute its Wi-Fi “{card.access_point_ssid}” appears. Join it with {way}."
    # Which radio is on the board shows only there.
    yield "Should that Wi-Fi have no lock, choose it by hand: a few boards (some Zero 2 W) cannot encrypt it, and it needs no password."
    yield "A page opens by itself and makes the device yours. You have 15 minutes; switching it off and on gives you 15 more."
    if card.network is not None:
        yield f"It also joins “{card.network.ssid}” and can be reached there."


def picture(out, title, text):
    """A QR code, where a person looks."""
    if not out.out.isatty():
        return
    lines = qr_lines(text)
    if lines is None:
        out.note("For QR codes install the extra: pip install 'leither-edge[cli]'")
        return
    out.line()
    out.line(f"  {title}")
    for line in lines:
        # Explicit white on black, so that the picture is right on light terminals too.
        out.line(f"  \x1b[97;40m{line}\x1b[0m")
