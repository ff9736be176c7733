"""What the flashed card's file says is done at start. A card that is wrong in any way never keeps the device from starting."""

from appliance.commands.claim import ClaimError
from leither_edge.storage import StorageError


class AppliedCard:
    """What is left to do. passphrase, ssid: of the access point, or None; network: arguments of wifi_join, or None; notes: to announce."""

    __slots__ = ("network", "notes", "passphrase", "ssid")

    def __init__(self, passphrase=None, network=None, notes=(), ssid=None):
        self.passphrase = passphrase
        self.ssid = ssid
        self.network = network
        self.notes = notes


async def apply_card(path, claim, log, counters):
    """Read the card's file and give ``claim`` its token and its owner.

    path: of the file, None without one; claim: Claim. Whatever is wrong is logged, counted, and in the notes.
    """
    if path is None:
        return AppliedCard()
    # Only a device with a card keeps the reader in memory.
    from leither_edge.card.card_file import CardError, read_card

    try:
        card = read_card(path)
    except CardError as error:
        log.warning("card not used", why=error)
        counters.add("cards", result="wrong")
        return AppliedCard(notes=(str(error), "The device has started without it."))
    if card is None:
        log.info("no card")
        return AppliedCard()
    counters.add("cards", result="read")
    notes = ()
    if card.claim_token is not None:
        claim.use_token(card.claim_token)
    if card.owner is not None and not claim.claimed:
        try:
            await claim.preset_owner(card.owner)
        except (ClaimError, StorageError) as error:
            log.warning("the card's owner could not be set", why=error)
            notes = (f"The owner on the card could not be set: {error}",)
    said = (card.claim_token, card.access_point_ssid or card.access_point_passphrase, card.network, card.owner)
    names = ("claim", "access_point", "wifi", "owner")
    log.info("card read", says=",".join(name for name, value in zip(names, said, strict=True) if value is not None) or "nothing")
    network = None if card.network is None else card.network._asdict()
    return AppliedCard(card.access_point_passphrase, network, notes, card.access_point_ssid)
