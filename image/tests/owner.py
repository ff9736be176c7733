"""An owner outside of the machine: writes the card's settings, claims, and commands over the forwarded port."""

import http.client

from image.tests.card import SETTINGS, CardError
from leither_edge.card.card_file import Card as Settings
from leither_edge.card.card_file import write_card
from leither_edge.card.location import find_card_file, replacement
from tests.device_process import Controller


def write_settings(card, token, **settings):
    """Put a claim token and other Settings on a card as `leither card write` does, in place. Raises CardError, LocationError."""
    file = find_card_file(card.read, card.path.stat().st_size)
    text = write_card(Settings(token, **settings)).encode()
    for at, data in replacement(file, text):
        card.write(at, data)
    if not card.get(SETTINGS, "leither.toml").startswith(text):
        raise CardError("the card's settings were not written")


def meet(machine, limit_s):
    """A Controller that has met the device, as soon as its portal answers."""
    machine.wait_for_portal(limit_s)
    return Controller(machine.port)


def rejoin(owner, machine, limit_s):
    """Talk to the device again after its restart, and see that it is the same one. Raises AssertionError."""
    machine.wait_for_portal(limit_s)
    known = owner.device_id
    owner.connect(machine.port)
    owner.meet()
    assert owner.device_id == known, "another device answers: its identity was lost"


def claim(owner, token):
    """Claim the device. Raises AssertionError when it refuses."""
    status, body = owner.claim(token)
    assert status == 200, (status, body[:200])


def send_or_lose(owner, data):
    """The Answer to a command, or None when the device went away before it came."""
    try:
        return owner.send(data)
    except (OSError, http.client.HTTPException):
        return None
